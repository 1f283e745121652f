# A GPF backs its Device Log up at the broker when a command has changed it (GCS62).
from smets import clock
from smets.features.alert_codes import GCS62, GPF_LOG_CHANGED
from smets.features.feature import Feature


class GpfBackup(Feature):
    """Tells the whole log, once for each command."""

    alerts = ((GPF_LOG_CHANGED, GPF_LOG_CHANGED),)

    def __init__(self, device):
        super().__init__(device)
        self._told = []

    def restore(self):
        """See Feature. What a restart finds was told before it."""
        self._told = self._entries()

    def _entries(self) -> list:
        return self.device.feature("device_log").entries

    def commanded(self, code: int, done: bool):
        """See Feature."""
        entries = self._entries()
        if entries is self._told:
            return
        self._told = entries
        from smets.gbcs import der, times

        own = self.device.clock
        now = own.seconds if own.status != clock.INVALID else 0
        rows = [der.sequence(der.octet_string(eui), der.integer(kind)) for eui, kind in entries]
        body = der.sequence(
            der.integer(GPF_LOG_CHANGED), times.format_moment(now), der.sequence(*rows)
        )
        self.device.alert(GPF_LOG_CHANGED, now, "access_control_broker", GCS62, body)


FEATURE = GpfBackup
