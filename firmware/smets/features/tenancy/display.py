# The tenancy rules of a display: its history lies in a vault that shows what the tenancy allows.
import sys

from smets import clock
from smets.compat import const
from smets.features.feature import Feature
from smets.features.tenancy import fuel, machine
from smets.features.tenancy.client import TenancyClient
from smets.features.tenancy.vault import Vault
from smets.ports.disk import Disk

# Purge steps in one go, so that a long purge never keeps the radio waiting.
_STEPS = const(8)
_STATES = ("absent", "unread", "waiting", "purging", "pending", "clear")


class TenancyDisplay(Feature):
    """Asks the meters for their tenancy, hides and clears the history; a display needs a store."""

    records = fuel.RECORDS

    def __init__(self, device):
        super().__init__(device)
        store = device.store
        if store is None:
            raise ValueError("a display needs a store")
        # Desktop file systems have no blocks of ours to overwrite: see ports.disk.Disk.
        flash = sys.platform not in ("linux", "darwin", "win32")
        self.vault = Vault(
            Disk(store.path + "/history", flash),
            on_damage=lambda name, why: store.report("history/" + name, why),
        )
        self.machine = machine.Tenancy(store, self.vault, self._on_event)
        pairing = device.feature("pairing")
        self.client = TenancyClient(self.machine, pairing.client, "sleep" in device.features)
        # Scopes whose data was cleared for a new tenancy, until confirmed, power cut or not.
        self.notices = self.machine.notices()
        # Called with each event of the machine: event, scope, date.
        self.listeners = [self._note]
        self.purging = False  # whether there is more to purge

    def _on_event(self, event, scope, date):
        for listener in self.listeners:
            listener(event, scope, date)

    def _note(self, event, scope, date):
        if event == machine.APPLIED and scope not in self.notices:
            self.notices.append(scope)

    def confirm(self):
        """OK was pressed on the notice."""
        del self.notices[:]
        self.machine.confirm_notices()

    def _purge(self):
        """Do some steps of a purge."""
        utc = self.device.clock.utc()
        for _ in range(_STEPS):
            self.purging = self.machine.step(utc)
            if not self.purging:
                break

    # --- See Feature ---------------------------------------------------------------------------

    def tick(self):
        """See Feature: a purge goes on while the display sleeps."""
        if self.device.awake:
            self.client.tick(self.device.uptime)
        self._purge()

    def busy(self) -> bool:
        """See Feature: a meter has to be read, or there is more to purge."""
        return self.purging or self.client.waiting

    def wake(self):
        """See Feature: the tenancy is read before anything else."""
        uptime = self.device.uptime
        self.client.wake(uptime)
        self.client.tick(uptime)

    def hear(self, frame) -> bool:
        """See Feature: frames of Device Management."""
        taken = self.client.receive(self.device.uptime, frame)
        if taken:
            self._purge()
        return taken

    def summary(self) -> dict:
        """See Feature: the tenancy of each fuel, and what was cleared."""
        shown = {}
        for name, meter in self.device.feature("pairing").paired():
            seen, intent, applied = self.machine.dates(meter.fuel)
            shown[name] = {
                "tenancy": _STATES[self.machine.state(meter.fuel)],
                "date_seen": clock.iso_or_none(seen),
                "applied": clock.iso_or_none(applied),
                "purging": clock.iso_or_none(intent),
            }
        shown["notices"] = list(self.notices)
        return shown


FEATURE = TenancyDisplay
