"""DER of the ASN.1 use cases as a tree: tags, lengths, primitive values, certificates named."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Iterator
from datetime import datetime
from itertools import count
from typing import Protocol

from cryptography import x509

from host_tools.gbcs.reader import Reader
from host_tools.gbcs.tree import Json, Node, sheltered

MAX_DEPTH = 32
MAX_ELEMENTS = 2000  # more than any message holds; bounds the time that one takes
_NEVER = "99991231235959Z"  # an activation that is cancelled


class _Subject(Protocol):
    @property
    def subject(self) -> x509.Name: ...


_UNIVERSAL = {
    1: "BOOLEAN",
    2: "INTEGER",
    3: "BIT STRING",
    4: "OCTET STRING",
    5: "NULL",
    6: "OBJECT IDENTIFIER",
    10: "ENUMERATED",
    12: "UTF8String",
    16: "SEQUENCE",
    17: "SET",
    19: "PrintableString",
    22: "IA5String",
    23: "UTCTime",
    24: "GeneralizedTime",
}
_TEXT = {12, 19, 22, 23, 24}


def read(reader: Reader, parent: Node, names: list[str] | None = None) -> Json:
    """Read one element to the end of the reader, add its tree, return its value.

    `names` are the fields of the message in order; they are given to the elements of the
    outermost SEQUENCE (or to a single primitive). Optional fields come last.
    """
    node = _element(reader, "content", 0, count(1))
    parent.children.append(node)
    reader.finish("the ASN.1 content")
    fields = node.children or [node]
    flat = names and names[0] != "root" and not any("." in name or "|" in name for name in names)
    if names and flat and len(fields) <= len(names):
        for child, name in zip(fields, names, strict=False):
            child.name = name
    return _json(node)


def _tag(reader: Reader, what: str) -> tuple[int, bool, int]:
    start = reader.pos
    first = reader.uint(1, what)
    number = first & 0x1F
    if number == 0x1F:
        raise reader.error(f"{what}: tag numbers above 30 do not occur", start)
    return first >> 6, bool(first & 0x20), number


def _length(reader: Reader, what: str) -> int:
    # Lengths such as 82 00 DE occur in real messages, so the shortest form is not demanded.
    start = reader.pos
    first = reader.uint(1, what)
    if first < 0x80:
        return first
    count = first & 0x7F
    if not 1 <= count <= 4:
        raise reader.error(f"{what}: length octet 0x{first:02X} is not valid", start)
    return reader.uint(count, what)


def _element(reader: Reader, name: str, depth: int, numbers: Iterator[int]) -> Node:
    start = reader.pos
    if depth > MAX_DEPTH:
        raise reader.error(f"nested more than {MAX_DEPTH} deep")
    if next(numbers) > MAX_ELEMENTS:
        raise reader.error(f"more than {MAX_ELEMENTS} elements")
    kind, constructed, number = _tag(reader, f"tag of {name}")
    universal = kind == 0
    title = _UNIVERSAL.get(number, f"tag {number}") if universal else f"[{number}]"
    length = _length(reader, f"length of {title}")
    inner = reader.part(length, title)
    node = Node(title, start, reader.pos - start, space=reader.space)
    if universal and constructed != (number in (16, 17)):
        reader.fault(f"{title} is {'' if constructed else 'not '}constructed", start)
    if constructed:
        with sheltered(inner, node):
            while inner.left:
                node.children.append(_element(inner, title, depth + 1, numbers))
        node.text = _certificate_text(reader.data[start : reader.pos]) if number == 16 else ""
        node.text = node.text or f"{title} of {len(node.children)}"
    elif universal:
        with sheltered(inner, node):
            node.value, node.text = _primitive(inner, number, title)
    else:
        raw = inner.take(inner.left, title)
        node.value = raw.hex().upper()
        node.text = f"{node.value or 'empty'} ({title})"
    return node


def _primitive(reader: Reader, number: int, title: str) -> tuple[Json, str]:
    start = reader.pos
    raw = reader.take(reader.left, title)
    try:
        if number in _READERS:
            return _READERS[number](raw, title)
        if number in _TEXT:
            return _text(reader, raw, title, start, number == 24)
    except ValueError as error:
        raise reader.error(str(error), start) from None
    return raw.hex().upper(), f"{raw.hex().upper() or 'empty'} ({title})"


def _integer(raw: bytes, title: str) -> tuple[Json, str]:
    if not raw:
        raise ValueError(f"{title} without octets")
    value = int.from_bytes(raw, "big", signed=True)
    shown = f"{value} (0x{value:X})" if value > 255 else str(value)
    return value, f"{shown} ({title})"


def _boolean(raw: bytes, title: str) -> tuple[Json, str]:
    if len(raw) != 1:
        raise ValueError(f"BOOLEAN of {len(raw)} octets")
    return raw != b"\0", f"{raw != bytes(1)} ({title})"


def _null(raw: bytes, title: str) -> tuple[Json, str]:
    if raw:
        raise ValueError(f"{title} with octets")
    return None, title


def _bit_string(raw: bytes, title: str) -> tuple[Json, str]:
    if not raw or raw[0] > 7 or (raw[0] and len(raw) == 1):
        raise ValueError(f"{title} with a wrong count of unused bits")
    bits = "".join(f"{octet:08b}" for octet in raw[1:])
    if len(bits) > 64:
        return raw[1:].hex().upper(), f"{raw[1:].hex().upper()} ({title})"
    bits = bits[: len(bits) - raw[0]]
    return bits, f"{bits} ({title})"


def _text(reader: Reader, raw: bytes, title: str, start: int, is_time: bool) -> tuple[Json, str]:
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        reader.fault(f"{title} is not text", start)
        shown = raw.hex().upper()
        return {"hex": shown}, f'hex {shown} ({title}; as Latin-1 "{raw.decode("latin-1")}")'
    return text, f"{_moment(reader, text, start) if is_time else text} ({title})"


def _moment(reader: Reader, text: str, start: int) -> str:
    if not re.fullmatch(r"\d{14}Z", text, re.ASCII):
        return text
    shown = f"{text[:4]}-{text[4:6]}-{text[6:8]}T{text[8:10]}:{text[10:12]}:{text[12:]}"
    if text == _NEVER:
        return f"{shown}, never"
    try:
        datetime.strptime(text, "%Y%m%d%H%M%SZ")
    except ValueError:
        reader.fault(f"{text} is no time", start)
        return f"{shown} (malformed: no time)"
    return shown


def _object_identifier(raw: bytes, title: str) -> tuple[Json, str]:
    if not raw or raw[-1] & 0x80:
        raise ValueError(f"{title} cut off")
    parts: list[int] = []
    value = 0
    for octet in raw:
        value = value << 7 | octet & 0x7F
        if not octet & 0x80:
            parts.append(value)
            value = 0
    first = min(parts[0] // 40, 2)
    text = ".".join(str(part) for part in (first, parts[0] - 40 * first, *parts[1:]))
    return text, f"{text} ({title})"


# How the octets of a primitive are read, by its universal tag; ValueError for what cannot be.
_READERS: dict[int, Callable[[bytes, str], tuple[Json, str]]] = {
    1: _boolean,
    2: _integer,
    3: _bit_string,
    5: _null,
    6: _object_identifier,
    10: _integer,
}


def certificate_subject(raw: bytes) -> str | None:
    """The subject of an X.509 certificate, or None for other octets."""
    return _subject(x509.load_der_x509_certificate, raw)


def _subject(load: Callable[[bytes], _Subject], raw: bytes) -> str | None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # about serial numbers and the like
        try:
            return load(raw).subject.rfc4514_string() or "empty"
        except Exception:  # the library raises many kinds for octets that are no certificate
            return None


def _certificate_text(raw: bytes) -> str:
    if len(raw) < 200:
        return ""
    subject = certificate_subject(raw)
    if subject is not None:
        return f"certificate, subject {subject}"
    subject = _subject(x509.load_der_x509_csr, raw)
    return "" if subject is None else f"certification request, subject {subject}"


def _json(node: Node) -> Json:
    if node.children:
        inner: list[Json] = [{child.name: _json(child)} for child in node.children]
        return inner
    return node.value


def encode(tag: int, content: bytes) -> bytes:
    """One DER element."""
    size = len(content)
    if size < 0x80:
        return bytes([tag, size]) + content
    octets = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(octets)]) + octets + content
