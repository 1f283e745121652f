# PPMID: a prepayment meter interface device; a display that sleeps and can act on its meter.
from smets.devices.display import Display
from smets.features.prepayment.requests import Requests
from smets.features.sleep import KEY_S, WAKE_S, Sleep
from smets.features.tenancy import cleared, machine
from smets.zcl import clusters
from smets.zcl.client import Request
from smets.zcl.han_frame import PROFILE_ZDO


class Ppmid(Display):
    """A prepayment meter interface device (PPMIDTS: Type 1 device).

    Its radio sleeps, and wakes by itself: then the tenancy is read before anything else, and no
    history is shown until it was. Time and purges go on while it sleeps.
    """

    name = "PPMID"
    # Acts of a person at the keys, or of a host with CTRL:ACT; a restart does not repeat them.
    actions = {
        "wake": "_act_wake",
        "top_up": "_act_top_up",
        "emergency_credit": "_act_emergency_credit",
        "enable_supply": "_act_enable_supply",
    }
    sleepy = True
    polls = {cleared.ELECTRICITY: WAKE_S, cleared.GAS: WAKE_S}

    def __init__(self, store=None):
        super().__init__(store)
        self.requests = Requests(self.vault, self._ask, self._times, self._poll_again)
        self.sleep = Sleep()

    # --- Sleep ---------------------------------------------------------------------------------

    def advance(self, seconds: int):
        """Let time pass: wake when it is time, do what is due, and sleep again."""
        if self.sleep.due(self.uptime + seconds):
            super(Display, self).advance(seconds)
            self.uptime += seconds
            seconds = 0
            self.wake()
        if self.sleep.awake:
            super().advance(seconds)
            self._doze()
        else:
            super(Display, self).advance(seconds)
            self.uptime += seconds
            if self._purge():
                self.wake()

    def wake(self):
        """Switch the radio on: the tenancy is read, then the meters are polled."""
        if not self.sleep.awake:
            self.sleep.stir(self.uptime)
            self.tenancy_client.wake(self.uptime)
            self.tenancy_client.tick(self.uptime)
            for meter in self.meters.values():
                meter.poll_due = self.uptime  # what was read is hidden with the history

    def key(self):
        """A key was pressed: be awake as long as a person may press the next one."""
        self.wake()
        self.sleep.stir(self.uptime, KEY_S)

    def _doze(self):
        """Sleep again, once there is nothing to wait for."""
        if self.client.busy or self.tenancy_client.waiting or not self.sleep.over(self.uptime):
            return
        if not self._purge():
            self.sleep.awake = False

    def receive(self, frame_in):
        """A frame comes only when the parent was polled: the radio is on."""
        if not self.sleep.awake and frame_in.profile != PROFILE_ZDO:
            self.sleep.stir(self.uptime)
        super().receive(frame_in)

    # --- What a person asks for ----------------------------------------------------------------

    def top_up(self, digits):
        """Send a UTRN of 20 digits (text or ASCII octets) to the ESME; ValueError."""
        self.wake()
        self.requests.top_up(digits)

    def emergency_credit(self):
        """Ask the ESME for emergency credit; ValueError while another request is under way."""
        self.wake()
        self.requests.emergency_credit()

    def enable_supply(self):
        """Ask the ESME for the supply; ValueError while another request is under way."""
        self.wake()
        self.requests.enable_supply()

    def _act_wake(self, value):
        self.wake()

    def _act_top_up(self, value):
        if not isinstance(value, str):
            raise ValueError("a UTRN is text of 20 digits")
        self.top_up(value)

    def _act_emergency_credit(self, value):
        self.emergency_credit()

    def _act_enable_supply(self, value):
        self.enable_supply()

    def _times(self) -> tuple:
        return self.clock.seconds, self.uptime

    def _ask(self, cluster: int, command: int, payload: bytes, done) -> bool:
        meter = self.meters.get(cleared.ELECTRICITY)
        if meter is None or clusters.METERING not in meter.found:
            return False
        meter.found.setdefault(cluster, meter.found[clusters.METERING])
        to = (meter.eui, meter.found[cluster])
        self.client.ask(self.uptime, Request(to, cluster, command, payload, done))
        return True

    def _poll_again(self):
        meter = self.meters.get(cleared.ELECTRICITY)
        if meter:
            meter.poll_due = self.uptime  # the balance and the supply are others now
            self._poll(meter)

    def _on_tenancy(self, event, scope, date):
        super()._on_tenancy(event, scope, date)
        if event in (machine.STARTED, machine.APPLIED) and not self.requests.busy:
            self.requests.last = None  # of the former tenant

    def summary(self) -> dict:
        """See Display."""
        shown = super().summary()
        shown["awake"] = self.sleep.awake
        shown["requests"] = self.requests.summary()
        return shown
