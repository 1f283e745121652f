"""Links of boards: their octets against an independent maker, settings, the key of a home."""

from __future__ import annotations

import json
import re
import stat
import zlib
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESCCM
from hypothesis import given
from hypothesis import strategies as st
from link_wire import KEY, Line, Station, run, settle
from typer.testing import CliRunner

from host_tools import boards, install, links
from host_tools.cli import app
from smets.crypto import aes, ccm

PAGE = (Path(__file__).parents[2] / "docs" / "links.md").read_text(encoding="utf-8")
HOME = "00112233445566778899AABBCCDDEEFF"


def framed(octets: bytes) -> bytes:
    """Octets on a bus, as docs/links.md has them."""
    octets += zlib.crc32(octets).to_bytes(4, "big")
    escapes = {0xC0: b"\xdb\xdc", 0xDB: b"\xdb\xdd"}
    inner = b"".join(escapes.get(octet, bytes((octet,))) for octet in octets)
    return b"\xc0" + inner + b"\xc0"


def sealed(head: bytes, payload: bytes) -> bytes:
    """A head and what AES-CCM* makes of the payload."""
    nonce = head[6:14] + head[1:6]
    return head + AESCCM(KEY, tag_length=4).encrypt(nonce, payload, head)


def test_frame_and_answer_on_the_wire() -> None:
    """spec: docs/links.md, made with another AES and another CRC."""
    line = Line()
    a, b = stations = [Station(line, number) for number in (1, 2)]
    a.say(b, b"\x09")
    settle(line, stations)
    both = bytes.fromhex("00DB1200C0000001 00DB1200C0000002")
    frame = bytes.fromhex("10 0001000001") + both + bytes.fromhex("01 01 02 0109 0702")
    assert a.tap.sent == [framed(sealed(frame, b"\x09"))]
    answer = bytes.fromhex("11 0001000001") + both[8:] + both[:8] + frame[1:6]
    assert b.tap.sent == [framed(sealed(answer, b""))]
    (example,) = re.findall(r"^```\n(C0[0-9A-F]+C0)\n```", PAGE, re.M)
    assert a.tap.sent == [bytes.fromhex(example)]


def test_a_frame_of_another_maker_is_taken() -> None:
    """A group frame without APS security, of a sender that is not this firmware."""
    line = Line()
    (a,) = stations = [Station(line, 1)]
    head = bytes.fromhex("10 0007000009 00DB1200C0000055 FFFFFFFFFFFF1234 04 05 06 0000 0013")
    a.tap.coming.extend(b"\x00\x11" + framed(sealed(head, b"\xc0\xdb\xdc\xdd")))
    run(line, stations, 50)
    (got,) = a.got
    assert (got.payload, got.flags, got.profile, got.cluster) == (b"\xc0\xdb\xdc\xdd", 4, 0, 0x13)
    assert (got.source_endpoint, got.destination_endpoint) == (5, 6)
    assert a.tap.sent == [], "nobody answers what is for many"


@given(st.binary(min_size=16, max_size=16), st.binary(min_size=13, max_size=13),
       st.binary(min_size=1, max_size=60), st.binary(max_size=255))  # fmt: skip
def test_ccm_against_another_implementation(
    key: bytes, nonce: bytes, header: bytes, text: bytes
) -> None:
    """AES-CCM* of the firmware, both of its AES, against the `cryptography` package."""
    expected = AESCCM(key, tag_length=4).encrypt(nonce, text, header)
    assert ccm.seal(aes.Aes(key), nonce, header, text) == expected
    assert ccm.open_sealed(aes.Aes(key), nonce, header, expected) == text


def test_a_board_gets_the_link_that_is_named() -> None:
    """Its driver, its pins, what was told, and no other link's modules."""
    pico = boards.load("rpi_pico")
    made = install.build("gpf", pico, {"han": {"link": "bus", "key": HOME, "echo": True}})
    device = json.loads(made.files["device.json"])
    pins = pico.pins["bus"]
    assert device["han"] == {"driver": "radio_bus", "pins": pins, "key": HOME, "echo": True}
    names = {Path(path).stem for path in made.files}
    assert {"radio_bus", "link_frames", "ccm"} <= names
    assert not names & {"radio_udp", "radio_espnow", "link_xbee", "radio_xbee"}
    plain = install.build("gpf", pico)
    assert not {Path(path).stem for path in plain.files} & {"radio_bus", "link_frames", "ccm"}


@pytest.mark.parametrize("name", boards.names())
def test_every_link_of_a_board_can_be_built(name: str) -> None:
    """board.py names drivers that exist; pins of a bus are no other port's, but the XBee's."""
    board = boards.load(name)
    for link in board.ports.get("han", "").split():
        assert f"smets.ports.radio_{link}" in install.modules()
    bus = set(board.pins.get("bus", {}).values()) - {board.pins.get("bus", {}).get("uart")}
    for port, pins in board.pins.items():
        if port in ("bus", "xbee"):
            continue
        ids = {"uart", "spi", "i2c"}
        taken = {pin for signal, pin in pins.items() if signal not in ids}
        assert not bus & taken, (port, bus & taken)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"link": "bus"}, "no key of 32 hexadecimal digits: give --home-key"),
        ({"link": "bus", "key": HOME[2:]}, "no key of 32"),
        ({"link": "bus", "key": HOME, "baud": 9600}, "no member baud: it takes baudrate, echo"),
        ({"link": "bus", "key": HOME, "baudrate": "9600"}, "baudrate is '9600', not of type int"),
        ({"link": "bus", "key": HOME, "baudrate": True}, "baudrate is True, not of type int"),
        ({"link": "bus", "key": HOME, "baudrate": 300}, "baudrate is 300, not 1200 to 1000000"),
        ({"link": "espnow", "key": HOME}, "rpi_pico has no link espnow: it has xbee, bus"),
        ({"link": "lora", "key": HOME}, "rpi_pico has no link lora"),
    ],
)
def test_settings_that_make_no_sense(settings: dict[str, object], words: str) -> None:
    """Each is named before anything goes to the board."""
    with pytest.raises(install.InstallError, match=re.escape(words)):
        install.build("gsme", boards.load("rpi_pico"), {"han": settings})


def test_channels() -> None:
    """The range of another link."""
    han = {"link": "espnow", "key": HOME, "channel": 14}
    with pytest.raises(install.InstallError, match="channel is 14, not 1 to 13"):
        install.build("gsme", boards.load("esp32_c6"), {"han": han})


def test_the_key_of_a_home_is_made_once(tmp_path: Path) -> None:
    """For its owner alone; the next board gets the same one."""
    path = tmp_path / "home.key"
    first = links.read("bus", path)
    assert first == links.read("bus", path)
    assert first is not None and re.fullmatch("[0-9A-F]{32}", first["key"])
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert links.read("none", None) is None
    other = links.read("udp", tmp_path / "other.key")
    assert other is not None and other["key"] != first["key"]
    settings = tmp_path / "han.json"
    settings.write_text('{"link": "bus", "echo": true}')
    assert links.read(str(settings), path) == {"link": "bus", "echo": True, "key": first["key"]}
    path.write_text("no key\n")
    with pytest.raises(links.LinkError, match="32 hexadecimal digits"):
        links.read("bus", path)
    settings.write_text("[]")
    with pytest.raises(links.LinkError, match="not a JSON object"):
        links.read(str(settings), None)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--han", "zigbee"], "--han zigbee: not none, bus, udp, espnow, and no such file"),
        (["--han", "xbee"], "a module needs a JSON file"),
        (["--han", "bus"], "give --home-key FILE"),
    ],
)
def test_the_command_says_what_is_wrong(words: list[str], said: str) -> None:
    """Before the port is opened."""
    command = ["flash", "--board", "rpi_pico", "--role", "gsme", "--port", "/dev/null"]
    done = CliRunner().invoke(app, [*command, *words])
    assert done.exit_code == 2 and said in " ".join(done.output.split()), done.output
