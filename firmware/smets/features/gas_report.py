# The report of a gas meter to its GPF: Report Attributes; the last one says "complete" (SE 1.2a).
# Apart from the mirror, so that a meter need not carry the code of its proxy.
from smets.zcl import frame


def report(attributes, sequence: int) -> bytes:
    """A Report Attributes frame of (attribute, type and value octets) pairs, server to client."""
    payload = bytearray()
    for attribute, octets in attributes:
        payload.extend(attribute.to_bytes(2, "little"))
        payload.extend(octets)
    control = frame.SERVER_TO_CLIENT | frame.NO_DEFAULT_RESPONSE
    return frame.header(control, sequence, frame.REPORT_ATTRIBUTES, bytes(payload))
