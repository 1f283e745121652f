# Where what a use case sets in ZCL lies among the settings: the keys, and lists of payloads.
# Kinds: A an attribute, C a command as it came, P what a Publish command holds, N the same for
# later. P and N have a type in their last octet, that of a calendar; 0 elsewhere.
from smets.codec import Reader

ATTRIBUTE = b"A"
COMMAND = b"C"
PUBLISHED = b"P"
NEXT = b"N"
SORTS = (0, 3)  # calendar types: tariff, non-disablement


def attribute_key(cluster: int, attribute: int) -> bytes:
    """The key of an attribute: its value is type octet and value octets."""
    return ATTRIBUTE + cluster.to_bytes(2, "big") + attribute.to_bytes(2, "big")


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
