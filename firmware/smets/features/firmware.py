# The firmware version of a PPMID or HCALCS: read by CS08, and told by CS09 once an image of the
# hub was activated, or was not.
from smets import __version__, clock, record
from smets.document import BOOLEAN, octets_of
from smets.features.alert_codes import CS09, FIRMWARE_ACTIVATED
from smets.features.feature import Feature
from smets.zcl import attributes, types
from smets.zcl.clusters import OTA

# project-choice: the version before a host tells another one: that of this firmware, an octet a
# part. Alternative: 00000000 with a read failure.
_OWN = int.from_bytes(bytes([0] + [int(part) for part in __version__.split(".")]), "big")

_RECORD = record.Table(
    "firmware", (("version", record.U32, _OWN),), "the version is that of this firmware"
)


def check_version(value, path: str):
    """Four octets in hexadecimal; DocumentError."""
    octets_of(value, path, 4)


class Firmware(Feature):
    """CurrentFileVersion, and the outcome of an activation as an alert to the broker."""

    attributes = {OTA: (attributes.CURRENT_FILE_VERSION,)}
    actions = {"activated": ("activated", {"version": check_version, "done": BOOLEAN})}
    records = ("firmware",)
    alerts = ((FIRMWARE_ACTIVATED, FIRMWARE_ACTIVATED),)

    def __init__(self, device):
        super().__init__(device)
        self.version = _OWN

    def restore(self):
        """See Feature."""
        held = self.stored(_RECORD)
        if held:
            self.version = held[0]

    def attribute(self, cluster: int, attribute: int):
        """See Feature."""
        return bytes((types.UINT32,)) + types.encode(types.UINT32, self.version)

    def fits_attribute(self, cluster: int, attribute: int, value: int):
        """See Feature."""
        types.encode(types.UINT32, value)

    def load_attribute(self, cluster: int, attribute: int, value: int) -> bool:
        """See Feature."""
        self._keep(value)
        return True

    def _keep(self, version: int):
        self.device.keeper.write(_RECORD, (version,))
        self.device.keeper.undo("version", self.version, self)
        self.version = version

    def activated(self, told: dict):
        """{"version": 8 hexadecimal digits, "done": whether it runs now}; StoreError.

        The alert tells the version that was to be activated (CS09).
        """
        from smets.gbcs import der, times

        octets = octets_of(told["version"], "version", 4)
        if told["done"]:
            self._keep(int.from_bytes(octets, "big"))
        own = self.device.clock
        now = own.seconds if own.status != clock.INVALID else 0
        body = der.sequence(
            der.integer(FIRMWARE_ACTIVATED),
            times.format_moment(now),
            der.octet_string(octets),
            der.integer(0 if told["done"] else 1),
        )
        self.device.alert(FIRMWARE_ACTIVATED, now, "access_control_broker", CS09, body)


FEATURE = Firmware
