# The auxiliary load control switches of an electricity meter: by a supplier's command for some
# minutes, by a boost that the consumer asks for, else by the calendar (ECS46c, 46d, 47, 61, 62).
# The command itself, with its row in the log, is carried out in dlms/effects.py.
from smets import clock, record
from smets.compat import const
from smets.dlms import objects
from smets.features import codes
from smets.features.feature import Feature
from smets.ports.store_error import StoreError

COUNT = const(5)
_LOG = objects.key("7/0-17:99.98.2.255/2")
_CALENDAR = objects.key("10/0-0:12.0.2.255/2")
_SPECIAL_DAYS = objects.key("11/0-0:11.0.3.255/2")
_STATE = "70/0-%d:96.3.10.255/2"
_ROW = const(11)  # time, command, outcome, id
_CLOSE, _OPEN, _RESET = 0x11, 0x12, 0x20  # what a command asks of a switch
_CALENDAR_CLOSES, _CALENDAR_OPENS = 1, 2  # what the calendar does, below the number of a switch
_ON, _OFF = b"\x03\xff", b"\x03\x00"
_BOOST_ROW = b"\x02\x02\x06\x06"
_BOOSTS = const(25)
_MINUTE = const(60)
_UNTIL_NEXT = const(0xFFFFFFFF)
_RECORD = record.Table(
    "controllers",
    (
        ("until", record.rows(COUNT, record.U32), ()),  # 0: the calendar decides
        ("boost", record.U32, 0),
        ("boosts", record.rows(_BOOSTS, record.U32, record.U32), ()),
    ),
    "the calendar decides over all switches, the log of boosts begins empty",
)


class Controllers(Feature, objects.Served):
    """When what holds of each switch is over, and what holds then."""

    objects = ("7/0-0:99.98.20.255/2", "1/0-0:94.44.7.255/2")
    inputs = {"faulty": ("be_faulty", [(1, COUNT), COUNT])}
    actions = {"boost": ("boost", {"minutes": (1, 1440)})}
    records = ("controllers",)
    alerts = ((codes.SWITCH_FAILED, codes.SWITCH_FAILED),)

    def __init__(self, device):
        super().__init__(device)
        self.until = [0] * COUNT  # UTC; 0: the calendar decides
        self.boosted = 0  # until when, UTC
        self.boosts = []  # (start, end)
        self.storage_errors = 0
        self._rows = 0  # of the log, as it was seen
        self._log = False

    def restore(self):
        """See Feature."""
        held = self.stored(_RECORD)
        if held:
            self.until = [row[0] for row in held[0]]
            self.boosted, self.boosts = held[1:]
        self._rows = self.newest()

    def _keep(self):
        values = ([(each,) for each in self.until], self.boosted, self.boosts)
        try:
            self.device.keeper.write(_RECORD, values)
        except StoreError:
            self.storage_errors += 1

    def be_faulty(self, numbers: list):
        """Switches that do not follow, by their numbers."""
        self.device.dlms.keeping().faulty = tuple(numbers)

    def boost(self, description: dict):
        """The consumer asks for a boost of {"minutes": ...}; ValueError without a time."""
        own = self.device.clock
        if own.status == clock.INVALID:
            raise ValueError("the meter has no time")
        self.boosted = own.seconds + _MINUTE * description["minutes"]
        self.boosts = (self.boosts + [(own.seconds, self.boosted)])[-_BOOSTS:]
        self._keep()
        self.tick()

    # --- Commands -------------------------------------------------------------------------------

    def newest(self) -> bytes:
        """The newest row of the log: time (4), command (2), outcome, id (4); empty without one."""
        buffer = self.device.dlms.values.get(_LOG)
        newest = b""
        if hasattr(buffer, "views"):
            for row in buffer.views():
                newest = row
        return bytes(newest)

    def commanded(self, code: int, done: bool):
        """See Feature: a new row of the log is a command."""
        row = self.newest()
        if row == self._rows or len(row) != _ROW:
            return
        self._rows = row
        number, asked = row[4], row[5]
        if not 1 <= number <= COUNT or asked not in (_CLOSE, _OPEN, _RESET):
            return
        before = list(self.until)
        minutes = 0
        self.device.feature("proportional").forget(number)
        if asked != _RESET:
            place = "1/0-0:94.44.%d.%d/2" % (116 + number, 1 + (asked == _OPEN))
            octets = self.device.dlms.values.get(objects.key(place))
            minutes = int.from_bytes(bytes(octets[1:3]), "big") if octets else 0
            end = int.from_bytes(row[:4], "big") + _MINUTE * minutes
            self.until[number - 1] = end if minutes else _UNTIL_NEXT
        else:
            self.until[number - 1] = 0
        self.device.keeper.undo("until", before, self)
        self._keep()
        if number in self.device.dlms.keeping().faulty:
            self.fail()
        self.device.feature("proportional").look(number)

    def release(self, number: int):
        """The minutes of a command are over: a level is set for the switch."""
        if self.until[number - 1]:
            before = list(self.until)
            self.until[number - 1] = 0
            self.device.keeper.undo("until", before, self)
            self._keep()

    def fail(self):
        """A switch does not follow: tell the supplier."""
        from smets.features import alarms

        alarms.happened(self.device, codes.SWITCH_FAILED)

    # --- Time -----------------------------------------------------------------------------------

    def tick(self):
        """See Feature: let each switch be as it is to be now."""
        own = self.device.clock
        values = self.device.dlms.values
        calendar = values.get(_CALENDAR)
        active = calendar is not None and len(calendar) > 2
        if own.status == clock.INVALID or not (active or self.boosted or any(self.until)):
            return
        now = own.seconds
        over = [until if until > now else 0 for until in self.until]
        boosted = self.boosted if self.boosted > now else 0
        if over != self.until or boosted != self.boosted:
            ended = boosted != self.boosted
            was, self.until, self.boosted = self.until, over, boosted
            self._keep()
        else:
            ended, was = False, self.until
        kept = None
        proportional = self.device.feature("proportional")
        for number in range(1, COUNT + 1):
            if self.until[number - 1] or proportional.held(0x10 | number) >= 0:
                continue
            wanted = self._wanted(number, now, active)
            if wanted is None and (was[number - 1] or ended and self._boosts(number)):
                wanted = _OFF
            key = objects.key(_STATE % number)
            if wanted is None or bytes(values.get(key) or _OFF) == wanted:
                continue
            kept = kept or self.device.dlms.keeping()
            if number in kept.faulty:
                continue
            kept.put(key, wanted)
        if kept:
            try:
                self.device.settings.commit()
            except StoreError:
                self.device.settings.rollback()
                self.storage_errors += 1
                return
            for number in range(1, COUNT + 1):
                proportional.look(number)

    def _boosts(self, number: int) -> bool:
        octets = self.device.dlms.values.get(objects.key("1/0-0:94.44.6.%d/2" % number))
        return bool(octets and octets[-1])

    def _wanted(self, number: int, now: int, active: bool):
        """The state of a switch that no command holds; None where nobody decides."""
        if self.boosted and self._boosts(number):
            return _ON
        if not active:
            return None
        from smets.features.prepayment import calendar

        values = self.device.dlms.values
        late = self.device.feature("tariff").offset()
        scripts = (number << 8 | _CALENDAR_CLOSES, number << 8 | _CALENDAR_OPENS)
        last = calendar.last_script(
            values.get(_CALENDAR), values.get(_SPECIAL_DAYS), now - late, scripts
        )
        return None if last < 0 else _ON if last == scripts[0] else _OFF

    # --- See Served -----------------------------------------------------------------------------

    def find(self, key: bytes, operation: str):
        """See Feature: what a state says of the boost stands."""
        if operation != objects.GET or key in self.device.dlms.values:
            return None
        self._log = key[:2] == _LOG[:2]
        return self

    def get(self, start: int, end: int):
        """See Served: the log of boosts, and that there is the function."""
        if self._log != (start >= 0):
            return objects.READ_WRITE_DENIED
        if not self._log:
            return _ON
        buffer = objects.Buffer(_BOOST_ROW)
        for began, ended in self.boosts:
            buffer.append(began.to_bytes(4, "big") + ended.to_bytes(4, "big"))
        return buffer.select(start, end)


FEATURE = Controllers
