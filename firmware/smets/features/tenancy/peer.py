# State of the tenancy client for one meter, and the decoding of its answers.
# Read Attributes Response: ZCL 2.5.2, records in any order.
from smets.codec import Reader
from smets.zcl import frame, types
from smets.zcl.client import Read


class Peer:
    """One server: the Device Management cluster of a meter, and the read that is under way."""

    def __init__(self, fuel: int, to: tuple):
        self.fuel = fuel
        self.to = to  # EUI-64 and endpoint
        self.request: Read | None = None  # that waits for its answer
        self.due = 0  # when to read next; all these times are uptime
        self.sent: int | None = None
        self.again = False  # something was pushed while a read was under way
        self.failures = 0
        self.publish: tuple | None = None  # provider and issuer event of the last push with a date
        self.window: int | None = None
        self.answers = 0


def records(payload) -> dict:
    """Attribute -> (status, type, value) of a response; DecodeError if any record is bad."""
    reader = Reader(payload)
    records = {}
    while True:
        attribute = reader.le(2, "attribute")
        status = reader.u8("status")
        kind = value = 0
        if status == frame.SUCCESS:
            kind = reader.u8("type")
            value = types.read_value(reader, kind)
        records[attribute] = (status, kind, value)
        if not reader.left():
            return records
