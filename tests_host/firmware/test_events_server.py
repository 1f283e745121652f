# engines: cpython unix
# MP078, IRP603: the security log never reaches a device of the home; the remote party has it.
from binascii import unhexlify as h

from smets.devices.esme import Esme
from smets.devices.gpf import Gpf
from smets.features import events_server
from smets.zcl import clusters, frame, published
from smets.zcl.han_frame import HanFrame
from smets.zcl.server import Call

EUI = h("02534D45545300A3")
IHD = h("02534D45545300B0")


def log(log_id):
    leaves = [1, 0, 1, 0x10, log_id, 0x8145, 700000000, b""]
    return published.encode(clusters.EVENTS, 0x01, leaves)


def device(kind, log_id):
    made = kind()
    made.eui = EUI
    made.zcl.published[(clusters.EVENTS, 0x01)] = [log(log_id)]
    return made


def ask(made, log_id):
    payload = h("012100") + bytes((log_id,)) + h("0000" + "00000000" + "FFFFFFFF" + "FF" + "0000")
    made.receive(HanFrame(IHD, EUI, 1, 1, clusters.EVENTS, payload))
    return made.outbox.pop(0).payload


def test_event_log_is_given():
    """spec: log 3 still answers."""
    for kind in (Gpf, Esme):
        assert ask(device(kind, 0x03), 0x13) == h("192101") + log(0x03), kind.name


def test_security_logs_are_not_given():
    """spec: no entry of a security log; which refusal is a project-choice."""
    for kind in (Gpf, Esme):
        for asked in (0x04, 0x14, 0x06, 0x07, 0x00, 0x01):
            for held in (0x03, 0x04, 0x07):
                answer = ask(device(kind, held), asked)
                assert answer == h("18210B00") + bytes((events_server.REFUSAL,)), (asked, held)


def test_security_entries_under_another_name():
    """spec: what the state holds as security log is not given as event log either."""
    assert ask(device(Gpf, 0x04), 0x03) == h("18210B008B"), "nothing of log 3 there"


def test_remote_party_reads_everything():
    """spec: CS10b keeps working."""
    for held in (0x03, 0x04, 0x07):
        call = Call(clusters.EVENTS, frame.parse(h("010000") + bytes(14)))
        call.reply_command = 0x01
        assert device(Gpf, held).zcl.execute(call) == [log(held)], held


def test_malformed_request():
    """spec: another length is malformed."""
    made = device(Gpf, 0x03)
    made.receive(HanFrame(IHD, EUI, 1, 1, clusters.EVENTS, h("01210003")))
    assert made.outbox.pop(0).payload == h("18210B0080"), "refused"
