# engines: cpython unix
# A replacement of credentials for a later time (CS02b, CS02g): carried out when that has come,
# also after restarts, and told to who sent it with a signed alert.
import gc

from test_asn1 import (
    AGREEING,
    NEW_PARTY,
    OPERATOR_BY_OPERATOR,
    SIGNING,
    SUPPLIER_BY_SUPPLIER,
    Asked,
    identifier_of,
    made_certificate,
    outcome,
    time,
    update,
)
from testkit import raises, tmpdir
from vectors import DEVICE, OPERATOR, SUPPLIER, h, public_of, signing_key

from smets import clock
from smets.crypto import CryptoError, ecdsa
from smets.devices.gpf import Gpf
from smets.gbcs import alert, der, replaced
from smets.gbcs.session import Refused
from smets.ports.store import Store, StoreError

WHEN = "20150102090000Z"
SECONDS = clock.parse_iso("2015-01-02T09:00:00Z")
ACCEPTED = der.sequence(h("0500"))
THIRD = h("025ECA0000000E78")


def putting_off(ask, new=NEW_PARTY, when=WHEN, issuer=None):
    """Have the operator replace its credentials at a time; the counter of the command."""
    how = {} if issuer is None else {"issuer": issuer}
    certificates = [
        (used, made_certificate(new, used, unit=b"03", **how)) for used in (SIGNING, AGREEING)
    ]
    payload = update(3, 3, ask.counter + 1, certificates, 77, when)
    assert ask(OPERATOR_BY_OPERATOR, payload, OPERATOR) == ACCEPTED
    assert len(ask.opened.date_time) == 12 and len(ask.opened.signature) == 64
    return ask.counter


def again(ask, path):
    """The device after a restart."""
    counter = ask.counter
    ask.device = ask.session = ask.keys = None  # a small heap has no room for two
    gc.collect()
    after = Asked(Gpf, Store(path))
    replaced.restore(after.device.store, after.keys)
    after.counter = counter + 10
    return after


def at(ask, seconds, status=clock.RELIABLE):
    """The alerts of a device whose clock shows a time."""
    ask.device.clock.set(seconds, status)
    ask.session.keep_time()
    alerts = list(ask.device.alerts)
    ask.device.alerts.clear()
    return alerts


def told(code, mode, role, counter, floor, *cells):
    """The payload of the alert, by the layout of RTDS: code, time, outcome."""
    answer = outcome(mode, role, counter, floor, *cells)
    content = h("0203 008F") + bytes((code & 0xFF,)) + time(WHEN)
    # The outcome in an answer comes after NULL.
    content += der.whole(answer).items()[1].whole
    return der.element(der.SEQUENCE, content)


def good(counter, new=NEW_PARTY, old=OPERATOR):
    ids = (old, identifier_of(old), new, identifier_of(new))
    return told(0x8F66, 3, 3, counter, 77, (SIGNING, 0, ids), (AGREEING, 0, ids))


def taken(ask, new=NEW_PARTY):
    party = ask.keys.find(new)
    assert ask.keys.find(OPERATOR) is None
    assert party.role == "network_operator"
    assert party.ka_public == party.ds_public == public_of(signing_key(new))
    assert ask.device.counters.get(new) == (77).to_bytes(8, "big")
    return True


def test_carried_out_at_its_time():
    """spec: at the time, once; the alert names command and time; who asks then is the new one."""
    ask = Asked(Gpf)
    counter = putting_off(ask)
    assert at(ask, SECONDS - 1) == [] and ask.keys.find(OPERATOR)
    expected = (0x8F66, SECONDS, OPERATOR, 0x00CB, good(counter))
    assert at(ask, SECONDS) == [expected] and taken(ask)
    assert at(ask, SECONDS) == at(ask, SECONDS + 86400) == [], "once"
    with raises(Refused) as caught:
        putting_off(ask)
    assert caught.error.reason == "unknown-party"


def test_time_passes_by_itself():
    """spec: no command has to come; at the half hour, the day or in between."""
    ask = Asked(Gpf)
    putting_off(ask)
    ask.device.advance(86400 + 9 * 3600 - 1)
    ask.session.keep_time()
    assert ask.keys.find(OPERATOR)
    ask.device.advance(1)
    ask.session.keep_time()
    assert taken(ask) and len(ask.device.alerts) == 1


def test_through_restarts():
    """spec: after restarts before the time, and where the power was off at the time."""
    for down in (-1000, 0, 5, 40 * 86400):
        path = tmpdir() + "/s"
        ask = Asked(Gpf, Store(path))
        counter = putting_off(ask)
        ask = again(again(ask, path), path)
        if down < 0:
            assert at(ask, SECONDS + down) == [] and ask.keys.find(OPERATOR)
        assert at(ask, SECONDS + max(down, 0)) == [
            (0x8F66, SECONDS, OPERATOR, 0x00CB, good(counter))
        ], "with the time that it was to be done at"
        taken(ask)
        ask = again(ask, path)
        assert at(ask, SECONDS + 50 * 86400) == [] and taken(ask), "it lasts, and was done once"
        assert not [name for name in Store(path).names() if name[:5] == "later"]


def test_a_clock_without_the_time():
    """spec: an invalid clock tells no time; once it is set, what is due is carried out."""
    path = tmpdir() + "/s"
    ask = Asked(Gpf, Store(path))
    putting_off(ask)
    ask = again(ask, path)
    assert at(ask, clock.UTC_INVALID, clock.INVALID) == []
    assert at(ask, SECONDS + 9, clock.INVALID) == []
    assert len(at(ask, SECONDS, clock.UNRELIABLE)) == 1 and taken(ask)
    ask = Asked(Gpf)
    ask.device.clock.set(clock.UTC_INVALID, clock.INVALID)
    putting_off(ask, when="20100101000000Z")
    assert ask.keys.find(OPERATOR), "whether it has passed is not known"
    assert len(at(ask, SECONDS)) == 1 and taken(ask)


def test_a_time_that_has_passed():
    """spec: carried out at once, with the outcome in the answer and without an alert."""
    for when in ("20141231235959Z", "20150101000000Z"):
        ask = Asked(Gpf)
        certificates = [(SIGNING, made_certificate(NEW_PARTY, SIGNING, unit=b"03"))]
        payload = update(3, 3, ask.counter + 1, certificates, 77, when)
        answer = ask(OPERATOR_BY_OPERATOR, payload, OPERATOR)
        ids = (OPERATOR, identifier_of(OPERATOR), NEW_PARTY, identifier_of(NEW_PARTY))
        assert answer == outcome(3, 3, ask.counter, 77, (SIGNING, 0, ids))
        assert ask.keys.find(OPERATOR) is None and at(ask, SECONDS) == []


def test_cancelled():
    """rtds: 99991231235959Z cancels, whether there is something or not; no alert tells of it."""
    path = tmpdir() + "/s"
    ask = Asked(Gpf, Store(path))
    putting_off(ask, when="99991231235959Z")
    putting_off(ask)
    putting_off(ask, when="99991231235959Z")
    assert at(ask, SECONDS) == [] and ask.keys.find(OPERATOR)
    ask = again(ask, path)
    assert at(ask, SECONDS) == [] and ask.keys.find(OPERATOR)


def test_a_second_command_takes_the_place_of_the_first():
    """project-choice: one of each use case; those of other parties stay."""
    ask = Asked(Gpf)
    putting_off(ask, NEW_PARTY, "20150101120000Z")
    supplier = [(SIGNING, made_certificate(THIRD, SIGNING))]
    payload = update(2, 2, ask.counter + 1, supplier, when="20150101130000Z")
    assert ask(SUPPLIER_BY_SUPPLIER, payload) == ACCEPTED
    other = h("025ECA0000000E79")
    counter = putting_off(ask, other)
    alerts = at(ask, SECONDS - 1)
    assert [each[2] for each in alerts] == [SUPPLIER], "that of the supplier"
    assert ask.keys.find(THIRD).role == "supplier"
    alerts = at(ask, SECONDS)
    assert [each[4] for each in alerts] == [good(counter, other)] and taken(ask, other)


def test_in_the_order_of_their_times():
    """spec: after a long time without power, too."""
    ask = Asked(Gpf)
    putting_off(ask)
    supplier = [(SIGNING, made_certificate(THIRD, SIGNING))]
    payload = update(2, 2, ask.counter + 1, supplier, when="20150101130000Z")
    assert ask(SUPPLIER_BY_SUPPLIER, payload) == ACCEPTED
    assert [each[2] for each in at(ask, SECONDS + 9)] == [SUPPLIER, OPERATOR]


def test_one_that_fails():
    """rtds: 8F67, the status of each cell, and the ids that are there; nothing changes."""
    ask = Asked(Gpf)
    counter = putting_off(ask, issuer=OPERATOR)  # its path does not lead to its issuer
    ids = (OPERATOR, identifier_of(OPERATOR)) * 2
    payload = told(0x8F67, 3, 3, counter, 77, (SIGNING, 5, ids), (AGREEING, 5, ids))
    assert at(ask, SECONDS) == [(0x8F67, SECONDS, OPERATOR, 0x00CB, payload)]
    assert ask.keys.find(OPERATOR) and ask.keys.find(NEW_PARTY) is None
    assert at(ask, SECONDS) == []


def test_a_party_that_has_gone_meanwhile():
    """spec: whose authority has ended changes nothing; it is told so."""
    ask = Asked(Gpf)
    counter = putting_off(ask)
    now = [(used, made_certificate(THIRD, used, unit=b"03")) for used in (SIGNING, AGREEING)]
    ask(OPERATOR_BY_OPERATOR, update(3, 3, ask.counter + 1, now), OPERATOR)
    none = (bytes(8), bytes(8)) * 2
    payload = told(0x8F67, 3, 3, counter, 77, (SIGNING, 10, none), (AGREEING, 10, none))
    assert at(ask, SECONDS) == [(0x8F67, SECONDS, OPERATOR, 0x00CB, payload)]
    assert ask.keys.find(NEW_PARTY) is None and ask.keys.find(THIRD)


def test_the_alert_is_signed():
    """spec: signature, no MAC, the device's own counter, no time in the header."""
    ask = Asked(Gpf)
    ask.keys.ds_private_key = signing_key(DEVICE)
    counter = putting_off(ask)
    (entry,) = at(ask, SECONDS)
    message = alert.message_of(ask.keys, alert.AlertCounter(), entry)
    octets = b"".join([bytes(chunk) for chunk in message.chunks()])
    assert len(octets) == message.length
    head = h("DF 09 03 0000000000000001 08") + DEVICE + b"\x08" + OPERATOR + h("00 02 00CB 81")
    payload = good(counter)
    head += bytes((len(payload),))
    assert octets[: len(head)] == head
    assert octets[len(head) :][: len(payload) + 1] == payload + b"\x40"
    public = public_of(signing_key(DEVICE))
    assert ecdsa.verify(public, ecdsa.sha256(octets[1:-65]), octets[-64:])
    ask.keys.ds_private_key = None
    octets = b"".join([bytes(c) for c in alert.message_of(ask.keys, Counted(), entry).chunks()])
    assert octets[-64:] == bytes(64), "a bench without a signing key"


class Counted:
    def next(self):
        return (7).to_bytes(8, "big")


def test_no_operator_uses_no_counter():
    """spec: what cannot be sent takes no counter."""
    ask = Asked(Gpf)
    ask.keys.remove(OPERATOR)
    counter = alert.AlertCounter()
    with raises(CryptoError):
        alert.message_of(ask.keys, counter, (0x8006, SECONDS))
    assert counter.next() == (1).to_bytes(8, "big")


class Failing(Store):
    """A store that fails at a put or a removal, counted from 1; 0: at none."""

    at = count = 0

    def _may_fail(self):
        self.count += 1
        if self.count == self.at:
            raise StoreError(5)

    def put(self, name, data):
        self._may_fail()
        super().put(name, data)

    def delete(self, name):
        self._may_fail()
        super().delete(name)


def test_a_command_that_cannot_be_kept():
    """issue: no answer, and nothing of it happens later."""
    store = Failing(tmpdir() + "/s")
    ask = Asked(Gpf, store)
    store.at = 2  # its counter is the first
    certificates = [(SIGNING, made_certificate(NEW_PARTY, SIGNING, unit=b"03"))]
    payload = update(3, 3, ask.counter + 1, certificates, 77, WHEN)
    ask.refused("storage", OPERATOR_BY_OPERATOR, payload, OPERATOR)
    assert at(ask, SECONDS) == [] and ask.keys.find(OPERATOR)


def test_a_store_that_fails_when_the_time_has_come():
    """issue: old or new as a whole; what failed is told, or tried again."""
    for number in range(1, 4):
        path = tmpdir() + "/s"
        store = Failing(path)
        ask = Asked(Gpf, store)
        putting_off(ask)
        store.count, store.at = 0, number
        alerts = at(ask, SECONDS)
        assert ask.keys.find(OPERATOR) and ask.keys.find(NEW_PARTY) is None
        if alerts:
            assert [each[0] for each in alerts] == [0x8F67], "insufficient memory"
            assert at(ask, SECONDS) == []
        else:
            assert [each[0] for each in at(ask, SECONDS)] == [0x8F66] and taken(ask)
            assert taken(again(ask, path))


def test_a_damaged_command():
    """spec: it is reported, and never carried out."""
    path = tmpdir() + "/s"
    putting_off(Asked(Gpf, Store(path)))
    with open(path + "/later-0103", "r+b") as file:
        file.seek(40)
        file.write(b"\xff\xff")
    store = Store(path)
    ask = Asked(Gpf, store)
    assert at(ask, SECONDS) == [] and ask.keys.find(OPERATOR)
    assert store.faults == {"later-0103": "damaged"}


class Log:
    """The event log of an account, which has no room beside all of this on a small heap."""

    def __init__(self):
        self.meter = self
        self.entries = []

    def log(self, *entry):
        self.entries.append(entry)


def test_an_account_logs_it():
    """rtds: 8F66 and 8F67 are in the event log; project-choice: with the code of the command."""
    for issuer, code in ((None, 0x8F66), (OPERATOR, 0x8F67)):
        ask = Asked(Gpf)
        log = ask.device.registry.features["prepayment"] = Log()
        putting_off(ask, issuer=issuer)
        at(ask, SECONDS)
        assert log.entries == [(SECONDS, code, h("0103"))]
