# Endpoint discovery: the ZDP requests that find endpoints by profile and cluster, their answers.
# ZigBee specification r21, 2.4.3.1 and 2.4.4.2: Match, Simple Descriptor and Active Endpoint.
#
# They are HAN frames of profile 0x0000 between endpoints 0, never APS secured; the payload is a
# transaction sequence number, then little-endian fields. A device gives `answer` each ZDO frame
# it gets, with a table {endpoint: (device id, input clusters, output clusters)} of profile
# 0x0109, or {endpoint: (profile, device id, input clusters, output clusters)}. A searching device
# sends `match_request` and keeps the sequence number; `parse_match_response` gives it back with
# the endpoints found. Nothing here raises on what a peer sent: None stands for "not one of mine".
#
# Requests name a 16-bit address. On our links it is the low 16 bits of the EUI-64; a link whose
# network gives out other ones (ports.link_xbee) translates.
from smets.codec import DecodeError, Reader, Writer
from smets.compat import const
from smets.zcl.han_frame import BROADCAST, PROFILE_SE, PROFILE_ZDO, HanFrame

SIMPLE_DESC = const(0x0004)
ACTIVE_EP = const(0x0005)
MATCH_DESC = const(0x0006)
RESPONSE = const(0x8000)  # bit of the cluster of an answer

SUCCESS = const(0x00)
DEVICE_NOT_FOUND = const(0x81)
INVALID_EP = const(0x82)
NOT_ACTIVE = const(0x83)
NO_DESCRIPTOR = const(0x89)

_ANY_PROFILE = const(0xFFFF)
_HIGHEST_ENDPOINT = const(240)
# Addresses of interest that mean each node: all of them, those whose receiver is always on.
_EACH = (0xFFFF, 0xFFFD)


def address_of(eui) -> int:
    """The 16-bit address that stands for an EUI-64 in these requests."""
    return int.from_bytes(eui[6:8], "big")


def match_request(
    source: bytes, destination: bytes, sequence: int, profile: int, inputs, outputs=()
) -> HanFrame:
    """Ask which endpoints of a device serve (`inputs`) or use (`outputs`) one of some clusters."""
    writer = _request(sequence, destination)
    writer.le(profile, 2)
    _put_clusters(writer, inputs)
    _put_clusters(writer, outputs)
    return _frame(source, destination, MATCH_DESC, writer)


def simple_request(source: bytes, destination: bytes, sequence: int, endpoint: int) -> HanFrame:
    """Ask what an endpoint is."""
    writer = _request(sequence, destination)
    writer.u8(endpoint)
    return _frame(source, destination, SIMPLE_DESC, writer)


def active_request(source: bytes, destination: bytes, sequence: int) -> HanFrame:
    """Ask which endpoints a device has."""
    return _frame(source, destination, ACTIVE_EP, _request(sequence, destination))


def answer(eui: bytes, table: dict, frame) -> HanFrame | None:
    """The answer of the device `eui` to a ZDO frame; None if it takes none."""
    build = _ANSWERS.get(frame.cluster)
    if build is None or frame.profile != PROFILE_ZDO or frame.destination_endpoint:
        return None
    writer = Writer(32)
    try:
        reader = Reader(frame.payload)
        writer.u8(reader.u8("sequence"))
        interest = reader.le(2, "address of interest")
        own = interest == address_of(eui)
        if not own and (interest not in _EACH or frame.cluster != MATCH_DESC):
            _status(writer, DEVICE_NOT_FOUND, interest)
            writer.u8(0)
        elif not build(writer, reader, address_of(eui), table):
            # A broadcast question that finds nothing gets no answer.
            if not own or frame.flags & BROADCAST:
                return None
    except DecodeError:
        return None
    return _frame(eui, frame.source, frame.cluster | RESPONSE, writer)


def parse_match_response(frame) -> tuple | None:
    """(sequence, endpoints) of an answer to `match_request`; no endpoints if it was refused."""
    return _parse(frame, MATCH_DESC, _endpoints)


def parse_active_response(frame) -> tuple | None:
    """(sequence, endpoints) of an answer to `active_request`."""
    return _parse(frame, ACTIVE_EP, _endpoints)


def parse_simple_response(frame) -> tuple | None:
    """(sequence, descriptor) of an answer to `simple_request`.

    The descriptor is (endpoint, profile, device id, inputs, outputs), or () if it was refused.
    """
    return _parse(frame, SIMPLE_DESC, _descriptor)


def _request(sequence, destination):
    writer = Writer(16)
    writer.u8(sequence)
    writer.le(address_of(destination), 2)
    return writer


def _frame(source, destination, cluster, writer):
    return HanFrame(source, destination, 0, 0, cluster, bytes(writer.view()), PROFILE_ZDO, flags=0)


def _put_clusters(writer, clusters):
    writer.u8(len(clusters))
    for cluster in clusters:
        writer.le(cluster, 2)


def _clusters(reader):
    return tuple([reader.le(2, "cluster") for _ in range(reader.u8("clusters"))])


def _status(writer, status, address):
    writer.u8(status)
    writer.le(address, 2)


def _row(table, endpoint):
    """(profile, device id, inputs, outputs) of an endpoint."""
    row = table[endpoint]
    return row if len(row) == 4 else (PROFILE_SE, row[0], row[1], row[2])


# The builders of answers return whether they found something.


def _match(writer, reader, address, table):
    wanted = reader.le(2, "profile")
    inputs = _clusters(reader)
    outputs = _clusters(reader)
    found = []
    for endpoint in sorted(table):
        profile, _, served, used = _row(table, endpoint)
        if wanted in (profile, _ANY_PROFILE) and (
            any(cluster in served for cluster in inputs)
            or any(cluster in used for cluster in outputs)
        ):
            found.append(endpoint)
    _status(writer, SUCCESS if table else NO_DESCRIPTOR, address)
    writer.u8(len(found))
    writer.put(bytes(found))
    return bool(found)


def _active(writer, reader, address, table):
    _status(writer, SUCCESS, address)
    writer.u8(len(table))
    writer.put(bytes(sorted(table)))
    return True


def _simple(writer, reader, address, table):
    endpoint = reader.u8("endpoint")
    if endpoint not in table:
        valid = 1 <= endpoint <= _HIGHEST_ENDPOINT
        _status(writer, NOT_ACTIVE if valid else INVALID_EP, address)
        writer.u8(0)
        return False
    profile, device, served, used = _row(table, endpoint)
    _status(writer, SUCCESS, address)
    writer.u8(8 + 2 * (len(served) + len(used)))
    writer.u8(endpoint)
    writer.le(profile, 2)
    writer.le(device, 2)
    writer.u8(0)  # version of the device
    _put_clusters(writer, served)
    _put_clusters(writer, used)
    return True


_ANSWERS = {MATCH_DESC: _match, ACTIVE_EP: _active, SIMPLE_DESC: _simple}


def _parse(frame, cluster, take):
    if frame.profile != PROFILE_ZDO or frame.cluster != cluster | RESPONSE:
        return None
    try:
        reader = Reader(frame.payload)
        sequence = reader.u8("sequence")
        if reader.u8("status") != SUCCESS:
            return sequence, ()
        reader.skip(2, "address")
        return sequence, take(reader)
    except DecodeError:
        return None


def _endpoints(reader):
    return tuple(reader.view(reader.u8("count"), "endpoints"))


def _descriptor(reader):
    reader.skip(1, "length")
    endpoint = reader.u8("endpoint")
    profile = reader.le(2, "profile")
    device = reader.le(2, "device")
    reader.skip(1, "version")
    return endpoint, profile, device, _clusters(reader), _clusters(reader)
