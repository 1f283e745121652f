"""ECS21b for a party that the meter does not know: the broker asks, and brings its certificate.

duis.md 4.1: the header names the party, its counter and its key agreement certificate; the
protection parameters name the party, not the broker. The answer is under the key of that
certificate, and carries a counter of the meter's own.
"""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.kdf.concatkdf import ConcatKDFHash
from living import DAY, Meter, date_time, iso, parameters, value_of
from living_sequences import MIDNIGHT, POUND, prepay
from remote_parties import KEYS
from vectors import (
    BROKER,
    DEVICE,
    SUPPLIER,
    Opened,
    Taker,
    access_request,
    command,
    key,
    protect,
    secret,
)
from vectors import signing_key as private_key

from host_tools.bench import Refusal
from host_tools.duis import command as duis
from host_tools.duis import document, new

USER = bytes.fromhex("025ECA00000009AB")
USER_COUNTER = (0x1122334455667788).to_bytes(8, "big")
KEY = ec.generate_private_key(ec.SECP256R1())
ECS21B = 0x0034
LOG = key(7, (0, 0, 98, 1, 8, 255), 2)
METHOD = key(30, (0, 0, 43, 2, 6, 255), 1)


def certificate() -> bytes:
    """A key agreement certificate of the party."""
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "A user")])
    usage = [False] * 9
    usage[4] = True  # key agreement
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(KEY.public_key())
        .serial_number(7)
        .not_valid_before(datetime(2015, 1, 1, tzinfo=UTC))
        .not_valid_after(datetime(2049, 1, 1, tzinfo=UTC))
        .add_extension(x509.KeyUsage(*usage), critical=True)
        .sign(ec.generate_private_key(ec.SECP256R1()), hashes.SHA256())
    )
    return made.public_bytes(serialization.Encoding.DER)


def asked(counter: int, start: int, end: int, user: bytes = USER, named: bytes = USER) -> bytes:
    """ECS21b by the broker for a user; the protection parameters name `named`."""
    wanted = b"\x02\x05\x12" + LOG[:2] + b"\x09\x06" + LOG[2:8] + b"\x0f" + LOG[8:]
    limits = b"".join(b"\x09\x0c" + date_time(at) for at in (start, end))
    wanted += b"\x12\x00\x00\x02\x02\x16\x01\x02\x02" + limits
    data = b"\x02\x02\x01\x01" + wanted + parameters(counter, named, DEVICE)
    payload = access_request([(3, METHOD, None, data)], counter)
    return command(ECS21B, payload, counter, BROKER, other=user + USER_COUNTER + certificate())


def plain_of(opened: Opened, own: bytes) -> list[Any]:
    """What the party reads in an answer, by its own key."""
    taker = Taker(opened.payload)
    assert taker.take(6) == b"\xda\x20" + opened.counter.to_bytes(3, "big") + b"\x00"
    assert taker.take(2) == b"\x00\x01"
    block = parameters(int.from_bytes(own, "big"), DEVICE, USER)
    assert taker.take(2) == b"\x02\x02"
    assert taker.take(len(block)) == block
    assert taker.take(1) == b"\x09"
    ciphered = taker.string()
    assert taker.data == b"\x01\x03\x00"
    device = ec.derive_private_key(int.from_bytes(private_key(DEVICE), "big"), ec.SECP256R1())
    shared = KEY.exchange(ec.ECDH(), device.public_key())
    # Key derivation: AES-GCM-128, device, 09 04, counter, party (gpf_timestamp.md D.1).
    info = bytes.fromhex("60857406080300") + DEVICE + b"\x09\x04" + own + USER
    derived = ConcatKDFHash(hashes.SHA256(), 16, info).derive(shared)
    assert ciphered[:5] == b"\x31" + bytes(4)
    mode = modes.GCM(DEVICE + bytes(4), ciphered[-12:], min_tag_length=12)
    opening = Cipher(algorithms.AES(derived), mode).decryptor()
    opening.authenticate_additional_data(b"\x31")
    plain = opening.update(ciphered[5:-12]) + opening.finalize()
    (rows,) = value_of(Taker(plain))
    return rows


def knows_its_key(meter: Meter) -> None:
    """The device agrees keys itself."""
    meter.client.control("KEYS", KEYS | {"private_key": private_key(DEVICE).hex()})


@pytest.mark.parametrize("engine", ["unix", "cpython"])
def test_the_prepayment_daily_read_log(engine: str, tmp_path: Path) -> None:
    """issue: of a meter without a state: days pass, then the range that is asked for."""
    meter = Meter(engine, tmp_path)
    try:
        prepay(meter, balance=2 * POUND, emergency_limit=POUND, debt1=700, rate1=100)
        meter.set(prepayment={"period1": DAY})
        knows_its_key(meter)
        meter.advance(MIDNIGHT + 3 * DAY - meter.now)
        known = meter.read("ECS21b", MIDNIGHT + DAY, MIDNIGHT + 2 * DAY)[0]
        # A day's debt is collected a day after it was set, before the midnight that follows.
        assert known == [
            [MIDNIGHT + DAY * n, POUND, 2 * POUND - 100 * n, 0, 700 - 100 * n, 0, 0]
            for n in (1, 2)
        ]
        counters = []
        for counter in (900, 901):
            data = asked(counter, MIDNIGHT + DAY, MIDNIGHT + 2 * DAY)
            # The MAC is for the broker, which brought the command.
            opened = Opened(meter.client.respond(data), BROKER)
            assert (opened.code, opened.counter, opened.target) == (ECS21B, counter, BROKER)
            assert opened.authenticated and not opened.signature and not opened.date_time
            assert opened.other[:16] == USER + USER_COUNTER and len(opened.other) == 24
            own = opened.other[16:]
            counters.append(int.from_bytes(own, "big"))
            assert plain_of(opened, own) == known
            if counter == 900:
                meter.restart()
                knows_its_key(meter)
        assert counters[0] < counters[1], "no key twice, also through a power cut"
        opened = Opened(meter.client.respond(asked(902, MIDNIGHT + 9 * DAY, MIDNIGHT)), BROKER)
        assert plain_of(opened, opened.other[16:]) == []
    finally:
        meter.close()


def from_duis(counter: int, start: int, end: int) -> bytes:
    """The command that a DCC makes of a user's request 4.14, which has the certificate."""
    wanted = new.Wanted("4.14", USER.hex(), DEVICE.hex(), 77, "ReadPrepaymentDailyReadLog")
    values = {
        "ReadLogPeriod/StartDateTime": iso(start),
        "ReadLogPeriod/EndDateTime": iso(end),
        "KAPublicSecurityCredentials": base64.b64encode(certificate()).decode(),
    }
    request = document.request(new.request(wanted, values, None).encode())
    now = datetime(2026, 11, 6, 10, tzinfo=UTC)
    facts = duis.Device("ESME")
    plan = duis.plan(request, facts, now=now, broker=BROKER, dcc_counter=counter)
    assert plan.mode == "broker"
    inner = plan.pre_command + b"\x00"
    return protect(inner, BROKER, 1, counter, DEVICE, secret(BROKER))


def test_a_request_of_a_user(tmp_path: Path) -> None:
    """duis.md 4.1: what `smets duis` makes of it is what the meter answers."""
    meter = Meter("cpython", tmp_path)
    try:
        prepay(meter, balance=2 * POUND)
        knows_its_key(meter)
        meter.advance(MIDNIGHT + DAY - meter.now)
        opened = Opened(meter.client.respond(from_duis(900, MIDNIGHT, MIDNIGHT)), BROKER)
        assert opened.other[:16] == USER + (77).to_bytes(8, "big")
        assert [row[:3:2] for row in plain_of(opened, opened.other[16:])] == [
            [MIDNIGHT, 2 * POUND]
        ]
    finally:
        meter.close()


def test_who_the_protection_parameters_name() -> None:
    """rtds (4.1): the user; anybody else, or nobody, is malformed."""
    meter = Meter("cpython")
    try:
        knows_its_key(meter)
        for counter, named in enumerate((BROKER, SUPPLIER, bytes(8)), 900):
            data = asked(counter, MIDNIGHT, MIDNIGHT + DAY, named=named)
            with pytest.raises(Refusal, match="malformed"):
                meter.client.respond(data)
        # Of a party that the meter knows its own key counts, whatever comes with the command.
        data = asked(950, MIDNIGHT, MIDNIGHT + DAY, user=SUPPLIER, named=SUPPLIER)
        opened = Opened(meter.client.respond(data), BROKER)
        assert opened.other == SUPPLIER + USER_COUNTER
        taker = Taker(opened.payload)
        taker.take(8)
        block = b"\x02\x02" + parameters(950, DEVICE, SUPPLIER)
        assert taker.take(len(block)) == block and taker.take(1) == b"\x09"
        assert value_of(Taker(opened.decrypt(taker.string(), SUPPLIER))) == [[]]
    finally:
        meter.close()
