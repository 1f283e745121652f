# Which keypads of the home have typed wrong tokens, and are locked: each for itself, by the EUI-64
# of the device that sent the token, so that none locks another one out.
from smets import record
from smets.features.prepayment import policy
from smets.ports.store_error import StoreError

_RECORD = record.Table(
    "keypads",
    (
        (
            "keypads",
            record.rows(policy.KEYPADS, record.octets(8), record.U8, record.U32),
            (),
        ),
    ),
    "no keypad is locked, and wrong tokens are counted from zero",
)


class Keypads:
    """Wrong tokens in a row, and the seconds of a lock that are left, by device."""

    def __init__(self, keeper, paired):
        """`paired(eui)`: whether a device is paired with the meter; see policy.KEYPADS."""
        self._keeper = keeper
        self._paired = paired
        self._rows = {}  # EUI-64 -> (tries, seconds that it stays locked)
        try:
            held = keeper.read(_RECORD)
        except StoreError:
            held = None  # it was reported
        for eui, tries, seconds in held[0] if held else ():
            self._rows[eui] = (tries, seconds)

    def pass_time(self, seconds: int):
        """Time passed: locks end. It is kept with the next half hour."""
        for eui in list(self._rows):
            tries, left = self._rows[eui]
            if left > seconds:
                self._rows[eui] = (tries, left - seconds)
            elif left:
                del self._rows[eui]

    def locked(self, eui: bytes) -> bool:
        """Whether no token of a device is looked at."""
        row = self._rows.get(eui)
        return bool(row[1]) if row else self._loser(eui) == eui

    def wrong(self, eui: bytes):
        """A device that is not locked sent a wrong token. It counts, even on StoreError."""
        loser = self._loser(eui)
        if loser is not None:
            del self._rows[loser]
        tries = self._rows.get(eui, (0, 0))[0] + 1
        last = tries >= policy.KEYPAD_TRIES
        self._rows[eui] = (0, policy.KEYPAD_LOCK_S) if last else (tries, 0)
        self.keep()

    def right(self, eui: bytes):
        """A token of a device was taken: its wrong ones are forgotten. StoreError."""
        if self._rows.pop(eui, None):
            self.keep()

    def keep(self):
        """Write what changed; StoreError."""
        rows = [(eui,) + self._rows[eui] for eui in sorted(self._rows)]
        self._keeper.write(_RECORD, (rows,))

    def _loser(self, eui: bytes):
        """Whose row a device gets: None for a free row, `eui` itself where no row is left for it.

        See policy.KEYPADS.
        """
        if eui in self._rows or len(self._rows) < policy.KEYPADS:
            return None
        mine = self._paired(eui)
        best, found = None, eui
        for other in sorted(self._rows):
            tries, left = self._rows[other]
            paired = self._paired(other)
            if (mine or not paired) and not left or mine and not paired:
                rank = (paired, left, tries)
                if best is None or rank < best:
                    best, found = rank, other
        return found
