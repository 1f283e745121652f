"""HAN frames, their text line and the frame log (evidence: project-choice; the bench link)."""

import io
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from host_tools.han.frame import (
    BROADCAST_EUI,
    PAYLOAD_MAX,
    PROFILE_ZDO,
    Frame,
    FrameError,
    eui_number,
    format_eui,
    from_line,
    from_octets,
    to_line,
    to_octets,
)
from host_tools.han.framelog import BadLine, DeviceEntry, FrameEntry, LogWriter, read_log
from smets.zcl import han_frame as firmware_han

IHD = 0x025ECA0000000005
GPF = 0x025ECA0000000003
READ = Frame(IHD, GPF, 1, 3, 0x0708, bytes.fromhex("0021000002"), aps_security=True)
READ_LINE = "ZCL:FRAME#7:29:0101025ECA0000000005025ECA00000000030103010907080021000002"

frames = st.builds(
    Frame,
    source=st.integers(0, BROADCAST_EUI),
    destination=st.integers(0, BROADCAST_EUI),
    source_endpoint=st.integers(0, 255),
    destination_endpoint=st.integers(0, 255),
    cluster=st.integers(0, 0xFFFF),
    payload=st.binary(max_size=300),
    profile=st.integers(0, 0xFFFF),
    aps_security=st.booleans(),
    broadcast=st.booleans(),
    group=st.booleans(),
)


def test_layout_is_the_written_one():
    assert to_line(7, READ) == READ_LINE
    octets = to_octets(READ)
    assert octets[0] == 1
    assert octets[1] == 1
    assert octets[2:10] == IHD.to_bytes(8, "big")
    assert octets[10:18] == GPF.to_bytes(8, "big")
    assert octets[18:24] == bytes((1, 3, 0x01, 0x09, 0x07, 0x08))
    assert octets[24:] == READ.payload


@pytest.mark.parametrize(
    ("field", "bits"), [("aps_security", 0x01), ("broadcast", 0x02), ("group", 0x04)]
)
def test_flag_bits(field: str, bits: int):
    frame = Frame(IHD, GPF, 1, 3, 0x0708, b"", **{field: True})
    assert to_octets(frame)[1] == bits
    assert getattr(from_octets(to_octets(frame)), field) is True


@given(frames, st.integers(0, 2**32 - 1))
def test_line_round_trip(frame: Frame, number: int):
    line = to_line(number, frame)
    assert line.isascii()
    assert " " not in line
    assert from_line(line) == (number, frame)
    assert from_line(line.lower().replace("zcl:frame", "ZCL:FRAME") + "\r\n") == (number, frame)


@given(frames)
def test_the_firmware_writes_and_reads_the_same_octets(frame: Frame):
    octets = to_octets(frame)
    theirs = firmware_han.parse(octets)
    assert theirs.encode() == octets
    assert int.from_bytes(theirs.source, "big") == frame.source
    assert int.from_bytes(theirs.destination, "big") == frame.destination
    assert (theirs.source_endpoint, theirs.destination_endpoint, theirs.profile) == (
        frame.source_endpoint,
        frame.destination_endpoint,
        frame.profile,
    )
    assert (theirs.cluster, theirs.payload) == (frame.cluster, frame.payload)
    for flag, meaning in (
        (firmware_han.APS_SECURED, frame.aps_security),
        (firmware_han.BROADCAST, frame.broadcast),
        (firmware_han.GROUP, frame.group),
    ):
        assert bool(theirs.flags & flag) == meaning


@given(st.binary(max_size=80))
def test_any_octets_parse_or_raise_frame_error(octets: bytes):
    try:
        frame = from_octets(octets)
    except FrameError:
        return
    assert to_octets(frame) == octets


@given(st.text(max_size=60) | st.text("ZCL:FRAME#0123456789ABCDEF ", max_size=80))
def test_any_text_parses_or_raises_frame_error(text: str):
    try:
        number, frame = from_line(text)
    except FrameError:
        return
    assert from_line(to_line(number, frame)) == (number, frame)


@pytest.mark.parametrize(
    "line",
    [
        "",
        READ_LINE.lower(),
        READ_LINE.replace(":29:", ":28:"),
        READ_LINE.replace(":29:", ":030:"),
        READ_LINE.replace("#7", "#"),
        READ_LINE.replace("#7", "#-7"),
        READ_LINE.replace("#7", "#4294967296"),
        READ_LINE.replace("#7", "#\u0667"),
        READ_LINE[:-1],
        READ_LINE + "0",
        READ_LINE + " ",
        READ_LINE.replace("0101025E", "01 1025E"),
        READ_LINE.replace(":0101", ":0201"),
        READ_LINE.replace(":0101", ":0109"),
        "ZCL:FRAME#1:23:" + "01" * 23,
        "GBCS:DATA#1:1:00",
    ],
)
def test_malformed_line_is_refused(line: str):
    with pytest.raises(FrameError):
        from_line(line)


@pytest.mark.parametrize(
    "changes",
    [
        {"source": -1},
        {"source": 2**64},
        {"destination": 2**64},
        {"source_endpoint": 256},
        {"destination_endpoint": -1},
        {"cluster": 0x10000},
        {"profile": 0x10000},
        {"payload": bytes(PAYLOAD_MAX + 1)},
    ],
)
def test_field_out_of_range_is_refused(changes: dict[str, object]):
    fields: dict[str, object] = {
        "source": IHD,
        "destination": GPF,
        "source_endpoint": 1,
        "destination_endpoint": 3,
        "cluster": 0x0708,
        "payload": b"",
    }
    with pytest.raises(FrameError):
        Frame(**(fields | changes))


@pytest.mark.parametrize("number", [-1, 2**32])
def test_message_number_out_of_range_is_refused(number: int):
    with pytest.raises(FrameError):
        to_line(number, READ)


def test_zdo_and_group_frames_keep_their_fields():
    group = Frame(GPF, 0x0000000000001234, 3, 255, 0x0708, b"\x09\x01\x00", group=True)
    assert from_octets(to_octets(group)).group_address == 0x1234
    match = Frame(IHD, BROADCAST_EUI, 0, 0, 0x0006, b"\x01", profile=PROFILE_ZDO, broadcast=True)
    assert from_octets(to_octets(match)) == match


def test_eui_text():
    assert eui_number("02:5e:ca:00:00:00:00:05") == IHD
    assert eui_number(" 02-5E-CA-00-00-00-00-05 ") == IHD
    assert format_eui(IHD) == "025ECA0000000005"
    for text in ("", "025ECA000000000", "025ECA00000000055", "025ECA000000000G"):
        with pytest.raises(FrameError):
            eui_number(text)


def test_log_round_trip():
    out = io.StringIO()
    writer = LogWriter(out)
    writer.device(GPF, "gpf")
    writer.frame(1_790_000_000_123, READ)
    writer.frame(1_790_000_000_124, READ)
    assert list(read_log(out.getvalue().splitlines(keepends=True))) == [
        DeviceEntry(GPF, "gpf"),
        FrameEntry(1_790_000_000_123, 1, READ),
        FrameEntry(1_790_000_000_124, 2, READ),
    ]


def test_log_keeps_what_is_good_and_names_the_bad_lines():
    entries = list(
        read_log(
            [
                "# a comment\n",
                "\n",
                f"5 {READ_LINE}\n",
                "# device 025ECA0000000003 GPF\n",
                "# device nonsense gpf\n",
                f"x {READ_LINE}\n",
                f"{2**63} {READ_LINE}\n",
                f"6 {READ_LINE[:40]}",
            ]
        )
    )
    assert entries[:2] == [FrameEntry(5, 7, READ), DeviceEntry(GPF, "gpf")]
    assert [type(entry) for entry in entries[2:]] == [BadLine] * 4
    assert [entry.line for entry in entries[2:] if isinstance(entry, BadLine)] == [5, 6, 7, 8]


@pytest.mark.parametrize("utc_ms", [-1, 2**63])
def test_log_refuses_a_time_that_it_could_not_read_back(utc_ms: int):
    out = io.StringIO()
    with pytest.raises(FrameError):
        LogWriter(out).frame(utc_ms, READ)
    assert out.getvalue() == ""


def test_log_line_shape():
    out = io.StringIO()
    LogWriter(out).frame(42, READ)
    assert re.fullmatch(r"42 ZCL:FRAME#1:29:[0-9A-F]{58}\n", out.getvalue())
