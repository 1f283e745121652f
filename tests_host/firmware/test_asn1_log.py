# engines: cpython unix
# Use cases in ASN.1 at gas devices: the Device Log, the clock, credentials.
from test_asn1 import (
    AGREEING,
    BROKER_BY_BROKER,
    CS02A,
    CS03A1,
    CS03B,
    CS03C,
    CS04AC,
    CS04B,
    CS07,
    GCS28,
    GCS59,
    ISSUER,
    NEW_PARTY,
    OPERATOR_BY_OPERATOR,
    OTHER,
    SIGNING,
    Asked,
    Full,
    cell,
    identifier_of,
    made_certificate,
    outcome,
    time,
    update,
)
from testkit import raises, tmpdir
from vectors import (
    BROKER,
    OPERATOR,
    h,
    signing_key,
)

from smets import clock
from smets.codec import DecodeError, Reader
from smets.crypto import p256
from smets.devices.esme import Esme
from smets.devices.gpf import Gpf
from smets.devices.gsme import Gsme
from smets.gbcs import certificate, der
from smets.ports.store import Store


def test_elements():
    """spec (X.690): numbers, and lengths of one octet or 82 xx xx as RTDS has them."""
    assert der.integer(0) == h("020100") and der.integer(127) == h("02017F")
    assert der.integer(128) == h("02020080") and der.integer(0x04B0) == h("020204B0")
    assert der.octet_string(bytes(127))[:2] == h("047F")
    assert der.octet_string(bytes(128))[:4] == h("04820080")
    assert der.whole(h("020204B0")).number() == 1200
    assert der.whole(h("0482000141")).octets() == b"A"
    for text in ("", "02", "0201", "02020001 00", "3F0100", "0280", "0484 00000001 41"):
        with raises(DecodeError):
            der.whole(h(text))
    for text in ("0200", "0201FF", "0209010000000000000000"):
        with raises(DecodeError):
            der.whole(h(text)).number()
    assert der.read(Reader(h("050002 0101")), der.NULL).tag == der.NULL


def test_key_identifier():
    """spec: SHA-1 (FIPS 180-4 examples), and the identifier's four bits before its last 60."""
    assert certificate.sha1(b"abc") == h("A9993E364706816ABA3E25717850C26C9CD0D89D")
    long = b"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"
    assert certificate.sha1(long) == h("84983E441C3BD26EBAAE4AA1F95129E5E54670F1")
    assert certificate.sha1(b"") == h("DA39A3EE5E6B4B0D3255BFEF95601890AFD80709")
    found = certificate.key_identifier(b"abc")
    assert found == h("4850C26C9CD0D89D")


def test_clock_in_its_interval():
    """rtds: the interval's beginning is the time; project-choice: so is it kept."""
    ask = Asked(Gsme)
    interval = der.sequence(time("20141231233000Z"), time("20150101003000Z"))
    assert ask(GCS28, interval) == der.sequence(time("20141231233000Z"), der.integer(0))
    assert clock.format_iso(ask.device.clock.seconds) == "2014-12-31T23:30:00Z"
    assert ask.opened.date_time == b"" and len(ask.opened.signature) == 64


def test_clock_outside_the_interval():
    """rtds: its own time, unreliable."""
    ask = Asked(Gsme)
    interval = der.sequence(time("20150101010000Z"), time("20150101020000Z"))
    assert ask(GCS28, interval) == der.sequence(time("20150101000000Z"), der.integer(2))
    assert ask.device.clock.status == clock.UNRELIABLE
    assert clock.format_iso(ask.device.clock.seconds) == "2015-01-01T00:00:00Z"
    for wrong in ("20150101010000", "2015010101000xZ", "20151301010000Z"):
        ask.refused("malformed", GCS28, der.sequence(time("20150101010000Z"), time(wrong)))
    ask.refused("malformed", GCS28, der.sequence(time("20150101010000Z")))
    ask.refused("no-signature", GCS28, interval, sign=False)


def test_devices_join_and_leave():
    """rtds: what a state does not say succeeds; spec: codes of what cannot be."""
    ask = Asked(Gsme)

    def joining(method, *more):
        return der.sequence(der.integer(method), der.octet_string(OTHER), der.integer(5), *more)

    assert ask(CS07, h("0500"), sign=False) == der.sequence(der.integer(1))
    assert ask(CS04B, der.octet_string(OTHER), sign=False) == h("020100")
    assert ask(CS03B, joining(2), sign=False) == h("020100")
    assert ask(CS03B, joining(3), sign=False) == h("020101")
    assert ask(CS03B, joining(9), sign=False) == h("020102")
    assert ask(CS03C, joining(3)) == h("02010B"), "no certificate"
    entry = der.sequence(der.octet_string(OTHER), der.integer(5))
    expected = der.sequence(der.integer(0), der.sequence(entry))
    assert ask(CS07, h("0500"), sign=False) == expected
    assert ask(CS04AC, der.octet_string(bytes(8))) == h("020101")
    assert ask(CS04AC, der.octet_string(OTHER)) == h("020100")
    assert ask.device.feature("device_log").entries == []
    for index in range(16):
        ask.device.feature("device_log").enter(bytes(7) + bytes((index,)), 0)
    assert ask(CS03B, joining(2), sign=False) == h("020104"), "full"
    ask.refused("malformed", CS04B, der.octet_string(OTHER[1:]), sign=False)
    ask.refused("malformed", CS07, h("0501"), sign=False)
    ask.refused("malformed", CS03B, der.sequence(der.integer(2)), sign=False)
    wrong = der.sequence(der.octet_string(b"\x02"), der.octet_string(OTHER), der.integer(5))
    ask.refused("malformed", CS03B, wrong, sign=False)
    ask.refused("no-such-use-case", CS03A1, joining(0))
    ask = None  # a board has the code of one role
    ask = Asked(Esme)
    assert ask(CS03A1, joining(0)) == h("020100")


def test_log_of_a_gpf_is_restored():
    """spec: an outcome for each entry."""
    ask = Asked(Gpf)
    entries = [
        der.sequence(der.octet_string(OTHER[:7] + bytes((index,))), der.integer(index))
        for index in range(2)
    ]
    outcomes = [der.sequence(entry, der.integer(0)) for entry in entries]
    assert ask(GCS59, der.sequence(*entries), BROKER, sign=False) == der.sequence(*outcomes)
    assert len(ask.device.feature("device_log").entries) == 2
    ask.refused("malformed", GCS59, der.sequence(der.integer(1)), BROKER, sign=False)
    ask.refused("role", GCS59, der.sequence(*entries), sign=False)


def test_the_device_log_lasts():
    """issue: what was joined is joined after a restart; what cannot be kept is a failure."""
    store = Full(tmpdir() + "/s")
    ask = Asked(Gsme, store)

    def joining(index):
        other = der.octet_string(OTHER[:7] + bytes((index,)))
        return der.sequence(der.integer(2), other, der.integer(70000 + index))

    for index in (2, 1, 3):
        assert ask(CS03B, joining(index), sign=False) == h("020100")
    assert ask(CS04B, der.octet_string(OTHER[:7] + b"\x01"), sign=False) == h("020100")
    told = ask(CS07, h("0500"), sign=False)
    store.full = True
    assert ask(CS03B, joining(4), sign=False) == h("020105"), "writeFailure"
    leaving = der.octet_string(OTHER[:7] + b"\x02")
    assert ask(CS04B, leaving, sign=False) == h("020102"), "otherFailure"
    again = Asked(Gsme, Store(store.path))
    again.counter = ask.counter
    assert ask(CS07, h("0500"), sign=False) == told
    assert again(CS07, h("0500"), sign=False) == told
    assert [entry[0][7] for entry in again.device.feature("device_log").entries] == [2, 3]
    wrong = der.sequence(der.integer(2), der.octet_string(OTHER), der.integer(1 << 32))
    again.refused("malformed", CS03B, wrong, sign=False)


def test_credentials_of_the_broker():
    """rtds: a command with a MAC alone, an answer that is signed; the signing key stays."""
    ask = Asked(Gsme)
    key = signing_key(NEW_PARTY)
    new = [(AGREEING, made_certificate(BROKER, AGREEING, ISSUER, key, b"04"))]
    payload = update(4, 4, ask.counter + 1, new, authorised=False)
    answer = ask(BROKER_BY_BROKER, payload, BROKER, sign=False)
    ids = (BROKER, identifier_of(BROKER), BROKER, identifier_of(BROKER, key))
    assert answer == outcome(4, 4, ask.counter, 0, (AGREEING, 0, ids))
    party = ask.keys.find(BROKER)
    assert party.ka_public == p256.public_key(key)
    assert party.ds_public == p256.public_key(signing_key(BROKER))


def test_credentials_are_handed_over():
    """spec: a broker that holds an operator's cells gives them away, and stays the broker."""
    ask = Asked(Gpf)
    ask.keys.remove(OPERATOR)
    new = [(SIGNING, made_certificate(NEW_PARTY, SIGNING, unit=b"03"))]
    answer = ask(OPERATOR_BY_OPERATOR, update(3, 3, ask.counter + 1, new), BROKER)
    ids = (BROKER, identifier_of(BROKER), NEW_PARTY, identifier_of(NEW_PARTY))
    assert answer == outcome(3, 3, ask.counter, 0, (SIGNING, 0, ids))
    assert ask.keys.find(NEW_PARTY).role == "network_operator"
    assert ask.keys.broker().id == BROKER


def test_a_second_holder_of_a_role_is_refused():
    """spec: before the handover the broker gives cells away; after it only their holder does."""
    ask = Asked(Gpf)
    new = [(SIGNING, made_certificate(NEW_PARTY, SIGNING, unit=b"03"))]
    payload = update(3, 3, ask.counter + 1, new)
    answer = der.whole(ask(OPERATOR_BY_OPERATOR, payload, BROKER)).items()
    assert answer[1].items()[3].items()[0].items()[1].number() == 35
    assert ask.keys.find(NEW_PARTY) is None and ask.keys.find(OPERATOR)


def test_credentials_are_told():
    """rtds (shape): with a MAC to the broker; what is not held is trustAnchorNotFound."""
    ask = Asked(Gsme)
    roles = der.sequence(der.integer(4), der.integer(8), der.integer(127))
    asked = der.sequence(der.sequence(cell(4, AGREEING)), roles)
    answer = ask(CS02A, asked, BROKER, sign=False)
    held = der.sequence(
        der.element(der.BIT_STRING, AGREEING),
        der.octet_string(BROKER),
        der.octet_string(identifier_of(BROKER)),
    )
    details = der.sequence(der.integer(4), h("0A0100"), der.integer(0), der.sequence(held))
    missing = der.sequence(der.integer(8), h("0A0119"))
    other = der.sequence(der.integer(127), h("0A017F"))
    assert answer == der.sequence(details, missing, other)
    assert ask.opened.authenticated
    ask.refused("role", CS02A, asked, sign=False)
    wrong = der.sequence(der.sequence(cell(2, AGREEING)), roles)
    ask.refused("malformed", CS02A, wrong, BROKER, sign=False)
    ask.refused("malformed", CS02A, der.sequence(roles), BROKER, sign=False)
