# What a display reads of its meters again and again: registers, balances, prices, the supply.
from smets import clock
from smets.features.feature import Feature
from smets.features.pairing import GONE
from smets.features.readings import POLLED
from smets.features.tenancy.cleared import ELECTRICITY, GAS, SHARED
from smets.features.tenancy.machine import HIDDEN
from smets.zcl import attributes, clusters

# What `summary` has of a meter's readings.
_SHOWN = (
    ("register", clusters.METERING, attributes.CURRENT_SUMMATION_DELIVERED),
    ("as_of", clusters.METERING, attributes.READING_SNAPSHOT_TIME),
    ("balance", clusters.PREPAYMENT, attributes.CREDIT_REMAINING),
    ("emergency_credit", clusters.PREPAYMENT, attributes.EMERGENCY_CREDIT_REMAINING),
    ("credit_status", clusters.PREPAYMENT, attributes.CREDIT_STATUS),
    ("supply", clusters.METERING, attributes.SUPPLY_STATUS),
)


class Polling(Feature):
    """Fills the readings of each meter. They are not stored, and are hidden with the history."""

    # Seconds between polls: SMETS2 6.3.4 asks for electricity each 10 s; gas changes each half
    # hour. A display that sleeps sets its own.
    periods = {ELECTRICITY: 10, GAS: 600}

    def __init__(self, device):
        super().__init__(device)
        self._pairing = device.feature("pairing")
        device.feature("tenancy_display").listeners.append(self._on_tenancy)

    def tick(self):
        """See Feature."""
        if self.device.awake:
            for meter in self._pairing.meters.values():
                if self.device.uptime >= meter.poll_due:
                    self._ask(meter)

    def wake(self):
        """See Feature: what was read is hidden with the history."""
        for meter in self._pairing.meters.values():
            meter.poll_due = self.device.uptime

    def again(self, fuel: int):
        """Poll a meter now: it has other values."""
        meter = self._pairing.meters.get(fuel)
        if meter:
            meter.poll_due = self.device.uptime
            self._ask(meter)

    def _ask(self, meter):
        found = meter.found
        if clusters.METERING in found:
            meter.poll_due = self.device.uptime + self.periods[meter.fuel]
            for cluster, asked in POLLED[meter.fuel]:
                # Prices are on the energy service interface, the rest beside the metering.
                beside = clusters.TIME if cluster == clusters.PRICE else clusters.METERING
                found[cluster] = found[beside if beside in found else clusters.METERING]
                self._pairing.read(meter, cluster, asked, self._on_values)

    def _on_values(self, request, answer):
        meter = self._pairing.answered(request, answer)
        if meter is None:
            return
        cluster = request.cluster
        for attribute, value in self._pairing.values(cluster, answer):
            if value is GONE:
                meter.readings.drop(cluster, attribute)
            else:
                meter.readings.take(cluster, attribute, value, self.device.clock.seconds)

    def _on_tenancy(self, event, scope, date):
        if event == HIDDEN:
            for meter in self._pairing.meters.values():
                if scope in (meter.fuel, SHARED):
                    meter.readings.clear()

    def summary(self) -> dict:
        """See Feature: what each meter last said."""
        shown = {}
        for name, meter in self._pairing.paired():
            shown[name] = row = {}
            for word, cluster, attribute in _SHOWN:
                row[word] = meter.readings.get(cluster, attribute)
            row["as_of"] = clock.iso_or_none(row["as_of"])
        return shown


FEATURE = Polling
