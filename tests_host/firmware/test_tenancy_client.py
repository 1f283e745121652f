# engines: cpython unix
# The querying client: ideas 8-17, 26, 43-50 of section G, with the byte strings of section D.1.
from test_tenancy_machine import DAY, ESME, GPF, NOW, Home

from smets.features.tenancy import client as querying
from smets.features.tenancy import machine as tenancy
from smets.features.tenancy import policy
from smets.features.tenancy.cleared import DAYS, ELECTRICITY, GAS
from smets.features.tenancy.client import TenancyClient
from smets.zcl.client import Client
from smets.zcl.han_frame import APS_SECURED, BROADCAST, GROUP, HanFrame

NONE = 0xFFFFFFFF
PAST = NOW - 5 * DAY
ESI = {ELECTRICITY: 3, GAS: 2}
FUEL = {ELECTRICITY: ESME, GAS: GPF}
DISPLAY = bytes.fromhex("02534D45545300B0")


def _octets(eui):
    return eui.to_bytes(8, "big")


class Link:
    """A display and the frames that it sends; answers are made of octets by the test."""

    def __init__(self, fuels=(ELECTRICITY,), sleepy=False, days=20):
        self.home = Home(())
        self.sleepy = sleepy
        self.now = 0
        self.eui = DISPLAY
        self.outbox = []
        self.start()
        for fuel in fuels:
            self.client.join(self.now, fuel, _octets(FUEL[fuel]), ESI[fuel])
            self.home.fill(fuel, days)
        self.home.work()

    def start(self):
        self.machine = self.home.machine
        self.table = Client(self, 1)
        self.client = TenancyClient(self.machine, self.table, self.sleepy)

    def take(self):
        """(fuel, payload) of the frames sent since the last call."""
        sent = []
        for frame in self.outbox:
            address = int.from_bytes(frame.destination, "big")
            fuel = GAS if address == GPF else ELECTRICITY
            assert (frame.source, frame.source_endpoint) == (DISPLAY, 1)
            assert (frame.destination_endpoint, frame.cluster) == (ESI[fuel], 0x0708)
            assert (frame.profile, frame.flags) == (0x0109, APS_SECURED)
            sent.append((fuel, frame.payload))
        del self.outbox[:]
        return sent

    def wait(self, seconds):
        """Let time pass, with a tick every second, or at the end of every 25."""
        step = 25 if seconds > 100 else 1
        for _ in range(0, seconds, step):
            self.now += step
            self.table.tick(self.now)
            self.client.tick(self.now)

    def request(self):
        """Tick, and return the sequence number of the one read that it sends."""
        self.client.tick(self.now)
        sent = self.take()
        assert len(sent) == 1 and sent[0][1][2:] == b"\x00\x00\x02\x01\x02", sent
        return sent[0][1][1]

    def give(self, payload, fuel=ELECTRICITY, **changes):
        """A frame of the meter; changes replace what its addressing is."""
        how = {
            "source": FUEL[fuel],
            "endpoint": ESI[fuel],
            "profile": 0x0109,
            "cluster": 0x0708,
            "flags": APS_SECURED,
        }
        how.update(changes)
        source, there = _octets(how["source"]), how["endpoint"]
        to, profile, flags = how["cluster"], how["profile"], how["flags"]
        given = HanFrame(source, DISPLAY, there, 1, to, payload, profile, flags)
        return self.client.receive(self.now, given)

    def counter(self, which):
        return self.client.counters[which]


def _response(sequence, date, control=0x00000200, control_frame=0x18):
    return (
        bytes((control_frame, sequence, 0x01, 0x00, 0x02, 0x00, 0xE2))
        + date.to_bytes(4, "little")
        + b"\x01\x02\x00\x1b"
        + control.to_bytes(4, "little")
    )


def _publish(date, event=0x1C374A80, provider=0, control_frame=0x09, sequence=0x25):
    return (
        bytes((control_frame, sequence, 0x00))
        + provider.to_bytes(4, "little")
        + event.to_bytes(4, "little")
        + b"\x00"
        + date.to_bytes(4, "little")
        + b"\x00\x02\x00\x00"
    )


def test_request_octets():
    """spec: Read Attributes of 0x0200 and 0x0201, frame control 0x00."""
    link = Link((ELECTRICITY, GAS))
    link.client.tick(0)
    assert link.take() == [
        (ELECTRICITY, b"\x00\x01\x00\x00\x02\x01\x02"),
        (GAS, b"\x00\x02\x00\x00\x02\x01\x02"),
    ]
    link.table._sequence = 0xFF
    link.give(_response(1, NONE))
    link.give(_response(2, NONE), GAS)
    link.now = policy.POLL_S
    link.client.tick(link.now)
    assert [payload[1] for _, payload in link.take()] == [0, 1], "sequence numbers wrap"


def test_g08_frame_controls_and_sequence():
    """rtds: 0x08 and 0x18 are both answers; spec: another sequence number is not."""
    for control in (0x08, 0x18):
        link = Link()
        sequence = link.request()
        assert link.give(_response(sequence + 1, PAST, control_frame=control))
        assert link.machine.dates(ELECTRICITY)[0] is None
        assert link.counter(querying.IGNORED) == 1
        assert link.give(_response(sequence, PAST, control_frame=control))
        assert link.machine.dates(ELECTRICITY)[0] == PAST, control
        link.give(_response(sequence, NONE, control_frame=control))
        assert link.machine.dates(ELECTRICITY)[0] == PAST, "an answer twice is taken once"
    link = Link()
    sequence = link.request()
    link.give(b"\x18" + bytes((sequence,)) + bytes.fromhex("01000200e21c04c71a0102001b00000000"))
    assert link.machine.dates(ELECTRICITY)[0] == 0x1AC7041C, "2014-03-27T15:45:32Z"


def test_g09_records_by_id():
    """spec: records in any order; the change control may be missing, others may be there."""
    date = PAST.to_bytes(4, "little")
    for records in (
        b"\x01\x02\x00\x1b\x00\x02\x00\x00" + b"\x00\x02\x00\xe2" + date,
        b"\x00\x02\x00\xe2" + date,
        b"\x00\x02\x00\xe2" + date + b"\x01\x02\x86",
        b"\x01\x01\x00\x41\x02ab" + b"\x00\x02\x00\xe2" + date + b"\x03\x01\xc0",
    ):
        link = Link()
        link.give(bytes((0x18, link.request(), 0x01)) + records)
        assert link.machine.dates(ELECTRICITY)[0] == PAST, records


def test_g10_types():
    """project-choice: uint32 is taken for both; any other type of the date is a failed read."""
    date = PAST.to_bytes(4, "little")
    for kinds, seen in ((b"\xe2\x23", PAST), (b"\x23\x1b", PAST), (b"\xe2\x21", PAST)):
        link = Link()
        control = b"\x00\x06\x00\x00"[: 2 if kinds[1:] == b"\x21" else 4]
        link.give(
            bytes((0x18, link.request(), 0x01))
            + (b"\x00\x02\x00" + kinds[:1] + date + b"\x01\x02\x00" + kinds[1:] + control)
        )
        assert link.machine.dates(ELECTRICITY)[0] == seen, kinds
        supplier = link.machine._fuels[ELECTRICITY].classes == 0x600
        assert supplier == (kinds[1:] in b"\x1b\x23"), "a control of another type counts as none"
    for kind in b"\x1b\x2b\xe0":
        link = Link()
        link.give(bytes((0x18, link.request(), 0x01)) + b"\x00\x02\x00" + bytes((kind,)) + date)
        assert link.machine.dates(ELECTRICITY)[0] is None and link.counter(querying.FAILURES) == 1
        assert link.machine.state(ELECTRICITY) == tenancy.UNREAD


def test_g11_old_meter():
    """spec: UNSUPPORTED_ATTRIBUTE: no purge, everything usable, a slow retry, no error shown."""
    link = Link()
    link.give(bytes((0x18, link.request(), 0x01)) + b"\x00\x02\x86\x01\x02\x86")
    assert link.machine.state(ELECTRICITY) == tenancy.CLEAR
    assert len(link.home.days(ELECTRICITY)) == 20 and link.home.work() == 0
    assert link.counter(querying.FAILURES) == 0
    link.now += policy.UNSUPPORTED_RETRY_S - 1
    link.client.tick(link.now)
    assert link.take() == []
    link.wait(1)
    # Its firmware was updated meanwhile.
    link.give(_response(link.take()[0][1][1], PAST))
    link.home.work()
    assert len(link.home.days(ELECTRICITY)) == 5


def test_g12_no_cluster():
    """spec: Default Response UNSUPPORTED_CLUSTER or UNSUP_GENERAL_COMMAND, or no match: as 11."""
    for status in (0xC3, 0x82, 0x81, 0x86):
        link = Link()
        link.give(bytes((0x18, link.request(), 0x0B, 0x00, status)))
        assert link.machine.state(ELECTRICITY) == tenancy.CLEAR, status
        assert len(link.home.days(ELECTRICITY)) == 20
        assert link.client.next_due() == policy.UNSUPPORTED_RETRY_S
    link = Link()
    link.client.absent(ELECTRICITY, _octets(ESME))
    assert link.machine.state(ELECTRICITY) == tenancy.CLEAR
    assert len(link.home.days(ELECTRICITY)) == 20 and link.client.next_due() is None
    link.wait(20)
    assert link.take() == []


def test_g13_error_statuses():
    """project-choice: retried with growing delays; no purge, and no history until then."""
    for status in (0x7E, 0xC0, 0x94, 0x01):
        link = Link()
        link.give(_response(link.request(), NONE))
        assert len(link.home.days(ELECTRICITY)) == 20
        link.now += policy.POLL_S
        delays = []
        for attempt in range(10):
            sequence = link.request()
            if attempt % 2:
                link.give(bytes((0x18, sequence, 0x0B, 0x00, status)))
            else:
                link.give(bytes((0x18, sequence, 0x01, 0x00, 0x02, status, 0x01, 0x02, status)))
            assert link.home.days(ELECTRICITY) == [] and link.home.work() == 0, status
            delays.append(link.client.next_due() - link.now)
            link.now += delays[-1]
        assert delays == [30, 60, 120, 240, 480, 960, 1920, 3600, 3600, 3600], delays
        link.give(_response(link.request(), NONE))
        assert len(link.home.days(ELECTRICITY)) == 20
        assert link.client.next_due() == link.now + policy.POLL_S
        assert link.machine.dates(ELECTRICITY) == (None, None, None)


def test_g13_alternative_keeps_showing():
    """project-choice: with ERROR_HIDES off an error status hides nothing by itself."""
    policy.ERROR_HIDES = False
    try:
        link = Link()
        link.give(_response(link.request(), NONE))
        link.now += policy.POLL_S
        link.give(bytes((0x18, link.request(), 0x0B, 0x00, 0x7E)))
        assert len(link.home.days(ELECTRICITY)) == 20
    finally:
        policy.ERROR_HIDES = True


def test_g14_malformed():
    """spec: cut short, too long, empty, of unknown type: discarded and counted, nothing done."""
    link = Link()
    sequence = link.request()
    whole = _response(sequence, PAST)
    bad = [whole[:length] for length in range(len(whole)) if length != 11]
    bad += [
        whole + b"\x00",
        whole + b"\x01\x02",
        whole + b"\x01\x02\x00",
        whole + b"\x01\x02\x00\x1b",
    ]
    bad += [bytes((0x18, sequence, 0x01)), b"", b"\x18", b"\x1a" + whole[1:], b"\x38" + whole[1:]]
    bad += [whole[:6] + bytes((kind,)) + whole[7:] for kind in (0x40, 0x48, 0x4C, 0xFF, 0x07)]
    bad += [whole[:6] + b"\x41\xf0" + whole[8:], bytes((0x18, sequence, 0x0B, 0x00))]
    bad += [
        bytes((0x18, sequence, 0x0B, 0x00, 0x86, 0x00)),
        bytes((0x18, sequence, 0x0A, 0, 2, 0xE2)),
    ]
    for count, payload in enumerate(bad):
        assert link.give(payload) and link.counter(querying.MALFORMED) == count + 1, payload
    assert link.machine.dates(ELECTRICITY)[0] is None and link.take() == []
    link.give(memoryview(whole))
    assert link.machine.dates(ELECTRICITY)[0] == PAST, "the read was still under way"


def test_g14_no_answer():
    """project-choice: without an answer a read is given up and repeated, later each time."""
    link = Link()
    link.request()
    link.wait(policy.TIMEOUT_S - 1)
    assert link.counter(querying.FAILURES) == 0
    link.wait(1)
    assert link.counter(querying.FAILURES) == 1 and link.take() == []
    link.wait(policy.RETRY_S - 1)
    assert link.take() == []
    link.wait(1)
    assert len(link.take()) == 1
    link.wait(100000)
    assert len(link.take()) < 40 and link.home.days(ELECTRICITY) == []


def test_g15_not_for_a_client():
    """spec: manufacturer specific, wrong direction, cluster, profile or endpoint: ignored."""
    link = Link()
    sequence = link.request()
    whole = _response(sequence, PAST)
    assert not link.give(whole, cluster=0x0702) and not link.give(whole, profile=0x0104)
    assert link.client.counters == [1] + [0] * 8, "left to others"
    assert link.give(b"\x1c\x21\x10" + whole[1:]) and link.give(b"\x10" + whole[1:])
    for command in (0x00, 0x02, 0x04, 0x07):
        assert link.give(bytes((0x18, sequence, command)) + whole[3:])
    assert link.give(b"\x09\x25\x01" + bytes(40)), "PublishChangeOfSupplier"
    assert link.counter(querying.IGNORED) == 7
    assert link.give(whole, endpoint=1), "another endpoint of the meter, its mirror for instance"
    assert link.counter(querying.STRANGERS) == 1
    assert link.machine.dates(ELECTRICITY)[0] is None and link.take() == []


def test_g16_client_attributes():
    """spec: ids 0x0200 and 0x0201 of the client's side configure events."""
    link = Link()
    sequence = link.request()
    for control in (0x00, 0x10):
        link.give(_response(sequence, PAST, control_frame=control))
    link.give(b"\x10" + bytes((sequence,)) + b"\x0a\x00\x02\xe2" + PAST.to_bytes(4, "little"))
    link.give(b"\x08" + bytes((sequence,)) + b"\x00\x00\x02\x01\x02")
    assert link.machine.dates(ELECTRICITY)[0] is None and link.counter(querying.IGNORED) == 4
    assert link.take() == [], "a read of our attributes is not answered with the tenancy"


def test_g17_nothing_but_the_purge():
    """rtds: 0x00000200 has contactor bits 00; the display sends nothing on account of them."""
    link = Link()
    link.give(_response(link.request(), PAST))
    link.home.work()
    assert link.take() == [] and len(link.home.stored(ELECTRICITY)) == 5


def test_poll():
    """project-choice: read once an hour, a sleepy one once a day; hidden when silent too long."""
    for sleepy, interval in ((False, 3600), (True, 86400)):
        link = Link(sleepy=sleepy)
        for _ in range(3):
            link.give(_response(link.request(), NONE))
            assert link.client.next_due() == link.now + interval
            link.now += interval - 1
            link.client.tick(link.now)
            assert link.take() == []
            link.now += 1
    link = Link()
    link.give(_response(link.request(), NONE))
    link.wait(policy.READ_HOLDS_S - 25)
    assert len(link.home.days(ELECTRICITY)) == 20
    link.wait(25)
    assert link.home.days(ELECTRICITY) == [] and len(link.take()) < 40
    assert link.machine.state(ELECTRICITY) == tenancy.UNREAD


def test_a_read_holds_for_a_time_only():
    """project-choice: also for a meter that was unpaired, or has no cluster, or was not found."""
    for end in ("leave", "absent"):
        link = Link()
        link.give(_response(link.request(), NONE))
        link.client.tick(1)
        if end == "leave":
            link.client.leave(ELECTRICITY)
        else:
            link.client.absent(ELECTRICITY, _octets(ESME))
        link.now = policy.READ_HOLDS_S
        link.client.tick(link.now)
        assert len(link.home.days(ELECTRICITY)) == (20 if end == "absent" else 0), end
        link.client.tick(link.now + 1)
        assert link.home.days(ELECTRICITY) == [] and link.take() == [], end


def test_g04_joined_again():
    """spec: found again after the link was lost: it is read, and what is shown stays."""
    link = Link()
    link.give(_response(link.request(), PAST))
    link.home.work()
    link.now += 100
    del link.home.events[:]
    link.client.join(link.now, ELECTRICITY, _octets(ESME), ESI[ELECTRICITY])
    assert len(link.home.days(ELECTRICITY)) == 5
    link.give(_response(link.request(), PAST))
    assert link.home.work() == 0 and link.home.events == []
    link.client.join(link.now, ELECTRICITY, _octets(ESME + 1), 5)
    assert link.home.days(ELECTRICITY) == [], "another meter"


def test_g43_sleepy_display():
    """spec: a date that came while it slept is read on waking, before any history is shown."""
    link = Link(sleepy=True)
    link.give(_response(link.request(), NONE))
    assert len(link.home.days(ELECTRICITY)) == 20
    link.now += 50000
    link.client.wake(link.now)
    assert link.home.days(ELECTRICITY) == []
    link.give(_response(link.request(), PAST))
    assert len(link.home.days(ELECTRICITY)) == 5
    # Asleep in the middle of a read: the next waking does not wait for its answer.
    link.now += 50000
    link.client.wake(link.now)
    link.request()
    link.now += 50000
    link.client.wake(link.now)
    link.give(_response(link.request(), PAST))
    assert len(link.home.days(ELECTRICITY)) == 5
    link.client.wake(link.now + 1)
    link.client.wake(link.now + 2)
    assert link.client.next_due() == link.now + policy.READ_GAP_S
    # It wakes during a read: that answer may be older than the waking, so it reads again.
    link.now += 100
    sequence = link.request()
    link.client.wake(link.now + 1)
    link.give(_response(sequence, PAST))
    assert link.client.next_due() == link.now + policy.READ_GAP_S


def test_g44_push():
    """rtds: PublishChangeOfTenancy 09 and 19 is answered; project-choice: a read confirms it."""
    for control, answer in ((0x09, b"\x00\x25\x0b\x00\x00"), (0x19, b"\x10\x25\x0b\x00\x00")):
        link = Link()
        link.give(_response(link.request(), NONE))
        link.now += 100
        link.give(_publish(PAST, control_frame=control))
        assert link.take() == [(ELECTRICITY, answer)], control
        assert len(link.home.days(ELECTRICITY)) == 5, "what is older is hidden meanwhile"
        assert link.home.work() == 0 and len(link.home.stored(ELECTRICITY)) == 20
        link.give(_response(link.request(), PAST))
        link.home.work()
        assert len(link.home.stored(ELECTRICITY)) == 5
    policy.ANSWER_ALWAYS = False
    try:
        link.give(_publish(PAST, control_frame=0x19))
        assert link.take() == [], "no default response on success, as ZCL says"
        link.give(_publish(PAST, control_frame=0x19)[:-1])
        assert link.take() == [(ELECTRICITY, b"\x10\x25\x0b\x00\x80")]
    finally:
        policy.ANSWER_ALWAYS = True


def test_g44_push_that_is_not_confirmed():
    """project-choice: the attribute is the authority; what it does not confirm was never there."""
    link = Link()
    link.give(_response(link.request(), NONE))
    link.now += 100
    link.give(_publish(PAST))
    link.take()
    link.give(_response(link.request(), NONE))
    assert len(link.home.days(ELECTRICITY)) == 20 and link.home.work() == 0
    link.give(_publish(PAST, sequence=0x26)[:-1])
    link.give(_publish(PAST, sequence=0x27) + b"\x00")
    assert link.take() == [
        (ELECTRICITY, b"\x00\x26\x0b\x00\x80"),
        (ELECTRICITY, b"\x00\x27\x0b\x00\x80"),
    ]
    assert link.counter(querying.MALFORMED) == 2 and len(link.home.days(ELECTRICITY)) == 20


def test_g44_forged_push():
    """spec: from an address that is not paired it is dropped without an answer."""
    link = Link()
    link.give(_response(link.request(), NONE))
    link.now += 100
    assert link.give(_publish(PAST), source=0x0011223344556677)
    link.client.tick(link.now)
    assert link.take() == [] and link.counter(querying.STRANGERS) == 1
    assert len(link.home.days(ELECTRICITY)) == 20


def test_report_is_a_hint():
    """spec: an unsolicited report of 0x0200 makes the client read."""
    link = Link()
    link.give(_response(link.request(), NONE))
    link.now += 100
    link.give(b"\x18\x22\x0a\x00\x03\x30\x01\x00\x02\xe2" + PAST.to_bytes(4, "little"))
    assert len(link.home.days(ELECTRICITY)) == 5
    link.give(_response(link.request(), PAST))
    link.home.work()
    assert len(link.home.stored(ELECTRICITY)) == 5


def test_g45_broadcast():
    """spec: a broadcast or group-addressed push is ignored."""
    link = Link()
    link.give(_response(link.request(), NONE))
    link.now += 100
    assert link.give(_publish(PAST), flags=APS_SECURED | BROADCAST)
    assert link.give(_publish(PAST), flags=APS_SECURED | GROUP)
    link.client.tick(link.now)
    assert link.take() == [] and link.counter(querying.BROADCASTS) == 2
    assert len(link.home.days(ELECTRICITY)) == 20


def test_g46_not_secured():
    """spec: without APS security, answers and pushes are ignored and counted."""
    link = Link()
    sequence = link.request()
    link.give(_response(sequence, PAST), flags=0)
    link.give(_publish(PAST), flags=0)
    assert link.counter(querying.SECURITY) == 2 and link.take() == []
    assert link.machine.dates(ELECTRICITY)[0] is None
    link.give(_response(sequence, NONE))
    assert len(link.home.days(ELECTRICITY)) == 20


def test_g47_storm():
    """project-choice: 100 pushes a second: few answers, few reads, one purge, the link is free."""
    link = Link((ELECTRICITY, GAS))
    link.client.tick(0)
    for fuel, payload in link.take():
        link.give(_response(payload[1], NONE), fuel)
    link.home.work()
    reads = answers = 0
    link.now = 100
    for _ in range(60):
        for index in range(100):
            link.give(_publish(PAST, sequence=index))
        link.wait(1)
        link.home.machine.step(NOW)
        for fuel, payload in link.take():
            assert fuel == ELECTRICITY
            if payload[2] == 0x00:
                reads += 1
                link.give(_response(payload[1], PAST))
            else:
                answers += 1
    assert reads <= 60 // policy.READ_GAP_S + 1 and answers <= 4 * 6 + 4, (reads, answers)
    assert link.counter(querying.LIMITED) == 6000 - answers
    link.home.work()
    events = [event for event in link.home.events if event[0] == tenancy.APPLIED]
    assert events == [(tenancy.APPLIED, ELECTRICITY, PAST)], events
    assert len(link.home.days(GAS)) == 20


def test_g48_push_during_a_read():
    """spec: an answer that may be older than the push hides no less, and is asked for again."""
    link = Link()
    sequence = link.request()
    link.give(_publish(PAST))
    link.take()
    link.give(_response(sequence, NONE))
    assert len(link.home.days(ELECTRICITY)) == 5, "still hidden"
    assert link.home.work() == 0 and len(link.home.stored(ELECTRICITY)) == 20
    link.wait(policy.READ_GAP_S)
    link.give(_response(link.take()[0][1][1], PAST))
    link.home.work()
    assert len(link.home.stored(ELECTRICITY)) == 5
    # The newest date wins, in whatever order the answers come.
    newer = NOW - 2 * DAY
    link.now += 100
    link.client.join(link.now, ELECTRICITY, _octets(ESME), ESI[ELECTRICITY])
    sequence = link.request()
    link.give(_publish(newer))
    link.take()
    link.give(_response(sequence, PAST))
    assert len(link.home.days(ELECTRICITY)) == 2
    # So it is when that read is never answered.
    link.wait(policy.READ_GAP_S + policy.TIMEOUT_S + policy.RETRY_S)
    assert len(link.home.days(ELECTRICITY)) == 2
    link.give(_response(link.take()[-1][1][1], newer))
    link.home.work()
    assert link.machine.dates(ELECTRICITY) == (newer, None, newer)


def test_g48_push_during_a_read_of_an_old_meter():
    """project-choice: a meter that pushes what it cannot be asked for hides until asked again."""
    link = Link()
    sequence = link.request()
    link.give(_publish(PAST))
    link.take()
    link.give(bytes((0x18, sequence, 0x0B, 0x00, 0xC3)))
    assert len(link.home.days(ELECTRICITY)) == 5
    link.wait(policy.READ_GAP_S)
    link.give(bytes((0x18, link.take()[0][1][1], 0x0B, 0x00, 0xC3)))
    assert len(link.home.days(ELECTRICITY)) == 20


def test_g48_silence_during_a_read():
    """project-choice: a push while a read stays unanswered is read as soon as that is given up."""
    link = Link()
    link.request()
    link.give(_publish(PAST))
    link.take()
    link.wait(policy.TIMEOUT_S)
    assert len(link.take()) == 1


def test_g25_g26_cancellation():
    """spec: a push withdraws a date to come if provider and issuer event are those of the push."""
    future = NOW + 7 * DAY
    link = Link()
    link.give(_response(link.request(), NONE))
    link.now += 100
    link.give(_publish(future, event=7))
    link.take()
    link.give(_response(link.request(), future))
    assert link.machine.state(ELECTRICITY) == tenancy.PENDING
    link.now += 100
    for event, provider in ((8, 0), (7, 1)):
        link.give(_publish(NONE, event=event, provider=provider))
        assert link.take() == [(ELECTRICITY, b"\x00\x25\x0b\x00\x00")], "answered all the same"
        assert link.machine.state(ELECTRICITY) == tenancy.PENDING
        link.client.tick(link.now)
        assert link.take() == [], "and ignored"
    link.give(_publish(NONE, event=7))
    link.take()
    assert link.machine.dates(ELECTRICITY)[0] is None
    link.give(_response(link.request(), NONE))
    assert link.home.work(future + DAY) == 0 and len(link.home.days(ELECTRICITY)) == 20


def test_g25_cancellation_that_the_meter_does_not_know_of():
    """project-choice: the attribute decides; an unknown cancellation makes the client read."""
    future = NOW + 7 * DAY
    link = Link()
    link.give(_response(link.request(), future))
    link.now += 100
    link.give(_publish(NONE, event=7))
    assert len(link.take()) == 1 and link.machine.state(ELECTRICITY) == tenancy.PENDING
    link.give(_response(link.request(), NONE))
    assert link.machine.dates(ELECTRICITY)[0] is None
    link.now += 100
    link.give(_publish(future, event=7))
    link.give(_publish(NONE, event=7))
    link.take()
    link.give(_response(link.request(), future))
    assert link.machine.state(ELECTRICITY) == tenancy.PENDING, "the meter still has it"


def test_g49_history_only_from_what_the_meter_gives():
    """spec: a display that joins after the change stores nothing older, whatever it is given."""
    link = Link(days=0)
    link.give(_response(link.request(), PAST))
    link.home.work()
    assert link.home.stored(ELECTRICITY) == []
    link.home.fill(ELECTRICITY)
    assert len(link.home.stored(ELECTRICITY)) == 5
    assert link.home.vault.series.bucket(ELECTRICITY, DAYS, PAST - DAY) is None


def test_g50_not_found_while_the_attribute_has_a_date():
    """spec: GetChangeOfTenancy answered NOT_FOUND says nothing about an enacted change."""
    link = Link()
    sequence = link.request()
    link.give(bytes((0x18, sequence + 1, 0x0B, 0x00, 0x8B)))
    assert link.counter(querying.IGNORED) == 1
    link.give(_response(sequence, PAST))
    link.home.work()
    assert len(link.home.stored(ELECTRICITY)) == 5
    link.now += policy.POLL_S
    link.give(bytes((0x18, link.request(), 0x0B, 0x01, 0x8B)))
    assert link.counter(querying.IGNORED) == 2, "of another command"


def test_g31_two_meters():
    """spec: two servers, asked and answered one by one; their dates are independent."""
    link = Link((ELECTRICITY, GAS))
    link.client.tick(0)
    (first, asked), (second, other) = link.take()
    assert (first, second) == (ELECTRICITY, GAS) and asked[1] != other[1]
    link.give(_response(other[1], PAST), ELECTRICITY)
    assert link.machine.dates(ELECTRICITY)[0] is None, "the gas proxy's number, from the ESME"
    link.give(_response(other[1], NOW - DAY), GAS)
    link.give(_response(asked[1], PAST), ELECTRICITY)
    link.home.work()
    assert len(link.home.days(ELECTRICITY)) == 5 and len(link.home.days(GAS)) == 1
    link.wait(20)
    assert link.take() == [] and link.client.next_due() == policy.POLL_S


def test_g33_gas_proxy_gone():
    """project-choice: it is asked less and less; the purge that has begun completes."""
    link = Link((GAS,))
    link.give(_response(link.request(), PAST), GAS)
    link.now += policy.POLL_S
    link.request()
    link.wait(20000)
    link.home.work()
    assert len(link.home.stored(GAS)) == 5 and len(link.take()) <= 12
