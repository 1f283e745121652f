# Alerts of a hub without a body of their own (message code 1000), to the broker; signed.
from smets import clock, cosem_time
from smets.codec import Writer
from smets.compat import const

_CRITICAL = const(0x1000)
BROKER = "access_control_broker"


def moment(device) -> int:
    """Now, UTC; UTC_INVALID without a valid clock."""
    own = device.clock
    return own.seconds if own.status != clock.INVALID else clock.UTC_INVALID


def body(code: int, when: int, items: int = 0, told: bytes = b"") -> bytes:
    """A structure of code, time and `items` more values, which are `told`."""
    writer = Writer(32 + len(told))
    writer.put(bytes((0x02, 2 + items, 0x12)))
    writer.be(code, 2)
    writer.put(b"\x09\x0c")
    cosem_time.put(writer, when, cosem_time.STATUS_NOT_SPECIFIED)
    writer.put(told)
    return bytes(writer.view())


def tell(device, code: int):
    """Tell the broker a code of now; project-choice.

    No source says who gets those without a body of their own. Alternative: the supplier.
    """
    when = moment(device)
    device.alert(code, when, BROKER, _CRITICAL, body(code, when))
