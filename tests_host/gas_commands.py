"""What each GBZ use case sets at a gas meter: payloads of its commands, and what reads them back.

Layouts are those of the GBCS use case tables and of RTDS bytes, restated here and not taken from
the firmware. A place is (cluster, attribute), or (cluster, Get command, calendar id) for what is
published; its value is type and value octets, or a list of payloads.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field

NOW = 473385600  # 2015-01-01, seconds since 2000
TARIFF, NON_DISABLEMENT = 0xFFFFFFFF, 0xFFFFFFFE
BASIC, PRICE, METERING, MESSAGING = 0x0000, 0x0700, 0x0702, 0x0703
PREPAYMENT, CALENDAR, DEVICE_MANAGEMENT, EVENTS = 0x0705, 0x0707, 0x0708, 0x0709
UINT8, UINT16, UINT24, UINT32, UINT48, INT32 = 0x20, 0x21, 0x22, 0x23, 0x25, 0x2B
BITMAP8, BITMAP16, ENUM8, OCTETS = 0x18, 0x19, 0x30, 0x41
SIZES = {UINT8: 1, UINT16: 2, UINT24: 3, UINT32: 4, UINT48: 6, INT32: 4}
SIZES |= {BITMAP8: 1, BITMAP16: 2, ENUM8: 1}


def le(value: int, size: int) -> bytes:
    """Little-endian octets of a number, signed where it is below 0."""
    return (value % (1 << 8 * size)).to_bytes(size, "little")


def string(text: bytes) -> bytes:
    """An octet string."""
    return bytes((len(text),)) + text


def attribute(type_id: int, value: int | bytes) -> bytes:
    """Type and value octets of an attribute."""
    if isinstance(value, bytes):
        return bytes((type_id,)) + string(value)
    return bytes((type_id,)) + le(value, SIZES[type_id])


# Events that a state publishes: (code, UTC seconds, data).
GENERAL_EVENT, SECURITY_EVENT = (0x8145, NOW - 7200, b"\x01"), (0x8F0C, NOW - 3600, b"")


def event_entry(log: int, event: tuple[int, int, bytes]) -> bytes:
    """An entry of PublishEventLog; log 3 is the event log, 4 the security log."""
    code, time, data = event
    return bytes((log,)) + le(code, 2) + le(time, 4) + string(data)


@dataclass
class Component:
    """One command: how it is sent, and what it sets (place -> value)."""

    cluster: int
    control: int
    command: int
    payload: bytes
    sets: dict[tuple[int, ...], bytes | list[bytes]] = field(default_factory=dict)
    from_date_time: int | None = None


class Maker:
    """Makes the components of use cases with values from a seed, all within their ranges."""

    def __init__(self, seed: object, start: int = 0) -> None:
        """`start` is the date that dated fields have; 0 is now."""
        self.rng = random.Random(str(seed))
        self.start = start
        self.event = le(NOW, 4)

    def number(self, low: int, high: int) -> int:
        """A value in a range, both ends included."""
        return self.rng.randint(low, high)

    # --- Price ---------------------------------------------------------------------------------

    def tariff_information(self, tiers: bool) -> Component:
        """0700/04."""
        currency = self.rng.choice((826, 978))
        charge = self.number(1, 999999)
        payload = bytes(4) + self.event + le(1, 4) + le(self.start, 4)
        payload += bytes((0x00 if tiers else 0x10, 0, 4 if tiers else 0, 0 if tiers else 3, 0))
        payload += le(currency, 2) + b"\x50" + le(charge, 4) + b"\xff" + le(1, 3) + le(1000, 3)
        sets = {
            (PRICE, 0x0615): attribute(ENUM8, 0),
            (PRICE, 0x0616): attribute(UINT16, currency),
            (PRICE, 0x0617): attribute(BITMAP8, 0x50),
            (PRICE, 0x0301): attribute(UINT32, charge),
            (PRICE, 0x0202): attribute(UINT24, 1),
            (PRICE, 0x0203): attribute(UINT24, 1000),
        }
        return Component(PRICE, 9, 4, payload, sets)

    def thresholds(self) -> Component:
        """0700/06: three of them, for all tiers."""
        values = sorted(self.number(1, 1 << 40) for _ in range(3))
        payload = bytes(4) + self.event + le(self.start, 4) + le(1, 4) + b"\x00\x01\x01\x03"
        payload += b"".join(le(value, 6) for value in values)
        sets = {(PRICE, 0x0100 + n): attribute(UINT48, values[n]) for n in range(3)}
        return Component(PRICE, 9, 6, payload, sets)

    def prices(self, tiers: bool) -> Component:
        """0700/05: of four tiers (1 to 4), or of four blocks (0 to 3)."""
        payload = bytes(4) + self.event + le(self.start, 4) + le(1, 4)
        payload += b"\x00\x01" + bytes((1 if tiers else 0,))
        sets = {}
        for number in range(4):
            price = self.number(1, 99999)
            payload += bytes((number + 1 if tiers else number,)) + le(price, 4)
            place = 0x0410 + 0x10 * number if tiers else 0x0400 + number
            sets[(PRICE, place)] = attribute(UINT32, price)
        return Component(PRICE, 9, 5, payload, sets)

    def conversion_factor(self) -> Component:
        """0700/02."""
        value = self.number(1, 0xFFFFFFFF)
        payload = self.event + le(self.start, 4) + le(value, 4) + b"\x50"
        sets = {
            (PRICE, 0x0302): attribute(UINT32, value),
            (PRICE, 0x0303): attribute(BITMAP8, 0x50),
        }
        return Component(PRICE, 9, 2, payload, sets)

    def calorific_value(self) -> Component:
        """0700/03."""
        value = self.number(1, 0xFFFFFFFF)
        payload = self.event + le(self.start, 4) + le(value, 4) + b"\x01\x10"
        sets = {
            (PRICE, 0x0304): attribute(UINT32, value),
            (PRICE, 0x0305): attribute(ENUM8, 1),
            (PRICE, 0x0306): attribute(BITMAP8, 0x10),
        }
        return Component(PRICE, 9, 3, payload, sets)

    def billing(self) -> list[Component]:
        """0700/09 and 0700/01: periods of months."""
        duration = self.rng.choice((1, 3, 6, 12))
        first = le(self.number(NOW, NOW + 10**6), 4)
        head = bytes(4) + self.event + first + le(duration, 3)
        billing = head + b"\x23\x00"
        sets = {(PRICE, 0x0B, 0): [billing]}
        return [
            Component(PRICE, 9, 9, billing, sets),
            Component(PRICE, 9, 1, head + b"\x02\x23\x00\x01"),
        ]

    # --- Calendar ------------------------------------------------------------------------------

    def calendar(self, sort: int, days: int, weeks: int) -> list[Component]:
        """0707/00 to 04: type 0 has one entry a day, type 3 up to three."""
        issuer = le(NOW + self.number(1, 1000), 4)
        head = bytes(4) + self.event + issuer
        begin = head + le(self.start, 4) + bytes((sort, 0, 0, 2, weeks, days))
        found = [Component(CALENDAR, 9, 0, begin)]
        which = NON_DISABLEMENT if sort else TARIFF
        for day in range(1, days + 1):
            times = [0, 480, 1080][: self.number(1, 3)] if sort else [0]
            payload = head + bytes((day, len(times), 0, 1, sort))
            for time in times:
                value = self.number(0, 1) if sort else self.number(1, 4)
                payload += le(time, 2) + bytes((value,))
            found.append(Component(CALENDAR, 9, 1, payload))
        for week in range(1, weeks + 1):
            payload = head + bytes((week,)) + bytes(self.number(1, days) for _ in range(7))
            found.append(Component(CALENDAR, 9, 2, payload))
        seasons = head + b"\x00\x01"
        for month in (3, 10):
            seasons += bytes((0xFF, month, self.number(1, 28), 0xFF, self.number(1, weeks)))
        found.append(Component(CALENDAR, 9, 3, seasons))
        special = head + le(self.start, 4) + bytes((sort, 2, 0, 1))
        for month in (5, 12):
            special += bytes((0x73, month, self.number(1, 28), 0xFF, self.number(1, days)))
        found.append(Component(CALENDAR, 9, 4, special))
        for command in range(1, 5):
            alike = [item for item in found if item.command == command]
            place = (CALENDAR, command, which)
            alike[0].sets[place] = [item.payload for item in alike]
        return found

    # --- Prepayment ----------------------------------------------------------------------------

    def debt(self, number: int) -> Component:
        """0705/02: adds to a debt that was 0: time debt 1 or 2, or the payment debt."""
        amount = self.number(1, 10**6)
        recovery = 0 if number == 3 else self.number(1, 10**5)
        frequency = 1 if number == 3 else self.number(0, 1)
        percentage = self.number(1, 10000) if number == 3 else 0
        payload = self.event + b"\x00" + le(amount, 4)
        payload += bytes((1 if number == 3 else 0, 2 * number - 1)) + bytes(6)
        payload += bytes((frequency,)) + le(recovery, 4) + le(percentage, 2)
        at = 0x0201 + 0x10 * number
        sets = {(PREPAYMENT, at): attribute(UINT32, amount)}
        if number == 3:
            sets[(PREPAYMENT, 0x0239)] = attribute(UINT16, percentage)
        else:
            sets[(PREPAYMENT, at + 5)] = attribute(ENUM8, frequency)
            sets[(PREPAYMENT, at + 6)] = attribute(UINT32, recovery)
        return Component(PREPAYMENT, 1, 2, payload, sets)

    def emergency_credit(self) -> Component:
        """0705/03."""
        limit, threshold = self.number(1, 10**7), self.number(1, 10**7)
        payload = self.event + le(self.start, 4) + le(limit, 4) + le(threshold, 4)
        sets = {
            (PREPAYMENT, 0x0010): attribute(UINT32, limit),
            (PREPAYMENT, 0x0011): attribute(UINT32, threshold),
        }
        return Component(PREPAYMENT, 1, 3, payload, sets)

    def select_emergency_credit(self) -> Component:
        """0705/00."""
        return Component(PREPAYMENT, 1, 0, bytes(5))

    def clear_events(self) -> Component:
        """0709/01: the event log is cleared, the security log (4) is not."""
        left = b"\x01\x00\x00\x01\x00" + event_entry(4, SECURITY_EVENT)
        return Component(EVENTS, 1, 1, b"\x03", {(EVENTS, 0, 0): [left]})

    def debt_cap(self) -> Component:
        """0705/0C."""
        cap = self.number(1, 10**7)
        payload = bytes(4) + self.event + le(self.start, 4) + le(cap, 4)
        return Component(PREPAYMENT, 1, 12, payload, {(PREPAYMENT, 6): attribute(INT32, cap)})

    def low_credit(self) -> Component:
        """0705/09: its date is the From Date Time of the component."""
        level = self.number(1, 10**7)
        sets = {(PREPAYMENT, 0x0031): attribute(UINT32, level)}
        return Component(PREPAYMENT, 1, 9, le(level, 4), sets, self.start)

    def maximum_credit(self) -> Component:
        """0705/0B."""
        limit, top_up = self.number(1, 10**8), self.number(1, 10**8)
        payload = bytes(4) + self.event + le(self.start, 4) + le(limit, 4) + le(top_up, 4)
        sets = {
            (PREPAYMENT, 0x0021): attribute(UINT32, limit),
            (PREPAYMENT, 0x0022): attribute(UINT32, top_up),
        }
        return Component(PREPAYMENT, 1, 11, payload, sets)

    def payment_mode(self, control: int, cut_off: int) -> Component:
        """0705/06; a cut-off of -1 stays as it is."""
        payload = bytes(4) + self.event + le(self.start, 4) + le(control, 2) + le(cut_off, 4)
        sets = {(PREPAYMENT, 0): attribute(BITMAP16, control)}
        if cut_off != -1:
            sets[(PREPAYMENT, 0x0040)] = attribute(INT32, cut_off)
        return Component(PREPAYMENT, 1, 6, payload, sets)

    def credit(self, sort: int) -> Component:
        """0705/05: adds to the balance 0, resets it, resets the bill 0, subtracts from it."""
        value = 0 if sort in (1, 2) else self.number(1, 10**6)
        payload = self.event + bytes(4) + bytes((sort,))
        if sort == 3:
            # The bill rises when the adjustment is below 0.
            payload += le(-value, 4)
        else:
            payload += le(value, 4)
        place = (PREPAYMENT, 0x0001) if sort < 2 else (METERING, 0x0A00)
        sets = {place: attribute(INT32 if sort < 2 else UINT32, value)}
        return Component(PREPAYMENT, 1, 5, payload, sets)

    # --- Metering, messages, identity ----------------------------------------------------------

    def flow(self, divisor: int) -> Component:
        """0702/0E."""
        threshold, settle, measure = (self.number(1, high) for high in (0xFFFF, 0xFF, 0xFFFF))
        payload = bytes(4) + self.event + le(threshold, 2) + b"\x01" + le(1, 2) + le(divisor, 2)
        payload += bytes((settle,)) + le(measure, 2)
        sets = {
            (METERING, 0x0B10): attribute(UINT16, threshold),
            (METERING, 0x0B11): attribute(ENUM8, 1),
            (METERING, 0x0B12): attribute(UINT16, 1),
            (METERING, 0x0B13): attribute(UINT16, divisor),
            (METERING, 0x0B14): attribute(UINT8, settle),
            (METERING, 0x0B15): attribute(UINT16, measure),
        }
        return Component(METERING, 1, 14, payload, sets)

    def supply_states(self) -> Component:
        """0702/0D: both locked."""
        sets = {(METERING, place): attribute(ENUM8, 0) for place in (0x0607, 0x0608)}
        return Component(METERING, 1, 13, self.event + b"\x00\x00\x00\x03", sets)

    def supply(self, status: int) -> Component:
        """0702/0B: close or arm the valve."""
        payload = bytes(4) + self.event + bytes(8) + bytes((status, 1))
        return Component(METERING, 1, 11, payload, {(METERING, 0x0014): attribute(ENUM8, status)})

    def message(self) -> Component:
        """0703/00."""
        text = bytes(self.number(0x61, 0x7A) for _ in range(self.number(1, 116)))
        payload = self.event + b"\x00" + bytes(4) + b"\xff\xff" + string(text)
        return Component(MESSAGING, 9, 0, payload)

    def supplier(self) -> Component:
        """0708/01."""
        name, phone = (bytes(self.number(0x61, 0x7A) for _ in range(n)) for n in (15, 18))
        payload = bytes(4) + self.event + bytes(9) + le(0x1800, 4) + string(name) + string(phone)
        sets = {
            (DEVICE_MANAGEMENT, 0x0101): attribute(OCTETS, name),
            (DEVICE_MANAGEMENT, 0x0102): attribute(OCTETS, phone),
        }
        return Component(DEVICE_MANAGEMENT, 9, 1, payload, sets)

    def pin_off(self) -> Component:
        """0708/02."""
        return Component(DEVICE_MANAGEMENT, 9, 2, self.event + bytes(6) + b"\x02\x00")

    def mprn(self) -> Component:
        """0708/03."""
        value = bytes(self.number(0x30, 0x39) for _ in range(10))
        payload = self.event + bytes(8) + string(value)
        return Component(
            DEVICE_MANAGEMENT, 9, 3, payload, {(METERING, 0x0307): attribute(OCTETS, value)}
        )

    def cin(self) -> Component:
        """0708/06."""
        value = bytes(self.number(0x30, 0x39) for _ in range(4))
        payload = self.event + bytes(8) + string(value)
        return Component(
            DEVICE_MANAGEMENT, 9, 6, payload, {(METERING, 0x0311): attribute(OCTETS, value)}
        )

    def events(self) -> list[Component]:
        """0708/04 three times; the last changes an event of the first."""
        lists = (([0x81AA, 0x81AB], 0x5B), ([0x810E], 0x08), ([0x81AA, 0x8161], 0x43))
        found = []
        for codes, bits in lists:
            payload = self.event + bytes(4) + bytes((bits, 0, len(codes)))
            payload += b"".join(le(code, 2) for code in codes)
            found.append(Component(DEVICE_MANAGEMENT, 9, 4, payload))
        rows = [(0x81AA, 0x43), (0x81AB, 0x5B), (0x810E, 0x08), (0x8161, 0x43)]
        report = b"\x00\x01" + b"".join(le(code, 2) + bytes((bits,)) for code, bits in rows)
        found[-1].sets[(DEVICE_MANAGEMENT, 0x05, 0)] = [report]
        return found

    def of(self, use_case: str) -> list[Component]:
        """The components of a use case that sets something, in order."""
        maker = MADE[use_case]
        found = maker(self)
        return found if isinstance(found, list) else [found]


# Use case -> what makes its components.
MADE = {
    "GCS01a": lambda m: (
        m.calendar(0, 4, 2) + [m.tariff_information(False), m.thresholds(), m.prices(False)]
    ),
    "GCS01b": lambda m: [m.tariff_information(True), m.prices(True)],
    "GCS02": lambda m: m.payment_mode(0x0C94, -1),
    "GCS03": lambda m: m.payment_mode(m.rng.choice((0x0497, 0x0097, 0x0C97, 0x0897)), -5000),
    "GCS04": lambda m: [m.debt(1), m.debt(2), m.debt(3)],
    "GCS05": lambda m: [
        m.emergency_credit(),
        m.debt_cap(),
        m.low_credit(),
        m.maximum_credit(),
        *m.calendar(3, 5, 2),
    ],
    "CS11": lambda m: m.clear_events(),
    "GCS07": lambda m: m.message(),
    "GCS11": lambda m: m.pin_off(),
    "GCS20": lambda m: m.events(),
    "GCS23": lambda m: [m.conversion_factor(), m.calorific_value()],
    "GCS24": lambda m: [m.flow(1), m.supply_states()],
    "GCS24a": lambda m: [m.flow(10000), m.supply_states()],
    "GCS25": lambda m: m.billing(),
    "GCS25a": lambda m: m.billing(),
    "GCS32": lambda m: m.supply(0),
    "GCS36": lambda m: m.cin(),
    "GCS39": lambda m: m.supply(1),
    "GCS40a": lambda m: m.credit(0),
    "GCS40b": lambda m: m.credit(1),
    "GCS40c": lambda m: m.credit(3),
    "GCS40d": lambda m: m.credit(2),
    "GCS41": lambda m: m.mprn(),
    "GCS44": lambda m: m.supplier(),
}
