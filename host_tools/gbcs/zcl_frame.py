"""What a decoded ZCL frame is: its header, its attributes or fields."""

from __future__ import annotations

from dataclasses import dataclass, field

from host_tools.gbcs import zcl_types
from host_tools.gbcs.tree import Json, Node
from host_tools.gbcs.zcl_fields import Record

READ, READ_RESPONSE, WRITE_RESPONSE = 0x00, 0x01, 0x04
DEFAULT_RESPONSE, REPORT = 0x0B, 0x0A


@dataclass(frozen=True)
class Header:
    """The ZCL header; `from_server` is the direction bit."""

    frame_control: int
    sequence: int
    command: int
    manufacturer: int | None = None

    @property
    def is_cluster_command(self) -> bool:
        """Cluster-specific, as against profile-wide."""
        return self.frame_control & 3 == 1

    @property
    def from_server(self) -> bool:
        """Sent by the cluster's server."""
        return bool(self.frame_control & 8)


@dataclass(frozen=True)
class Attribute:
    """One attribute of a read, write or report; `type` and `value` are None without success.

    The attributes of a manufacturer have the numbers of others, and no name here.
    """

    id: int
    name: str
    status: int | None = None
    type: int | None = None
    value: Json = None
    manufacturer: int | None = None
    node: Node | None = field(default=None, repr=False, compare=False)

    @property
    def known(self) -> Json:
        """The value; None where it stands for "not available" in its type."""
        if self.type is None or zcl_types.is_no_value(self.type, self.value):
            return None
        return self.value

    @property
    def label(self) -> str:
        """Number and name for people, or number and manufacturer."""
        if self.manufacturer is not None:
            return f"0x{self.id:04X} of manufacturer 0x{self.manufacturer:04X}"
        return f"0x{self.id:04X} {self.name}".rstrip()


@dataclass
class Frame:
    """A decoded frame: attributes, or a default response, or the fields of a command."""

    cluster: int
    header: Header
    name: str
    attributes: list[Attribute] = field(default_factory=lambda: list[Attribute]())
    fields: Record | None = None
    default_response: tuple[int, int] | None = None  # command id, status

    def attribute(self, attribute_id: int) -> Attribute | None:
        """The record of an attribute of the standard, if the frame has one."""
        if self.header.manufacturer is not None:
            return None
        return next((item for item in self.attributes if item.id == attribute_id), None)

    def to_json(self) -> dict[str, Json]:
        """What the frame says, in the notation of STATE.json."""
        out: dict[str, Json] = {
            "cluster": f"0x{self.cluster:04X}",
            "frame_control": f"0x{self.header.frame_control:02X}",
            "sequence": self.header.sequence,
            "command": f"0x{self.header.command:02X}",
            "name": self.name,
        }
        if self.header.manufacturer is not None:
            out["manufacturer"] = f"0x{self.header.manufacturer:04X}"
        if self.default_response is not None:
            command, status = self.default_response
            out["default_response"] = {"command": f"0x{command:02X}", "status": f"0x{status:02X}"}
        if self.fields is not None:
            out["fields"] = dict(self.fields)
        if self.attributes:
            out["attributes"] = [_attribute_json(item) for item in self.attributes]
        return out


def _attribute_json(item: Attribute) -> Json:
    out: dict[str, Json] = {"id": f"0x{item.id:04X}", "name": item.name}
    if item.status is not None:
        out["status"] = f"0x{item.status:02X}"
    if item.manufacturer is not None:
        out["manufacturer"] = f"0x{item.manufacturer:04X}"
    if item.type is not None:
        out["type"] = f"0x{item.type:02X}"
        out["value"] = item.known
        if item.known is None and item.value is not None:
            out["text"] = zcl_types.text(item.type, item.value)
    return out
