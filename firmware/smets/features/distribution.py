# What a hub tells the broker by itself beside its Device Log: the end of the distribution of a
# firmware image to a device (CCS08), and sub-GHz settings that a command has made (DBCH09).
from smets import clock, cosem_time
from smets.codec import Writer
from smets.dlms import objects
from smets.document import EUI, octets_of
from smets.eui import parse_eui
from smets.features.alert_codes import (
    CCS08,
    DBCH04,
    DBCH09,
    FIRMWARE_DELIVERED,
    FIRMWARE_NOT_DELIVERED,
    SUB_GHZ_CONFIGURED,
)
from smets.features.feature import Feature
from smets.features.firmware import check_version

_BROKER = "access_control_broker"
_SUB_GHZ = "1/0-0:94.44.10.0/2"


class Distribution(Feature):
    """Alerts of a hub that other events cause."""

    actions = {
        "distributed": (
            "distributed",
            # 0 success, 1 image discarded, 2 hardware version mismatch, 3 transfer failed
            {"to": EUI, "version": check_version, "result": (0, 3)},
        )
    }
    alerts = (
        (FIRMWARE_NOT_DELIVERED, FIRMWARE_DELIVERED),
        (SUB_GHZ_CONFIGURED, SUB_GHZ_CONFIGURED),
    )

    def distributed(self, told: dict):
        """The transfer of an image to a device has ended (CCS08)."""
        from smets.gbcs import der, times

        own = self.device.clock
        now = own.seconds if own.status != clock.INVALID else 0
        code = FIRMWARE_NOT_DELIVERED if told["result"] else FIRMWARE_DELIVERED
        body = der.sequence(
            der.integer(code),
            times.format_moment(now),
            der.octet_string(parse_eui(told["to"])),
            der.octet_string(octets_of(told["version"], "version", 4)),
            der.integer(told["result"]),
        )
        self.device.alert(code, now, _BROKER, CCS08, body)

    def commanded(self, code: int, done: bool):
        """See Feature: DBCH04 has set the sub-GHz configuration, which DBCH09 tells."""
        if code != DBCH04 or not done:
            return
        held = self.device.dlms.get(objects.key(_SUB_GHZ))
        if isinstance(held, int):
            return
        own = self.device.clock
        now = own.seconds if own.status != clock.INVALID else clock.UTC_INVALID
        writer = Writer(80)
        writer.put(b"\x02\x03\x12")
        writer.be(SUB_GHZ_CONFIGURED, 2)
        writer.put(b"\x09\x0c")
        cosem_time.put(writer, now, cosem_time.STATUS_NOT_SPECIFIED)
        writer.put(held)
        self.device.alert(SUB_GHZ_CONFIGURED, now, _BROKER, DBCH09, bytes(writer.view()))


FEATURE = Distribution
