"""What firms already run, sending as they do: OTLP/HTTP and Prometheus remote write.

Both need an address and a key, nothing else. An answer of success means committed.

- OTLP/HTTP 1.x: partial success tells how many points were not taken and why; 429 and 503 are
  tried again by senders, 400 is not.
- Remote write 1.0 and 2.0: a sample that is not taken makes the answer 400, which tells the
  sender to go on; all sound samples of the request are kept.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from google.protobuf import json_format
from google.rpc.status_pb2 import Status
from litestar import Request, Response, post
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceResponse,
)

from sandbox.foundation.errors import DomainError, SignInNeeded, TooMany
from sandbox.foundation.i18n import _
from sandbox.foundation.policy import Permission
from sandbox.telemetry import intake
from sandbox.telemetry.api import senders
from sandbox.telemetry.commands import Parcel, Receipt
from sandbox.telemetry.rules.delivery import Delivery
from sandbox.telemetry.wire import bodies, otlp, remote_write

Asked = Request[Any, Any, Any]
SEND = Permission("send figures with a pilot's key", keyed=True)
"""The handler looks at the key: these requests come by the thousand and meet nobody else."""
PROTOBUF = "application/x-protobuf"
JSON = "application/json"
_WANTED = {
    "otlp": "send application/x-protobuf or application/json",
    "remote_write": "send application/x-protobuf with snappy: remote write 1.0 or 2.0",
}


class Refusal(Exception):
    """An answer other than success: its status, and what it says."""

    def __init__(self, status: int, words: str, *, retry_after: int = 0) -> None:
        super().__init__(words)
        self.status = status
        self.words = words
        self.headers = {"Retry-After": str(retry_after)} if retry_after else {}


async def _received(
    request: Asked, source: str, read: Callable[[bytes], Delivery] | None
) -> Receipt | None:
    """Read and take in a request's body; ``None`` where there is no point in it.

    :raises Refusal: it cannot be.
    """
    try:
        machine = await senders.sender_of(request)
        if read is None:
            raise Refusal(415, _WANTED[source])
        body = await bodies.gathered(request.stream())
        delivery = read(bodies.decompressed(body, request.headers.get("content-encoding", "")))
        if not len(delivery):
            return None
        parcel = Parcel(
            person=machine.person, pilot=machine.pilot, token=machine.token, delivery=delivery,
            source=source,
        )  # fmt: skip
        return await intake.deliver(parcel)
    except bodies.TooLarge:
        raise Refusal(413, _("The body is too large")) from None
    except bodies.Unreadable as error:
        raise Refusal(400, str(error)) from None
    except TooMany as error:
        raise Refusal(429, error.message, retry_after=error.retry_after) from None
    except SignInNeeded as error:
        senders.forget(request)
        raise Refusal(401, error.message) from None
    except DomainError as error:
        raise Refusal(error.status, error.message) from None


# OTLP --------------------------------------------------------------------------------------


@post("/v1/metrics", permission=SEND, status_code=200, include_in_schema=False)
async def receive_otlp(request: Asked) -> Response[bytes]:
    """An ``ExportMetricsServiceRequest``, as protobuf or JSON."""
    media_type = senders.media_type(request)
    read = {PROTOBUF: otlp.read_protobuf, JSON: otlp.read_json}.get(media_type)
    try:
        receipt = await _received(request, "otlp", read)
    except Refusal as refusal:
        return _status(media_type, refusal)
    return _answer(media_type, _exported(receipt))


def _exported(receipt: Receipt | None) -> ExportMetricsServiceResponse:
    answer = ExportMetricsServiceResponse()
    if receipt is not None and (receipt.refused or receipt.aside):
        answer.partial_success.rejected_data_points = receipt.rejected
        answer.partial_success.error_message = _reasons(receipt)
    return answer


def _reasons(receipt: Receipt) -> str:
    """Each reason once, with how many points it is of."""
    counts: dict[str, int] = {}
    for refused in receipt.refused:
        counts[refused.reason] = counts.get(refused.reason, 0) + 1
    told = [f"{reason} ({count})" for reason, count in counts.items()]
    if receipt.aside:
        words = _("kept aside, because the plan does not know their names: %(count)s")
        told.append(words % {"count": receipt.aside})
    return "; ".join(told)


def _status(media_type: str, refusal: Refusal) -> Response[bytes]:
    """OTLP tells failures as a ``google.rpc.Status`` in the request's own encoding."""
    return _answer(
        media_type, Status(message=refusal.words), status=refusal.status, headers=refusal.headers
    )


def _answer(
    media_type: str, message: Any, *, status: int = 200, headers: dict[str, str] | None = None
) -> Response[bytes]:
    if media_type == JSON:
        body = json_format.MessageToJson(message, indent=None).encode()
    else:
        body = message.SerializeToString()
    return Response(body, media_type=media_type, status_code=status, headers=headers)


# Remote write ------------------------------------------------------------------------------


@post("/api/v1/write", permission=SEND, status_code=200, include_in_schema=False)
async def receive_remote_write(request: Asked) -> Response[str]:
    """A remote write request, 1.0 or 2.0 by its content type, compressed with snappy."""
    form = _form(request)
    came: list[Delivery] = []

    def read(body: bytes) -> Delivery:
        came.append(remote_write.read(body, str(form)))
        return came[0]

    try:
        receipt = await _received(request, "remote_write", read if form else None)
    except Refusal as refusal:
        return _words(refusal.status, refusal.words, refusal.headers)
    headers = _written(came[0], receipt) if form == remote_write.TWO else {}
    if receipt is not None and receipt.refused:
        return _words(400, _reasons(receipt), headers)
    return _words(200, "", headers)


def _form(request: Asked) -> str | None:
    """Which message a request says it is; ``None``: one that we do not take."""
    if (
        senders.media_type(request) != PROTOBUF
        or request.headers.get("content-encoding") != "snappy"
    ):
        return None
    _type, _semicolon, parameters = request.headers.get("content-type", "").partition(";")
    proto = parameters.strip().removeprefix("proto=") or remote_write.ONE
    return proto if proto in {remote_write.ONE, remote_write.TWO} else None


def _written(came: Delivery, receipt: Receipt | None) -> dict[str, str]:
    """How many of each kind were taken: what is not refused is there now, or was before."""
    histograms = {spread.line for spread in came.spreads}
    refused = [one.line in histograms for one in receipt.refused] if receipt else []
    written = {
        "Samples": len(came) - len(histograms) - refused.count(False),
        "Histograms": len(histograms) - refused.count(True),
        "Exemplars": 0,
    }
    return {f"X-Prometheus-Remote-Write-{kind}-Written": str(n) for kind, n in written.items()}


def _words(status: int, words: str, headers: dict[str, str] | None = None) -> Response[str]:
    return Response(words, media_type="text/plain", status_code=status, headers=headers)


ROUTES = [receive_otlp, receive_remote_write]
