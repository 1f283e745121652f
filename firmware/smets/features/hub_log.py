# The CHF Device Log and its historic log (class 104; CCS01 to 03, 06, 07): which devices are on
# the home network, whether more may join, and the alert CS14 that backs both up. What a remote
# party reads and invokes is in hub_log_objects.py.
from smets import clock, record
from smets.compat import const
from smets.document import EUI, octets_of
from smets.eui import parse_eui
from smets.features.alert_codes import CS14, DEVICE_LOG_CHANGED, DEVICE_LOG_CHANGED_3_1
from smets.features.feature import Feature
from smets.features.hub_rows import (
    CODE_AT,
    ENTRIES,
    EUI_AT,
    GPF,
    HASH_AT,
    HISTORIC,
    TYPE_AT,
)

# A hand-held terminal; also what no log tells the type of.
_HANDHELD = const(255)

_RECORD = record.Table(
    "hub-log",
    (
        ("pan", record.up_to(8), b""),
        # EUI-64, device type, install code, hash of the link key or nothing
        (
            "devices",
            record.rows(ENTRIES, record.octets(8), record.U8, record.octets(16), record.up_to(16)),
            (),
        ),
        ("left", record.rows(HISTORIC, record.octets(8), record.up_to(16)), ()),
    ),
    "the Device Log begins empty: no device is on the network until it is added or restored",
)


def _check_key(value, path: str):
    octets_of(value, path, 16)


class HubLog(Feature):
    """`devices` and `left`: rows of the two logs, oldest first. `window`: uptime of its end."""

    objects = (
        "104/0-0:30.3.0.255/1",
        "104/0-0:30.3.0.255/2",
        "104/0-0:30.3.0.255/3",
        "104/0-0:30.3.0.255/4",
        "104/0-0:30.3.0.255/5",
        "104/0-0:30.3.1.255/4",
    )
    actions = {"joined": ("joined", {"eui": EUI, "link_key?": _check_key})}
    records = ("hub-log",)
    alerts = (
        (DEVICE_LOG_CHANGED, DEVICE_LOG_CHANGED),
        (DEVICE_LOG_CHANGED_3_1, DEVICE_LOG_CHANGED_3_1),
    )

    def __init__(self, device):
        super().__init__(device)
        self.pan = b""
        self.devices = []
        self.left = []
        self.timeout = 0  # of a window, s
        self.window = 0  # uptime at which joining ends; 0: nobody may join
        self.seen = {}  # EUI-64 -> UTC seconds of the last frame
        self._old = {}  # EUI-64 -> (hash of its old key, uptime up to which that counts)
        self._objects = None

    def restore(self):
        """See Feature. A window does not outlast the power."""
        held = self.stored(_RECORD)
        if held:
            self._take(held)

    def _take(self, values):
        self.pan, self.devices, self.left = values[0], list(values[1]), list(values[2])

    def _keep(self, pan: bytes, devices: list, left: list):
        """Change both logs; StoreError, and they are as they were."""
        keeper = self.device.keeper
        before = self.pan, self.devices, self.left
        keeper.write(_RECORD, (pan, devices, left))
        keeper.undo(self._take, before)
        self._take((pan, devices, left))

    def entry(self, eui: bytes):
        """The row of a device, or None."""
        for row in self.devices:
            if row[EUI_AT] == eui:
                return row
        return None

    @property
    def han(self) -> bytes:
        """The extended PAN id.

        project-choice: the hub's own EUI-64, until another network is restored. Alternative: a
        random one.
        """
        return self.pan or self.device.eui or bytes(8)

    # --- Who is on the network ------------------------------------------------------------------

    def add(self, eui: bytes, kind: int, code: bytes) -> bool:
        """Let a device join by its install code (CCS01); False where the log is full. StoreError.

        One that is in the log already stays as it is.
        """
        if self.entry(eui):
            return True
        if len(self.devices) >= ENTRIES:
            return False
        self._keep(self.pan, self.devices + [(eui, kind, code, b"")], self.left)
        for row in self.left:
            if row[0] == eui and row[1]:
                self._old[eui] = (row[1], 0)  # the window is not open yet
        self.tell()
        return True

    def remove(self, eui: bytes) -> bool:
        """Take a device out (CCS02); False where it is not there. StoreError.

        Its key goes to the historic log, unless it is a GPF or a hand-held terminal.
        """
        row = self.entry(eui)
        if row is None:
            return False
        left = self.left
        if row[TYPE_AT] not in (GPF, _HANDHELD):
            left = [each for each in left if each[0] != eui] + [(eui, row[HASH_AT])]
            left = left[-HISTORIC:]
        self._keep(self.pan, [each for each in self.devices if each is not row], left)
        self._old.pop(eui, None)
        self.tell()
        return True

    def rebuild(self, pan: bytes, rows: list):
        """Take the log of another hub (CCS03), as (EUI-64, hash); StoreError.

        project-choice: a device that is not in this log has type 255 and no install code.
        Alternative: refuse the log, which tells no types.
        """
        devices = []
        for eui, key in rows:
            known = self.entry(eui) or (eui, _HANDHELD, bytes(16), b"")
            devices.append((eui, known[TYPE_AT], known[CODE_AT], key))
        self._keep(pan, devices, self.left)
        self.tell()

    def open(self, seconds: int):
        """Let devices join for so long; twice for one whose old key is tried first."""
        self.timeout = seconds
        self.window = self.device.uptime + seconds
        for eui in self._old:
            self._old[eui] = (self._old[eui][0], self.window)
            self.window = self.device.uptime + 2 * seconds

    def close(self):
        """Nobody may join."""
        self.window = 0

    @property
    def joining(self) -> bool:
        """Whether devices may join."""
        return self.window > self.device.uptime

    def joined(self, told: dict):
        """{"eui", "link_key"}: a device has joined by its install code, and has this key.

        Without a key it is back with its old one. ValueError where it may not join; StoreError.
        """
        eui = parse_eui(told["eui"])
        row = self.entry(eui)
        if row is None:
            raise ValueError("not in the Device Log")
        if not self.joining:
            raise ValueError("joining is not enabled")
        old, until = self._old.get(eui, (b"", 0))
        if "link_key" in told:
            if until > self.device.uptime:
                raise ValueError("its old key is tried until the first timeout ends")
            from smets.crypto.mmo import mmo

            key = mmo(octets_of(told["link_key"], "link_key", 16))
        elif until > self.device.uptime:
            key = old
        else:
            raise ValueError("there is no old key")
        new = (eui, row[TYPE_AT], row[CODE_AT], key)
        devices = [new if each is row else each for each in self.devices]
        self._keep(self.pan, devices, self.left)
        self._old.pop(eui, None)
        self._note(eui)
        self.tell()

    def _note(self, eui: bytes):
        own = self.device.clock
        if own.status != clock.INVALID:
            self.seen[eui] = own.seconds

    def hear(self, frame) -> bool:
        """See Feature: a device of the log has sent something."""
        if self.entry(frame.source):
            self._note(frame.source)
        return False

    @property
    def code(self) -> int:
        """The alert code of CS14."""
        return DEVICE_LOG_CHANGED_3_1 if self.device.zcl.old else DEVICE_LOG_CHANGED

    def tell(self):
        """Back the log up at the broker (CS14)."""
        own = self.device.clock
        now = own.seconds if own.status != clock.INVALID else clock.UTC_INVALID
        body = self.served.alert(now)
        self.device.alert(self.code, now, "access_control_broker", CS14, body)

    # --- What a remote party sees ---------------------------------------------------------------

    @property
    def served(self):
        """The objects, loaded when one is asked for."""
        if self._objects is None:
            from smets.features.hub_log_objects import Objects

            self._objects = Objects(self)
        return self._objects

    def find(self, key: bytes, operation: str):
        """See Feature. What a state has told is answered from it."""
        return self.served.of(key, operation)

    def summary(self) -> dict:
        """See Feature."""
        return {"joining": self.joining, "devices": len(self.devices)}


FEATURE = HubLog
