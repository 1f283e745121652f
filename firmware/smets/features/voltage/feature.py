# The voltage measurement as a feature of an electricity meter. What is large is imported when
# time passes or someone asks for it: a bench that asks for a tariff has other use for the memory.
from smets.features.feature import Feature
from smets.features.voltage import codes


def _check_supply(value, path):
    from smets.features.voltage import supply_form

    supply_form.check_supply(value, path)


class Voltage(Feature):
    """Logs, counters, thresholds and events of the voltage; MP085A."""

    # 32, 52 and 72 are the phases; then limiters, Power Event Log, the operator's switches.
    objects = ("1-0:32", "1-0:52", "1-0:72", "0-0:17.0", "0-0:99.98.4", "0-33:97.98")
    inputs = {"voltage": ("configure", _check_supply)}
    records = ("voltage",)
    logs = ("volts1", "volts2", "volts3", "power")
    alerts = codes.RANGES

    def __init__(self, device):
        super().__init__(device)
        self._measurement = None

    @property
    def measurement(self):
        """The measurement itself (measurement.py)."""
        if self._measurement is None:
            from smets.features.voltage.measurement import Measurement

            self._measurement = Measurement(self.device)
        return self._measurement

    @property
    def live(self) -> bool:
        """See Feature."""
        return self._measurement is not None and self._measurement.live

    def configure(self, description: dict):
        """The mains to measure; see measurement.Measurement.configure."""
        self.measurement.configure(description)

    def find(self, key: bytes, operation: str):
        """See Feature."""
        from smets.features.voltage import objects

        return objects.find(self.measurement, key)

    def pass_time(self, seconds: int):
        """See Feature."""
        self.measurement.pass_time(seconds)

    def poll(self, ticks: int):
        """See Feature."""
        if self._measurement:
            self._measurement.poll(ticks)

    def summary(self) -> dict:
        """See Feature."""
        return {"voltage": self._measurement.summary()} if self._measurement else {}


FEATURE = Voltage
