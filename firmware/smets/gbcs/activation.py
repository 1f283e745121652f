# The ASN.1 use cases of firmware: CS06 activates an image, CS08 reads the version.
from smets.codec import DecodeError
from smets.dlms import objects
from smets.gbcs import der, times
from smets.zcl import attributes, clusters

_FIRMWARE_VERSION = objects.key("1/0-0:0.2.1.255/2")


def activate_firmware(call):
    """CS06: {hash, originator counter, time}: there is no image to activate."""
    items = der.whole(call.payload, der.SEQUENCE).items()
    if not 2 <= len(items) <= 3 or len(items[0].octets()) != 32:
        raise DecodeError(0, "Activate Firmware")
    if der.number(items[1]) != call.counter:
        raise DecodeError(items[1].content.pos, "originator counter")
    if len(items) == 3 and times.is_later(items[2], call.device.clock):
        return lambda: der.element(der.NULL)

    def act():
        held = call.device.dlms.get(_FIRMWARE_VERSION)
        version = b"\x00\x00\x00\x00"
        if isinstance(held, (bytes, bytearray)) and len(held) == 6 and held[:2] == b"\x09\x04":
            version = held[2:]
        return der.sequence(der.integer(1), der.octet_string(version))

    return act


def read_version(call):
    """CS08: NULL. The version, 0; or 00000000, 1 where it cannot be read."""
    if bytes(call.payload) != b"\x05\x00":
        raise DecodeError(0, "Read Firmware Version")

    def act():
        zcl = call.device.zcl
        place = clusters.OTA, attributes.CURRENT_FILE_VERSION
        failed = 1 if zcl.status(*place) else 0  # SUCCESS is 0
        version = (0 if failed else zcl.get(*place)).to_bytes(4, "big")
        return der.sequence(der.octet_string(version), der.integer(failed))

    return act
