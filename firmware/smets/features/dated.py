# Commands for a later time (meter.md (f)): an activation attribute that is set to a date waits for
# it, through power cuts, then copies passive to active, and an alert tells who sent the command.
from smets import clock, cosem_time
from smets.compat import const
from smets.features.feature import Feature
from smets.ports.store_error import StoreError

_KIND = b"W"  # of the settings: activation attribute -> what waits there
_DONE = const(0x8F66)
_FAILED = const(0x8F67)
_ALERT = const(0x00CC)  # message code
# What waits: order (2), date (12), and of the command message code (2), counter, originator (8).
_DATE = const(2)
_CODE = const(14)
_ORIGINATOR = const(24)


class Dated(Feature):
    """What waits for its time, among the settings: kept and given up with its command."""

    alerts = ((_DONE, _FAILED),)

    def __init__(self, device):
        super().__init__(device)
        self._waiting = {}  # activation attribute -> octets; empty where nothing waits
        device.settings.serve(_KIND, self._take)

    def _take(self, key, value):
        before = self._waiting.get(key)
        self._waiting[key] = value
        return self._waiting, key, before

    def wait(self, key: bytes, date: bytes):
        """The command that is carried out sets an activation attribute to a date to come."""
        exchange = self.device.exchange
        if exchange is None:
            return  # no remote party
        order = 1 + max([0] + [_order(held) for held in self._waiting.values()])
        staged = self.device.settings.mark()
        order += len([each for each in staged if each[:1] == _KIND])
        octets = order.to_bytes(2, "big") + date + exchange.code.to_bytes(2, "big")
        octets += exchange.counter + exchange.originator
        self.device.settings.put(_KIND + key, octets)

    def forget(self, key: bytes):
        """An activation attribute is set to now, or to never: nothing waits there."""
        if self._waiting.get(key):
            self.device.settings.put(_KIND + key, b"")

    def next(self) -> int:
        """The first time for which something waits, UTC seconds; UTC_INVALID without one."""
        found = clock.UTC_INVALID
        for held in self._waiting.values():
            if held:
                found = min(found, _when(held))
        return found

    def carry_out(self, now: int):
        """Carry out what is due at UTC `now`, by its time and then in the order of the command."""
        if self.next() > now:
            return
        due = []
        for key, held in self._waiting.items():
            if held and _when(held) <= now:
                due.append((_when(held), _order(held), key, held))
        for when, _, key, held in sorted(due):
            done = self._one(when, key)
            if done is None:
                return  # the store fails: it is tried again
            self._tell(when, key, held, _DONE if done else _FAILED)
        logs = self.device.feature("meter_logs")
        if logs:
            logs.look(now)

    def _one(self, when: int, key: bytes):
        """Whether an activation could be carried out; None where the store fails."""
        device = self.device
        kept = device.dlms.keeping()
        account = device.feature("prepayment")
        try:
            if account and account.meter:
                account.meter.activate(when)
            from smets.dlms import effects

            done = effects.activate(kept, key)
            device.settings.put(_KIND + key, b"")
            device.settings.commit()
        except StoreError:
            device.settings.rollback()
            return None
        return done

    def _tell(self, when: int, key: bytes, held: bytes, code: int):
        device = self.device
        # The structure of the alert; gbcs/alert.py writes what stands before it.
        payload = b"\x02\x03\x12" + code.to_bytes(2, "big") + b"\x09\x0c" + held[_DATE:_CODE]
        payload += b"\x09\x13" + held[_CODE:_ORIGINATOR] + key
        device.alert(code, when, held[_ORIGINATOR:], _ALERT, payload)
        log = device.feature("event_log")
        if log:
            log.enter(code, b"", when)

    def tick(self):
        """See Feature."""
        own = self.device.clock
        if own.status != clock.INVALID:
            self.carry_out(own.seconds)


def _order(held) -> int:
    return int.from_bytes(held[:_DATE], "big")


def _when(held) -> int:
    return cosem_time.parse(held[_DATE:_CODE])


FEATURE = Dated
