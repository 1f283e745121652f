# The tenancy of each fuel on a display: dates of its meter, of a purge under way, of the last one.
# Hide first, then write the intent, then purge, and write "applied" last; see policy.py.
from smets.compat import const
from smets.features.tenancy import policy
from smets.features.tenancy.cleared import CONSUMER, ELECTRICITY, GAS, SHARED, SUPPLIER
from smets.features.tenancy.fuel import RECORD, Fuel
from smets.features.tenancy.purge import Purge
from smets.ports.store_error import StoreError

# What `state` returns.
ABSENT = const(0)  # no meter
UNREAD = const(1)  # its history is hidden until the meter has been read
WAITING = const(2)  # a date is known, the clock is not: its history is hidden
PURGING = const(3)
PENDING = const(4)  # a date is still to come
CLEAR = const(5)  # everything older than the date is gone, or there is no date

# Events, given to `on_event(event, scope, date)`.
HIDDEN = const(0)  # nothing older than date (None: nothing at all) may be seen: clear the screen
STARTED = const(1)  # a purge begins, or begins again
APPLIED = const(2)  # a purge is complete and recorded
CANCELLED = const(3)  # a date still to come was withdrawn or replaced
FAILED = const(4)  # storage failed; `fault` has the errno

_SKIP_MAX = const(10)  # 1,024 steps


class Tenancy:
    """Decides from dates what may be shown, and clears the rest step by step.

    The device tells it what its meters say and calls `step` with the time whenever it is idle.
    It guards the vault: nothing leaves that unless `visible_from` allows it.
    """

    def __init__(self, store, vault, on_event=None):
        """Load the state; an interrupted purge goes on with the first `step`."""
        self._store = store
        self._vault = vault
        self._on_event = on_event
        self._utc = None
        self._fuels = (Fuel(ELECTRICITY), Fuel(GAS))
        for state in self._fuels:
            try:
                values = RECORD.read(store, state.name)
                if values is not None:
                    state.load(values)
            except StoreError as error:
                state.damaged = True
                state.fault = error.errno
        self._shown: dict = {ELECTRICITY: None, GAS: None, SHARED: None}
        vault.guard = self

    # --- What the meters say --------------------------------------------------------------------

    def meter(self, fuel: int, eui: int):
        """Set the meter of a fuel, an EUI-64; dates of another meter no longer count."""
        state = self._fuels[fuel]
        if state.eui != eui:
            state.eui = eui
            state.seen = None
            state.control = 0
            state.read = False
            state.dirty = True
            self._settle(state)

    def seen(self, fuel: int, date: int, control: int):
        """A meter was read: its date (0 to 0xFFFFFFFF) and its change control (0 for none)."""
        state = self._fuels[fuel]
        new = None if date in policy.NO_DATE else date
        if (new, control) != (state.seen, state.control):
            if state.is_pending() and state.seen != new:
                self._tell(CANCELLED, fuel, state.seen)
            state.seen = new
            state.control = control
            state.dirty = True
            if policy.BACKWARD_REVEALS and new is not None and new < (state.applied or 0):
                state.applied = new
        state.read = True
        self._judge(state)
        self._settle(state)

    def unsupported(self, fuel: int):
        """A meter does not know the attribute: it is read, and there is no date."""
        self.seen(fuel, policy.NO_DATE[0], 0)

    def failed(self, fuel: int):
        """A meter answered the read with an error."""
        if policy.ERROR_HIDES:
            self.unread(fuel)

    def unread(self, fuel: int):
        """The meter has to be read (again) before its history is shown."""
        self._fuels[fuel].read = False
        self._review()

    def hint(self, fuel: int, date: int):
        """A pushed date: what is older is hidden until a read confirms what the date is."""
        self._fuels[fuel].hint = None if date in policy.NO_DATE else date
        self._review()

    def confirm(self, fuel: int):
        """The last read is newer than everything that was pushed."""
        self._fuels[fuel].hint = None
        self._review()

    def withdraw(self, fuel: int):
        """A push withdrew the date that is still to come; the next read decides."""
        state = self._fuels[fuel]
        state.hint = None
        if state.is_pending():
            self._tell(CANCELLED, fuel, state.seen)
            state.seen = None
            state.dirty = True
        self._settle(state)

    # --- What may be shown ----------------------------------------------------------------------

    def visible_from(self, scope: int) -> int | None:
        """The time from which records of a fuel or of both may be shown; None: nothing at all."""
        if scope != SHARED:
            return self._visible(self._fuels[scope])
        bounds = [self._visible(state) for state in self._fuels if state.eui or state.damaged]
        known = [bound for bound in bounds if bound is not None]
        if not bounds:
            return 0
        if not known or not policy.SHARED_READ([bound is not None for bound in bounds]):
            return None
        return policy.SHARED_DATE(known)

    def keep_from(self, scope: int) -> int:
        """The time from which records may be stored, whether or not they may be shown yet."""
        return self._shared_date() if scope == SHARED else self._fuels[scope].floor()

    def state(self, fuel: int) -> int:
        """One of the states above, for the screen."""
        state = self._fuels[fuel]
        if not state.eui and not state.damaged:
            return ABSENT
        if state.intent is not None:
            return PURGING
        if state.damaged or (policy.HIDE_UNTIL_READ and not state.read):
            return UNREAD
        if state.is_pending():
            return WAITING if self._utc is None else PENDING
        return CLEAR

    def dates(self, fuel: int) -> tuple:
        """(last seen, intent, applied), each a date or None."""
        state = self._fuels[fuel]
        return state.seen, state.intent, state.applied

    def fault(self, fuel: int) -> int:
        """The errno of the last failure of storage, 0 when it has worked since."""
        return self._fuels[fuel].fault

    def notices(self) -> list:
        """The fuels whose data was cleared, and nobody has confirmed that yet."""
        return [state.number for state in self._fuels if state.notice]

    def confirm_notices(self):
        """A person has seen the notices: none comes back after a restart."""
        for state in self._fuels:
            if state.notice:
                state.notice = False
                state.dirty = True
                self._settle(state)

    def _has_passed(self, date: int | None) -> bool:
        return date is not None and self._utc is not None and date <= self._utc

    def _visible(self, state: Fuel) -> int | None:
        unread = policy.HIDE_UNTIL_READ and not state.read
        if unread or state.damaged or not state.eui:
            return None
        bound = state.floor()
        for date in (state.seen, state.hint):
            if date is None or date <= bound:
                continue
            if self._utc is None:
                if not policy.CLOCKLESS_SHOWS:
                    return None
                bound = date
            elif date <= self._utc:
                bound = date
        return bound

    def _shared_date(self) -> int:
        dates = [state.floor() for state in self._fuels if state.floor()]
        return policy.SHARED_DATE(dates) if dates else 0

    def _review(self):
        """Tell of everything that may no longer be seen, before anything else is done."""
        for scope, before in self._shown.items():
            bound = self.visible_from(scope)
            self._shown[scope] = bound
            if before is not None and (bound is None or bound > before):
                self._tell(HIDDEN, scope, bound)

    # --- What is done ---------------------------------------------------------------------------

    def step(self, utc: int | None) -> bool:
        """Do a bounded part of what is due; whether there is more to do now.

        `utc` is the time in seconds since 2000, None while the clock is not to be trusted.
        """
        self._utc = utc
        for state in self._fuels:
            self._judge(state)
        self._review()
        purging = False
        for state in self._fuels:
            if state.skip:
                state.skip -= 1
            elif state.dirty and not state.forced:
                self._save(state)
            elif state.intent is not None and not purging:
                purging = True
                self._purge(state, state.intent)
        return any(state.dirty or state.intent is not None for state in self._fuels)

    def _judge(self, state: Fuel):
        """Form the intent where a date is due; from then on it hides."""
        date = state.seen
        if state.damaged:
            if not state.read or self._utc is None:
                return
            if not self._has_passed(date):
                date = self._utc if policy.DAMAGED_CLEARS else None
            state.damaged = False
            state.dirty = True
        elif not self._has_passed(date) or not (policy.DUE_UNREAD or state.read):
            return
        needed = policy.CONTROL_NEEDED
        if date is None or date <= state.floor() or state.control & needed != needed:
            return
        state.intent = date
        state.classes = (state.control | policy.ALWAYS_CLEARED) & (CONSUMER | SUPPLIER)
        state.purge = None
        state.dirty = True

    def _settle(self, state: Fuel):
        self._review()
        if state.dirty and not state.skip:
            self._save(state)

    def _save(self, state: Fuel):
        try:
            RECORD.write(self._store, state.values(), state.name)
        except StoreError as error:
            self._failed(state, error)
            # Purging frees room, and a restart hides everything until the meter has been read.
            state.forced = state.intent is not None and state.tries >= policy.INTENT_TRIES
            return
        self._worked(state)
        state.dirty = False
        if state.done:
            state.done = False
            self._tell(APPLIED, state.number, state.applied)

    def _purge(self, state: Fuel, date: int):
        try:
            purge = state.purge
            if purge is None:
                shared = self._shared_date()
                purge = Purge(self._vault, state.number, state.classes, date, shared)
                state.purge = purge
                self._tell(STARTED, state.number, date)
            complete = purge.step()
        except StoreError as error:
            self._failed(state, error)
            return
        self._worked(state)
        if complete:
            state.applied = date
            state.intent = state.purge = None
            # In one record with what was applied: a power cut leaves both or none.
            state.notice = state.dirty = state.done = True
            state.forced = False

    def _failed(self, state: Fuel, error: StoreError):
        # Skip more steps each time: a broken flash must not keep the device from its radio.
        state.fault = error.errno
        state.tries += 1
        state.skip = 1 << min(state.tries, _SKIP_MAX)
        self._tell(FAILED, state.number, None)

    def _worked(self, state: Fuel):
        state.fault = state.tries = 0

    def _tell(self, event: int, scope: int, date: int | None):
        if self._on_event:
            self._on_event(event, scope, date)
