# Where what a use case sets in ZCL lies among the settings: the keys, and lists of payloads.
# Kinds: C a command as it came, P what a Publish command holds, N the same for later. P and N have
# a type in their last octet, that of a calendar; 0 elsewhere. Attributes: attribute_key.py.
from smets.codec import Reader
from smets.zcl import attributes, types
from smets.zcl.attribute_key import attribute_key

COMMAND = b"C"
PUBLISHED = b"P"
NEXT = b"N"
SORTS = (0, 3)  # calendar types: tariff, non-disablement


def key(kind: bytes, cluster: int, command: int, sort: int = 0) -> bytes:
    """The key of a command; `sort` is a calendar type."""
    return kind + cluster.to_bytes(2, "big") + bytes((command, sort))


def join(payloads) -> bytes:
    """Payloads as the value of one key."""
    return b"".join([len(payload).to_bytes(2, "big") + bytes(payload) for payload in payloads])


def split(value) -> list:
    """The payloads of a value; none where there is no value."""
    payloads = []
    reader = Reader(value or b"")
    while reader.left():
        payloads.append(bytes(reader.view(reader.be(2, "length"), "payload")))
    return payloads


def put(server, cluster: int, attribute: int, value):
    """Set an attribute; it is kept when the command is done. ValueError where it does not fit."""
    kind = attributes.type_of(cluster, attribute)
    if kind is None:
        raise ValueError("attribute %04X.%04X" % (cluster, attribute))
    octets = bytes((kind,)) + types.encode(kind, value)
    feature = server.registry.of_attribute(cluster, attribute) if server.registry else None
    if feature is not None and feature.assign(cluster, attribute, octets):
        return
    server.settings.put(attribute_key(cluster, attribute), octets)


def number(server, cluster: int, attribute: int) -> int:
    """The value of an attribute as the command that is carried out sees it; 0 without one."""
    octets = server.settings.get(attribute_key(cluster, attribute))
    value = server.get(cluster, attribute)
    if octets is not None:
        value = types.read_value(Reader(octets, 1), octets[0])
    return value if isinstance(value, int) else 0
