# The auxiliary proportional controllers of an electricity meter: a level (ECS47a) and a limit
# (ECS47e) hold for a period, through power cuts; a state says so (ECS61e), alerts tell of limits
# (ECS101, ECS102) and of every change of a state (ECS200). The commands themselves are carried
# out in dlms/levels.py.
from smets import clock
from smets.compat import const
from smets.dlms import levels, objects
from smets.features import alert_codes, codes
from smets.features.feature import Feature
from smets.ports.store_error import StoreError

_SET_LEVEL, _SET_LIMIT = 0x011E, 0x011F  # message codes
_TYPE = "1/0-0:94.44.0.%d/2"
_SWITCH = "70/0-%d:96.3.10.255/2"
_APC = b"\x09\x01\xff"
_OUTPUT, _INPUT = const(0x10), const(0x20)
_FULL = const(100)
_FAILED = const(2)  # an outcome in the log


class Proportional(Feature, objects.Served):
    """What is set for each controller, among the settings: kept and given up with its command."""

    objects = tuple("1/0-0:94.44.0.%d/2" % n for n in range(31, 36))
    alerts = ((alert_codes.LIMIT_TAKEN, codes.STATE_CHANGED),)

    def __init__(self, device):
        super().__init__(device)
        self._rows = {}  # controller, LEVEL or LIMIT -> a row of dlms/levels.py
        self._seen = {}  # the same, as alerts have told of it
        self._states = []  # (output, input) of each controller, as alerts have told of it
        self._number = 0
        self.storage_errors = 0
        device.settings.serve(levels.KIND, self._take)
        self._seen.update(self._rows)

    def restore(self):
        """See Feature: what ended without power has changed since; also after a state."""
        self._states = [self._both(number) for number in range(1, levels.CONTROLLERS + 1)]

    def _take(self, key, value):
        before = self._rows.get(key)
        self._rows[key] = value
        return self._rows, key, before

    # --- Commands -------------------------------------------------------------------------------

    def commanded(self, code: int, done: bool):
        """See Feature: tell of a limit that was taken or cancelled, of a level that failed."""
        if not done or code not in (_SET_LEVEL, _SET_LIMIT):
            return
        controllers = self.device.feature("controllers")
        if code == _SET_LEVEL and controllers.newest()[6] == _FAILED:
            controllers.fail()
        before = self._seen
        self.device.keeper.undo("_seen", before, self)
        self._seen = dict(self._rows)
        for key, row in self._seen.items():
            was = before.get(key, b"")
            if row == was:
                continue
            if key[1] == levels.LEVEL:
                if row and row[1] == levels.HOLDS:
                    self._release(key[0])
                continue
            now = self.device.clock.seconds
            if was:
                self._tell(alert_codes.LIMIT_ENDED, alert_codes.ECS102, now, key, was)
            if row:
                period = (levels.start_of(row), levels.end_of(row))
                self._tell(alert_codes.LIMIT_TAKEN, alert_codes.ECS101, now, key, row, period)
        self.look(controllers.newest()[4] & 15)

    def _tell(self, code: int, message_code: int, when: int, key: bytes, row: bytes, period=()):
        from smets.features import level_alerts

        level_alerts.tell(self.device, code, message_code, when, key[0], row[2], period)

    def _release(self, controller: int):
        """No minutes of an ECS47 hold a switch that has a level."""
        if controller >> 4 == 1:
            self.device.feature("controllers").release(controller & 15)

    def forget(self, number: int):
        """An ECS47 takes the place of the level that holds at an output. StoreError."""
        key = bytes((_OUTPUT | number, levels.LEVEL))
        if self.held(key[0]) >= 0:
            self.device.settings.put(levels.KIND + key, b"")
            self.device.settings.commit()

    # --- Time -----------------------------------------------------------------------------------

    def tick(self):
        """See Feature: begin and end what is due."""
        own = self.device.clock
        if own.status == clock.INVALID:
            return
        now = own.seconds
        for key in sorted(self._rows):
            row = self._rows[key]
            if not row:
                continue
            ends = levels.end_of(row) <= now
            begins = row[1] == levels.WAITS and levels.start_of(row) <= now
            if not (ends or begins):
                continue
            try:
                failed = self._change(key, row, begins, ends)
            except StoreError:
                self.device.settings.rollback()
                self.storage_errors += 1
                return  # it is tried again
            self._seen[key] = self._rows[key]
            if ends and key[1] == levels.LIMIT:
                when = levels.end_of(row)
                self._tell(alert_codes.LIMIT_ENDED, alert_codes.ECS102, when, key, row)
            if failed:
                self.device.feature("controllers").fail()
            self.look(key[0] & 15)

    def _change(self, key: bytes, row: bytes, begins: bool, ends: bool) -> bool:
        """Begin or end a level or a limit, as one entry of the settings; whether that failed."""
        device = self.device
        kept = device.dlms.keeping()
        failed = False
        if key[1] == levels.LEVEL and begins:
            from smets.dlms import effects

            # A level whose whole period has passed without power was never carried out.
            failed = ends or key[0] & 15 in kept.faulty
            effects.log_control(kept, key[0], row[2], not failed)
            if not failed:
                levels.switch(kept, key[0], row[2] > 0)
                self._release(key[0])
        elif key[1] == levels.LEVEL:
            levels.switch(kept, key[0], False)
        over = ends or failed
        device.settings.put(
            levels.KIND + key, b"" if over else row[:1] + bytes((levels.HOLDS,)) + row[2:]
        )
        device.settings.commit()
        return failed

    # --- Levels ---------------------------------------------------------------------------------

    def held(self, controller: int, kind: int = levels.LEVEL) -> int:
        """The level or limit in percent that holds at a controller; -1 without one."""
        row = self._rows.get(bytes((controller, kind)))
        return row[2] if row and row[1] == levels.HOLDS else -1

    def _state(self, controller: int) -> int:
        """The level of a controller in percent.

        project-choice: without a level that is set an output is full while its switch is closed,
        else at 0; an input is at 0. A limit lowers what is above it.
        Alternative: without a level nothing is told.
        """
        level = self.held(controller)
        if level < 0:
            closed = self.device.dlms.values.get(objects.key(_SWITCH % (controller & 15)))
            level = _FULL if controller < _INPUT and closed and closed[-1] else 0
        limit = self.held(controller, levels.LIMIT)
        return level if limit < 0 else min(level, limit)

    def _both(self, number: int) -> tuple:
        return self._state(_OUTPUT | number), self._state(_INPUT | number)

    def look(self, number: int):
        """Tell of the states of output and input 1 to 5, where they are others than before.

        project-choice: those of a controller that tells them (ECS61e). Alternative: those of
        auxiliary load control switches as well.
        """
        states = self._both(number)
        before = self._states
        if states == before[number - 1]:
            return
        self.device.keeper.undo("_states", before, self)
        self._states = before[: number - 1] + [states] + before[number:]
        if self._is_told(number):
            from smets.features import level_alerts

            level_alerts.tell_states(self.device, states)

    # --- See Served -----------------------------------------------------------------------------

    def _commanded(self, number: int) -> bool:
        for row in self._rows:
            if row[0] & 15 == number:
                return True
        return False

    def _is_told(self, number: int) -> bool:
        """Whether a controller is proportional: it was commanded so, or is of that type."""
        kind = self.device.dlms.values.get(objects.key(_TYPE % (20 + number)))
        return kind == _APC or self._commanded(number)

    def find(self, key: bytes, operation: str):
        """See Feature: what a state says of a controller stands until a command comes."""
        if operation != objects.GET:
            return None
        number = key[7] - 30
        if key in self.device.dlms.values and not self._commanded(number):
            return None
        if not self._is_told(number):
            return None
        self._number = number
        return self

    def get(self, start: int, end: int):
        """See Served: the states of output and input."""
        if start >= 0:
            return objects.READ_WRITE_DENIED
        text = '{"outputState":"%d","inputState":"%d"}' % self._both(self._number)
        return b"\x0c" + bytes((len(text),)) + text.encode()


FEATURE = Proportional
