"""The tenancy of one fuel against a model of a few lines, and random frames for the client."""

import shutil
import tempfile
from types import SimpleNamespace

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from smets.features.tenancy.cleared import DAYS, ELECTRICITY
from smets.features.tenancy.client import TenancyClient
from smets.features.tenancy.machine import Tenancy
from smets.features.tenancy.vault import Vault
from smets.ports.disk import Disk
from smets.ports.store import Store
from smets.zcl.client import Client
from smets.zcl.han_frame import HanFrame

NONE = 0xFFFFFFFF
DAY = 86400
FIRST = 9000
ESME = 0x02534D45545300A0
dates = st.one_of(
    st.integers(FIRST - 5, FIRST + 60).map(lambda day: day * DAY),
    st.sampled_from([0, NONE, 1, 0xFFFFFFFE]),
)


class Open:
    """A guard that lets everything through: what is stored, not what may be seen."""

    def visible_from(self, scope):
        """All of it."""
        return 0


class TenancyModel(RuleBasedStateMachine):
    """After any events the display shows what a list and two numbers predict."""

    @initialize()
    def begin(self):
        """Pair a display with its meter."""
        self.path = tempfile.mkdtemp(prefix="smets-model-")
        self.day = FIRST
        self.clock = True
        self.added = []  # starts of all days that were ever stored
        self.bound = 0  # the newest date that was ever due
        self.pending = 0  # the date last read, if it is newer
        self.start()
        self.machine.meter(ELECTRICITY, ESME)

    @rule()
    def start(self):
        """Power cycle."""
        vault = Vault(Disk(self.path + "/vault", False), 64)
        self.vault = vault
        self.machine = Tenancy(Store(self.path + "/state"), vault)
        self.read = False
        self.known_clock = False  # the machine knows the time from its first step on

    def settle(self):
        """The time as the model has it."""
        if self.known_clock and 0 < self.pending <= self.day * DAY:
            self.bound = max(self.bound, self.pending)

    @rule(date=dates, control=st.sampled_from([0, 0x200, 0x600, 0xFFFFFFFF]))
    def answer(self, date, control):
        """The meter is read."""
        self.machine.seen(ELECTRICITY, date, control)
        self.read = True
        self.pending = 0 if date in (0, NONE) else date
        self.settle()

    @rule(count=st.integers(1, 30))
    def step(self, count):
        """Time for the machine."""
        self.known_clock = self.clock
        self.settle()
        for _ in range(count):
            self.machine.step(self.day * DAY if self.clock else None)

    @rule(days=st.integers(1, 9))
    def live(self, days):
        """Days pass, and their consumption is stored."""
        for _ in range(days):
            start = self.day * DAY
            self.day += 1
            if self.vault.series.add(ELECTRICITY, DAYS, start, 1440, 5):
                self.added.append(start)
        self.step(1)

    @rule()
    def lose_clock(self):
        """The time can no longer be trusted."""
        self.clock = False
        self.step(1)

    @rule()
    def set_clock(self):
        """It is again."""
        self.clock = True
        self.step(1)

    @rule()
    def silence(self):
        """The meter has to be read again."""
        self.machine.unread(ELECTRICITY)
        self.read = False

    @invariant()
    def seen_is_what_the_model_says(self):
        """It shows nothing older than the newest due date, nothing unread, and all newer data."""
        unknown = self.pending > self.bound and not self.known_clock
        expected = [start for start in self.added if start >= self.bound]
        if not self.read or unknown:
            expected = []
        rows = self.vault.series.records(ELECTRICITY, DAYS)
        assert [row[0] for row in rows] == expected

    @invariant()
    def applied_is_true(self):
        """Once a date is applied, what is older is no longer stored."""
        applied = self.machine.dates(ELECTRICITY)[2] or 0
        assert applied <= self.bound
        self.vault.guard, guard = Open(), self.vault.guard
        stored = [row[0] for row in self.vault.series.records(ELECTRICITY, DAYS)]
        self.vault.guard = guard
        assert all(start >= applied for start in stored)
        assert stored[-1:] == [s for s in self.added if s >= applied][-1:] or applied < self.bound

    def teardown(self):
        """Everything completes, whatever came before."""
        if hasattr(self, "path"):
            self.clock = True
            self.step(200)
            assert self.machine.dates(ELECTRICITY)[1] is None
            assert (self.machine.dates(ELECTRICITY)[2] or 0) == self.bound
            shutil.rmtree(self.path)


TenancyModel.TestCase.settings = settings(max_examples=120, stateful_step_count=40, database=None)
TestTenancyModel = TenancyModel.TestCase


class Recorder:
    """Keeps what a client tells the machine."""

    def __init__(self):
        self.calls = []

    def __getattr__(self, name):
        """Any method of the machine."""
        return lambda *arguments: self.calls.append((name, *arguments))


@settings(max_examples=2000, database=None)
@given(
    st.one_of(
        st.binary(max_size=40),
        st.tuples(
            st.sampled_from([0x08, 0x09, 0x18, 0x19, 0x1C]),
            st.integers(0, 3),
            st.sampled_from([0x00, 0x01, 0x0A, 0x0B]),
            st.binary(max_size=24),
        ).map(lambda parts: bytes(parts[:3]) + parts[3]),
    )
)
def test_g14_random_frames(payload):
    """spec: no frame raises anything or makes the client send more than one answer."""
    machine = Recorder()
    sent = []
    display, meter = bytes(8), ESME.to_bytes(8, "big")
    device = SimpleNamespace(eui=display, outbox=sent)
    client = TenancyClient(machine, Client(device, 1))
    client.join(0, ELECTRICITY, meter, 2)
    client.tick(0)
    del sent[:], machine.calls[:]
    assert client.receive(1, HanFrame(meter, display, 2, 1, 0x0708, payload))
    assert len(sent) <= 1
    for call in machine.calls:
        assert call[0] in (
            "seen",
            "unsupported",
            "confirm",
            "failed",
            "unread",
            "hint",
            "withdraw",
        )
        assert call[0] != "seen" or (payload[2] == 0x01 and 0 <= call[2] <= NONE)
