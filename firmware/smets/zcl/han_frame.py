# A HAN frame as it crosses a link: addresses, endpoints, cluster, profile, security, ZCL payload.
# Octets: version 01, flags, source EUI (8), destination EUI (8), source and destination
# endpoint, profile (2), cluster (2), all big-endian; then the ZCL (or ZDO) payload.
from smets.codec import Reader, Writer
from smets.compat import const

PROFILE_SE = const(0x0109)
PROFILE_ZDO = const(0x0000)

_VERSION = const(0x01)
APS_SECURED = const(0x01)
BROADCAST = const(0x02)
GROUP = const(0x04)


class HanFrame:
    """One frame; EUI-64s are 8 octets, `flags` the bits above."""

    def __init__(  # noqa: PLR0913 - the fields of a frame
        self,
        source: bytes,
        destination: bytes,
        source_endpoint: int,
        destination_endpoint: int,
        cluster: int,
        payload: bytes,
        profile: int = PROFILE_SE,
        flags: int = APS_SECURED,
    ):
        self.source = source
        self.destination = destination
        self.source_endpoint = source_endpoint
        self.destination_endpoint = destination_endpoint
        self.cluster = cluster
        self.payload = payload
        self.profile = profile
        self.flags = flags

    def encode(self) -> bytes:
        """The octets of the frame."""
        writer = Writer(24 + len(self.payload))
        writer.u8(_VERSION)
        writer.u8(self.flags)
        writer.put(self.source)
        writer.put(self.destination)
        writer.u8(self.source_endpoint)
        writer.u8(self.destination_endpoint)
        writer.be(self.profile, 2)
        writer.be(self.cluster, 2)
        writer.put(self.payload)
        return bytes(writer.view())

    def reply(self, payload: bytes):
        """The frame that answers this one."""
        return HanFrame(
            self.destination,
            self.source,
            self.destination_endpoint,
            self.source_endpoint,
            self.cluster,
            payload,
            self.profile,
            self.flags & APS_SECURED,
        )


def parse(data) -> HanFrame:
    """Parse the octets of a frame; DecodeError names the offset and what is wrong."""
    reader = Reader(data)
    reader.expect(_VERSION, "HAN frame version")
    flags = reader.u8("flags")
    source = bytes(reader.view(8, "source"))
    destination = bytes(reader.view(8, "destination"))
    source_endpoint = reader.u8("source endpoint")
    destination_endpoint = reader.u8("destination endpoint")
    profile = reader.be(2, "profile")
    cluster = reader.be(2, "cluster")
    payload = bytes(reader.view(reader.left(), "payload"))
    return HanFrame(
        source,
        destination,
        source_endpoint,
        destination_endpoint,
        cluster,
        payload,
        profile,
        flags,
    )
