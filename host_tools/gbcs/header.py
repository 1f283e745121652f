"""MAC header (general-ciphering), grouping header (general-signing), signature and MAC."""

from __future__ import annotations

from dataclasses import dataclass

from host_tools.gbcs import times
from host_tools.gbcs.der import certificate_subject
from host_tools.gbcs.errors import DecodeError
from host_tools.gbcs.reader import Reader, encode_length
from host_tools.gbcs.tree import Node
from host_tools.gbcs.use_cases import by_code

GENERAL_CIPHERING, GENERAL_SIGNING = 0xDD, 0xDF
MAC_LENGTH, SIGNATURE_LENGTH = 12, 64
CRA = {1: "Command", 2: "Response", 3: "Alert"}


@dataclass(frozen=True)
class Header:
    """What the grouping header says, and where the protected parts of the message are."""

    cra: int
    counter: int
    originator: bytes
    target: bytes
    date_time: bytes
    message_code: int
    supplementary_party: bytes | None = None
    supplementary_counter: int | None = None
    supplementary_originator_counter: int | None = None
    certificate: bytes | None = None
    start: int = 0  # of the DF tag
    content: tuple[int, int] = (0, 0)  # of the payload

    @property
    def kind(self) -> str:
        """Command, Response or Alert."""
        return CRA[self.cra]

    def other_information(self) -> bytes:
        """The other-information octets of this header."""
        out = self.message_code.to_bytes(2, "big")
        if self.supplementary_party is not None:
            out += self.supplementary_party
        for counter in (self.supplementary_counter, self.supplementary_originator_counter):
            if counter is not None:
                out += counter.to_bytes(8, "big")
        return out + (self.certificate or b"")

    def encode(self, payload: bytes) -> bytes:
        """The grouping header from its DF tag, followed by the payload."""
        other = self.other_information()
        parts = [
            bytes([GENERAL_SIGNING, 9, self.cra]),
            self.counter.to_bytes(8, "big"),
            b"\x08" + self.originator + b"\x08" + self.target,
            encode_length(len(self.date_time)) + self.date_time,
            encode_length(len(other)) + other,
            encode_length(len(payload)) + payload,
        ]
        return b"".join(parts)


@dataclass(frozen=True)
class Envelope:
    """A split message: header, payload place, signature and MAC (b"" where there is none)."""

    header: Header
    signature: bytes
    mac: bytes
    data: bytes

    @property
    def pre_command(self) -> bool:
        """Whether there is neither signature nor MAC, as in a command before it is sent."""
        return not self.signature and not self.mac

    @property
    def signed_part(self) -> bytes:
        """What the signature covers: grouping header without its DF tag, and payload."""
        return self.data[self.header.start + 1 : self.header.content[1]]

    @property
    def mac_part(self) -> bytes:
        """What the MAC covers: from the DF tag to the octet before the MAC."""
        return self.data[self.header.start : len(self.data) - len(self.mac)]


def add_mac_header(protected: bytes, mac: bytes) -> bytes:
    """A MACed message from its protected part (DF ... signature part) and its MAC."""
    length = 5 + len(protected) + len(mac)
    return (
        bytes([GENERAL_CIPHERING])
        + bytes(6)
        + encode_length(length)
        + b"\x11"
        + bytes(4)
        + (protected + mac)
    )


def read(reader: Reader, root: Node) -> Envelope:
    """Split a message to its last octet; a pre-command has neither signature nor MAC.

    Raises DecodeError; what is wrong with a field that has its length is noted in `reader.faults`.
    """
    data = reader.data
    if not data:
        raise DecodeError(0, "an empty message")
    has_mac = data[0] == GENERAL_CIPHERING
    if has_mac:
        _read_mac_header(reader, root)
    elif data[0] != GENERAL_SIGNING:
        raise DecodeError(0, f"0x{data[0]:02X} begins no message: expected 0xDD or 0xDF")
    header = _read_grouping(reader, root)
    signature, mac = b"", b""
    start = reader.pos
    if not has_mac and not reader.left:
        root.child("signature", reader, start, None, "none: the message ends before it")
        return Envelope(header, signature, mac, data)
    length = reader.uint(1, "signature length")
    if length not in (0, SIGNATURE_LENGTH):
        raise reader.error(f"signature length {length}, expected 0 or 64", start)
    if length:
        signature = reader.take(SIGNATURE_LENGTH, "signature")
        root.child("signature", reader, start, signature.hex().upper(), "ECDSA P-256, r || s")
    else:
        root.child("signature", reader, start, None, "none")
    if has_mac:
        start = reader.pos
        mac = reader.take(MAC_LENGTH, "MAC")
        root.child("MAC", reader, start, mac.hex().upper(), mac.hex().upper())
    reader.finish("the message")
    return Envelope(header, signature, mac, data)


def end(octets: bytes) -> int:
    """Where the message ends that octets begin with; DecodeError where that cannot be said.

    What follows a pre-command does not look like the length of a signature.
    """
    reader = Reader(octets)
    if octets[:1] == bytes([GENERAL_CIPHERING]):
        reader.take(7, "MAC header")
        length = reader.length("ciphered-service length")
        reader.take(length, "the message")
        return reader.pos
    _read_grouping(reader, Node("message", 0, len(octets)))
    if reader.left and octets[reader.pos] in (0, SIGNATURE_LENGTH):
        reader.take(reader.uint(1, "signature length"), "signature")
    return reader.pos


def _read_mac_header(reader: Reader, root: Node) -> None:
    node = root.child("MAC header", reader, 0, text="general-ciphering")
    reader.expect(GENERAL_CIPHERING, "general-ciphering tag")
    names = ("transaction-id", "originator", "recipient", "date-time", "other-information")
    for name in names:
        reader.expect(0, f"length of {name} in the MAC header")
    reader.expect(0, "key-info of the MAC header")
    node.child("empty fields", reader, 1, None, f"{', '.join(names)}, key-info")
    start = reader.pos
    length = reader.length("ciphered-service length")
    node.child("ciphered-service length", reader, start, length, str(length))
    if length != reader.left:
        what = f"ciphered-service length is {length}, but {reader.left} octets follow"
        raise reader.error(what, start)
    start = reader.pos
    reader.expect(0x11, "security control")
    node.child("security control", reader, start, 0x11, "0x11: authenticated, suite 1")
    start = reader.pos
    if reader.uint(4, "invocation counter"):
        raise reader.error("invocation counter of the MAC header is not 0", start)
    node.child("invocation counter", reader, start, 0, "0")
    node.close(reader)


def _read_grouping(reader: Reader, root: Node) -> Header:
    first = reader.pos
    node = root.child("grouping header", reader, first, text="general-signing")
    reader.expect(GENERAL_SIGNING, "general-signing tag")
    reader.expect(9, "transaction-id length")
    start = reader.pos
    cra = reader.uint(1, "CRA flag")
    if cra not in CRA:
        raise reader.error(f"CRA flag {cra}, expected 1, 2 or 3", start)
    node.child("CRA flag", reader, start, cra, CRA[cra])
    start = reader.pos
    counter = reader.uint(8, "originator counter")
    node.child("originator counter", reader, start, counter, str(counter))
    originator = _read_eui(reader, node, "originator")
    target = _read_eui(reader, node, "target")
    date_time = _read_date_time(reader, node)
    facts = _read_other_information(reader, node, cra)
    start = reader.pos
    length = reader.length("content length")
    node.child("content length", reader, start, length, str(length))
    node.close(reader)
    if length > reader.left:
        raise reader.error(f"content length is {length}, but {reader.left} octets follow", start)
    content = (reader.pos, reader.pos + length)
    reader.take(length, "content")
    code, party, party_counter, originator_counter, certificate = facts
    return Header(
        cra,
        counter,
        originator,
        target,
        date_time,
        code,
        party,
        party_counter,
        originator_counter,
        certificate,
        first,
        content,
    )


def _read_eui(reader: Reader, node: Node, name: str) -> bytes:
    start = reader.pos
    reader.expect(8, f"length of {name}")
    eui = reader.take(8, name)
    node.child(name, reader, start, eui.hex().upper(), eui.hex().upper())
    return eui


def _read_date_time(reader: Reader, node: Node) -> bytes:
    start = reader.pos
    length = reader.uint(1, "date-time length")
    if length not in (0, 12):
        raise reader.error(f"date-time length {length}, expected 0 or 12", start)
    raw = reader.take(length, "date-time")
    text = "none"
    if raw:
        value = times.cosem_date_time(raw)
        if value.problem:
            reader.fault(f"date-time: {value.problem}", start)
        text = f"{value.text()}, clock status 0x{value.status:02X}"
    node.child("date-time", reader, start, raw.hex().upper() or None, text)
    return raw


_Other = tuple[int, "bytes | None", "int | None", "int | None", "bytes | None"]


def _read_other_information(reader: Reader, parent: Node, cra: int) -> _Other:
    start = reader.pos
    length = reader.length("other-information length")
    inner = reader.part(length, "other-information")
    node = parent.child("other information", reader, start, length, f"{length} octets")
    begin = inner.pos
    code = inner.uint(2, "message code")
    use_case = by_code(code)
    title = f"{use_case.id}: {use_case.title}" if use_case else "not in the use case table"
    node.child("message code", inner, begin, code, f"0x{code:04X} {title}")
    if not inner.left:
        return code, None, None, None, None
    begin = inner.pos
    party = inner.take(8, "supplementary remote party id")
    shown = party.hex().upper()
    node.child("supplementary remote party", inner, begin, shown, shown)
    if not inner.left:
        return code, party, None, None, None
    begin = inner.pos
    counter = inner.uint(8, "supplementary remote party counter")
    node.child("supplementary remote party counter", inner, begin, counter, str(counter))
    if not inner.left:
        return code, party, counter, None, None
    begin = inner.pos
    if cra != 1:
        other = inner.uint(8, "supplementary originator counter")
        node.child("supplementary originator counter", inner, begin, other, str(other))
        inner.finish("other-information")
        return code, party, counter, other, None
    certificate = inner.take(inner.left, "key agreement certificate")
    child = node.child("key agreement certificate", inner, begin, certificate.hex().upper())
    subject = certificate_subject(certificate)
    if subject is None:
        inner.fault("other-information: not an X.509 certificate", begin)
    child.text = subject or f"{certificate.hex().upper()} (not an X.509 certificate)"
    return code, party, counter, None, certificate
