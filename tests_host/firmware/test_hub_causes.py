# engines: cpython unix
# Alerts of a hub from what happens to it: bodies by the tables of alerts (docs/evidence), to the
# broker, with a MAC where they have a message code of their own, else signed.
from test_asn1 import Asked
from test_controllers import told
from test_hub_log import access
from testkit import raises
from vectors import BROKER, SUPPLIER, command, h

from smets.devices.chf import Chf

EUI = "00DB000000000009"
TIME = "090C 07DF 01 01 FF 00 00 00 00 8000 FF"
# Cause, its members, code, message code, octets after the time.
ROWS = (
    ("duty-cycle-limited", {"eui": EUI}, 0x8F20, 0x0110, "0908" + EUI),
    ("duty-cycle-below-limited", {}, 0x8F21, 0x1000, ""),
    ("duty-cycle-critical", {}, 0x8F22, 0x1000, ""),
    ("duty-cycle-below-critical", {}, 0x8F23, 0x1000, ""),
    ("duty-cycle-regulated", {}, 0x8F24, 0x1000, ""),
    ("duty-cycle-below-regulated", {}, 0x8F25, 0x1000, ""),
    (
        "channel-changed",
        {"channel": 0xE0000006, "reason": 0},
        0x8F26,
        0x0111,
        "0202 0420 E0000006 0901 00",
    ),
    ("scan", {}, 0x8F27, 0x1000, ""),
    ("scan-assessed", {"outcome": 1, "origin": 2}, 0x8F28, 0x0112, "0202 0901 01 0901 02"),
    ("gas-meter-lost", {}, 0x8F29, 0x1000, ""),
    ("channel-kept", {}, 0x8F2B, 0x1000, ""),
    ("no-capacity", {"eui": EUI}, 0x8F2D, 0x0115, "0908" + EUI),
    ("cover-removed", {}, 0x8F3F, 0x1000, ""),
    ("magnetic-field", {}, 0x8F75, 0x1000, ""),
    ("other-tamper", {}, 0x8F78, 0x1000, ""),
)


def cause(ask, name, **members):
    ask.device.registry.give("actions", {"cause": dict(members, name=name)})


def test_each_cause_has_its_alert():
    """spec (alerts.md 3): code, time, body; MAC or signature, never both."""
    ask = Asked(Chf)
    for name, members, code, message_code, more in ROWS:
        cause(ask, name, **members)
        (alert,) = told(ask, BROKER)
        count = "0203" if more else "0202"
        body = h(count + "12%04X" % code + TIME + more)
        assert alert.code == message_code and alert.target == BROKER, name
        assert alert.payload[6:] == body or alert.payload.endswith(body), name
        signed = message_code == 0x1000
        assert bool(alert.signature) == signed and alert.authenticated != signed, name
    codes = [row[4:6] for row in ask.device.feature("event_log").security.entries]
    assert codes == [h("8F3F"), h("8F75"), h("8F78")]


def test_a_message_that_is_discarded():
    """spec (DBCH10): originator, target, CRA, counter of the message."""
    ask = Asked(Chf)
    message = command(0x0075, b"\x01", 0x1122, SUPPLIER, h(EUI))
    cause(ask, "message-discarded", message=message.hex())
    (alert,) = told(ask, BROKER)
    identity = SUPPLIER + h(EUI) + b"\x01" + (0x1122).to_bytes(8, "big")
    assert alert.code == 0x0114
    assert alert.payload.endswith(h("0203 12 8F2C" + TIME + "0919") + identity)


def test_a_scan_that_a_command_asks_for():
    """project-choice: assessed with 00 and 00, then begun."""
    ask = Asked(Chf)
    request = access((2, "0001 00005E2C0A0102", "1101"))
    answer = ask(0x010E, request, BROKER, False)
    assert answer[-1] == 0
    first, second = told(ask, BROKER)
    assert first.payload.endswith(h("0203 12 8F28" + TIME + "0202 0901 00 0901 00"))
    assert second.payload.endswith(h("0202 12 8F27" + TIME))


def test_what_a_cause_needs():
    """issue: what is missing, too much or unknown is refused, and nothing is told."""
    ask = Asked(Chf)
    for name, members in (
        ("scan", {"eui": EUI}),
        ("no-capacity", {}),
        ("channel-changed", {"channel": 1}),
        ("channel-changed", {"channel": 1 << 32, "reason": 0}),
        ("message-discarded", {"message": "DF09"}),
        ("message-discarded", {"message": "x"}),
        ("rain", {}),
    ):
        with raises(ValueError):
            cause(ask, name, **members)
    assert ask.device.alerts == []
