"""The GBZ payload: profile 0x0109, components, from-date-time, encrypted components, alerts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeAlias

from host_tools.gbcs import alert_bodies, dlms_names, times, zcl, zcl_table
from host_tools.gbcs.reader import Reader
from host_tools.gbcs.tree import Json, Node, rest_as_octets, sheltered

PROFILE = 0x0109
LAST, ENCRYPTED, FROM_DATE_TIME = 0x01, 0x02, 0x10

# Opens ciphertext and tag: the plaintext, or None if the tag is wrong.
Opener: TypeAlias = Callable[[bytes, bytes], "bytes | None"]


@dataclass
class Component:
    """One component. `frame` is None while it is encrypted and no key fits.

    `opened` is None for a plain component, or one for which there is no key; else whether the
    tag was right.
    """

    index: int
    control: int
    cluster: int
    offset: int
    from_date_time: int | None = None
    frame_counter: int | None = None
    header: zcl.Header | None = None
    frame: zcl.Frame | None = None
    opened: bool | None = None

    @property
    def encrypted(self) -> bool:
        """Whether the component travels encrypted."""
        return bool(self.control & ENCRYPTED)

    def to_json(self) -> dict[str, Json]:
        """The component and its frame."""
        out: dict[str, Json] = {
            "cluster": f"0x{self.cluster:04X}",
            "control": f"0x{self.control:02X}",
            "encrypted": self.encrypted,
        }
        if self.from_date_time is not None:
            out["from_date_time"] = self.from_date_time
        if self.encrypted:
            out["frame_counter"] = self.frame_counter
            out["opened"] = self.opened
        if self.frame is not None:
            out["frame"] = self.frame.to_json()
        return out


@dataclass
class Payload:
    """A GBZ payload; alerts also have a code, a time and perhaps a body."""

    components: list[Component] = field(default_factory=lambda: list[Component]())
    alert_code: int | None = None
    alert_time: int | None = None
    alert_body: bytes | None = None

    @property
    def frames(self) -> list[zcl.Frame]:
        """The frames that could be read, in order."""
        return [item.frame for item in self.components if item.frame is not None]

    def to_json(self) -> dict[str, Json]:
        """The payload in JSON values."""
        out: dict[str, Json] = {}
        if self.alert_code is not None:
            out["alert_code"] = f"0x{self.alert_code:04X}"
            out["alert_time"] = self.alert_time
            if self.alert_body is not None:
                out["alert_body"] = self.alert_body.hex().upper()
        if self.components or self.alert_code is None:
            out["components"] = [item.to_json() for item in self.components]
        return out


def read(payload: Payload, reader: Reader, node: Node, opener: Opener | None) -> None:
    """Read a command's or response's payload to the end of the reader, as far as it can be."""
    count = _read_start(reader, node)
    if count == 0:
        raise reader.error("a GBZ payload without components", reader.pos - 1)
    _read_components(reader, node, payload, count, opener)
    reader.finish("the last GBZ component")


def read_alert(
    payload: Payload, reader: Reader, node: Node, opener: Opener | None, message_code: int
) -> None:
    """Read an alert's payload: code, time, and a body of the message code's own form.

    A body of another form is components, or octets that are shown as such.
    """
    count = _read_start(reader, node)
    start = reader.pos
    payload.alert_code = reader.uint(2, "alert code")
    node.child("alert code", reader, start, payload.alert_code, f"0x{payload.alert_code:04X}")
    start = reader.pos
    payload.alert_time = reader.uint(4, "alert time")
    node.child("alert time", reader, start, payload.alert_time, times.utc_text(payload.alert_time))
    if not reader.left:
        if count:
            reader.fault(f"{count} components are told, and none is there")
        return
    body = reader.data[reader.pos : reader.end]
    form = alert_bodies.gbz_form(message_code, body)
    if form is not None:
        head, fields = form
        payload.alert_body = body[len(head) :]
        group = node.child("body", reader, reader.pos, payload.alert_body.hex().upper())
        group.text = dlms_names.future_dated_text(payload.alert_body)
        reader.take(len(head), "tag and length of the body")
        alert_bodies.add_fields(reader, group, fields)
        group.close(reader)
    elif not count:
        raise reader.error(f"{reader.left} trailing octets after the GBZ alert")
    elif not _are_components(body, count):
        payload.alert_body = body
        rest_as_octets(reader, node, "body", "not of a form that is known")
    else:
        _read_components(reader, node, payload, count, opener)


def _are_components(body: bytes, count: int) -> bool:
    # Whether the lengths of `count` components add up to the body.
    place = 0
    for _ in range(count):
        place += 5 + int.from_bytes(body[place + 3 : place + 5], "big")
    return place == len(body)


def _read_start(reader: Reader, node: Node) -> int:
    start = reader.pos
    profile = reader.uint(2, "GBZ profile id")
    if profile != PROFILE:
        raise reader.error(f"GBZ profile 0x{profile:04X}, expected 0x{PROFILE:04X}", start)
    node.child("profile", reader, start, profile, f"0x{profile:04X}")
    start = reader.pos
    count = reader.uint(1, "number of GBZ components")
    node.child("components", reader, start, count, str(count))
    return count


def _read_components(
    reader: Reader, node: Node, payload: Payload, count: int, opener: Opener | None
) -> None:
    encrypted = 0
    for index in range(count):
        component = _read_component(reader, node, index, opener)
        payload.components.append(component)
        last = bool(component.control & LAST)
        if last != (index == count - 1):
            what = "marked last" if last else "not marked last"
            reader.fault(f"component {index} of {count} is {what}", component.offset)
        if component.encrypted:
            if component.frame_counter != encrypted & 0xFF:
                what = f"frame counter {component.frame_counter}, expected {encrypted & 0xFF}"
                reader.fault(f"component {index}: {what}", component.offset + 6)
            encrypted += 1


def _read_component(reader: Reader, parent: Node, index: int, opener: Opener | None) -> Component:
    start = reader.pos
    control = reader.uint(1, f"control of component {index}")
    if control & ~(LAST | ENCRYPTED | FROM_DATE_TIME):
        reader.fault(f"component {index}: control 0x{control:02X} has unknown bits", start)
    if control & ENCRYPTED and control & FROM_DATE_TIME:
        what = "an encrypted component has no from-date-time"
        reader.fault(f"component {index}: {what}", start)
    node = parent.child(f"component {index}", reader, start)
    words = ["last" if control & LAST else "not last"]
    words += ["encrypted"] if control & ENCRYPTED else []
    words += ["from date-time"] if control & FROM_DATE_TIME else []
    node.child("control", reader, start, control, f"0x{control:02X}: {', '.join(words)}")
    place = reader.pos
    cluster = reader.uint(2, "cluster id")
    name = zcl_table.cluster_name(cluster)
    node.child("cluster", reader, place, cluster, f"0x{cluster:04X} {name}".rstrip())
    place = reader.pos
    length = reader.uint(2, "GBZ command length")
    node.child("length", reader, place, length, str(length))
    inner = reader.part(length, f"component {index}")
    component = Component(index, control, cluster, start)
    with sheltered(inner, node):
        _read_body(inner, component, node, opener)
    node.close(reader)
    said = component.frame.name if component.frame else ""
    node.text = f"{name} {said or ('(encrypted)' if component.encrypted else '')}".strip()
    return component


def _read_body(inner: Reader, component: Component, node: Node, opener: Opener | None) -> None:
    if component.control & FROM_DATE_TIME:
        place = inner.pos
        component.from_date_time = inner.uint(4, "from date-time")
        shown = times.utc_text(component.from_date_time)
        node.child("from date-time", inner, place, component.from_date_time, shown)
    if component.encrypted:
        _read_additional_header(inner, component, node)
    component.header = zcl.read_header(inner, node)
    if component.encrypted:
        _read_ciphered(inner, component, node, opener)
    else:
        component.frame = zcl.read_payload(inner, component.cluster, component.header, node)


def _read_additional_header(reader: Reader, component: Component, node: Node) -> None:
    start = reader.pos
    reader.expect(0, "additional header control")
    component.frame_counter = reader.uint(1, "additional header frame counter")
    text = f"frame counter {component.frame_counter}"
    node.child("additional header", reader, start, component.frame_counter, text)


def _read_ciphered(
    reader: Reader, component: Component, node: Node, opener: Opener | None
) -> None:
    start = reader.pos
    length = reader.uint(2, "ciphered information length")
    node.child("ciphered information length", reader, start, length, str(length))
    inner = reader.part(length, "ciphered information")
    reader.finish("ciphered information")
    start = inner.pos
    inner.expect(0x31, "security control of ciphered information")
    if inner.uint(4, "invocation counter"):
        raise inner.error("invocation counter of ciphered information is not 0", start + 1)
    node.child(
        "security header", inner, start, "3100000000", "encrypted, authenticated; counter 0"
    )
    if inner.left < 12:
        raise inner.error(f"{inner.left} octets cannot hold the tag")
    start = inner.pos
    ciphertext = inner.take(inner.left - 12, "ciphertext")
    hidden = node.child("ciphertext", inner, start, ciphertext.hex().upper())
    start = inner.pos
    tag = inner.take(12, "tag")
    tag_node = node.child("tag", inner, start, tag.hex().upper(), tag.hex().upper())
    hidden.text = f"{len(ciphertext)} octets"
    if opener is None:
        hidden.note = "no key"
        return
    plaintext = opener(ciphertext, tag)
    component.opened = plaintext is not None
    tag_node.note = "valid" if component.opened else "INVALID"
    if plaintext is None or component.header is None:
        return
    space = f"the plaintext of component {component.index}"
    opened = Reader(plaintext, space=space, faults=reader.faults)
    child = Node("decrypted", 0, len(plaintext), space=space)
    node.children.append(child)
    component.frame = zcl.read_payload(opened, component.cluster, component.header, child)
