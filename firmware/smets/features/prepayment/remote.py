# The account as DLMS objects: what a supplier reads, sets now or for later, and invokes.
from smets import cosem_time, record
from smets.codec import DecodeError
from smets.dlms import objects
from smets.features.prepayment import account, calendar, policy, served
from smets.features.prepayment.codes import CS01A
from smets.ports.store_error import StoreError

_DAILY_ROW = b"\x02\x07\x06\x05\x05\x05\x05\x05\x05"
_PAID_ROW = b"\x02\x02\x06\x06"
_NOW = b"\x00\x00\x00\x00\x00\x00\x00\x00\x00\x80\x00\xff"
_NEVER = b"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x80\x00\xff"
_SCRIPTS = {0x33: account.ON, 0x34: account.OFF, 0x36: account.ARMED}

# Calendars that are set for later: name of the time -> (key that is set, key that holds).
_CALENDARS = {
    "calendar": (objects.key("10/0-1:12.0.1.255/2"), calendar.SCHEDULE),
    "special": (objects.key("11/0-1:11.0.2.255/2"), calendar.SPECIAL_DAYS),
}


# A calendar, as it was set (ECS08): `calendar` and `special` hold, `....next` are set for later.
_CALENDAR = record.Table(
    "calendar",
    (("octets", record.up_to(0x2000), b""),),
    "without its calendar a meter does not disable the supply (policy.CALENDAR_DAMAGED)",
)


class Remote:
    """Objects of the account by key, and what was set for later."""

    def __init__(self, owner):
        """`owner` is the Meter of the account."""
        self._owner = owner
        self._unkept = {}  # record of a calendar that changed -> octets before, or None
        self._late = ()  # records that hold since a half hour that could not be kept
        self.damaged = False  # whether a calendar that holds is damaged, until it is set again

    def adopt(self):
        """Begin with what a state has said of the account."""
        values = self._owner.device.dlms.values
        for text in tuple(served.NUMBERS) + served.RATES:
            octets = values.get(objects.key(text))
            if isinstance(octets, bytes):
                self._take(text, octets)

    def restore(self):
        """Take up the calendars."""
        values = self._owner.device.dlms.values
        for name, keys in _CALENDARS.items():
            for key, kept in zip(keys, (name + ".next", name)):
                try:
                    held = self._owner.keeper.read(_CALENDAR, kept)
                except StoreError:
                    self.damaged = self.damaged or kept == name
                    continue
                if held:
                    values[key] = held[0]

    # --- Calendars ------------------------------------------------------------------------------

    def _set_calendar(self, name: str, which: int, octets: bytes):
        values = self._owner.device.dlms.values
        key = _CALENDARS[name][which]
        self._unkept.setdefault((name, which), values.get(key))
        values[key] = octets

    def keep_calendars(self):
        """Write those that have changed; StoreError."""
        values = self._owner.device.dlms.values
        for name, which in tuple(self._unkept) + self._late:
            octets = values.get(_CALENDARS[name][which])
            kept = name if which else name + ".next"
            self._owner.keeper.write(_CALENDAR, (octets,), kept)

    def changes(self) -> tuple:
        """What is to be written, for `take_back`."""
        return self._unkept, self._late, self.damaged

    def put_off(self):
        """What was to be written holds all the same, and is written with the next change."""
        self._late += tuple(self._unkept)
        self._unkept = {}

    def calendars_kept(self):
        """What was written holds."""
        if ("calendar", 1) in tuple(self._unkept) + self._late:
            self.damaged = False
        self._unkept = {}
        self._late = ()

    def take_back(self, changes: tuple):
        """The change could not be kept: the calendars are as before."""
        unkept, self._late, self.damaged = changes
        values = self._owner.device.dlms.values
        for place, octets in unkept.items():
            key = _CALENDARS[place[0]][place[1]]
            if octets is None:
                values.pop(key, None)
            else:
                values[key] = octets
        self._unkept = {}

    # --- What holds from when -------------------------------------------------------------------

    def activate(self, now: int) -> list:
        """Let what was set for later hold from its time on; the caller keeps the account.

        Returns the names of what holds now, for `activated`.
        """
        held = self._owner.account
        due = [name for name in held.when if held.when[name] <= now]
        for name in due:
            del held.when[name]
            if name in _CALENDARS:
                octets = self._owner.device.dlms.values.get(_CALENDARS[name][0])
                if isinstance(octets, bytes):
                    self._set_calendar(name, 1, octets)
            elif name in held.next:
                setattr(held, name, held.next.pop(name))
        return due

    def activated(self, due: list):
        """The account is kept: what goes with it, and is kept among the settings."""
        if "mode" in due:
            kept = self._owner.device.dlms.keeping()
            passive, active = [objects.key(text) for text in served.CONFIGURATION]
            value = kept.value(passive)
            if value is not None:
                kept.put(active, value)

    # --- Objects --------------------------------------------------------------------------------

    def find(self, key):
        """The object of a key for dlms.Objects, or None."""
        text = served.name_of(key)
        if text is None:
            return None
        if text == served.DAILY_LOG:
            from smets.dlms.profile import Profile

            return Profile(self._owner.daily, _DAILY_ROW)
        return _Object(self, text)

    def get(self, text: str, start: int, end: int):
        """The value of an object, or a result code."""
        held = self._owner.account
        if text in (served.TOP_UPS, served.RECOVERIES):
            if start < 0:
                return objects.READ_WRITE_DENIED
            buffer = objects.Buffer(_PAID_ROW)
            for when, amount in held.top_ups if text == served.TOP_UPS else held.recoveries:
                buffer.append(when.to_bytes(4, "big") + amount.to_bytes(4, "big"))
            return buffer.select(start, end)
        if start >= 0:
            return objects.READ_WRITE_DENIED
        if text in served.NUMBERS:
            tag, name, head = served.NUMBERS[text]
            return head + served.number(tag, getattr(held, name))
        if text in served.RATES:
            return served.rate(held.rate1 if text == served.RATES[0] else held.rate2)
        if text == served.BALANCES:
            octets = b"\x02\x06"
            for name in served.BALANCE_MEMBERS:
                octets += served.number(5, getattr(held, name))
            return octets
        if text in served.CALENDARS:
            return self._owner.device.dlms.values.get(
                objects.key(text), objects.OBJECT_UNAVAILABLE
            )
        if text == served.MODE:
            return bytes((2, 2, 0x16, held.mode, 0x16, 1))
        if text == served.SWITCH:
            return bytes((0x16, served.CONTROL_STATES[held.supply]))
        return objects.OBJECT_UNAVAILABLE

    def set(self, text: str, data: bytes) -> int:
        """Set an object; a result code."""
        if text in served.NEXT or text == served.MODE_NEXT:
            return self._set_next(text, data)
        if text in served.WHEN:
            return self._set_time(text, data)
        before = self._owner.account.pack()
        if text in served.CALENDARS_NEXT:
            self._set_calendar(served.CALENDARS_NEXT[text], 0, data)
            return self._commit(before)
        if text in served.RATES_NEXT:
            amount = served.parse_rate(data)
            if amount is None:
                return objects.TYPE_UNMATCHED
            setattr(self._owner.account, "passive%d" % (served.RATES_NEXT.index(text) + 1), amount)
            return self._commit(before)
        if text not in served.NUMBERS or served.NUMBERS[text][1] not in served.SET_NOW:
            return objects.READ_WRITE_DENIED
        if not self._take(text, data):
            return objects.TYPE_UNMATCHED
        return self._commit(before)

    def _commit(self, before: bytes) -> int:
        try:
            self._owner.commit(before)
        except StoreError:
            return objects.HARDWARE_FAULT
        return objects.SUCCESS

    def _take(self, text: str, data: bytes) -> bool:
        """Take the value of an object into the account; whether it fits."""
        name, value = _member(text, data)
        return name in account.SETTABLE and self._set_member(name, value)

    def _set_member(self, name: str, value: int) -> bool:
        if not account.fits(name, value):
            return False
        setattr(self._owner.account, name, value)
        return True

    def _set_next(self, text: str, data: bytes) -> int:
        held = self._owner.account
        before = held.pack()
        if text == served.MODE_NEXT:
            if len(data) != 6 or data[:3] != b"\x02\x02\x16" or data[3] not in (1, 2):
                return objects.TYPE_UNMATCHED
            held.next["mode"] = data[3]
        else:
            tag, name = served.NEXT[text]
            value = served.parse_number(data, tag)
            if value is None or not account.fits(name, value):
                return objects.TYPE_UNMATCHED
            held.next[name] = value
        return self._commit(before)

    def _set_time(self, text: str, data: bytes) -> int:
        name, key = served.WHEN[text], objects.key(text)
        held = self._owner.account
        before = held.pack()
        if data[:2] != b"\x09\x0c":
            return objects.TYPE_UNMATCHED
        data = data[2:]
        if data == _NEVER:
            held.when.pop(name, None)
            held.next.pop(name, None)
        else:
            try:
                held.when[name] = 0 if data == _NOW else cosem_time.parse(data)
            except DecodeError:
                return objects.OTHER_REASON
        dated = self._owner.device.feature("dated")
        if dated:
            dated.forget(key)
            if held.when.get(name, 0) > self._owner.now():
                dated.wait(key, data)
        due = self.activate(self._owner.now())
        result = self._commit(before)
        if result == objects.SUCCESS:
            self.activated(due)
        return result

    def invoke(self, text: str, data: bytes) -> int:
        """Invoke a method; a result code."""
        what = served.METHODS.get(text)
        owner = self._owner
        if what is None:
            return objects.OBJECT_UNDEFINED
        if what == "enter":
            if data[:2] != b"\x09\x14":
                return objects.TYPE_UNMATCHED
            result, _ = owner.actions.enter(data[2:], CS01A, owner.device.exchange.counter)
            return objects.SUCCESS if result in policy.ACCEPTED else objects.OTHER_REASON
        if what == "switch":
            script = served.parse_number(data, 0x12)
            supply = None if script is None else _SCRIPTS.get(script)
            if supply is None:
                return objects.OTHER_REASON
            return owner.result(lambda: owner.account.switch(supply))
        if what == "select":
            return owner.result(owner.account.select)
        amount = served.parse_number(data, 5) if data[:1] == b"\x05" else 0
        if amount is None:
            return objects.TYPE_UNMATCHED
        return owner.result(lambda: self._change(what, amount))

    def _change(self, what: str, amount: int) -> bool:
        """Adjust or reset what a method names; False where a register would leave its range."""
        held = self._owner.account
        if what == "adjust":
            return self._set_member("balance", held.balance + amount)
        if what in ("balance", "arrears"):
            return self._set_member(what, amount)
        if what == "emergency":
            if not self._owner.device.zcl.old:  # else it stays as it is (gbcs/versions.py)
                held.emergency = account.NONE
                held.emergency_left = held.granted = 0
            return True
        if what in ("rate1", "rate2"):
            return self._set_member(what, getattr(held, "passive" + what[4]))
        return self._set_member(what, max(getattr(held, what) + amount, 0))

    def check(self, text: str, data):
        """Check a value of a state that the account would take; ValueError."""
        if text in served.NUMBERS or text in served.RATES:
            name, value = _member(text, data)
            if name in account.SETTABLE and not account.fits(name, value):
                raise ValueError("not a value of this object")

    def load(self, text: str, data):
        """A value of a state that is loaded while the account is live; StoreError."""
        if text in served.NUMBERS or text in served.RATES:
            before = self._owner.account.pack()
            self._take(text, data)
            self._owner.commit(before)
        elif text in served.CALENDARS:
            self._set_calendar(served.CALENDARS[text], 1, data)
            self._owner.commit(self._owner.account.pack())


def _member(text: str, data) -> tuple:
    """(member of the account, its value as an object has it, None where it is of another type)."""
    if text in served.RATES:
        return "rate%d" % (served.RATES.index(text) + 1), served.parse_rate(data)
    tag, name, head = served.NUMBERS[text]
    if data[: len(head)] != head:
        return name, None
    return name, served.parse_number(data[len(head) :], tag)


class _Object:
    """One object of the account, as dlms.Objects expects it."""

    def __init__(self, remote: Remote, text: str):
        self._remote = remote
        self._text = text

    def get(self, start: int, end: int):
        """Its value, or a result code."""
        return self._remote.get(self._text, start, end)

    def set(self, data) -> int:
        """Set it; a result code."""
        return self._remote.set(self._text, bytes(data))

    def invoke(self, data) -> int:
        """Invoke it; a result code."""
        return self._remote.invoke(self._text, bytes(data))

    def fits(self, value, further: bool = False):
        """See Served."""
        self._remote.check(self._text, value)

    def load(self, data):
        """Take the value of a state."""
        self._remote.load(self._text, data)
