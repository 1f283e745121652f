# Endpoint discovery on the HAN: Match Descriptor request and response (ZigBee 2.4.3.1.7).
# ZDO frames have profile 0000, endpoint 0; their fields are little-endian.
#
# A device describes itself as {endpoint: (device id, server clusters, client clusters)}, all of
# the Smart Energy profile 0109. `answer` replies to a search, `match_request` makes one,
# `parse_match_response` reads what came back.
from smets.codec import DecodeError, Reader, Writer
from smets.compat import const
from smets.ports.han import PROFILE_SE, PROFILE_ZDO, HanFrame

MATCH_REQUEST = const(0x0006)
MATCH_RESPONSE = const(0x8006)

_SUCCESS = const(0x00)
# Addresses of interest: any device that hears it, and all routers; a HAN link knows EUI-64s only.
_BROADCASTS = (0xFFFD, 0xFFFF)


def short_address(eui: bytes) -> int:
    """The 16-bit address that stands for an EUI-64 in ZDO frames: its low 16 bits."""
    return int.from_bytes(eui[6:8], "big")


def match_request(source: bytes, destination: bytes, sequence: int, servers, clients=()):
    """The frame that asks which endpoints serve `servers`, or are clients of `clients`."""
    writer = Writer(32)
    writer.u8(sequence)
    writer.le(short_address(destination), 2)
    writer.le(PROFILE_SE, 2)
    for clusters in (servers, clients):
        writer.u8(len(clusters))
        for cluster in clusters:
            writer.le(cluster, 2)
    payload = bytes(writer.view())
    return HanFrame(source, destination, 0, 0, MATCH_REQUEST, payload, PROFILE_ZDO, 0)


def answer(eui: bytes, endpoints, frame):
    """The frame that answers a Match Descriptor request, or None where it is for another.

    A malformed request is not answered. A broadcast one is answered only with a match.
    """
    if frame.cluster != MATCH_REQUEST:
        return None
    reader = Reader(frame.payload)
    try:
        sequence = reader.u8("sequence")
        address = reader.le(2, "address of interest")
        profile = reader.le(2, "profile")
        servers = _clusters(reader)
        clients = _clusters(reader)
        reader.finish("match request")
    except DecodeError:
        return None
    everyone = address in _BROADCASTS
    if not everyone and address != short_address(eui):
        return None
    found = []
    if profile == PROFILE_SE:
        for endpoint in sorted(endpoints):
            _, served, used = endpoints[endpoint]
            if _any(servers, served) or _any(clients, used):
                found.append(endpoint)
    if everyone and not found:
        return None
    writer = Writer(16)
    writer.u8(sequence)
    writer.u8(_SUCCESS)
    writer.le(short_address(eui), 2)
    writer.u8(len(found))
    writer.put(bytes(found))
    payload = bytes(writer.view())
    return HanFrame(eui, frame.source, 0, 0, MATCH_RESPONSE, payload, PROFILE_ZDO, 0)


def parse_match_response(frame):
    """(sequence, endpoints) of a Match Descriptor response, or None for any other frame.

    A status other than success gives no endpoints; a malformed response is None.
    """
    if frame.cluster != MATCH_RESPONSE:
        return None
    reader = Reader(frame.payload)
    try:
        sequence = reader.u8("sequence")
        status = reader.u8("status")
        reader.le(2, "address of interest")
        found = reader.view(reader.u8("match count"), "matches")
        reader.finish("match response")
    except DecodeError:
        return None
    return sequence, list(found) if status == _SUCCESS else []


def _clusters(reader) -> list:
    return [reader.le(2, "cluster") for _ in range(reader.u8("cluster count"))]


def _any(wanted, offered) -> bool:
    return any(cluster in offered for cluster in wanted)
