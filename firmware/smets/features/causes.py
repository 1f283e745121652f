# What happens to an electricity meter from outside, as a bench names it: covers, magnets, faults,
# an outage, a firmware image (alerts.csv); causes_table.py has the names.
from smets.dlms import objects
from smets.features import codes
from smets.features.feature import Feature

_TAMPER_STATE = objects.key("1/0-0:94.44.0.4/2")


def _check(value, path):
    from smets.features import causes_table

    causes_table.check_cause(value, path)


class Causes(Feature):
    """Carries out CTRL:ACT {"cause": {"name": ...}}."""

    actions = {"cause": ("cause", _check)}
    alerts = ((codes.OUTAGE, codes.OUTAGE_LAST), (codes.LOCKED, codes.LOCKED))

    def __init__(self, device):
        super().__init__(device)
        self.alarms = 0  # how often the audible alarm has sounded, since the start
        self.alarm = 0  # the code of the last one

    def sound(self, code: int):
        """Sound the audible alarm for a code.

        project-choice: it sounds for the codes of the supplier's switches (ECS25a2) alone.
        Alternative: for codes that cannot be switched off as well.
        """
        self.alarms += 1
        self.alarm = code

    def summary(self) -> dict:
        """See Feature: the audible alarm, once it has sounded."""
        return (
            {"alarm": {"count": self.alarms, "code": "%04X" % self.alarm}} if self.alarms else {}
        )

    def cause(self, description: dict):
        """What has happened just now; see causes_table.check_cause."""
        from smets.features import alarms, causes_table

        device = self.device
        code, body, tampers = causes_table.of(description, device.clock)
        when = -1
        if description["name"] == "outage":
            began, when = causes_table.outage(description, device.clock)
            alarms.happened(device, codes.INTERRUPTED + description.get("phase", 0), began)
        alarms.happened(device, code, when, b"", body)
        if tampers:
            self._lock()

    def _lock(self):
        """Unauthorised access: the supply is locked where the supplier wants so (ECS81)."""
        state = self.device.dlms.values.get(_TAMPER_STATE)
        if state and state[-1]:
            from smets.features import alarms

            meter = self.device.feature("prepayment").open()
            if meter.do(meter.account.lock):
                alarms.happened(self.device, codes.LOCKED)


FEATURE = Causes
