# The key of an attribute among the settings; kept.py has those of commands.

# Kind of these keys.
ATTRIBUTE = b"A"


def attribute_key(cluster: int, attribute: int) -> bytes:
    """The key of an attribute; the value is type octet and value octets."""
    return ATTRIBUTE + cluster.to_bytes(2, "big") + attribute.to_bytes(2, "big")
