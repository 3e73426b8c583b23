"""From YAML files to typed parts, with errors that name file, field and expectation."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import msgspec
import yaml

from sandbox.framework.errors import PackError
from sandbox.framework.text import Text

_SafeLoader: type = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Loader(_SafeLoader):  # type: ignore[misc]
    """YAML without its surprises: ``no`` is a word, 24:00 no number, a key stands once."""

    yaml_implicit_resolvers: ClassVar[dict[str, Any]] = {}

    def construct_mapping(  # the signature is PyYAML's
        self,
        node: yaml.MappingNode,
        deep: bool = False,  # noqa: FBT001, FBT002
    ) -> dict[Any, Any]:
        """The mapping of ``node``; a key that comes twice is an error."""
        seen: set[Any] = set()
        for key_node, _value in node.value:
            if key_node.value in seen:
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key `{key_node.value}` comes twice", key_node.start_mark
                )
            seen.add(key_node.value)
        return super().construct_mapping(node, deep=deep)  # type: ignore[no-any-return]


for _tag, _pattern, _first in (
    ("bool", r"^(?:true|false)$", "tf"),
    ("int", r"^-?(?:0|[1-9][0-9]*)$", "-0123456789"),
    ("float", r"^-?[0-9]+\.[0-9]+$", "-0123456789"),
    ("null", r"^(?:null)?$", ["n", ""]),
):
    _Loader.add_implicit_resolver(f"tag:yaml.org,2002:{_tag}", re.compile(_pattern), list(_first))


def read_file(path: Path, shape: Any, *, name: str = "") -> Any:
    """The content of the YAML file ``path`` as ``shape``; ``name`` is how an error calls it.

    :raises PackError: it cannot be read, or is not of that shape.
    """
    name = name or path.name
    raw = _raw(path, name)
    try:
        return msgspec.convert(raw, shape, dec_hook=_decode)
    except msgspec.ValidationError as error:
        what, _at, where = str(error).partition(" - at `$")
        raise PackError(name, named_path(raw, where.rstrip("`")), what) from None


def _raw(path: Path, name: str) -> Any:
    try:
        return yaml.load(path.read_text(encoding="utf-8"), _Loader)  # noqa: S506  (a safe one)
    except OSError as error:
        raise PackError(name, "", f"Expected a readable file: {error.strerror}") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f"line {mark.line + 1}" if mark else ""
        problem = getattr(error, "problem", None) or str(error)
        raise PackError(name, line, f"Expected valid YAML: {problem}") from None


def _decode(wanted: type, value: Any) -> Any:
    if wanted is not Text:
        raise NotImplementedError(wanted)
    if not isinstance(value, dict):
        raise TypeError("Expected a text in each language, such as `{en: …}`")
    for language, words in value.items():
        if not isinstance(language, str) or not isinstance(words, str):
            raise TypeError(f"Expected words for the language `{language}`")
    return Text({language: words.strip() for language, words in value.items()})


_STEP = re.compile(r"\.([^.\[]+)|\[(\d+)\]|\[(\.\.\.)\]")


def named_path(raw: Any, path: str) -> str:
    """``[3].limit`` as ``[3 “decision”].limit``: an item of a list with its key, to find it by."""
    words = []
    for field, index, _rest in _STEP.findall(path):
        if index:
            raw = _item(raw, int(index))
            key = raw.get("key") if isinstance(raw, dict) else None
            words.append(f"[{index} “{key}”]" if key else f"[{index}]")
        else:
            raw = raw.get(field) if isinstance(raw, dict) else None
            words.append(f".{field}" if field else "[...]")
    return "".join(words).removeprefix(".")


def _item(raw: Any, index: int) -> Any:
    return raw[index] if isinstance(raw, list | tuple) and index < len(raw) else None


def walk(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """``value`` and everything within it, each with its path as the YAML file spells it."""
    yield path.removeprefix("."), value
    if isinstance(value, msgspec.Struct):
        names = zip(value.__struct_fields__, value.__struct_encode_fields__, strict=True)
        for attribute, field in names:
            yield from walk(getattr(value, attribute), f"{path}.{field}")
    elif isinstance(value, tuple):
        for index, item in enumerate(value):
            key = getattr(item, "key", "")
            yield from walk(item, f"{path}[{index} “{key}”]" if key else f"{path}[{index}]")
