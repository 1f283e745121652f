# Limits of the auxiliary proportional controllers of a SAPC: a level that holds for a while. When
# it ends, or is cancelled, the supplier is told (ECS102).
from smets import clock, record
from smets.compat import const
from smets.features.alert_codes import ECS102, LIMIT_ENDED
from smets.features.feature import Feature
from smets.ports.store_error import StoreError

# Output 1 to input 5 (alerts.md: 1n is an output, 2n an input).
_FIRST, _LAST = const(0x11), const(0x25)
_CONTROLLERS = const(10)
_LONGEST = const(86400)

_RECORD = record.Table(
    "limits",
    (("rows", record.rows(_CONTROLLERS, record.U8, record.U8, record.U32), ()),),
    "no limit holds",
)


class Limits(Feature):
    """(controller, level, UTC seconds at which it ends) of each limit, by its end."""

    actions = {
        "limit": (
            "limit",
            {"controller": (_FIRST, _LAST), "level": (0, 255), "seconds": (0, _LONGEST)},
        )
    }
    records = ("limits",)
    alerts = ((LIMIT_ENDED, LIMIT_ENDED),)

    def __init__(self, device):
        super().__init__(device)
        self.rows = []

    def restore(self):
        """See Feature."""
        held = self.stored(_RECORD)
        if held:
            self.rows = list(held[0])

    def limit(self, told: dict):
        """Hold a controller at a level (%) for some seconds; 0 cancels. ValueError, StoreError.

        project-choice: limits come from the bench, since no use case of a SAPC sets one.
        Alternative: ECS47e, which is an ESME's.
        """
        controller = told["controller"]
        own = self.device.clock
        if not 1 <= controller & 0x0F <= 5:
            raise ValueError("no such controller")
        if own.status == clock.INVALID:
            raise ValueError("the clock is invalid")
        rows = [row for row in self.rows if row[0] != controller]
        if told["seconds"]:
            rows.append((controller, told["level"], own.seconds + told["seconds"]))
            self._keep(sorted(rows, key=lambda row: row[2]))
            return
        for row in self.rows:
            if row[0] == controller:
                self._keep(rows)
                self._tell(row, own.seconds)

    def tick(self):
        """See Feature: tell of what has ended."""
        own = self.device.clock
        while self.rows and own.status != clock.INVALID and self.rows[0][2] <= own.seconds:
            row = self.rows[0]
            try:
                self._keep(self.rows[1:])
            except StoreError:
                return  # it is tried again
            self._tell(row, row[2])

    def _keep(self, rows: list):
        self.device.keeper.write(_RECORD, (rows,))
        self.device.keeper.undo("rows", self.rows, self)
        self.rows = rows

    def _tell(self, row, when: int):
        from smets.features import level_alerts

        level_alerts.tell(self.device, LIMIT_ENDED, ECS102, when, row[0], row[1])


FEATURE = Limits
