# What commands do at a gas meter beyond setting an attribute to a field (meter.md B.6, E.1, E.5).
# zcl/configured.py names the function of each command. It takes the Server, the command (cluster,
# direction bit, command), its Fields and its payload; ValueError refuses the command.
from smets import clock
from smets.compat import const
from smets.zcl import attributes, commands, frame, kept
from smets.zcl.clusters import DEVICE_MANAGEMENT, MESSAGING, METERING, PREPAYMENT, PRICE

_NO_THRESHOLD = 0xFFFFFFFFFFFF
_THRESHOLDS = const(3)
_TOU = const(1)  # Sub-payload Control of PublishPriceMatrix: prices of tiers, not of blocks
_PRICES = const(4)
_NEXT = const(0x10)  # from an attribute of a tier or a debt to that of the next
_PAYMENT_DEBT = const(4)  # the first Debt Amount Type of it
# States of a supply (0x0702/0x0014).
_OFF, _ARMED = range(2)
# Functions that act on what is live, so that they are not tried beforehand.
LIVE = ("credit", "debt", "emergency", "message", "privacy", "supply")
_CONSUMER_MENU = const(2)  # Password Type
# When a message came, UTC seconds (4 octets): of a setting. 0 where no clock told it.
SINCE = kept.key(kept.COMMAND, MESSAGING, commands.DISPLAY_MESSAGE, 1)
# ReportEventConfiguration: command index 0 of 1.
_ONE = b"\x00\x01"
_BY_LIST = const(0)
_SUPPLIER_EVENTS = const(0x81)
_ALL_OF_GROUP = const(0xFF)


class Denied(ValueError):
    """What a command asks for cannot be now."""

    status = frame.FAILURE


# project-choice: what GCS39 is answered where the valve cannot be armed: there is no credit and no
# period without disablement. Alternative: SUCCESS with the present state, as for GCS32.
_NOT_ARMED = frame.ACTION_DENIED


class Locked(Denied):
    """The valve cannot be armed now."""

    status = _NOT_ARMED


def _account(server):
    return server.registry.features["gas_account"]


def _add(server, cluster, attribute, value: int, least=None):
    """Add to an attribute; ValueError where the sum does not fit. `least` is the lowest sum."""
    total = kept.number(server, cluster, attribute) + value
    if least is not None and total < least:
        total = least
    kept.put(server, cluster, attribute, total)


def prices(server, where, fields, payload):
    """PublishPriceMatrix: entries of a tier (1..4) or a block (0..3) and its price."""
    tiers = fields.values[6] & _TOU
    entries = fields.values[fields.repeated :]
    for index in range(0, len(entries), 2):
        number = entries[index] - (1 if tiers else 0)
        if not 0 <= number < _PRICES:
            raise ValueError("tier or block %d" % entries[index])
        attribute = attributes.NO_TIER_BLOCK1_PRICE + number
        if tiers:
            attribute = attributes.TIER1_BLOCK1_PRICE + _NEXT * number
        kept.put(server, PRICE, attribute, entries[index + 1])


def thresholds(server, where, fields, payload):
    """PublishBlockThresholds: as many as the low nibble says; the others get none."""
    given = fields.values[fields.repeated :]
    if len(given) != fields.values[7] & 0x0F or len(given) > _THRESHOLDS:
        raise ValueError("number of thresholds")
    for index in range(_THRESHOLDS):
        value = given[index] if index < len(given) else _NO_THRESHOLD
        kept.put(server, PRICE, attributes.BLOCK1_THRESHOLD + index, value)


def debt(server, where, fields, payload):
    """ChangeDebt: types 0 and 1 are time debt 1, 2 and 3 time debt 2, 4 and 5 payment debt.

    An odd type adds to the debt, an even one sets it (meter.md E.5); a debt is never below 0.
    """
    amount, sort = fields.values[2], fields.values[4]
    if sort > 5:
        raise ValueError("debt amount type")
    step = _NEXT * (sort // 2)
    if sort & 1:
        _add(server, PREPAYMENT, attributes.DEBT_AMOUNT_1 + step, amount, 0)
    else:
        kept.put(server, PREPAYMENT, attributes.DEBT_AMOUNT_1 + step, amount)
    if sort >= _PAYMENT_DEBT:
        kept.put(
            server, PREPAYMENT, attributes.DEBT_RECOVERY_TOP_UP_PERCENTAGE_3, fields.values[9]
        )
    else:
        kept.put(server, PREPAYMENT, attributes.DEBT_RECOVERY_FREQUENCY_1 + step, fields.values[7])
        kept.put(server, PREPAYMENT, attributes.DEBT_RECOVERY_AMOUNT_1 + step, fields.values[8])


def credit(server, where, fields, payload):
    """CreditAdjustment of a prepayment balance (types 0, 1) or a bill (2, 3) that is never < 0."""
    sort, amount = fields.values[2], fields.values[3]
    if sort > 3:
        raise ValueError("credit adjustment type")
    if sort == 0:
        _add(server, PREPAYMENT, attributes.CREDIT_REMAINING, amount)
    elif sort == 1:
        _account(server).reset_balance(amount)
    elif sort == 2:
        kept.put(server, METERING, attributes.BILL_TO_DATE_DELIVERED, amount)
    else:
        _add(server, METERING, attributes.BILL_TO_DATE_DELIVERED, -amount, 0)


def emergency(server, where, fields, payload):
    """SelectAvailableEmergencyCredit: success where it is active afterwards (meter.md E.5).

    project-choice: GCS06 and PCS02 fail (FAILURE) in credit mode, and while credit is above the
    threshold at which emergency credit is offered. Alternative: it is granted at any credit.
    """
    if not _account(server).select():
        raise Denied("no emergency credit")


def supply(server, where, fields, payload):
    """ChangeSupply: close the valve, or arm it; a consumer opens it at the meter."""
    proposed = fields.values[4]
    if proposed not in (_OFF, _ARMED):
        raise ValueError("supply status")
    if not _account(server).switch(proposed):
        raise Locked("no credit")


def message(server, where, fields, payload):
    """DisplayMessage: kept as it came, with the time of that, and shown from now on.

    A meter takes it as it comes, or when its time has come (GCS07); a proxy when it has passed.
    """
    as_sent(server, where, fields, payload)
    own = server.registry.features["event_log"].device.clock
    seconds = 0 if own.status == clock.INVALID else own.seconds
    server.settings.put(SINCE, seconds.to_bytes(4, "big"))


def privacy(server, where, fields, payload):
    """RequestNewPasswordResponse: no password for what the consumer sees, so no PIN (GCS11).

    project-choice: another type or a password is refused, since GCS11 can only end the protection.
    Alternative: a supplier's password becomes the PIN.
    """
    if fields.values[3] != _CONSUMER_MENU or len(fields.values[4]):
        raise ValueError("password")
    server.registry.features["gas_display"].unprotect()


def billing(server, where, fields, payload):
    """PublishBillingPeriod is read back as it came."""
    server.settings.put(kept.key(kept.PUBLISHED, where[0], where[2]), kept.join((payload,)))


def as_sent(server, where, fields, payload):
    """A command whose fields are no attributes: it is kept as it came."""
    server.settings.put(kept.key(kept.COMMAND, where[0], where[2]), payload)


def events(server, where, fields, payload):
    """SetEventConfiguration by list: the octet of each event that is named."""
    control, count = fields.values[3], fields.values[4]
    codes = fields.values[fields.repeated :]
    if control != _BY_LIST or count != len(codes):
        raise ValueError("configuration control")
    where = kept.key(kept.PUBLISHED, DEVICE_MANAGEMENT, commands.REPORT_EVENT_CONFIGURATION)
    held = kept.split(server.settings.get(where))
    report = (DEVICE_MANAGEMENT, commands.REPORT_EVENT_CONFIGURATION)
    held = held or server.published.get(report) or [_ONE]
    rows = bytearray(held[0])
    for code in codes:
        if code >> 8 != _SUPPLIER_EVENTS:
            raise ValueError("event %04X" % code)
        event = code.to_bytes(2, "little")
        for at in range(len(_ONE), len(rows), 3):
            if rows[at : at + 2] == event:
                rows[at + 2] = fields.values[2]
                break
        else:
            rows.extend(event + bytes((fields.values[2],)))
    server.settings.put(where, kept.join((bytes(rows),)))


def configured_events(value, event: int):
    """The answer to GetEventConfiguration for an event, or for all of its group (..FF)."""
    rows = kept.split(value)[0]
    found = b""
    for at in range(len(_ONE), len(rows), 3):
        code = int.from_bytes(rows[at : at + 2], "little")
        if code == event or (event & 0xFF == _ALL_OF_GROUP and code >> 8 == event >> 8):
            found += rows[at : at + 3]
    return [_ONE + found] if found else frame.NOT_FOUND
