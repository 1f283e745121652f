# engines: cpython unix
# Use cases in ASN.1: credentials, certificates and firmware, with keys of their own. Those of the
# Device Log and the clock are in test_asn1_log.py: the code of three devices fills a heap.
import gc

from full_store import FullStore
from testkit import raises, tmpdir, unload
from vectors import (
    BROKER,
    DEVICE,
    OPERATOR,
    SUPPLIER,
    Opened,
    command,
    h,
    keys,
    let_sign,
    public_of,
    signature_of,
    signing_key,
)

from smets import __version__, clock
from smets.codec import DecodeError
from smets.crypto import p256
from smets.devices.esme import Esme
from smets.devices.gsme import Gsme
from smets.gbcs import asn1, certificate, der, replaced, table_asn1, use_cases
from smets.gbcs.keys import Party
from smets.gbcs.session import Refused, Session
from smets.ports.store import Store

NEW_PARTY = h("025ECA0000000E77")
ISSUER = h("025ECA00000000CA")
GCS28, GCS59 = 0x007F, 0x008C
CS02A, CS02C, CS02D, CS02E, CS02F = 0x0008, 0x000A, 0x000B, 0x000C, 0x011B
CS03A1, CS03B, CS03C = 0x000D, 0x000E, 0x00AF
CS04AC, CS04B, CS06, CS07 = 0x000F, 0x0010, 0x0012, 0x0013
SUPPLIER_BY_SUPPLIER, OPERATOR_BY_OPERATOR, BROKER_BY_BROKER = 0x0102, 0x0103, 0x0104
LOAD_CONTROLLER_BY_SUPPLIER = 0x0126
OTHER = h("0011223344556677")
SIGNING, AGREEING = h("0780"), h("0308")


class Asked:
    """A device with a session, its parties' keys public as far as signatures need them."""

    loaded = [None]  # the role whose code is in the heap

    def __init__(self, kind, store=None):
        if self.loaded != [kind]:
            unload()
            self.loaded[0] = kind
        self.device = kind(store)
        self.device.clock.set(clock.parse_iso("2015-01-01T00:00:00Z"), clock.RELIABLE)
        self.keys = keys()
        for party in (SUPPLIER, OPERATOR, BROKER):
            let_sign(self.keys, party)
            self.keys.find(party).ka_public = public_of(signing_key(party))
        self.session = Session(self.device, self.keys)
        self.counter = 1000

    def __call__(self, code, payload, party=SUPPLIER, sign=True):
        """The payload of the answer."""
        self.counter += 1
        data = command(code, payload, self.counter, party, sign=sign)
        self.opened = Opened(self.session.handle(data), party)
        assert self.opened.code == code
        return self.opened.payload

    def refused(self, reason, *request, **how):
        with raises(Refused) as caught:
            self(*request, **how)
        assert caught.error.reason == reason, str(caught.error)


def time(text):
    return der.element(der.TIME, text.encode())


class Full(FullStore):
    """A store whose medium is full from a moment on, except for the counter of a command."""

    spared = "counter"


def usage(octets):
    return der.sequence(der.element(der.BIT_STRING, octets))


def test_own_certificates_and_firmware():
    """project-choice: the device makes no key pairs and holds no image."""
    ask = Asked(Esme)
    assert ask(CS02C, usage(SIGNING)) == h("020103")
    assert ask(CS02E, usage(AGREEING)) == h("020103")
    assert ask(CS02D, made_certificate(OPERATOR, SIGNING)) == h("020104")
    assert ask(CS02D, h("0500")) == h("020101")
    ask.refused("malformed", CS02C, h("0500"))
    ask.refused("malformed", CS02C, der.sequence(h("0500")))

    def image(counter, *more):
        return der.sequence(der.octet_string(bytes(32)), der.integer(counter), *more)

    answer = ask(CS06, image(ask.counter + 1))
    version = bytes([0] + [int(part) for part in __version__.split(".")])
    assert answer == der.sequence(der.integer(1), der.octet_string(version))
    assert ask.opened.date_time == h("07DF 01 01 FF 00 00 00 00 8000 FF")
    ask.device.dlms.load(h("0001 0000000201FF 02"), h("0904 01020304"))
    answer = ask(CS06, image(ask.counter + 1))
    assert answer == der.sequence(der.integer(1), der.octet_string(h("01020304")))
    for when in ("99991231235959Z", "20300101000000Z"):
        assert ask(CS06, image(ask.counter + 1, time(when))) == h("0500")
    ask.refused("malformed", CS06, image(5))
    ask.refused("malformed", CS06, image(ask.counter + 1, time("2030Z")))


def name(*pairs):
    found = []
    for oid, value in pairs:
        pair = der.sequence(der.element(der.OBJECT_ID, oid), value)
        found.append(der.element(0x31, pair))
    return der.sequence(*found)


def made_certificate(party, used_for, issuer=ISSUER, key=None, unit=b"02", public=None):  # noqa: PLR0913 - fields of it
    """A certificate of an organisation with the fields that GBCS 12.4 asks for."""
    public = public or public_of(key or signing_key(party))
    algorithm = der.sequence(der.element(der.OBJECT_ID, h("2A8648CE3D040302")))
    curve = der.sequence(
        der.element(der.OBJECT_ID, h("2A8648CE3D0201")),
        der.element(der.OBJECT_ID, h("2A8648CE3D030107")),
    )
    extensions = der.sequence(
        der.sequence(
            der.element(der.OBJECT_ID, h("551D0F")),
            h("0101FF"),
            der.octet_string(der.element(der.BIT_STRING, used_for)),
        ),
        der.sequence(
            der.element(der.OBJECT_ID, h("551D0E")),
            der.octet_string(der.octet_string(certificate.key_identifier(public))),
        ),
    )
    signed = der.sequence(
        der.element(0xA0, der.integer(2)),
        der.integer(party[7] + 1),
        algorithm,
        name((h("550403"), der.element(0x13, b"Z1"))),
        der.sequence(der.element(0x17, b"160110000000Z"), der.element(0x17, b"260109235959Z")),
        name(
            (h("55040B"), der.element(0x0C, unit)),
            (h("55042D"), der.element(der.BIT_STRING, b"\x00" + party)),
        ),
        der.sequence(curve, der.element(der.BIT_STRING, b"\x00" + public)),
        der.element(0xA3, extensions),
    )
    raw = signature_of(issuer, signed)
    numbers = [der.integer(int.from_bytes(raw[at : at + 32], "big")) for at in (0, 32)]
    signature = der.element(der.BIT_STRING, b"\x00" + der.sequence(*numbers))
    return der.sequence(signed, algorithm, signature)


def cell(role, used_for):
    return der.integer(role) + der.element(der.BIT_STRING, used_for)


def update(mode, role, counter, certificates, floor=0, when=None, path=None, authorised=True):  # noqa: PLR0913 - the fields of the structure
    """The payload of an Update Security Credentials."""
    control = der.integer(mode)
    if authorised:
        control += der.element(0xA2, cell(role, SIGNING))
    control += der.integer(counter, 0x83) + der.integer(floor, 0x84)
    replacements = [
        der.sequence(item, der.sequence(cell(role, used_for))) for used_for, item in certificates
    ]
    parts = [der.sequence(control), der.sequence(*replacements)]
    if path is None:
        path = made_certificate(ISSUER, h("0106"))
    parts.append(der.sequence(path))
    if when:
        parts.append(time(when))
    return der.sequence(*parts)


def outcome(mode, role, counter, floor, *cells):
    change = der.sequence(der.integer(role), der.integer(floor))
    outcomes = []
    for used_for, status, octets in cells:
        strings = [der.octet_string(item) for item in octets]
        status = der.integer(status, der.ENUMERATED)
        outcomes.append(der.sequence(der.sequence(cell(role, used_for)), status, *strings))
    result = der.sequence(
        der.integer(counter), der.integer(mode), der.sequence(change), der.sequence(*outcomes)
    )
    return der.sequence(h("0500"), result)


def identifier_of(party, key=None):
    return certificate.key_identifier(public_of(key or signing_key(party)))


def test_credentials_are_replaced():
    """rtds (shape), spec: existing and replacing ids and key identifiers; the new keys count."""
    ask = Asked(Esme)
    both = [(used, made_certificate(NEW_PARTY, used, unit=b"03")) for used in (SIGNING, AGREEING)]
    payload = update(3, 3, ask.counter + 1, both, 77)
    answer = ask(OPERATOR_BY_OPERATOR, payload, OPERATOR)
    old, new = identifier_of(OPERATOR), identifier_of(NEW_PARTY)
    ids = (OPERATOR, old, NEW_PARTY, new)
    assert answer == outcome(3, 3, ask.counter, 77, (SIGNING, 0, ids), (AGREEING, 0, ids))
    assert len(ask.opened.date_time) == 12 and len(ask.opened.signature) == 64
    assert ask.keys.find(OPERATOR) is None
    party = ask.keys.find(NEW_PARTY)
    assert party.role == "network_operator" and party.secret is None
    assert party.ka_public == party.ds_public == public_of(signing_key(NEW_PARTY))
    assert ask.device.counters.get(NEW_PARTY) == (77).to_bytes(8, "big")
    ask.refused("unknown-party", OPERATOR_BY_OPERATOR, payload, OPERATOR)


def test_the_comb_of_a_replaced_key_goes_with_it():
    """spec: two signatures of the operator make a table (crypto/comb.py); CS02b takes it away."""
    kept = p256.native
    p256.native = None
    try:
        ask = Asked(Esme)
        wrong = [(SIGNING, made_certificate(NEW_PARTY, AGREEING, unit=b"03"))]
        for had in (False, True):
            ask(OPERATOR_BY_OPERATOR, update(3, 3, ask.counter + 1, wrong), OPERATOR)
            public, points = ask.keys.find(OPERATOR).ds_comb
            assert (public, bool(points)) == (public_of(signing_key(OPERATOR)), had)
        good = [(use, made_certificate(NEW_PARTY, use, unit=b"03")) for use in (SIGNING, AGREEING)]
        ask(OPERATOR_BY_OPERATOR, update(3, 3, ask.counter + 1, good, 77), OPERATOR)
        assert ask.keys.find(OPERATOR) is None
        assert not hasattr(ask.keys.find(NEW_PARTY), "ds_comb")
        for party in ask.keys.parties:
            assert not hasattr(party, "ds_comb"), "nobody else has signed"
    finally:
        p256.native = kept


def restarted(ask, store):
    """What a device is after a restart: its parties as they were loaded, then what is kept."""
    ask.device = ask.session = ask.keys = None  # a small heap has no room for two
    gc.collect()
    after = Asked(Esme, store)
    replaced.restore(store, after.keys)
    after.counter = ask.counter + 10
    return after


def test_replaced_credentials_last():
    """issue: CS02b through a power cut; twice, then a bench loads the first operator again."""
    path = tmpdir() + "/s"
    ask = Asked(Esme, Store(path))
    third = h("025ECA0000000E78")
    for old, new in ((OPERATOR, NEW_PARTY), (NEW_PARTY, third)):
        both = [(used, made_certificate(new, used, unit=b"03")) for used in (SIGNING, AGREEING)]
        ask(OPERATOR_BY_OPERATOR, update(3, 3, ask.counter + 1, both, 77), old)
        ask = restarted(ask, Store(path))
        assert ask.keys.find(old) is None and ask.keys.find(OPERATOR) is None
        party = ask.keys.find(new)
        assert party.role == "network_operator" and party.secret is None
        assert party.ka_public == party.ds_public == public_of(signing_key(new))
        assert ask.device.counters.get(new) == (77).to_bytes(8, "big")
    replaced.loaded(Store(path), [OPERATOR])
    ask = restarted(ask, Store(path))
    assert ask.keys.find(OPERATOR) and ask.keys.find(third) and not ask.keys.find(NEW_PARTY)


def test_credentials_that_cannot_be_kept_are_not_replaced():
    """spec: insufficientMemory; the old keys count."""
    store = Full(tmpdir() + "/s")
    ask = Asked(Esme, store)
    both = [(used, made_certificate(NEW_PARTY, used, unit=b"03")) for used in (SIGNING, AGREEING)]
    store.full = True
    answer = ask(OPERATOR_BY_OPERATOR, update(3, 3, ask.counter + 1, both, 77), OPERATOR)
    ids = 2 * (OPERATOR, identifier_of(OPERATOR))
    assert answer == outcome(3, 3, ask.counter, 77, (SIGNING, 17, ids), (AGREEING, 17, ids))
    assert ask.keys.find(OPERATOR) and ask.keys.find(NEW_PARTY) is None


def test_nobody_is_trusted_once_replaced_credentials_are_damaged():
    """project-choice: keys that were replaced may be known to others."""
    path = tmpdir() + "/s"
    store = Store(path)
    ask = Asked(Esme, store)
    replaced.keep(store, OPERATOR, ask.keys.find(BROKER))
    store.put("credentials", store.get("credentials")[:-1])
    after = restarted(ask, Store(path))
    assert [after.keys.find(party) for party in (SUPPLIER, OPERATOR, BROKER)] == [None] * 3
    assert list(after.device.store.faults) == ["credentials"]
    replaced.loaded(store, [SUPPLIER])
    assert restarted(ask, Store(path)).keys.find(SUPPLIER)


def test_credentials_that_are_not_taken():
    """spec: badCertificate, and then the replacing ids are the existing ones; nothing changes."""
    ask = Asked(Esme)
    held = ask.keys.find(SUPPLIER).ds_public
    ids = (SUPPLIER, identifier_of(SUPPLIER)) * 2
    for wrong in (
        made_certificate(NEW_PARTY, SIGNING, OPERATOR),  # not signed by the path
        made_certificate(NEW_PARTY, AGREEING),  # for another use
    ):
        payload = update(2, 2, ask.counter + 1, [(SIGNING, wrong)])
        answer = ask(SUPPLIER_BY_SUPPLIER, payload)
        assert answer == outcome(2, 2, ask.counter, 0, (SIGNING, 5, ids))
        assert ask.keys.find(SUPPLIER).ds_public == held
    good = [(SIGNING, made_certificate(NEW_PARTY, SIGNING))]
    for when in ("99991231235959Z", "20300101000000Z"):
        payload = update(2, 2, ask.counter + 1, good, when=when)
        assert ask(SUPPLIER_BY_SUPPLIER, payload) == der.sequence(h("0500"))
    assert ask.keys.find(SUPPLIER).ds_public == held
    following = ask.counter + 1
    for payload in (
        update(3, 2, following, good),  # the mode of another use case
        update(2, 3, following, good),  # the cell of another role
        update(2, 2, following + 1, good),  # another sequence number
        update(2, 2, following, [(SIGNING, h("0500"))]),
        update(2, 2, following, good, path=h("0500")),
        update(2, 2, following, []),
        h("0500"),
        der.sequence(h("0500")),
    ):
        ask.counter = following - 1
        ask.refused("malformed", SUPPLIER_BY_SUPPLIER, payload)
    assert ask.keys.find(SUPPLIER).ds_public == held


def replaced_by(ask, certificates, floor=0, path=None, when=None):
    """The status of each cell of a supplier that replaces its own credentials."""
    payload = update(2, 2, ask.counter + 1, certificates, floor, when, path)
    answer = der.whole(ask(SUPPLIER_BY_SUPPLIER, payload)).items()
    return [cell.items()[1].number() for cell in answer[1].items()[3].items()]


def test_nobody_is_evicted():
    """spec: a certificate names one party of the cell's role, and takes no other one's place."""
    ask = Asked(Esme)
    held = ask.keys.find(SUPPLIER).ds_public
    for party, unit, status in (
        (NEW_PARTY, b"03", 5),  # an operator's certificate
        (OPERATOR, b"02", 35),  # a supplier's certificate with the operator's EUI-64
        (BROKER, b"02", 35),
    ):
        wrong = made_certificate(party, SIGNING, unit=unit)
        assert replaced_by(ask, [(SIGNING, wrong)]) == [status]
    two = [(SIGNING, made_certificate(NEW_PARTY, SIGNING))]
    two.append((AGREEING, made_certificate(SUPPLIER, AGREEING)))
    assert replaced_by(ask, two) == [35, 35], "of two parties"
    assert ask.keys.find(SUPPLIER).ds_public == held
    for party, role in ((OPERATOR, "network_operator"), (BROKER, "access_control_broker")):
        assert ask.keys.find(party).role == role
    assert ask.keys.find(NEW_PARTY) is None


def test_no_counter_goes_back():
    """spec: a floor below the own counter is refused (seqNumFailure); 0 leaves it, as in RTDS."""
    ask = Asked(Esme)
    same = [(SIGNING, made_certificate(SUPPLIER, SIGNING))]
    assert replaced_by(ask, same, floor=ask.counter) == [21]
    assert replaced_by(ask, same, floor=0) == [0]
    assert ask.device.counters.get(SUPPLIER) == ask.counter.to_bytes(8, "big")
    assert replaced_by(ask, same, floor=ask.counter + 9) == [0]
    last = int.from_bytes(ask.device.counters.get(SUPPLIER), "big")
    assert last == ask.counter + 8, "nine above the counter before"


def test_a_key_is_a_point():
    """spec: badCertificate for a key that is no point of the curve, well signed."""
    ask = Asked(Esme)
    off = made_certificate(NEW_PARTY, SIGNING, public=h("04") + bytes(63) + h("07"))
    assert off.index(bytes(63) + h("07")) > 0
    assert replaced_by(ask, [(SIGNING, off)]) == [5]
    assert ask.keys.find(NEW_PARTY) is None


def test_a_path_leads_to_an_anchor():
    """spec: with an anchor in KEYS a chain has to lead to it; any issuer of its own is not one."""
    root, between = h("025ECA0000000F01"), h("025ECA0000000F02")
    ask = Asked(Esme)
    ask.keys.add(Party(root, "root", b"", public_of(signing_key(root))))
    wanted = made_certificate(NEW_PARTY, SIGNING, between)
    issuer = made_certificate(between, h("0106"), root)
    stranger = made_certificate(between, h("0106"), between)
    assert replaced_by(ask, [(SIGNING, wanted)], path=stranger) == [5]
    assert replaced_by(ask, [(SIGNING, made_certificate(NEW_PARTY, SIGNING))]) == [5]
    assert replaced_by(ask, [(SIGNING, wanted)], path=issuer) == [0]
    assert ask.keys.find(NEW_PARTY).role == "supplier"


def test_a_time_that_has_passed_puts_nothing_off():
    """spec: carried out at once, with the outcomes in the answer."""
    ask = Asked(Esme)
    new = [(SIGNING, made_certificate(NEW_PARTY, SIGNING))]
    assert replaced_by(ask, new, when="20000102000000Z") == [0]
    assert ask.keys.find(NEW_PARTY) and ask.keys.find(SUPPLIER) is None


def test_a_load_controller_may_be_the_supplier():
    """rtds: its cells hold a supplier's certificate, and the supplier stays what it is."""
    path = tmpdir() + "/s"
    ask = Asked(Esme, Store(path))
    ask.keys.add(Party(h("025ECA0000000801"), "load_controller", b"", b"\x04" + bytes(64)))
    new = [(SIGNING, made_certificate(SUPPLIER, SIGNING))]
    ask(LOAD_CONTROLLER_BY_SUPPLIER, update(11, 8, ask.counter + 1, new, authorised=False))
    for held in (ask.keys, restarted(ask, Store(path)).keys):
        assert [p.role for p in held.of_role("load_controller")] == ["load_controller"]
        assert held.find(SUPPLIER, "S").role == "supplier"
        assert held.find(SUPPLIER, "L").role == "load_controller"
        assert held.find(h("025ECA0000000801")) is None


def test_credentials_are_told_to_who_signs():
    """rtds: a signature takes the place of the MAC, both ways."""
    ask = Asked(Esme)
    asked = der.sequence(der.sequence(cell(2, SIGNING)), der.sequence(der.integer(3)))
    data = command(CS02F, asked, 1001, SUPPLIER, sign=True)
    signed = data[data.find(b"\xdf\x09") : -12]
    answer = Opened(ask.session.handle(signed), SUPPLIER)
    assert not answer.authenticated and len(answer.signature) == 64
    cells = [
        der.sequence(
            der.element(der.BIT_STRING, used_for),
            der.octet_string(OPERATOR),
            der.octet_string(identifier_of(OPERATOR)),
        )
        for used_for in (SIGNING, AGREEING)
    ]
    details = der.sequence(der.integer(3), h("0A0100"), der.integer(0), der.sequence(*cells))
    assert answer.payload == der.sequence(details)
    broken = signed[:-1] + bytes((signed[-1] ^ 1,))
    with raises(Refused) as caught:
        ask.session.handle(broken)
    assert caught.error.reason == "bad-signature"
    assert ask.session.keys.device_id == DEVICE


class _Command:
    """A payload as the engine sees it."""

    def __init__(self, code, payload):
        self.code = code
        self.payload = payload
        self.counter = (1001).to_bytes(8, "big")


class _Exchange:
    """What a command at work tells of itself."""

    failed = False


def test_any_bit_and_any_length():
    """spec: authenticated nonsense is refused or answered, no more."""
    ask = Asked(Esme)
    cells = [(SIGNING, made_certificate(NEW_PARTY, SIGNING))]
    interval = der.sequence(time("20141231233000Z"), time("20150101003000Z"))
    entry = der.sequence(der.octet_string(OTHER), der.integer(5))
    asked = der.sequence(der.sequence(cell(2, SIGNING)), der.sequence(der.integer(3)))
    joining = der.sequence(der.integer(3), der.octet_string(OTHER), der.integer(5))
    for code, letter, payload in (
        (SUPPLIER_BY_SUPPLIER, "E", update(2, 2, 1001, cells, path=b"")),
        (CS02D, "E", cells[0][1]),
        (CS02F, "E", asked),
        (CS02C, "E", usage(SIGNING)),
        (CS03C, "G", joining),
        (CS04B, "G", der.octet_string(OTHER)),
        (
            CS06,
            "E",
            der.sequence(der.octet_string(bytes(32)), der.integer(1001), time("20300101000000Z")),
        ),
        (GCS59, "P", der.sequence(entry)),
        (GCS28, "G", interval),
    ):
        if code == GCS28:
            ask = None
            ask = Asked(Gsme)
            ask.device.exchange = _Exchange()
        use_case = use_cases.find((table_asn1.ROWS,), code, letter)
        party = ask.keys.find(SUPPLIER)
        answered = 0
        for at in range(len(payload)):
            wrong = [payload[:at]]
            for bit in range(8) if len(payload) < 100 else (at % 8, at % 5):
                changed = bytearray(payload)
                changed[at] ^= 1 << bit
                wrong.append(bytes(changed))
            for octets in wrong:
                call = asn1.Call(_Command(code, octets), use_case, party, ask.device, ask.keys)
                try:
                    act = asn1.prepare(call)
                except DecodeError:
                    continue
                assert octets is not wrong[0], (code, at)
                answered += 1
                der.whole(act())
        assert ask.keys.find(SUPPLIER) is party, code
        assert answered, code
