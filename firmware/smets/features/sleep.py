# The sleep of a display whose radio is off most of the time: when it wakes, and for how long.
# No text says how often a PPMID has to wake.
from smets.document import ANYTHING
from smets.features.feature import Feature
from smets.zcl.han_frame import PROFILE_ZDO

# project-choice: seconds from one wake of a sleepy display to the next; it also wakes for a key.
# What it polls, it polls when it is awake. Alternatives: any; balance and messages are as old as
# this.
WAKE_S = 60

# project-choice: least seconds for which a sleepy display stays awake: until its requests are
# answered, or given up, its purge is done, and these are over. Alternative: any number.
AWAKE_S = 2

# project-choice: seconds for which a key keeps it awake: as long as the screen stays on the page.
# Alternative: as long as after any wake; each key would then hide the history again until the
# meter is read.
KEY_S = 60


class Sleep(Feature):
    """Switches the radio on and off: `device.awake`. It comes last among the features."""

    actions = {"wake": ("wake_up", ANYTHING)}

    def __init__(self, device):
        super().__init__(device)
        self._until = AWAKE_S
        self._due = WAKE_S
        polling = device.feature("polling")
        polling.periods = dict.fromkeys(polling.periods, WAKE_S)

    def wake_up(self, value=None):
        """Switch the radio on, and tell the features; `value` means nothing."""
        if not self.device.awake:
            self.stir()
            for feature in self.device.registry.features.values():
                feature.wake()

    def stir(self, seconds: int = AWAKE_S):
        """Be awake for at least so many seconds from now on; the next wake counts from here."""
        uptime = self.device.uptime
        self.device.awake = True
        self._until = max(self._until, uptime + seconds)
        self._due = uptime + WAKE_S

    def key(self):
        """A key was pressed: be awake as long as a person may press the next one."""
        self.wake_up()
        self.stir(KEY_S)

    # --- See Feature ---------------------------------------------------------------------------

    def pass_time(self, seconds: int):
        """See Feature: wake before the others do what is due."""
        if self.device.uptime >= self._due:
            self.wake_up()

    def tick(self):
        """See Feature: sleep again, once there is nothing to wait for."""
        device = self.device
        if not device.awake:
            if device.feature("tenancy_display").purging:
                self.wake_up()
        elif device.uptime >= self._until:
            device.awake = any(feature.busy() for feature in device.registry.features.values())

    def hear(self, frame) -> bool:
        """See Feature: a frame comes only when the parent was polled, so the radio is on."""
        if not self.device.awake and frame.profile != PROFILE_ZDO:
            self.stir()
        return False

    def summary(self) -> dict:
        """See Feature."""
        return {"awake": self.device.awake}


FEATURE = Sleep
