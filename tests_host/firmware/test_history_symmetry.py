"""MP099: what a home used is told alike by an electricity meter and by a gas meter with its proxy.

Both use the same in each half hour, and their clocks fail together. Whatever range is asked for,
the entries are those of a model that knows what each half hour used, and no more of the firmware.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st

from smets import clock, devices
from smets.dlms import objects
from smets.zcl import frame
from smets.zcl.clusters import METERING
from smets.zcl.server import Call

START = clock.to_seconds(2022, 10, 31, 0, 0, 0)  # midnight
SWITCHED_ON = 60  # seconds later
HALF_HOUR, DAY = 1800, 86400
METER, PROXY = bytes.fromhex("00DB000000000001"), bytes.fromhex("00DB000000000003")
PERIODS = {0: HALF_HOUR, 1: DAY}  # SampleID: length of a sample
ALL, FOREVER, MISSING = 0xFFFF, 0xFFFFFFFF, 0xFFFFFF

Entry = tuple[int, int]  # end of a half hour or a day, and what it used


class Outage(NamedTuple):
    """Seconds after START at which all clocks are lost, and at which they are set again."""

    lost: int
    back: int


class Home:
    """An ESME, and a GSME with its GPF, that live through the same days."""

    def __init__(self) -> None:
        self.esme = devices.build("esme")
        self.gsme = devices.build("gsme")
        self.gpf = devices.build("gpf")
        self.all = (self.esme, self.gsme, self.gpf)
        self.gsme.eui, self.gpf.eui = METER, PROXY
        self.gsme.feature("gas_reports").gpf = PROXY
        self.gpf.feature("mirror").gsme = METER
        self.set_clocks(START + SWITCHED_ON)

    def set_clocks(self, seconds: int) -> None:
        """Give all clocks this time; FOREVER takes it from them."""
        status = clock.INVALID if seconds == FOREVER else clock.RELIABLE
        for device in self.all:
            device.clock.set(seconds, status)

    def draw(self, number: int) -> None:
        """Use this many steps of the registers each half hour."""
        self.esme.feature("register").set_draw(number)
        self.gsme.feature("gas_register").draw = number

    def advance(self, seconds: int) -> None:
        """Let time pass, and carry what the gas meter sends to its proxy."""
        self.gpf.advance(seconds)
        self.esme.advance(seconds)
        self.gsme.advance(seconds)
        while self.gsme.outbox:
            self.gpf.receive(self.gsme.outbox.pop(0))
        self.gpf.outbox.clear()

    def live(self, uses: Sequence[int], outage: Outage | None) -> None:
        """The rest of a half hour of nothing, then one for each of `uses`."""
        at = SWITCHED_ON
        marks = outage or ()
        for index, use in enumerate([0, *uses]):
            self.draw(use)
            end = (index + 1) * HALF_HOUR
            while at < end:
                until = min([mark for mark in marks if at < mark < end], default=end)
                self.advance(until - at)
                at = until
                if outage and at == outage.lost:
                    self.set_clocks(FOREVER)
                if outage and at == outage.back:
                    self.set_clocks(START + at)


class Model:
    """What each half hour used; nothing of those at whose ends nobody knew the time."""

    def __init__(self, uses: Sequence[int], outage: Outage | None) -> None:
        self.samples: dict[int, list[Entry]] = {0: [], 1: []}
        for log, length in PERIODS.items():
            each = length // HALF_HOUR
            whole = [0, *uses]
            for number in range(len(whole) // each):
                first, last = number * length, (number + 1) * length
                # The device was on when the first half hour had begun.
                known = first > 0 and all(self._known(edge, outage) for edge in (first, last))
                if known:
                    used = sum(whole[number * each : (number + 1) * each])
                    self.samples[log].append((START + last, used))

    @staticmethod
    def _known(edge: int, outage: Outage | None) -> bool:
        return outage is None or not outage.lost < edge <= outage.back

    def sampled(self, log: int, earliest: int, wanted: int) -> list[Entry] | None:
        """GetSampledData: whole samples from `earliest` on, MISSING where not known."""
        held = dict(self.samples.get(log, ()))
        if not held:
            return None
        length = PERIODS[log]
        ends = range(min(held), max(held) + 1, length)
        found = [end for end in ends if end - length >= earliest][:wanted]
        return [(end, held.get(end, MISSING)) for end in found] or None

    def ranged(self, log: int, start: int, end: int) -> list[Entry]:
        """The entries whose stamps are in a range, both ends in it."""
        return [entry for entry in self.samples[log] if start <= entry[0] <= end]


def sampled(device, log: int, earliest: int, wanted: int, han: bool) -> list[Entry] | None:
    """What GetSampledData brings, None for NOT_FOUND."""
    payload = log.to_bytes(2, "little") + earliest.to_bytes(4, "little")
    payload += b"\x00" + wanted.to_bytes(2, "little")
    call = Call(METERING, frame.parse(b"\x01\x00\x08" + payload))
    call.from_han, call.reply_command = han, 7
    result = device.zcl.execute(call)
    if isinstance(result, int):
        assert result == frame.NOT_FOUND
        return None
    (octets,) = result
    numbers = [int.from_bytes(octets[at : at + 3], "little") for at in range(11, len(octets), 3)]
    first = int.from_bytes(octets[2:6], "little")
    assert int.from_bytes(octets[9:11], "little") == len(numbers)
    return [(first + (n + 1) * PERIODS[log], number) for n, number in enumerate(numbers)]


def ranged(esme, start: int, end: int) -> list[Entry]:
    """The rows of the electricity meter's Profile Data Log between two times."""
    answer = esme.dlms.get(objects.key("7/0-0:99.1.0.255/2"), start, end)
    assert not isinstance(answer, int)
    octets = b"".join(bytes(chunk) for chunk in answer.chunks())
    assert octets[:5] == b"\x13\x02\x02\x06\x06", "rows of two unsigned numbers"
    rows = octets[6 + (octets[5] & 0x7F if octets[5] & 0x80 else 0) :]
    assert len(rows) % 8 == 0
    return [
        (int.from_bytes(rows[at : at + 4], "big"), int.from_bytes(rows[at + 4 : at + 8], "big"))
        for at in range(0, len(rows), 8)
    ]


# Some half hours alike, some others, up to a few days.
plans = st.lists(st.tuples(st.integers(1, 40), st.integers(0, 3000)), max_size=4).map(
    lambda runs: [use for count, use in runs for _ in range(count)]
)
clocks = st.none() | st.tuples(st.integers(1, 110), st.integers(1, 12)).flatmap(
    # From some second of a half hour to one of a later half hour, or to its very beginning.
    lambda halves: st.builds(
        Outage,
        st.integers(0, HALF_HOUR - 1).map(lambda late: halves[0] * HALF_HOUR + late),
        st.integers(0, HALF_HOUR - 1).map(lambda late: sum(halves) * HALF_HOUR + late),
    )
)
# A bound near an entry, or one of no entry: wildcards, the first and the last second there is.
bounds = st.one_of(
    st.builds(
        lambda half, late: START + half * HALF_HOUR + late,
        st.integers(-3, 130),
        st.sampled_from([-1, 0, 1, 900]),
    ),
    st.sampled_from([0, 1, START, FOREVER - 1, FOREVER]),
)
counts = st.integers(0, 5) | st.sampled_from([48, 1000, ALL])


@settings(max_examples=40, database=None, deadline=None)
@given(
    plans,
    clocks,
    st.lists(
        st.tuples(bounds, bounds, counts, st.sampled_from([0, 1, 2])), min_size=1, max_size=30
    ),
)
def test_each_range_is_told_alike(uses, outage, questions) -> None:
    """issue: half hours and days, by displays and by remote parties, by samples and by rows."""
    home, model = Home(), Model(uses, outage)
    home.live(uses, outage)
    for start, end, count, log in questions:
        for asked in (count, ALL):
            wanted = model.sampled(log, start, asked)
            for device in (home.esme, home.gpf):
                for han in (False, True):
                    assert sampled(device, log, start, asked, han) == wanted, device.name
        assert ranged(home.esme, start, end) == model.ranged(0, start, end)
        # The rows of a range, from the samples of the gas proxy.
        told = sampled(home.gpf, 0, max(start - HALF_HOUR, 0), ALL, False) or []
        known = [(stamp, used) for stamp, used in told if stamp <= end and used != MISSING]
        assert known == ranged(home.esme, start, end)


def test_a_clock_that_is_lost_within_a_half_hour() -> None:
    """project-choice: samples have it, since both its ends are known; no row of the log is made.

    Samples of both meters are alike in this, too.
    """
    uses, outage = [7, 8, 9], Outage(2 * HALF_HOUR + 60, 2 * HALF_HOUR + 120)
    home = Home()
    home.live(uses, outage)
    wanted = [(START + HALF_HOUR * (2 + index), use) for index, use in enumerate(uses)]
    for device in (home.esme, home.gpf):
        assert sampled(device, 0, 0, ALL, True) == wanted, device.name
    assert ranged(home.esme, 0, FOREVER) == [wanted[0], wanted[2]]
