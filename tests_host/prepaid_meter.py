# A prepayment meter for tests, with a supplier's key, and tokens made for it by the documentation.
import gc

from vectors import h

from smets import clock
from smets.crypto.gcm import Gcm
from smets.crypto.kdf import derive
from smets.devices.esme import Esme
from smets.gbcs.keys import Keys, Party
from smets.zcl import types
from smets.zcl.clusters import METERING, PREPAYMENT, PRICE
from smets.zcl.han_frame import HanFrame

START = clock.to_seconds(2022, 11, 1, 10, 10, 0)
ESME, PPMID = h("02534D45545300A0"), h("02534D45545300A4")
SUPPLIER = h("02534D4554530100")
SECRET = bytes(range(32))
POUND = 100000
PENNY = 1000


# The check digit by whole tables, as GBCS 0.8.1 has them: the firmware computes both.
PERMUTED = (
    "0123456789",
    "1576283094",
    "5803796142",
    "8916043527",
    "9453126870",
    "4286573901",
    "2793806415",
    "7046913258",
)
PRODUCT = (
    "0123456789",
    "1234067895",
    "2340178956",
    "3401289567",
    "4012395678",
    "5987604321",
    "6598710432",
    "7659821043",
    "8765932104",
    "9876543210",
)


def check_digit(digits):
    """The twentieth digit."""
    total, row = 0, 4
    for digit in digits:
        total = int(PRODUCT[total][int(PERMUTED[row][int(digit)])])
        row = (row + 1) % 8
    return "1267583094"[total]


def token(pennies, counter, secret=SECRET, meter=ESME, kind=0, supplier=SUPPLIER):
    """20 digits worth `pennies` (class 0), or steps of another class."""
    high = (((counter % 1024) << 15) + (kind << 13) + pennies).to_bytes(4, "big")
    originator = counter.to_bytes(4, "big") + bytes(4)
    key = derive(secret, supplier, 1, originator, meter)
    gcm = Gcm(key, supplier + bytes(4))
    gcm.update_aad(b"\x11" + bytes(5) + supplier + meter + b"\x01" + originator + high)
    number = (int.from_bytes(high, "big") << 32) + int.from_bytes(gcm.tag(16)[-4:], "big")
    digits = str(7394156990786306048 + number)
    return digits + check_digit(digits)


class Quiet(Esme):
    """An ESME that measures no voltage: the code for it would fill a test's heap."""

    features = (
        "register",
        "tenancy",
        "event_log",
        "logs",
        "events",
        "prepayment",
        "time",
        "device_log",
    )


class Meter:
    """An ESME on its own; what it answers a PPMID."""

    def __init__(self, store=None, fresh=True, **settings):
        gc.collect()
        self.device = Quiet(store)
        self.device.eui = ESME
        keys = Keys(ESME)
        supplier = Party(SUPPLIER, "supplier", b"", None, bytes(32))
        supplier.prepayment_secret = SECRET
        keys.add(supplier)
        self.device.keys = keys
        self.device.clock.set(START, clock.RELIABLE)
        if fresh:
            self.device.zcl.load(METERING, 0x0000, types.UINT48, 1000000)
        for cluster, attribute, kind, value in (
            (PRICE, 0x0301, types.UINT32, 50 * PENNY),
            (PRICE, 0x0400, types.UINT32, 30 * PENNY),
            (PRICE, 0x0617, types.BITMAP8, 0x50),
        ):
            self.device.zcl.set(cluster, attribute, kind, value)
        if fresh:
            told = {"mode": "prepayment", "balance": 10 * POUND}
            told.update(settings)
            self.prepayment.configure(told)
        self._sequence = 0

    @property
    def prepayment(self):
        """The feature."""
        return self.device.feature("prepayment")

    @property
    def meter(self):
        """The account with what belongs to it."""
        return self.prepayment.open()

    @property
    def account(self):
        return self.meter.account

    def ask(self, cluster, command, payload, source=PPMID):
        """The ZCL payload that answers a command of the HAN."""
        self._sequence = (self._sequence + 1) & 0xFF
        octets = bytes((0x01, self._sequence, command)) + payload
        self.device.receive(HanFrame(source, ESME, 1, 1, cluster, octets))
        answer = self.device.outbox.pop(0)
        assert answer.destination == source and answer.payload[1] == self._sequence
        return answer.payload[:1] + answer.payload[2:]

    def top_up(self, digits, source=PPMID):
        """(result type, value, source, credit remaining) of a ConsumerTopUpResponse."""
        answer = self.ask(PREPAYMENT, 0x04, b"\x02\x14" + digits.encode(), source)
        assert answer[:2] == b"\x19\x03" and len(answer) == 12, answer
        return (
            answer[2],
            _signed(answer[3:7]),
            answer[7],
            _signed(answer[8:12]),
        )

    def emergency(self):
        """The status of SelectAvailableEmergencyCredit."""
        return self._status(PREPAYMENT, 0x00, h("0000000002"))

    def enable(self, wanted=2):
        """The status of LocalChangeSupply."""
        return self._status(METERING, 0x0C, bytes((wanted,)))

    def _status(self, cluster, command, payload):
        answer = self.ask(cluster, command, payload)
        assert answer[:2] == b"\x18\x0b" and answer[2] == command and len(answer) == 4
        return answer[3]

    def read(self, cluster, attribute):
        """The value of an attribute, as a display gets it."""
        answer = self.ask_read(cluster, attribute)
        assert answer[4] == 0, answer
        return types.read_value(_reader(answer[6:]), answer[5])

    def ask_read(self, cluster, attribute):
        octets = b"\x00\x55\x00" + attribute.to_bytes(2, "little")
        self.device.receive(HanFrame(PPMID, ESME, 1, 1, cluster, octets))
        payload = self.device.outbox.pop(0).payload
        return payload[:1] + payload[2:]

    def events(self):
        """(code, message code) of the event log, oldest first."""
        rows = self.meter.events.entries
        return [(row[4] << 8 | row[5], int.from_bytes(row[7:9], "big")) for row in rows]


def _reader(octets):
    from smets.codec import Reader

    return Reader(octets)


def _signed(octets):
    value = int.from_bytes(octets, "little")
    return value - (1 << 32) if value >> 31 else value
