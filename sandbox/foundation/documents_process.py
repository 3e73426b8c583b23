"""Sets one document as PDF and ends: run as a process of its own, with limits.

WeasyPrint does not give memory back and a bad document can keep it busy for ever, so each
document gets a process that the kernel stops when it takes too much. It reads a job
(msgpack) and writes the PDF. It knows no settings, opens no connection and reads no file
but the assets that the job names.
"""

from __future__ import annotations

import logging
import resource
import signal
import sys
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
import pydyf
import weasyprint
from weasyprint.pdf.metadata import DocumentMetadata
from weasyprint.text.fonts import FontConfiguration
from weasyprint.urls import URLFetcher, URLFetcherResponse

from sandbox.foundation.documents_job import Attached, Job, Limits

BASE = "https://assets.invalid/"
"""Where documents find their assets: a name that no network knows."""

PDF_UA = """<rdf:Description rdf:about="" xmlns:pdfuaid="http://www.aiim.org/pdfua/ns/id/">
<pdfuaid:part>1</pdfuaid:part></rdf:Description>
<rdf:Description rdf:about="" xmlns:pdfaExtension="http://www.aiim.org/pdfa/ns/extension/"
 xmlns:pdfaSchema="http://www.aiim.org/pdfa/ns/schema#"
 xmlns:pdfaProperty="http://www.aiim.org/pdfa/ns/property#">
<pdfaExtension:schemas><rdf:Bag><rdf:li rdf:parseType="Resource">
<pdfaSchema:schema>PDF/UA identification schema</pdfaSchema:schema>
<pdfaSchema:namespaceURI>http://www.aiim.org/pdfua/ns/id/</pdfaSchema:namespaceURI>
<pdfaSchema:prefix>pdfuaid</pdfaSchema:prefix>
<pdfaSchema:property><rdf:Seq><rdf:li rdf:parseType="Resource">
<pdfaProperty:name>part</pdfaProperty:name>
<pdfaProperty:valueType>Integer</pdfaProperty:valueType>
<pdfaProperty:category>internal</pdfaProperty:category>
<pdfaProperty:description>Indicates which part of ISO 14289 the file follows</pdfaProperty:description>
</rdf:li></rdf:Seq></pdfaSchema:property>
</rdf:li></rdf:Bag></pdfaExtension:schemas></rdf:Description>"""  # noqa: E501
"""PDF/UA-1 beside PDF/A: the claim, and the schema without which PDF/A refuses it."""


_BREAKS = (b"\r", b"\n")


class OwnAssets(URLFetcher):  # type: ignore[misc]
    """Gives the job's assets and refuses every other address, whatever its scheme."""

    def __init__(self, assets: dict[str, str]) -> None:
        super().__init__(allowed_protocols=(), allow_redirects=False)
        self._assets = assets

    def fetch(self, url: str, headers: Any = None) -> URLFetcherResponse:  # noqa: ARG002
        """The asset at ``url``.

        :raises ValueError: it is none of ours.
        """
        name = url.removeprefix(BASE).removeprefix("assets/")
        if not url.startswith(BASE) or name not in self._assets:
            raise ValueError(f"not an asset of this document: {url[:200]}")
        return URLFetcherResponse(url, Path(self._assets[name]).read_bytes())


class BothMetadata(DocumentMetadata):  # type: ignore[misc]
    """Metadata that claim PDF/UA-1 and PDF/A in one RDF, as XMP wants it."""

    def include_in_pdf(
        self, pdf: Any, variant: str, version: int, conformance: str, *_compress: object
    ) -> None:
        """The metadata as plain text, which archives can read without unpacking."""
        super().include_in_pdf(pdf, variant, version, conformance, compress=False)

    def generate_rdf_metadata(self, variant: str, version: int, conformance: str) -> bytes:
        """The RDF of WeasyPrint with the second claim."""
        rdf: bytes = super().generate_rdf_metadata(variant, version, conformance)
        head, _, tail = rdf.rpartition(b"</rdf:RDF>")
        return head + PDF_UA.encode() + b"</rdf:RDF>" + tail


def set_document(job: Job) -> bytes:
    """The PDF of ``job``: tagged, archival (PDF/A-3a), accessible (PDF/UA-1)."""
    fetcher, fonts = OwnAssets(job.assets), FontConfiguration()
    style = weasyprint.CSS(string=job.css, base_url=BASE, url_fetcher=fetcher, font_config=fonts)
    whole = weasyprint.HTML(string=job.html, base_url=BASE, url_fetcher=fetcher)
    document = whole.render(
        stylesheets=[style], font_config=fonts, pdf_variant="pdf/a-3a", presentational_hints=False
    )
    document.metadata.__class__ = BothMetadata
    document.metadata.attachments = [_attachment(each, job.made_at) for each in job.attached]
    pdf: bytes = document.write_pdf(
        pdf_variant="pdf/a-3a", optimize_images=True, finisher=_end_streams_plainly
    )
    return pdf


def _end_streams_plainly(_document: object, pdf: Any) -> None:
    """Leave a stream unpacked whose packed form ends like a line.

    Readers that measure a stream, as archives' validators do, would take that last byte for
    the line break before ``endstream`` and find one byte missing.
    """
    for each in pdf.objects:
        _end_plainly(each)
    add = pdf.add_object

    def add_plainly(each: Any) -> None:
        """The streams of objects and of references are made while the file is written."""
        _end_plainly(each)
        add(each)

    pdf.add_object = add_plainly


def _end_plainly(each: Any) -> None:
    if isinstance(each, pydyf.Stream) and each.compress:
        packed = each.data.removesuffix(b"\nendstream")
        each.compress = not packed.endswith(_BREAKS)


def _attachment(each: Attached, made_at: datetime) -> weasyprint.Attachment:
    return weasyprint.Attachment(
        string=each.content, name=each.name, description=each.description,
        created=made_at, modified=made_at, relationship="Data",
    )  # fmt: skip


def keep_within(limits: Limits) -> None:
    """Let the kernel end this process when it takes more than ``limits``."""
    signal.alarm(limits.seconds)
    for what, most in (
        (resource.RLIMIT_CPU, limits.seconds),
        (resource.RLIMIT_AS, limits.memory),
        (resource.RLIMIT_CORE, 0),
    ):
        with suppress(OSError, ValueError):  # some systems know no such limit
            resource.setrlimit(what, (most, most))


def main() -> None:
    """Read a job from standard input; write the PDF to standard output, complaints to error."""
    logging.basicConfig(stream=sys.stderr, format="%(levelname)s %(message)s", level="WARNING")
    job = msgspec.msgpack.decode(sys.stdin.buffer.read(), type=Job)
    keep_within(job.limits)
    sys.stdout.buffer.write(set_document(job))


if __name__ == "__main__":
    main()
