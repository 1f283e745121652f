# engines: cpython unix
# The GPF's own logs: the Device Log with its backup (GCS59, GCS62), events of commands (CS10a).
from test_asn1 import Asked
from test_controllers import told
from testkit import tmpdir
from vectors import BROKER, h

from smets.devices.gpf import Gpf
from smets.ports.store import Store

GCS59 = 0x008C
ONE, TWO = h("00DB000000000091"), h("00DB000000000092")
TEXT = h("180F") + b"20150101000000Z"


def row(eui, kind):
    return h("300D 0408") + eui + h("0201%02X" % kind)


def rows(*devices):
    octets = b"".join([row(*each) for each in devices])
    return h("30%02X" % len(octets)) + octets


def test_a_restored_log_is_backed_up():
    """issue: GCS62 lists all, MAC alone, after a change and not after a restart."""
    path = tmpdir()
    ask = Asked(Gpf, Store(path))
    devices = ((ONE, 5), (TWO, 6))
    ask(GCS59, rows(*devices), BROKER, False)
    (backup,) = told(ask, BROKER)
    assert (backup.code, backup.target) == (0x00B2, BROKER)
    assert backup.authenticated and not backup.signature
    content = h("0203 008071") + TEXT + rows(*devices)
    assert backup.payload == h("30%02X" % len(content)) + content
    ask = Asked(Gpf, Store(path))
    ask.device.advance(1)
    assert ask.device.alerts == []
    assert [entry[0] for entry in ask.device.feature("device_log").entries] == [ONE, TWO]


def test_commands_are_events():
    """issue: 8154 with the message code, read by CS10a, also after a restart."""
    path = tmpdir()
    ask = Asked(Gpf, Store(path))
    ask(GCS59, rows((ONE, 5)), BROKER, False)
    logs = ask.device.feature("event_log")
    assert [entry[4:] for entry in logs.events.entries] == [h("8154 02 008C")]
    again = Gpf(Store(path)).feature("event_log")
    assert again.events.entries == logs.events.entries
    ask.refused("malformed", GCS59, h("0500"), party=BROKER, sign=False)
    assert [entry[4:] for entry in logs.security.entries] == [h("8F1E")]
