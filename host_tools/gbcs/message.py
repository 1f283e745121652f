"""A whole GBCS message: split, payload decoded, checks made, time stamp read."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TypeAlias

from host_tools.gbcs import (
    checks,
    der,
    dlms,
    dlms_names,
    gbz,
    header,
    protected,
    stamp,
    units,
    use_cases,
)
from host_tools.gbcs.checks import Check
from host_tools.gbcs.errors import DecodeError
from host_tools.gbcs.protected import Protected
from host_tools.gbcs.reader import Reader
from host_tools.gbcs.tree import Json, Node, sheltered
from host_tools.keys import KeyRing

Content: TypeAlias = "gbz.Payload | dlms.Apdu | Json"


@dataclass
class Message:
    """A decoded message. `content` is a GBZ payload, a DLMS APDU, or ASN.1 as JSON values."""

    envelope: header.Envelope
    tree: Node
    protocol: str
    content: Content = None
    use_case: use_cases.UseCase | None = None
    checks: list[Check] = field(default_factory=lambda: list[Check]())
    stamp: stamp.Stamp | None = None
    protected: list[Protected] = field(default_factory=lambda: list[Protected]())
    faults: list[DecodeError] = field(default_factory=lambda: list[DecodeError]())

    @property
    def header(self) -> header.Header:
        """The grouping header."""
        return self.envelope.header

    @property
    def failed(self) -> list[Check]:
        """The checks that were made and failed."""
        return [check for check in self.checks if check.passed is False]

    @property
    def gbz(self) -> gbz.Payload:
        """The GBZ payload; TypeError for another protocol."""
        if not isinstance(self.content, gbz.Payload):
            raise TypeError(f"the payload is {self.protocol}, not GBZ")
        return self.content

    @property
    def dlms(self) -> dlms.Apdu:
        """The DLMS APDU; TypeError for another protocol."""
        if not isinstance(self.content, dlms.Apdu):
            raise TypeError(f"the payload is {self.protocol}, not DLMS")
        return self.content

    def to_json(self) -> dict[str, Json]:
        """Everything as JSON values: facts, checks, stamp, tree."""
        head = self.header
        out: dict[str, Json] = {
            "kind": head.kind,
            "message_code": f"0x{head.message_code:04X}",
            "use_case": self.use_case.id if self.use_case else None,
            "title": self.use_case.title if self.use_case else None,
            "originator": head.originator.hex().upper(),
            "target": head.target.hex().upper(),
            "counter": head.counter,
            "date_time": head.date_time.hex().upper() or None,
        }
        if head.supplementary_party is not None:
            out["supplementary_party"] = head.supplementary_party.hex().upper()
            out["supplementary_counter"] = head.supplementary_counter
            out["supplementary_originator_counter"] = head.supplementary_originator_counter
        out["pre_command"] = self.envelope.pre_command
        out["signed"] = bool(self.envelope.signature)
        out["mac"] = self.envelope.mac.hex().upper() or None
        out["protocol"] = self.protocol
        content = self.content
        if isinstance(content, (gbz.Payload, dlms.Apdu)):
            out["content"] = content.to_json()
        else:
            out["content"] = content
        if self.protected:
            out["protected"] = [
                block.value.to_json() if block.value else None for block in self.protected
            ]
        if self.faults:
            out["faults"] = [
                {"offset": fault.offset, "space": fault.space, "what": fault.what}
                for fault in self.faults
            ]
        out["checks"] = [check.to_json() for check in self.checks]
        if self.stamp is not None:
            out["timestamp"] = self.stamp.to_json()
        out["tree"] = self.tree.to_json()
        return out


def decode(data: bytes, ring: KeyRing | None = None, unsigned: bool = False) -> Message:
    """Decode a message to its last octet and check what the keys allow.

    Raises DecodeError if the octets are not a well-formed message; `unsigned` accepts one without
    signature and MAC. A wrong MAC, signature or tag is no error of decoding: see `Message.failed`.
    """
    message = examine(data, ring)
    if message.faults:
        raise message.faults[0]
    if message.envelope.pre_command and not unsigned:
        raise DecodeError(len(data), "neither signature nor MAC")
    return message


def examine(data: bytes, ring: KeyRing | None = None) -> Message:
    """Decode as much of a message as can be read; what is wrong with a part is in its `faults`.

    Raises DecodeError only where the octets cannot be split into header, payload and signature.
    """
    keys = KeyRing() if ring is None else ring
    root = Node("message", 0, len(data))
    whole = Reader(data)
    envelope = header.read(whole, root)
    head = envelope.header
    use_case = use_cases.by_code(head.message_code)
    reader = Reader(data, *head.content, faults=whole.faults)
    node = Node("payload", head.content[0], head.content[1] - head.content[0])
    # After the grouping header, the last node before the content.
    after = [item.offset < node.offset for item in root.children].count(True)
    root.children.insert(after, node)
    message = Message(envelope, root, _protocol(reader), use_case=use_case, faults=whole.faults)
    node.text = message.protocol
    kind = head.kind
    if envelope.pre_command:
        kind = "Pre-Command" if head.cra == 1 else f"{kind} without signature and MAC"
    if use_case is not None:
        root.text = f"{use_case.id} {kind}: {use_case.title}"
    else:
        root.text = f"{kind} 0x{head.message_code:04X}"
    with sheltered(reader, node):
        _READERS[message.protocol](message, reader, node, keys)
    first = [checks.check_mac(envelope, keys), checks.check_signature(envelope, keys)]
    message.checks[:0] = [check for check in first if check is not None]
    _note_checks(message)
    if head.cra == 2 and use_case is not None and use_case.stamped:
        responder = device_type(head.originator, use_case, keys)
        message.stamp = stamp.read_stamp(head.date_time, responder)
    return message


def _protocol(reader: Reader) -> str:
    if not reader.left:
        reader.fault("no content")
        return "none"
    first = reader.data[reader.pos]
    if first == gbz.PROFILE >> 8:
        return "GBZ"
    if first in (dlms.ACCESS_REQUEST, dlms.ACCESS_RESPONSE, dlms.DATA_NOTIFICATION):
        return "DLMS"
    return "ASN.1"


def _read_gbz(message: Message, reader: Reader, node: Node, ring: KeyRing) -> None:
    head = message.header
    opener = checks.component_opener(head, ring)
    payload = gbz.Payload()
    message.content = payload
    with sheltered(reader, node):
        if head.cra == 3:
            gbz.read_alert(payload, reader, node, opener, head.message_code)
        else:
            gbz.read(payload, reader, node, opener)
    for item in payload.components:
        if item.encrypted:
            name = f"component {item.index}"
            reason = "no keys" if item.opened is None else "" if item.opened else "wrong tag"
            message.checks.append(Check(name, item.opened, reason))
    units.annotate_zcl(payload.frames)


def _read_dlms(message: Message, reader: Reader, node: Node, ring: KeyRing) -> None:
    apdu = dlms.Apdu()
    message.content = apdu
    with sheltered(reader, node):
        dlms.read(apdu, reader, node)
    dlms_names.annotate(apdu, message.use_case, reader)
    for index, value in enumerate(apdu.data):
        for block in protected.find(value):
            name = f"protected data {index}"
            message.checks.append(protected.open_block(block, ring, name, reader.faults))
            message.protected.append(block)
            if block.node is not None:
                if block.value is not None:
                    dlms_names.name_protected(message.use_case, index, block.value, block.node)
                apdu.nodes[index].children.append(block.node)


def _read_asn1(message: Message, reader: Reader, node: Node, ring: KeyRing) -> None:
    kinds = {1: "asn1_request", 2: "asn1_response", 3: "asn1_alert"}
    names: list[str] = []
    if message.use_case is not None:
        fields: Iterable[list[str]] = message.use_case.table.get(kinds[message.header.cra], [])
        names = [name for name, _ in fields]
    message.content = der.read(reader, node, names)


def _read_nothing(message: Message, reader: Reader, node: Node, ring: KeyRing) -> None:
    pass


_READERS = {
    "GBZ": _read_gbz,
    "DLMS": _read_dlms,
    "ASN.1": _read_asn1,
    "none": _read_nothing,
}


def _note_checks(message: Message) -> None:
    for check in message.checks:
        node = message.tree.find(check.name)
        if check.name in ("MAC", "signature") and node is not None:
            node.note = f"{check.word}: {check.reason}" if check.reason else check.word


def device_type(eui: bytes, use_case: use_cases.UseCase, ring: KeyRing) -> str | None:
    """What a device is: by the keys or options, else the use case's target if there is but one."""
    known = ring.device_type(eui)
    if known is None and len(use_case.targets) == 1:
        known = use_case.targets[0]
    return known
