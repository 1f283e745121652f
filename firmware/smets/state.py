# Loads STATE.json and KEYS.json into a device, whole or in fragments (one member, one value).
# Fragments keep a board's heap small: the host sends a long log a few rows at a time.
from binascii import unhexlify

from smets import clock
from smets.compat import const
from smets.crypto import CryptoError
from smets.dlms import objects, values
from smets.zcl import published
from smets.zcl.server import Server

_UNSIGNED_16 = const(0xFFFF)


class StateError(Exception):
    """A member that is unknown or ill-typed: `path` and what is wrong with it."""

    def __init__(self, path: str, what: str):
        super().__init__(path + ": " + what)
        self.path = path


def _members(document, path: str, allowed=None):
    """An object, whose members are all in `allowed` where that is given."""
    if not isinstance(document, dict):
        raise StateError(path, "not an object")
    for member in document:
        if allowed is not None and member not in allowed:
            raise StateError(path + "." + member, "unknown member")
    return document


def _items(value, path: str):
    """(item, its path) of each item of a list."""
    if not isinstance(value, list):
        raise StateError(path, "not a list")
    return [(value[index], "%s[%d]" % (path, index)) for index in range(len(value))]


def _number(text, path: str, limit: int) -> int:
    """An id or status, "0x0702", from 0 to `limit`."""
    if isinstance(text, int) and not isinstance(text, bool):
        value = text
    elif isinstance(text, str) and text[:2] == "0x":
        if len(text) == 2 or not all(char in "0123456789abcdefABCDEF" for char in text[2:]):
            raise StateError(path, "not a hexadecimal number")
        value = int(text[2:], 16)
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


def _time(text, status: int, path: str) -> int:
    if text is None:
        if status != clock.INVALID:
            raise StateError(path, "no time, but the status is not invalid")
        return clock.UTC_INVALID
    if not isinstance(text, str):
        raise StateError(path, "not a time")
    try:
        return clock.parse_iso(text)
    except ValueError as error:
        raise StateError(path, str(error))


def _word(text, path: str, words) -> int:
    """The index of a word in `words`."""
    if not isinstance(text, str) or text not in words:
        raise StateError(path, "not one of " + ", ".join(words))
    return words.index(text)


class _Trial:
    """Takes a document in the place of a device, so that a wrong one changes nothing."""

    def __init__(self, device):
        self.name = device.name
        self.clock = clock.Clock()
        self.zcl = Server()
        self.dlms = objects.Objects()
        self._mirror = self if device.feature("mirror") else None

    def feature(self, name: str):
        """A mirror, where the device has one."""
        return self._mirror

    def show_stamp(self):
        """A mirror's; nothing to show."""


def load(device, document, append: bool = False):
    """Load a state, or a fragment of one, into `device`; StateError names the path.

    With `append`, rows of a compact-array are added to those the object has. All of the
    document is taken, or nothing.
    """
    _members(document, "state", _LOADERS)
    for taker in (_Trial(device), device):
        for member in document:
            _LOADERS[member](taker, document[member], "state." + member, append)


def _load_device(device, value, path, append):
    if value != device.name:
        raise StateError(path, "%s, but the device is a %s" % (value, device.name))


def _load_eui(device, value, path, append):
    device.eui = _octets(value, path, 8)


def _load_clock(device, value, path, append):
    _members(value, path, ("time", "status"))
    status = _word(value.get("status", "reliable"), path + ".status", clock.STATUS_NAMES)
    device.clock.set(_time(value.get("time"), status, path + ".time"), status)


def _load_stamp(device, value, path, append):
    _members(value, path, ("source", "time", "status"))
    mirror = device.feature("mirror")
    if mirror is None:
        raise StateError(path, "a %s has no stamp" % device.name)
    from smets.features import stamp

    source = _word(value.get("source"), path + ".source", stamp.SOURCE_NAMES)
    status = _word(value.get("status"), path + ".status", clock.STATUS_NAMES)
    time = _time(value.get("time"), status, path + ".time")
    mirror.stamp = stamp.Stamp(source, time, status)
    mirror.show_stamp()


def _load_zcl(device, value, path, append):
    for cluster, attributes in _members(value, path).items():
        inner = path + "." + cluster
        number = _number(cluster, inner, _UNSIGNED_16)
        for attribute, notation in _members(attributes, inner).items():
            _load_attribute(device, number, attribute, notation, inner)


def _load_attribute(device, cluster, attribute, notation, path):
    path += "." + attribute
    number = _number(attribute, path, _UNSIGNED_16)
    _members(notation, path, ("type", "value"))
    type_id = _number(notation.get("type"), path + ".type", 0xFF)
    if "value" not in notation:
        raise StateError(path, "no value")
    value = notation["value"]
    if isinstance(value, dict):
        _members(value, path + ".value", ("hex",))
        value = _octets(value.get("hex"), path + ".value.hex")
    elif isinstance(value, str):
        value = value.encode()
    elif isinstance(value, bool):
        raise StateError(path + ".value", "not an integer")
    try:
        device.zcl.load(cluster, number, type_id, value)
    except ValueError as error:
        raise StateError(path + ".value", str(error))


def _load_zcl_commands(device, value, path, append):
    for item, inner in _items(value, path):
        _members(item, inner, ("cluster", "command", "name", "fields"))
        cluster = _number(item.get("cluster"), inner + ".cluster", _UNSIGNED_16)
        command = _number(item.get("command"), inner + ".command", 0xFF)
        inner += ".fields"
        leaves = [_leaf(leaf, at) for leaf, at in _items(item.get("fields", []), inner)]
        try:
            payload = published.encode(cluster, command, leaves)
        except ValueError as error:
            raise StateError(inner, str(error))
        device.zcl.publish(cluster, command, payload)


def _leaf(value, path):
    """A value in order: an integer, "0x..." as one, octets from {"hex"}, else text as it is."""
    if isinstance(value, dict):
        _members(value, path, ("hex",))
        return _octets(value.get("hex"), path + ".hex")
    if isinstance(value, str):
        return _number(value, path, 0xFFFFFFFF) if value[:2] == "0x" else value
    if not isinstance(value, int) or isinstance(value, bool):
        raise StateError(path, "not an integer or text")
    return value


def _load_dlms(device, value, path, append):
    for item, inner in _items(value, path):
        _members(item, inner, ("class", "obis", "attr", "value"))
        key = _key(item, inner)
        try:
            octets = values.encode(item.get("value"))
        except (ValueError, TypeError) as error:
            raise StateError(inner + ".value", str(error))
        if append:
            device.dlms.append(key, octets)
        else:
            device.dlms.load(key, octets)


def _key(item, path) -> bytes:
    class_id = _number(item.get("class"), path + ".class", _UNSIGNED_16)
    attribute = _number(item.get("attr"), path + ".attr", 0xFF)
    try:
        return objects.key("%d/%s/%d" % (class_id, item.get("obis"), attribute))
    except ValueError:
        raise StateError(path + ".obis", "not an OBIS code A-B:C.D.E.F")


def _load_faults(device, value, path, append):
    _members(value, path, ("zcl", "zcl_commands", "dlms"))
    for cluster, attributes in _members(value.get("zcl", {}), path + ".zcl").items():
        inner = path + ".zcl." + cluster
        faults = device.zcl.faults.setdefault(_number(cluster, inner, _UNSIGNED_16), {})
        for attribute, fault in _members(attributes, inner).items():
            leaf = inner + "." + attribute
            faults[_number(attribute, leaf, _UNSIGNED_16)] = _number(fault, leaf, 0xFF)
    for item, inner in _items(value.get("zcl_commands", []), path + ".zcl_commands"):
        _members(item, inner, ("cluster", "command", "status"))
        cluster = _number(item.get("cluster"), inner + ".cluster", _UNSIGNED_16)
        command = _number(item.get("command"), inner + ".command", 0xFF)
        status = _number(item.get("status"), inner + ".status", 0xFF)
        device.zcl.command_faults[(cluster, command)] = status
    for item, inner in _items(value.get("dlms", []), path + ".dlms"):
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
    _members(document, "keys", _PRIVATE + _PUBLIC + ("device_id", "parties"))
    device_id = keys.device_id if keys else b""
    if keys is None or "device_id" in document:
        device_id = _octets(document.get("device_id", ""), "keys.device_id", 8)
    if keys and device_id != keys.device_id:
        raise StateError("keys.device_id", "the device has another one")
    private = [name for name in _PRIVATE if name in document]
    own = [(name, _scalar(document[name], "keys." + name)) for name in private]
    for name in _PUBLIC:
        if name in document:
            _octets(document[name], "keys." + name, 65)
    parties = [_party(*item) for item in _items(document.get("parties", []), "keys.parties")]
    if keys is None:
        # Imported when it is needed: a display without keys has no room for it.
        from smets.gbcs.keys import Keys

        keys = Keys(device_id)
    for name, octets in own:
        setattr(keys, name, octets)
    for party in parties:
        keys.add(party)
    return keys


_PRIVATE = ("private_key", "ds_private_key")
# For the host's eyes: the device works its own public keys out where it needs them.
_PUBLIC = ("device_ka_public", "device_ds_public")

# Member of a party -> (its place in keys.Party, octets).
_KEYS_OF_PARTY = {
    "ka_public": ("ka_public", 65),
    "ds_public": ("ds_public", 65),
    "shared_secret": ("secret", 32),
    "prepayment_ka_public": ("prepayment_public", 65),
    "prepayment_shared_secret": ("prepayment_secret", 32),
}
_OF_PARTY = ("id", "role") + tuple(_KEYS_OF_PARTY)


def _scalar(text, path: str) -> bytes:
    """A private key from 1 to the order of P-256 less one."""
    from smets.crypto.p256 import scalar

    octets = _octets(text, path, 32)
    try:
        scalar(octets)
    except CryptoError as error:
        raise StateError(path, str(error))
    return octets


def _party(item, path):
    from smets.gbcs import use_cases
    from smets.gbcs.keys import Party

    _members(item, path, _OF_PARTY)
    role = item.get("role")
    if not isinstance(role, str) or role not in use_cases.ROLES:
        raise StateError(path + ".role", "unknown role")
    party = Party(_octets(item.get("id", ""), path + ".id", 8), role, b"")
    for name in _KEYS_OF_PARTY:
        attribute, count = _KEYS_OF_PARTY[name]
        if item.get(name) is not None:
            setattr(party, attribute, _octets(item[name], path + "." + name, count))
    if not (party.ka_public or party.secret or party.ds_public):
        raise StateError(path, "ka_public, shared_secret or ds_public is missing")
    return party
