# Loads STATE.json and KEYS.json into a device, whole or in fragments (one member, one value).
# Fragments keep a board's heap small: the host sends a long log a few rows at a time.
from smets import clock
from smets.compat import const
from smets.crypto import CryptoError
from smets.dlms import objects, values
from smets.document import (
    DocumentError,
    items_of,
    members_of,
    number_of,
    octets_of,
    refuse,
    utf8_of,
    word_of,
)

_UNSIGNED_16 = const(0xFFFF)


def _time(text, status: int, path: str) -> int:
    if text is None:
        if status != clock.INVALID:
            raise DocumentError(path, "no time, but the status is not invalid")
        return clock.UTC_INVALID
    if not isinstance(text, str):
        refuse(path, text, "a time YYYY-MM-DDThh:mm:ssZ")
    try:
        return clock.parse_iso(text)
    except ValueError as error:
        raise DocumentError(path, str(error))


class _TrialServer:
    """Asks a server whether it takes what it is given."""

    def __init__(self, server):
        self.load = server.check
        self.faults = {}
        self.command_faults = {}

    def publish(self, cluster, command, payload):
        """Whatever could be encoded is taken."""


class _TrialObjects:
    """Asks objects whether they take what they are given."""

    def __init__(self, asked):
        # Not a method that calls it: what is imported then, uses a board's stack.
        self.load = asked.check
        self.faults = {}
        self._rows = {}

    def append(self, object_key, value):
        # Rows of the same document, which the device does not have yet.
        before = self._rows.setdefault(object_key, value)
        if hasattr(before, "description"):
            objects.check_rows(before, value)
        self.load(object_key, value, True)


class _Trial:
    """Takes a document in the place of a device, so that a wrong one changes nothing.

    Features are asked whether they take what they own.
    """

    def __init__(self, device):
        self.name = device.name
        self.clock = clock.Clock()
        self.zcl = _TrialServer(device.zcl)
        self.dlms = _TrialObjects(device.dlms)
        self._mirror = self if device.feature("mirror") else None
        self._device = device

    def feature(self, name: str):
        """A mirror, where the device has one."""
        return self._mirror

    def show_stamp(self):
        """A mirror's; nothing to show."""

    def start_alerts(self, number: int):
        """Ask whether alerts can go on from there."""
        self._device.own_counter.check(number)


def load(device, document, append: bool = False):
    """Load a state, or a fragment of one, into `device`; DocumentError names the path.

    With `append`, rows of a compact-array are added to those the object has. All of the
    document is taken, or nothing; StoreError where the store fails before all of it is taken.
    """
    members_of(document, "state", _LOADERS)
    for taker in (_Trial(device), device):
        for member in document:
            _LOADERS[member](taker, document[member], "state." + member, append)
    controllers = device.feature("proportional")
    if controllers:
        controllers.restore()  # a state is no change that an alert tells of


def _load_device(device, value, path, append):
    if value != device.name:
        refuse(path, value, device.name + ", which the device is")


def _load_eui(device, value, path, append):
    device.eui = octets_of(value, path, 8)


def _load_clock(device, value, path, append):
    members_of(value, path, ("time", "status"))
    status = word_of(value.get("status", "reliable"), path + ".status", clock.STATUS_NAMES)
    device.clock.set(_time(value.get("time"), status, path + ".time"), status)


def _load_alert_counter(device, value, path, append):
    number = number_of(value, path, 0xFFFFFFFFFFFFFFFF)
    try:
        device.start_alerts(number)
    except ValueError as error:
        raise DocumentError(path, str(error))


def _load_gbcs(device, value, path, append):
    from smets.gbcs import versions

    version = versions.VERSIONS[word_of(value, path, versions.VERSIONS)]
    device.zcl.old = versions.is_old(version)


def _load_stamp(device, value, path, append):
    members_of(value, path, ("source", "time", "status"))
    mirror = device.feature("mirror")
    if mirror is None:
        raise DocumentError(path, "a %s has no stamp" % device.name)
    from smets.features import stamp

    source = word_of(value.get("source"), path + ".source", stamp.SOURCE_NAMES)
    status = word_of(value.get("status"), path + ".status", clock.STATUS_NAMES)
    time = _time(value.get("time"), status, path + ".time")
    mirror.stamp = stamp.Stamp(source, time, status)
    mirror.show_stamp()


def _load_zcl(device, value, path, append):
    for cluster, attributes in members_of(value, path).items():
        inner = path + "." + cluster
        number = number_of(cluster, inner, _UNSIGNED_16)
        for attribute, notation in members_of(attributes, inner).items():
            _load_attribute(device, number, attribute, notation, inner)


def _load_attribute(device, cluster, attribute, notation, path):
    path += "." + attribute
    number = number_of(attribute, path, _UNSIGNED_16)
    members_of(notation, path, ("type", "value"))
    type_id = number_of(notation.get("type"), path + ".type", 0xFF)
    if "value" not in notation:
        raise DocumentError(path, "no value")
    value = notation["value"]
    if isinstance(value, dict):
        members_of(value, path + ".value", ("hex",))
        value = octets_of(value.get("hex"), path + ".value.hex")
    elif isinstance(value, str):
        value = utf8_of(value, path + ".value")
    elif isinstance(value, bool):
        refuse(path + ".value", value, "an integer, text or octets")
    try:
        device.zcl.load(cluster, number, type_id, value)
    except ValueError as error:
        raise DocumentError(path + ".value", str(error))


def _load_dlms(device, value, path, append):
    for item, inner in items_of(value, path):
        members_of(item, inner, ("class", "obis", "attr", "value"))
        key = _key_of(item, inner)
        try:
            octets = values.encode(item.get("value"))
            if append:
                device.dlms.append(key, octets)
            else:
                device.dlms.load(key, octets)
        except ValueError as error:
            raise DocumentError(inner + ".value", str(error))


def _key_of(item, path) -> bytes:
    class_id = number_of(item.get("class"), path + ".class", _UNSIGNED_16)
    attribute = number_of(item.get("attr"), path + ".attr", 0xFF)
    try:
        return objects.key("%d/%s/%d" % (class_id, item.get("obis"), attribute))
    except ValueError:
        raise DocumentError(path + ".obis", "not an OBIS code A-B:C.D.E.F")


def _load_responses(device, value, path, append):
    # Imported when it is needed: few states hold responses or faults.
    from smets import state_faults

    state_faults.load_responses(device, value, path)


def _load_faults(device, value, path, append):
    from smets import state_faults

    state_faults.load_faults(device, value, path, _key_of)


_LOADERS = {
    "device": _load_device,
    "device_eui": _load_eui,
    "clock": _load_clock,
    "stamp": _load_stamp,
    "alert_counter": _load_alert_counter,
    "gbcs": _load_gbcs,
    "zcl": _load_zcl,
    "zcl_commands": _load_responses,
    "dlms": _load_dlms,
    "faults": _load_faults,
}


def load_keys(keys, document, device=""):
    """Load a KEYS.json, or a fragment with some of its parties; returns the Keys to use.

    `keys` is None for the first fragment, which must hold `device_id`. `device` is the name of the
    device, which a document may name.
    """
    members_of(document, "keys", _PRIVATE + _PUBLIC + ("device", "device_id", "parties"))
    if document.get("device", device) != device:
        refuse("keys.device", document["device"], device + ", which the device is")
    device_id = keys.device_id if keys else b""
    if keys is None or "device_id" in document:
        device_id = octets_of(document.get("device_id", ""), "keys.device_id", 8)
    if keys and device_id != keys.device_id:
        raise DocumentError("keys.device_id", "the device has another one")
    private = [name for name in _PRIVATE if name in document]
    own = [(name, _scalar(document[name], "keys." + name)) for name in private]
    for name in _PUBLIC:
        if name in document:
            octets_of(document[name], "keys." + name, 65)
    parties = [_party(*item) for item in items_of(document.get("parties", []), "keys.parties")]
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

    octets = octets_of(text, path, 32)
    try:
        scalar(octets)
    except CryptoError as error:
        raise DocumentError(path, str(error))
    return octets


def _party(item, path):
    from smets.gbcs import use_cases
    from smets.gbcs.keys import Party

    members_of(item, path, _OF_PARTY)
    role = item.get("role")
    if not isinstance(role, str) or role not in use_cases.ROLES:
        refuse(path + ".role", role, "one of " + ", ".join(sorted(use_cases.ROLES)))
    party = Party(octets_of(item.get("id", ""), path + ".id", 8), role, b"")
    for name in _KEYS_OF_PARTY:
        attribute, count = _KEYS_OF_PARTY[name]
        if item.get(name) is not None:
            setattr(party, attribute, octets_of(item[name], path + "." + name, count))
    if not (party.ka_public or party.secret or party.ds_public):
        raise DocumentError(path, "ka_public, shared_secret or ds_public is missing")
    return party
