# States with one bad value, at any place: what is refused changes nothing. For both engines.
import json
from binascii import hexlify

from vectors import DEVICE

from smets import state
from smets.dlms import objects
from smets.document import DocumentError

U32 = "double-long-unsigned"
# What stands in the place of a value, in turn. Some fit at some places.
BAD = (None, -1, "zz", "", {}, [], 1 << 65, {"hex": "00"})
# Well-formed values of objects and attributes, of which few are such.
OBJECTS = (
    {"type": "octet-string", "value": "00"},
    {"type": U32, "value": 0},
    {"type": "compact-array", "value": [], "element_type": "unsigned"},
)
ATTRIBUTES = ({"type": "0x41", "value": {"hex": "00"}}, {"type": "0x27", "value": (1 << 64) - 1})
EUI = hexlify(DEVICE).decode()
LAST = 0xFFFFFFFE  # end of a range

MEMBERS = {
    "clock": {"time": "2026-05-01T10:00:00Z", "status": "reliable"},
    "device_eui": EUI,
    "zcl_commands": [
        {"cluster": "0x0709", "command": "0x02", "fields": [5]},
    ],
    "faults": {
        "zcl": {"0x0702": {"0x0301": "0xC0"}},
        "zcl_commands": [{"cluster": "0x0702", "command": "0x06", "status": 1}],
        "dlms": [{"op": "get", "class": 1, "obis": "0-0:96.1.1.255", "attr": 2, "result": 4}],
    },
}
# What is tried at devices that own no object.
ELSEWHERE = ("class", "obis", "attr", "more")
NONE: dict = {}
# What no feature serves.
PLAIN_ATTRIBUTES = {"0x0702": {"0x0302": {"type": "0x22", "value": 1000}}}


def one(text, kind, value, **more):
    class_id, obis, attribute = text.split("/")
    notation = dict(more, type=kind, value=value)
    return {"class": int(class_id), "obis": obis, "attr": int(attribute), "value": notation}


def log(text, kinds, *rows):
    return one(
        text, "compact-array", [list(row) for row in rows], element_type={"structure": kinds}
    )


PLAIN_OBJECTS = (
    one("1/0-0:96.1.0.255/2", "octet-string", "0102"),
    log("7/0-0:99.1.9.255/2", [U32, "unsigned"], (1, 2), (3, 4)),
)


def document(attributes, owned, more):
    """A state: what no feature serves, attributes and objects of features, further members."""
    made = dict(MEMBERS, zcl=dict(PLAIN_ATTRIBUTES, **attributes), dlms=PLAIN_OBJECTS + owned)
    made.update(more)
    return json.loads(json.dumps(made))


def places(value):
    """Yield (what holds it, its place there) of each value in a document, and of a member more."""
    if isinstance(value, dict):
        yield value, "more"
    pairs = value.items() if isinstance(value, dict) else enumerate(value)
    for place, inner in list(pairs):
        yield value, place
        if isinstance(inner, (dict, list)):
            for found in places(inner):
                yield found


def other_numbers(value):
    """Replace each number by the next one."""
    for place, inner in value.items() if isinstance(value, dict) else enumerate(value):
        if isinstance(inner, int):
            value[place] = inner + 1
        elif isinstance(inner, (dict, list)):
            other_numbers(inner)


def octets_of(piece):
    """What an object gives, as octets or a result code."""
    return (
        b"".join(bytes(chunk) for chunk in piece.chunks()) if hasattr(piece, "chunks") else piece
    )


def picture(device, told):
    """All that a device holds and tells."""
    values = {}
    for item in told["dlms"]:
        key = objects.key("%d/%s/%d" % (item["class"], item["obis"], item["attr"]))
        values[key] = [octets_of(device.dlms.get(key, start, LAST)) for start in (-1, 0)]
    attributes = {}
    for cluster, members in told["zcl"].items():
        for attribute in members:
            place = int(cluster, 16), int(attribute, 16)
            attributes[place] = device.zcl.octets(place[0], place[1])
    own = {cluster: dict(held) for cluster, held in device.zcl.attributes.items()}
    zcl = [own, attributes, {place: list(held) for place, held in device.zcl.published.items()}]
    zcl += [{cluster: dict(held) for cluster, held in device.zcl.faults.items()}]
    zcl += [dict(device.zcl.command_faults)]
    rest = [sorted(device.dlms.values), dict(device.dlms.faults), device.eui, device.summary()]
    rest += [device.clock.seconds, device.clock.status]
    records = [name for feature in device.registry.features.values() for name in feature.records]
    return values, zcl, rest, [(name, device.store.get(name)) for name in records]


def try_every_place(device, append=False, attributes=NONE, owned=(), more=NONE):
    """Put a bad value at each place of a state whose numbers are not those of the device."""
    tried, told = [document(attributes, owned, more) for _ in range(2)]
    other_numbers(tried["zcl"])
    other_numbers([item["value"] for item in tried["dlms"]])
    state.load(device, told)
    before = picture(device, told)
    number = refused = 0
    for holder, place in places([tried["zcl"], tried["dlms"]] if owned else tried):
        if owned and place in ELSEWHERE:
            continue
        added = place == "more"
        kept = None if added else holder[place]
        values = [BAD[number % len(BAD)]]
        number += 1
        if isinstance(kept, dict) and "type" in kept:
            values += OBJECTS if "obis" in holder else ATTRIBUTES
        for value in values:
            holder[place] = value
            try:
                state.load(device, tried, append)
            except DocumentError as error:
                refused += 1
                assert picture(device, told) == before, (device.name, str(error))
            else:
                state.load(device, told)
                before = picture(device, told)
        if added:
            del holder[place]
        else:
            holder[place] = kept
    assert 2 * refused > number  # most do not fit
