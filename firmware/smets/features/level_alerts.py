# Alerts of a level of an auxiliary proportional controller, to the supplier (ECS101, ECS102), and
# of its state (ECS200).
from smets import clock, cosem_time
from smets.codec import Writer
from smets.features.codes import STATE_ALERT, STATE_CHANGED


def tell(device, code: int, message_code: int, when: int, controller: int, level: int, period=()):
    """Code, UTC `when`, controller, the start and end of a `period`, level in percent."""
    keys = device.keys
    supplier = keys.first("supplier") if keys else None
    if supplier is None:
        return
    writer = Writer(64)
    writer.put(bytes((0x02, 4 + len(period), 0x12)))
    writer.be(code, 2)
    _time(writer, when)
    writer.put(bytes((0x11, controller)))
    for each in period:
        _time(writer, each)
    writer.put(bytes((0x11, level)))
    device.alert(code, when, supplier.id, message_code, bytes(writer.view()))


def tell_states(device, states: tuple):
    """Tell the supplier that the states of an output and an input are these now, in percent.

    project-choice: the party that the header names beside the message code is a load controller
    that the device knows, else the supplier. Alternative: the network operator.
    """
    keys = device.keys
    supplier = keys.first("supplier") if keys else None
    if supplier is None:
        return
    named = keys.first("load_controller") or supplier
    own = device.clock
    when = own.seconds if own.status != clock.INVALID else clock.UTC_INVALID
    text = '{"outputState":"%d","inputState":"%d","other-data":""}' % states
    writer = Writer(96)
    writer.put(b"\x02\x03\x12")
    writer.be(STATE_CHANGED, 2)
    _time(writer, when)
    writer.put(bytes((0x0C, len(text))))
    writer.put(text.encode())
    body = bytes(writer.view())
    device.alert(STATE_CHANGED, when, supplier.id, STATE_ALERT, body, named.id)


def _time(writer, when: int):
    writer.put(b"\x09\x0c")
    cosem_time.put(writer, when, cosem_time.STATUS_NOT_SPECIFIED)
