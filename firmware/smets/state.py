# Loads STATE.json and KEYS.json into a device, whole or in fragments (one member, one value).
# Fragments keep a board's heap small: the host sends a long log a few rows at a time.
from binascii import unhexlify

from smets import clock
from smets.compat import const
from smets.dlms import objects, values
from smets.features import stamp
from smets.gbcs import use_cases
from smets.gbcs.keys import Keys, Party
from smets.zcl import published, types

_UNSIGNED_16 = const(0xFFFF)


class StateError(Exception):
    """A member that is unknown or ill-typed: `path` and what is wrong with it."""

    def __init__(self, path: str, what: str):
        super().__init__(path + ": " + what)
        self.path = path


def _members(document, path: str, allowed):
    if not isinstance(document, dict):
        raise StateError(path, "not an object")
    for member in document:
        if member not in allowed:
            raise StateError(path + "." + member, "unknown member")


def _number(text, path: str, limit: int) -> int:
    """An id or status, "0x0702", from 0 to `limit`."""
    if isinstance(text, int) and not isinstance(text, bool):
        value = text
    elif isinstance(text, str) and text[:2] == "0x":
        try:
            value = int(text[2:], 16)
        except ValueError:
            raise StateError(path, "not a hexadecimal number")
    else:
        raise StateError(path, "not a number")
    if not 0 <= value <= limit:
        raise StateError(path, "number out of range")
    return value


def _octets(text, path: str, count: int = -1) -> bytes:
    try:
        octets = unhexlify(text)
    except (ValueError, TypeError):
        raise StateError(path, "not hexadecimal")
    if count >= 0 and len(octets) != count:
        raise StateError(path, "%d octets, expected %d" % (len(octets), count))
    return octets


def _time(text, path: str) -> int:
    if text is None:
        return clock.UTC_INVALID
    if not isinstance(text, str):
        raise StateError(path, "not a time")
    try:
        return clock.parse_iso(text)
    except ValueError as error:
        raise StateError(path, str(error))


def _word(text, path: str, words) -> int:
    """The index of a word in `words`."""
    if text not in words:
        raise StateError(path, "not one of " + ", ".join(words))
    return words.index(text)


def load(device, document, append: bool = False):
    """Load a state, or a fragment of one, into `device`; StateError names the path.

    With `append`, rows of a compact-array are added to those the object has.
    """
    _members(document, "state", _LOADERS)
    for member in document:
        _LOADERS[member](device, document[member], "state." + member, append)


def _load_device(device, value, path, append):
    if value != device.name:
        raise StateError(path, "%s, but the device is a %s" % (value, device.name))


def _load_eui(device, value, path, append):
    device.eui = _octets(value, path, 8)


def _load_clock(device, value, path, append):
    _members(value, path, ("time", "status"))
    status = _word(value.get("status", "reliable"), path + ".status", clock.STATUS_NAMES)
    device.clock.set(_time(value.get("time"), path + ".time"), status)


def _load_stamp(device, value, path, append):
    _members(value, path, ("source", "time", "status"))
    mirror = getattr(device, "mirror", None)
    if mirror is None:
        raise StateError(path, "a %s has no stamp" % device.name)
    source = _word(value.get("source"), path + ".source", stamp.SOURCE_NAMES)
    status = _word(value.get("status"), path + ".status", clock.STATUS_NAMES)
    mirror.stamp = stamp.Stamp(source, _time(value.get("time"), path + ".time"), status)
    mirror.show_stamp()


def _load_zcl(device, value, path, append):
    _members(value, path, value if isinstance(value, dict) else ())
    for cluster in value:
        inner = path + "." + cluster
        number = _number(cluster, inner, _UNSIGNED_16)
        _members(value[cluster], inner, value[cluster])
        for attribute in value[cluster]:
            _load_attribute(device, number, attribute, value[cluster][attribute], inner)


def _load_attribute(device, cluster, attribute, notation, path):
    path += "." + attribute
    number = _number(attribute, path, _UNSIGNED_16)
    _members(notation, path, ("type", "value"))
    type_id = _number(notation.get("type"), path + ".type", 0xFF)
    value = notation.get("value")
    if isinstance(value, dict):
        _members(value, path + ".value", ("hex",))
        value = _octets(value.get("hex"), path + ".value.hex")
    elif isinstance(value, str):
        value = value.encode()
    elif isinstance(value, bool):
        raise StateError(path + ".value", "not an integer")
    try:
        device.zcl.set(cluster, number, type_id, value)
    except ValueError as error:
        raise StateError(path + ".value", str(error))


def _load_zcl_commands(device, value, path, append):
    if not isinstance(value, list):
        raise StateError(path, "not a list")
    for index in range(len(value)):
        inner = "%s[%d]" % (path, index)
        item = value[index]
        _members(item, inner, ("cluster", "command", "name", "fields"))
        cluster = _number(item.get("cluster"), inner + ".cluster", _UNSIGNED_16)
        command = _number(item.get("command"), inner + ".command", 0xFF)
        leaves = [_leaf(leaf, inner + ".fields") for leaf in item.get("fields", ())]
        try:
            payload = published.encode(cluster, command, leaves)
        except ValueError as error:
            raise StateError(inner + ".fields", str(error))
        device.zcl.published.setdefault((cluster, command), []).append(payload)


def _leaf(value, path):
    """A value in order: an integer, "0x..." as one, else hexadecimal octets."""
    if isinstance(value, str):
        if value[:2] == "0x":
            return _number(value, path, 0xFFFFFFFF)
        return _octets(value, path)
    return value


def _load_dlms(device, value, path, append):
    if not isinstance(value, list):
        raise StateError(path, "not a list")
    for index in range(len(value)):
        inner = "%s[%d]" % (path, index)
        item = value[index]
        _members(item, inner, ("class", "obis", "attr", "value"))
        key = _key(item, inner)
        try:
            octets = values.encode(item.get("value"))
        except (ValueError, TypeError) as error:
            raise StateError(inner + ".value", str(error))
        known = device.dlms.values.get(key)
        if append and hasattr(octets, "rows") and hasattr(known, "rows"):
            for row in octets.rows:
                known.append(row)
        else:
            device.dlms.load(key, octets)


def _key(item, path) -> bytes:
    try:
        return objects.key("%d/%s/%d" % (item["class"], item["obis"], item["attr"]))
    except (KeyError, ValueError, TypeError):
        raise StateError(path, "class, obis or attr")


def _load_faults(device, value, path, append):
    _members(value, path, ("zcl", "zcl_commands", "dlms"))
    for cluster, attributes in value.get("zcl", {}).items():
        inner = path + ".zcl." + cluster
        faults = device.zcl.faults.setdefault(_number(cluster, inner, _UNSIGNED_16), {})
        for attribute in attributes:
            leaf = inner + "." + attribute
            status = _number(attributes[attribute], leaf, 0xFF)
            faults[_number(attribute, leaf, _UNSIGNED_16)] = status
    for index, item in enumerate(value.get("zcl_commands", ())):
        inner = "%s.zcl_commands[%d]" % (path, index)
        _members(item, inner, ("cluster", "command", "status"))
        cluster = _number(item.get("cluster"), inner + ".cluster", _UNSIGNED_16)
        command = _number(item.get("command"), inner + ".command", 0xFF)
        status = _number(item.get("status"), inner + ".status", 0xFF)
        device.zcl.command_faults[(cluster, command)] = status
    for index, item in enumerate(value.get("dlms", ())):
        inner = "%s.dlms[%d]" % (path, index)
        _members(item, inner, ("op", "class", "obis", "attr", "result"))
        operations = (objects.GET, objects.SET, objects.ACTION)
        operation = operations[_word(item.get("op"), inner + ".op", operations)]
        result = _number(item.get("result"), inner + ".result", 0xFF)
        device.dlms.faults[(operation, _key(item, inner))] = result


_LOADERS = {
    "device": _load_device,
    "device_eui": _load_eui,
    "clock": _load_clock,
    "stamp": _load_stamp,
    "zcl": _load_zcl,
    "zcl_commands": _load_zcl_commands,
    "dlms": _load_dlms,
    "faults": _load_faults,
}


def load_keys(keys, document):
    """Load a KEYS.json, or a fragment with some of its parties; returns the Keys to use.

    `keys` is None for the first fragment, which must hold `device_id`.
    """
    members = (
        "device_id",
        "private_key",
        "ds_private_key",
        "device_ka_public",
        "device_ds_public",
        "parties",
    )
    _members(document, "keys", members)
    if keys is None:
        keys = Keys(_octets(document.get("device_id", ""), "keys.device_id", 8))
    for member in ("private_key", "ds_private_key"):
        if member in document:
            setattr(keys, member, _octets(document[member], "keys." + member, 32))
    parties = document.get("parties", [])
    for index in range(len(parties)):
        keys.add(_party(parties[index], "keys.parties[%d]" % index))
    return keys


def _party(item, path) -> Party:
    _members(item, path, ("id", "role", "ka_public", "ds_public", "shared_secret"))
    role = item.get("role")
    if role not in use_cases.ROLES:
        raise StateError(path + ".role", "unknown role")
    party = Party(
        _octets(item.get("id", ""), path + ".id", 8),
        role,
        _octets(item.get("ka_public", ""), path + ".ka_public", 65),
    )
    if item.get("ds_public") is not None:
        party.ds_public = _octets(item["ds_public"], path + ".ds_public", 65)
    if item.get("shared_secret") is not None:
        party.secret = _octets(item["shared_secret"], path + ".shared_secret", 32)
    return party
