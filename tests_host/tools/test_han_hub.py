"""The fault-injecting hub in virtual time (evidence: project-choice)."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from host_tools.han.frame import BROADCAST_EUI, Frame
from host_tools.han.hub import REORDER_HOLD_MS, Hub

ESME = 0x025ECA0000000001
GPF = 0x025ECA0000000003
IHD = 0x025ECA0000000005
PPMID = 0x025ECA0000000006
HOME = (ESME, GPF, IHD, PPMID)

rates = st.sampled_from([0.0, 0.05, 0.5, 1.0])


def frame_of(number: int, source: int = IHD, destination: int = GPF, **flags: bool) -> Frame:
    return Frame(source, destination, 1, 3, 0x0708, number.to_bytes(4, "big"), **flags)


def home(seed: int = 1, **faults: object) -> Hub:
    hub = Hub(seed, **faults)
    for eui in HOME:
        hub.attach(eui)
    return hub


def payloads(hub: Hub, now_ms: int) -> list[bytes]:
    return [frame.payload for _, frame in hub.due(now_ms)]


def run(hub: Hub, count: int, every_ms: int = 10) -> list[tuple[int, int, Frame]]:
    """Send `count` frames, one every `every_ms`, and step to each arrival: (time, to, frame)."""
    arrived: list[tuple[int, int, Frame]] = []

    def step(until_ms: float) -> None:
        while (when := hub.next_due()) is not None and when <= until_ms:
            arrived.extend((when, to, frame) for to, frame in hub.due(when))

    for number in range(count):
        hub.submit(frame_of(number), number * every_ms)
        step(number * every_ms)
    step(float("inf"))
    return arrived


def test_without_faults_every_frame_arrives_at_once_in_order():
    hub = home()
    sent = [frame_of(number) for number in range(50)]
    for frame in sent:
        hub.submit(frame, 5)
    assert hub.next_due() == 5
    assert hub.due(4) == []
    assert hub.due(5) == [(GPF, frame) for frame in sent]
    assert hub.next_due() is None


@pytest.mark.parametrize("flags", [{"broadcast": True}, {"group": True}])
def test_broadcast_goes_to_all_but_the_sender(flags: dict[str, bool]):
    hub = home()
    hub.submit(frame_of(1, GPF, BROADCAST_EUI, **flags), 0)
    assert [to for to, _ in hub.due(0)] == [ESME, IHD, PPMID]
    assert hub.statistics.submitted == 1
    assert hub.statistics.offered == 3


def test_unknown_destination_is_counted_not_raised():
    hub = home()
    hub.submit(frame_of(1, IHD, 0x025ECA00000000FF), 0)
    assert hub.next_due() is None
    assert hub.statistics.unrouted == 1


def test_a_source_that_is_not_attached_can_be_forged():
    hub = home()
    hub.submit(frame_of(1, 0x0BAD0BAD0BAD0BAD, IHD), 0)
    assert [to for to, _ in hub.due(0)] == [IHD]


def test_detached_device_loses_what_is_on_its_way():
    hub = home(delay=(100, 100))
    hub.submit(frame_of(1), 0)
    hub.detach(GPF)
    hub.detach(GPF)
    assert hub.attached == (ESME, IHD, PPMID)
    assert hub.due(100) == []
    assert hub.statistics.dropped == 1
    hub.attach(GPF)
    hub.submit(frame_of(2), 200)
    assert payloads(hub, 300) == [(2).to_bytes(4, "big")]


def test_delay_stays_in_its_range_and_keeps_the_order():
    hub = home(delay=(20, 80))
    arrived = run(hub, 300)
    assert [frame for _, _, frame in arrived] == [frame_of(number) for number in range(300)]
    waits = [when - 10 * number for number, (when, _, _) in enumerate(arrived)]
    assert min(waits) >= 20
    assert max(waits) <= 80
    assert len(set(waits)) > 30
    assert hub.statistics.delayed > 200


def test_loss_and_doubling_come_near_their_rates():
    hub = home(seed=2022, loss=0.05, duplicate=0.05)
    arrived = run(hub, 4000)
    counts = hub.statistics
    assert 140 <= counts.lost <= 260, str(counts)
    assert 140 <= counts.duplicated <= 260, str(counts)
    assert len(arrived) == 4000 - counts.lost + counts.duplicated
    copies = Counter(frame.payload for _, _, frame in arrived)
    assert set(copies.values()) == {1, 2}


def test_loss_of_all_and_of_none():
    assert run(home(loss=1.0), 20) == []
    assert len(run(home(duplicate=1.0), 20)) == 40


def test_reordered_frame_is_overtaken_by_the_next():
    hub = home(seed=5, reorder=0.2)
    order = [int.from_bytes(frame.payload, "big") for _, _, frame in run(hub, 400)]
    assert sorted(order) == list(range(400))
    swaps = sum(later < earlier for earlier, later in zip(order, order[1:], strict=False))
    assert swaps == hub.statistics.reordered
    assert swaps > 40


def test_a_held_frame_with_nothing_behind_it_arrives_late_but_arrives():
    hub = home(reorder=1.0)
    hub.submit(frame_of(1), 0)
    assert hub.next_due() == REORDER_HOLD_MS
    assert len(hub.due(REORDER_HOLD_MS)) == 1
    assert hub.statistics.reordered == 0
    hub.submit(frame_of(2), 1000)
    assert hub.due(1000) == []
    assert len(hub.due(1000 + REORDER_HOLD_MS)) == 1


def test_a_held_frame_does_not_hold_other_links():
    hub = home(reorder=1.0)
    hub.submit(frame_of(1, IHD, GPF), 0)
    hub.submit(frame_of(2, PPMID, GPF), 0)
    assert hub.due(REORDER_HOLD_MS - 1) == []
    assert len(hub.due(REORDER_HOLD_MS)) == 2


def test_an_overtaken_frame_is_not_earlier_than_its_own_transit():
    for seed in range(30):
        hub = home(seed, reorder=0.5, delay=(0, 300))
        for when, _, frame in run(hub, 40):
            sent_ms = 10 * int.from_bytes(frame.payload, "big")
            assert sent_ms <= when <= sent_ms + 300 + 400 + REORDER_HOLD_MS, f"seed {seed}"


def test_corruption_changes_the_payload_and_nothing_else():
    hub = home(seed=9, corrupt=1.0)
    kinds: Counter[str] = Counter()
    for number, (_, to, frame) in enumerate(run(hub, 400)):
        sent = frame_of(number)
        assert to == GPF
        assert frame.payload != sent.payload
        assert (frame.source, frame.destination, frame.cluster) == (IHD, GPF, 0x0708)
        if len(frame.payload) == len(sent.payload):
            changed = int.from_bytes(frame.payload, "big") ^ number
            assert changed.bit_count() == 1
            kinds["bit"] += 1
        elif len(frame.payload) < len(sent.payload):
            assert sent.payload.startswith(frame.payload)
            kinds["cut"] += 1
        else:
            assert frame.payload.startswith(sent.payload)
            assert len(frame.payload) <= len(sent.payload) + 3
            kinds["tail"] += 1
    assert min(kinds["bit"], kinds["cut"], kinds["tail"]) > 50, kinds
    assert hub.statistics.corrupted == 400


def test_an_empty_payload_cannot_be_corrupted():
    hub = home(corrupt=1.0)
    hub.submit(Frame(IHD, GPF, 1, 3, 0x0708, b""), 0)
    assert payloads(hub, 0) == [b""]
    assert hub.statistics.corrupted == 0


def test_the_same_seed_repeats_and_another_does_not():
    faults = {"loss": 0.1, "duplicate": 0.1, "reorder": 0.1, "corrupt": 0.1, "delay": (5, 50)}
    first, second, other = home(77, **faults), home(77, **faults), home(78, **faults)
    assert run(first, 300) == run(second, 300)
    assert first.statistics == second.statistics
    assert run(other, 300) != run(home(77, **faults), 300)


def test_the_fate_of_a_link_does_not_depend_on_the_others():
    alone, among = home(3, loss=0.3, corrupt=0.2), home(3, loss=0.3, corrupt=0.2)
    for number in range(200):
        alone.submit(frame_of(number), number)
        for _ in range(number % 3):
            among.submit(frame_of(number, PPMID, GPF), number)
        among.submit(frame_of(number), number)
    expected = [frame for _, frame in alone.due(1000)]
    assert [frame for _, frame in among.due(1000) if frame.source == IHD] == expected
    assert 0 < len(expected) < 200


def test_raising_one_rate_does_not_reshuffle_the_losses():
    plain = {frame.payload for _, _, frame in run(home(11, loss=0.2), 300)}
    noisy = {
        frame.payload for _, _, frame in run(home(11, loss=0.2, reorder=0.5, delay=(0, 40)), 300)
    }
    assert plain == noisy


def test_statistics_print_the_seed():
    hub = home(20221103, loss=1.0)
    hub.submit(frame_of(1), 0)
    assert str(hub.statistics) == (
        "seed 20221103: 1 submitted, 1 offered, 0 delivered, 1 lost, 0 duplicated, 0 delayed, "
        "0 reordered, 0 corrupted, 0 unrouted, 0 dropped, 0 in flight"
    )


def test_statistics_are_a_copy():
    hub = home()
    before = hub.statistics
    hub.submit(frame_of(1), 0)
    assert before.submitted == 0
    assert hub.statistics.in_flight == 1


@given(
    seed=st.integers(0, 2**32),
    loss=rates,
    duplicate=rates,
    reorder=rates,
    corrupt=rates,
    highest=st.integers(0, 700),
    steps=st.lists(
        st.tuples(
            st.integers(0, 400),
            st.sampled_from(["send", "broadcast", "detach", "attach", "due"]),
            st.sampled_from(HOME),
            st.sampled_from(HOME),
        ),
        max_size=60,
    ),
)
def test_nothing_is_invented_or_forgotten(
    seed: int,
    loss: float,
    duplicate: float,
    reorder: float,
    corrupt: float,
    highest: int,
    steps: list[tuple[int, str, int, int]],
):
    hub = home(
        seed,
        loss=loss,
        duplicate=duplicate,
        reorder=reorder,
        corrupt=corrupt,
        delay=(0, highest),
    )
    now_ms = 0
    delivered = 0
    for wait, what, one, other in steps:
        now_ms += wait
        if what == "send":
            hub.submit(frame_of(now_ms, one, other), now_ms)
        elif what == "broadcast":
            hub.submit(frame_of(now_ms, one, BROADCAST_EUI, broadcast=True), now_ms)
        elif what == "detach":
            hub.detach(one)
        elif what == "attach":
            hub.attach(one)
        else:
            delivered += len(hub.due(now_ms))
            upcoming = hub.next_due()
            assert upcoming is None or upcoming > now_ms
        counts = hub.statistics
        assert counts.offered + counts.duplicated == (
            counts.delivered + counts.lost + counts.dropped + counts.in_flight
        )
    delivered += len(hub.due(now_ms + 10_000))
    assert hub.next_due() is None
    assert hub.statistics.in_flight == 0
    assert hub.statistics.delivered == delivered


@pytest.mark.parametrize(
    "faults",
    [
        {"loss": -0.1},
        {"duplicate": 1.1},
        {"reorder": 2.0},
        {"corrupt": -1.0},
        {"delay": (5, 4)},
        {"delay": (-1, 4)},
    ],
)
def test_impossible_faults_are_refused(faults: dict[str, object]):
    with pytest.raises(ValueError, match="must be"):
        Hub(1, **faults)
