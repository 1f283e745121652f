# Commands of a gas meter for a later time (meter.md (f)): each ZCL command with a date waits with
# the settings, through power cuts, is carried out then, and a signed alert tells who sent it.
from smets import clock
from smets.codec import Reader
from smets.compat import const
from smets.features import gas_alert
from smets.features.feature import Feature
from smets.ports.store_error import StoreError
from smets.zcl.clusters import CALENDAR

_KIND = b"W"  # of the settings: cluster, command, sort -> what waits there
_DONE = const(0x8F66)
_FAILED = const(0x8F67)
_ALERT = const(0x00CD)  # message codes
_GCS05 = const(0x006F)
_FROM_CLIENT = const(0x01)  # frame control
_OCTETS = 0x0E  # before the command that an alert names


class GasDated(Feature):
    """What waits for its time, among the settings: kept and given up with its command."""

    alerts = ((_DONE, _FAILED),)

    def __init__(self, device):
        super().__init__(device)
        self._waiting = {}  # place -> octets; empty where nothing waits
        device.settings.serve(_KIND, self._take)

    def _take(self, place, value):
        before = self._waiting.get(place)
        self._waiting[place] = value
        return self._waiting, place, before

    def wait(self, place: bytes, date: int, control: int):
        """The command that is carried out has a date to come, UTC seconds, for a place.

        `place` is cluster (2), command and sort, as in zcl/kept.py; `control` its frame control.
        """
        exchange = self.device.exchange
        if exchange is None:
            return  # no remote party
        staged = [key for key in self.device.settings.mark() if key[:1] == _KIND]
        order = max([0] + [_Held(held).order for held in self._waiting.values() if held])
        octets = (order + 1 + len(staged)).to_bytes(2, "big") + date.to_bytes(4, "big")
        octets += exchange.code.to_bytes(2, "big") + exchange.counter + exchange.originator
        self.device.settings.put(_KIND + place, octets + bytes((control,)))

    def forget(self, place: bytes):
        """A command takes the place of what waits there, or cancels it."""
        if self._waiting.get(place):
            self.device.settings.put(_KIND + place, b"")

    def next(self) -> int:
        """The first time for which something waits, UTC seconds; UTC_INVALID without one."""
        found = clock.UTC_INVALID
        for held in self._waiting.values():
            if held:
                found = min(found, _Held(held).when)
        return found

    def carry_out(self, now: int):
        """Carry out what is due at UTC `now`, by its time and then in the order of the command."""
        if self.next() > now:
            return
        due = []
        for place, octets in self._waiting.items():
            held = _Held(octets) if octets else None
            if held and held.when <= now:
                due.append((held.when, held.order, place, held))
        due.sort(key=lambda row: row[:2])
        for _, _, place, held in due:
            done = self._one(place, held)
            if done is None:
                return  # the store fails: it is tried again
            self._tell(place, held, done)
        account = self.device.feature("gas_account")
        if account:
            try:
                account.configured()
            except StoreError:
                pass  # it is kept with the next half hour
        logs = self.device.feature("gas_logs")
        if due and logs:
            logs.look(now)

    def _one(self, place, held):
        """Whether it could be done; None where the store fails."""
        settings = self.device.settings
        configuration = self.device.feature("gas_settings").configuration
        done = True
        try:
            try:
                configuration.activate(place, held.control)
            except ValueError:
                settings.rollback()
                configuration.drop(place)
                done = False
            settings.put(_KIND + place, b"")
            settings.commit()
        except StoreError:
            settings.rollback()
            return None
        return done

    def _tell(self, place, held, done: bool):
        code = _DONE if done else _FAILED
        control = held.control
        # rtds: the calendar of GCS05 is told as a command of a client, which it is not.
        if held.code == _GCS05 and place[:2] == CALENDAR.to_bytes(2, "big"):
            control = _FROM_CLIENT
        told = bytes((_OCTETS,)) + held.command + place[:2] + bytes((control, place[2]))
        payload = gas_alert.body(code, held.when, told)
        self.device.alert(code, held.when, held.originator, _ALERT, payload)
        self.device.feature("event_log").enter(code, b"", held.when)

    def tick(self):
        """See Feature."""
        own = self.device.clock
        if own.status != clock.INVALID:
            self.carry_out(own.seconds)


class _Held:
    """What waits, taken apart."""

    def __init__(self, octets):
        reader = Reader(octets)
        self.order = reader.be(2, "order")
        self.when = reader.be(4, "date")
        self.command = bytes(reader.view(10, "message code, counter"))
        self.code = int.from_bytes(self.command[:2], "big")
        self.originator = bytes(reader.view(8, "originator"))
        self.control = reader.u8("frame control")


FEATURE = GasDated
