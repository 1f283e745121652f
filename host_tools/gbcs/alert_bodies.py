"""Bodies of alerts: the fields after alert code and time, by message code.

A field of a body in octets is (name, count of octets, kind); the kind says how it is shown.
`rest` octets go to the end.
"""

from __future__ import annotations

from host_tools.gbcs import dlms, zcl_table
from host_tools.gbcs.reader import Reader
from host_tools.gbcs.tree import Node
from host_tools.gbcs.use_cases import by_code

Field = tuple[str, int, str]

_COMMAND: tuple[Field, ...] = (("messageCode", 2, "code"), ("originatorCounter", 8, "number"))
_DLMS_ATTRIBUTE: tuple[Field, ...] = (
    *_COMMAND,
    ("cosemClassID", 2, "class"),
    ("cosemInstanceID", 6, "obis"),
    ("cosemAttributeIndex", 1, "number"),
)
_ZCL_COMMAND: tuple[Field, ...] = (
    *_COMMAND,
    ("clusterID", 2, "cluster"),
    ("frameControl", 1, "bits"),
    ("commandIdentifier", 1, "bits"),
)
_HASH: tuple[Field, ...] = (("calculatedManufacturerHash", 32, "octets"),)
_DROPPED: tuple[Field, ...] = (
    ("originator", 8, "octets"),
    ("target", 8, "octets"),
    ("CRA flag", 1, "cra"),
    ("originatorCounter", 8, "number"),
)

# The message code of CS14: the Device Log of a hub has changed.
_DEVICE_LOG_BACKUP = 0x0018

# GBZ: the octets that a body begins with (tag, length), and the fields after them.
_GBZ: dict[int, tuple[bytes, tuple[Field, ...]]] = {
    0x00CD: (b"\x0e", _ZCL_COMMAND),
    0x00CF: (b"\x09\x20", _HASH),
    0x00F2: (b"", (("otherInfo", 2, "bits"),)),
}

# DLMS: names of the items of the structure after alert code and time stamp.
_ITEMS: dict[int, tuple[str, ...]] = {
    0x00CC: ("content",),
    0x00CE: ("calculatedManufacturerHash",),
    0x00F0: ("otherInfo",),
    0x0061: ("protectionParameters", "protectedData"),
    0x0067: ("outageStart", "outageEnd"),
    0x0120: ("content",),
    0x0121: ("controllerNumberAndState", "start", "end", "level"),
    0x0122: ("controllerNumberAndState", "level"),
    0x0123: ("content",),
    _DEVICE_LOG_BACKUP: ("backup",),
    0x0110: ("entityIdentifier",),
    0x0111: ("content",),
    0x0112: ("content",),
    0x0113: ("configuration",),
    0x0114: ("content",),
    0x0115: ("entityIdentifier",),
}
# Items of an octet-string, or names of the items of a structure, by message code.
_OCTETS: dict[int, tuple[Field, ...]] = {
    0x00CC: _DLMS_ATTRIBUTE,
    0x0120: _COMMAND,
    0x0114: _DROPPED,
}
_PARTS: dict[int, tuple[str, ...]] = {
    _DEVICE_LOG_BACKUP: ("backupDateTime", "extendedPANID", "deviceLogEntries"),
    0x0111: ("channelMask", "channelPage"),
}
# Of a row of the Device Log.
_ENTRIES = ("entityIdentifier", "hashOfTrustCentreLinkKey")


def size(fields: tuple[Field, ...]) -> int:
    """How many octets the fields have."""
    return sum(count for _, count, _ in fields)


def gbz_forms() -> dict[int, tuple[bytes, tuple[Field, ...]]]:
    """Leading octets and fields of the bodies of GBZ alerts, by message code."""
    return dict(_GBZ)


def gbz_form(message_code: int, body: bytes) -> tuple[bytes, tuple[Field, ...]] | None:
    """Leading octets and fields of a GBZ alert's body; None if it is not of the code's form."""
    start, fields = _GBZ.get(message_code, (b"", ()))
    if fields and body.startswith(start) and len(start) + size(fields) == len(body):
        return start, fields
    return None


def item_names(message_code: int, count: int) -> list[str]:
    """Names of the items of a DLMS alert's structure; [] for more than are known."""
    names = ["alertCode", "timeStamp", *_ITEMS.get(message_code, ())]
    return names if count <= len(names) else names[:2]


def part_names(message_code: int, count: int) -> tuple[str, ...]:
    """Names of the parts of a DLMS alert's structure inside its structure, or ()."""
    names = _PARTS.get(message_code, ())
    return names if len(names) == count else ()


def entry_names(message_code: int, count: int) -> tuple[str, ...]:
    """Names of the fields of a log row inside such a part, or ()."""
    return _ENTRIES if message_code == _DEVICE_LOG_BACKUP and count == len(_ENTRIES) else ()


def octet_fields(message_code: int, body: bytes) -> tuple[Field, ...]:
    """The fields inside an octet-string of a DLMS alert, or ()."""
    fields = _OCTETS.get(message_code, ())
    return fields if size(fields) == len(body) else ()


def add_fields(reader: Reader, node: Node, fields: tuple[Field, ...]) -> None:
    """Read fields of octets and add a node for each."""
    for name, count, kind in fields:
        start = reader.pos
        raw = reader.take(count, name)
        number = int.from_bytes(raw, "big")
        plain = kind in ("octets", "obis")
        value = raw.hex().upper() if plain else number
        node.child(name, reader, start, value, _text(kind, raw, number))


def _text(kind: str, raw: bytes, number: int) -> str:
    digits = raw.hex().upper()
    if kind == "number":
        return str(number)
    if kind == "code":
        use_case = by_code(number)
        return f"0x{digits} {use_case.id}: {use_case.title}" if use_case else f"0x{digits}"
    if kind == "class":
        return f"{number} {dlms.CLASSES.get(number, '')}".rstrip()
    if kind == "obis":
        return dlms.obis_text(raw)
    if kind == "cluster":
        return f"0x{digits} {zcl_table.cluster_name(number)}".rstrip()
    if kind == "cra":
        return {1: "Command", 2: "Response", 3: "Alert"}.get(number, digits)
    return digits if kind == "octets" else f"0x{digits}"
