"""The SECMP0015 time stamp as the host reads it, and the conversions of times."""

import pytest
from host_home import (
    GPF,
    GSME,
    RING,
    STAMP,
    SUPPLIER,
    answer,
    component,
    gas_answer,
    gbz,
    record,
    refused,
)

from host_tools.gbcs import stamp, times
from host_tools.gbcs.message import decode
from host_tools.keys import KeyRing


@pytest.mark.parametrize(
    ("responder", "status", "from_gsme", "clock"),
    [
        ("GPF", 0x04, True, "reliable"),  # rtds
        ("GPF", 0x00, False, "reliable"),  # rtds
        ("GSME", 0x00, True, "reliable"),  # rtds
        ("GSME", 0x02, True, "unreliable"),  # rtds
        ("GPF", 0x02, False, "unreliable"),  # project-choice, and all below
        ("GPF", 0x01, False, "invalid"),
        ("GSME", 0x01, True, "invalid"),
        ("GPF", 0x06, True, "unreliable"),
        ("GPF", 0x05, True, "invalid"),
        (None, 0x04, True, "reliable"),
        (None, 0x00, None, "reliable"),
        (None, 0x02, None, "unreliable"),
    ],
)
def test_source_and_status_follow_the_decision_table(responder, status, from_gsme, clock):
    ring = KeyRing()
    if responder:
        ring.set_device_type(GPF, responder)
    found = decode(gas_answer(STAMP[:11] + bytes([status]))[1], ring).stamp
    assert (found.is_from_gsme, found.clock_status) == (from_gsme, clock)
    assert found.malformed == "" and ("not known" in found.remark) == (from_gsme is None)
    assert times.iso(found.moment) == "2026-11-06T09:30:00Z"


@pytest.mark.parametrize(
    ("status", "text"),
    [
        (0x03, "clock status 0x03 malformed: invalid and doubtful both set"),
        (0x08, "clock status 0x08 malformed: bit 3 set"),
        (0x10, "clock status 0x10 malformed: bit 4 set"),
        (0x80, "clock status 0x80 malformed: bit 7 set"),
        (0x8A, "clock status 0x8A malformed: bits 3, 7 set"),
        (0xFE, "clock status 0xFE malformed: bits 3, 4, 5, 6, 7 set"),
        (0x47, "clock status 0x47 malformed: bit 6 set, invalid and doubtful both set"),
    ],
)
def test_a_malformed_status_is_said_and_counts_as_invalid(status, text):
    found = stamp.read_stamp(STAMP[:11] + bytes([status]), "GPF")
    assert found.malformed == text and found.clock_status == "invalid"
    assert found.is_from_gsme is bool(status & 4)
    assert text in found.text()


def test_status_ff_is_no_status_and_no_date_time_is_no_stamp():
    found = decode(gas_answer(STAMP[:11] + b"\xff")[1], RING).stamp
    assert (found.is_from_gsme, found.clock_status, found.malformed) == (None, None, "")
    assert found.text() == "2026-11-06T09:30:00Z, without a status"
    assert found.to_json()["source"] is None
    assert decode(gas_answer(b"")[1], RING).stamp is None
    assert stamp.read_stamp(b"", "GPF") is None


def test_a_stamp_without_a_time_and_one_with_a_wrong_bit_are_said():
    nothing = b"\xff" * 9 + b"\x80\x00\x01"
    found = decode(gas_answer(nothing)[1], RING).stamp
    assert found.moment is None and found.text().startswith("no time isFromGSME")
    assert found.status_octet == 1 and found.source == "GPF"
    odd = stamp.read_stamp(STAMP, "GSME")
    assert odd.is_from_gsme and "a GSME has no other clock" in odd.text()


def test_only_the_five_use_cases_have_a_stamp():
    command = SUPPLIER.command("GCS60", GSME, 1)
    bill = b"\x08\x00\x01" + record(0x0A00, 0x23, 4711, 4)
    balance = b"\x08\x01\x01" + record(0x0001, 0x2B, -12, 4)
    payload = gbz(component(0, 0x0702, bill), component(1, 0x0705, balance))
    assert decode(answer(command, payload, STAMP), RING).stamp is None
    stamped = SUPPLIER.command("GCS60a", GSME, 1)
    assert decode(answer(stamped, payload, STAMP[:11] + b"\0"), RING).stamp.source == "GSME"
    assert decode(stamped, RING).stamp is None, "a command has none"


@pytest.mark.parametrize(
    "octets",
    [
        "07EA0D06FF091E0000800004",  # month 13
        "07EA0220FF091E0000800004",  # day 32
        "07EA021EFF091E0000800004",  # 30 February
        "07EA0B0608091E0000800004",  # weekday 8
        "07EA0B06FF181E0000800004",  # hour 24
        "07EA0B06FF093C0000800004",  # minute 60
        "07EA0B06FF091E3C00800004",  # second 60
        "07EA0B06FF091E0064800004",  # hundredths 100
    ],
)
def test_a_date_time_that_is_none_is_refused(octets):
    assert "offset 0x2A (42): date-time: " in refused(gas_answer(bytes.fromhex(octets))[1])


@pytest.mark.parametrize(
    ("moment", "seconds"),
    [
        ("2000-01-01T00:00:00Z", 0),
        ("2015-01-01T00:00:00Z", 473385600),
        ("2016-02-29T00:00:00Z", 510019200),
        ("2024-12-31T23:59:59Z", 789004799),
        ("2099-12-31T00:00:00Z", 3155673600),
        ("2136-02-07T06:28:14Z", 0xFFFFFFFE),
    ],
)
def test_times_convert_both_ways(moment, seconds):
    """spec: ZigBee UTCTime counts seconds from 2000 without leap seconds."""
    value = times.parse_iso(moment)
    assert times.seconds_2000(value) == seconds
    assert times.utc_text(seconds) == moment
    assert times.cosem_date_time(times.encode_cosem(value)).moment == value
    assert times.encode_cosem(value)[4] == 0xFF and times.encode_cosem(value)[8:11] == b"\0\x80\0"


def test_special_times_are_named():
    assert times.utc_text(0xFFFFFFFF) == "invalid (0xFFFFFFFF)"
    assert times.cosem_date_time(times.NOW).text() == "at once"
    assert times.cosem_date_time(times.NEVER).text() == "never (not specified)"
    partly = times.cosem_date_time(bytes.fromhex("FFFF0C19FF12FFFFFF8000FF"))
    assert partly.text() == "****-12-25 18:**:**" and partly.moment is None
    assert not times.cosem_date_time(b"\xff" * 9 + b"\x80\0\x01").specified
    for text in ("2026-1-06T10:00:00Z", "2026-11-06T10:00:00", "20261106T100000Z"):
        with pytest.raises(ValueError, match="is not a UTC time"):
            times.parse_iso(text)
