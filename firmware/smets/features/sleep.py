# The sleep of a display whose radio is off most of the time: when it wakes, and for how long.
# No text says how often a PPMID has to wake. project-choice: each constant of this module.

# Seconds from one wake of a sleepy display to the next; it also wakes for a key. What it polls,
# it polls when it is awake. Alternatives: any; balance and messages are as old as this.
WAKE_S = 60

# Least seconds for which a sleepy display stays awake: until its requests are answered, or given
# up, its purge is done, and these are over. Alternative: any number.
AWAKE_S = 2

# Seconds for which a key keeps it awake: as long as the screen stays on the page. Alternative: as
# long as after any wake; each key would then hide the history again until the meter is read.
KEY_S = 60


class Sleep:
    """Whether the radio is on. Times are seconds of uptime."""

    def __init__(self):
        self.awake = True
        self._until = AWAKE_S
        self._due = WAKE_S

    def due(self, uptime: int) -> bool:
        """Whether it is time to wake."""
        return not self.awake and uptime >= self._due

    def stir(self, uptime: int, seconds: int = AWAKE_S):
        """Be awake for at least so many seconds from now on; the next wake counts from here."""
        self.awake = True
        self._until = max(self._until, uptime + seconds)
        self._due = uptime + WAKE_S

    def over(self, uptime: int) -> bool:
        """Whether it has been awake for as long as it has to be."""
        return uptime >= self._until
