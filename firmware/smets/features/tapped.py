# What tap_off.py does: a Command to the gas meter is held until its Response passes; what the
# meter has done is then done here, too. What is for a later time waits for the meter's alert.
# Loaded when the first message passes.
from smets import clock, record
from smets.codec import DecodeError, Reader
from smets.compat import const
from smets.features import gas_alert
from smets.features.alert_codes import TAP_FAILED
from smets.features.event_log import DONE, FAILED
from smets.gbcs import gbz, message
from smets.ports.store_error import StoreError
from smets.zcl import frame
from smets.zcl.clusters import (
    CALENDAR,
    DEVICE_MANAGEMENT,
    EVENTS,
    MESSAGING,
    PREPAYMENT,
    PRICE,
)

# CS11, GCS01a, GCS05, GCS07, GCS23, GCS25, GCS44, GCS01b; GCS25a, which has replaced GCS25.
CODES = (0x0015, 0x006B, 0x006F, 0x0071, 0x007C, 0x007E, 0x0088, 0x00A3, 0x00D8)
# Commands that are taken, and those that are passed over: the account is the meter's, and so is
# the event log that CS11 clears.
_TAKEN = {
    CALENDAR: b"\x00\x01\x02\x03\x04",
    PRICE: b"\x01\x02\x03\x04\x05\x06\x09",
    MESSAGING: b"\x00",
    DEVICE_MANAGEMENT: b"\x01",
}
_PASSED_OVER = {PREPAYMENT: b"\x03\x09\x0b\x0c", EVENTS: b"\x01"}
# Future-dated alerts (00CD): where what they tell begins, its length; a code that tells success.
_ALERT = const(0x00CD)
_HEAD = b"\x01\x09\x01"
_TOLD = const(15)
_OCTETS = const(0x0E)
_CARRIED_OUT = const(0x8F66)
# project-choice: Commands that are held at once; beyond it the oldest is given up. Alternative: as
# many as come, for which a board has no room.
_HELD = const(4)
# project-choice: seconds after which a Response or an Alert is waited for no longer: a hub drops
# what a sleepy meter has not fetched after a day. Alternative: it is waited for without an end.
_PATIENCE = const(86400)
# project-choice: seconds that a report may be newer than what was tapped off, and still have the
# tariff before it. Alternative: none, though hub and meter have clocks of their own.
_APART = const(60)

_LONGEST = const(1500)  # octets of a message that a tunnel carries whole

# project-choice: what is held outlasts a power cut, as it does at the hub where it waits for the
# meter. Alternative: it is lost, and an event tells that a Response could not be followed.
_RECORD = record.Table(
    "tapped",
    (
        ("number", record.U32, 0),
        ("since", record.U32, 0),
        ("message", record.up_to(_LONGEST), b""),
    ),
    "what the gas meter answers to that command is not followed",
)


class _Row:
    """A Command that is held; `since` is the UTC when it came, 0 as long as no clock tells it."""

    def __init__(self, slot: int, values):
        self.slot = slot
        self.number, self.since, self.octets = values


def _name(slot: int) -> str:
    return "tapped.%d" % slot if slot else "tapped"


class Taps:
    """What passes by, and what is waited for."""

    def __init__(self, feature):
        """`feature` is the TapOff of a device."""
        self._feature = feature
        self.device = feature.device
        self._held = []  # rows, the oldest first
        self._command = (0, b"")  # message code, counter of the one that is carried out
        for slot in range(_HELD):
            try:
                values = self.device.keeper.read(_RECORD, _name(slot))
            except StoreError:
                continue  # it was reported
            if values:
                self._held.append(_Row(slot, values))
        self._held.sort(key=lambda row: row.number)

    @property
    def _now(self) -> int:
        own = self.device.clock
        return own.seconds if own.status != clock.INVALID else 0

    def _took(self):
        """Something holds here from now on; clocks may be some seconds apart."""
        own = self.device.clock
        self._feature.since = own.seconds + _APART if own.status != clock.INVALID else 0

    def take(self, data):
        """Take a message that passes; DecodeError where it is none. Others are left alone."""
        told = message.parse(data)
        meter = self.device.feature("mirror").gsme
        if told.cra == message.COMMAND:
            if bytes(told.target) == meter and told.code in CODES:
                self._hold(bytes(data))
        elif bytes(told.originator) != meter:
            return
        elif told.cra == message.ALERT:
            if told.code == _ALERT:
                self._alerted(told.payload)
        elif told.code in CODES:
            self._answered(told)
        self.look()

    def _hold(self, data: bytes):
        """Keep a Command. One that is sent again replaces itself."""
        for row in self._held[:]:
            if row.octets == data:
                self._drop(row)
        if len(self._held) >= _HELD:
            self._drop(self._held[0])
            self._failed()
        used = [row.slot for row in self._held]
        slot = [each for each in range(_HELD) if each not in used][0]
        number = self._held[-1].number + 1 if self._held else 1
        values = (number, self._now, data)
        try:
            if len(data) <= _LONGEST:
                self.device.keeper.write(_RECORD, values, _name(slot))
        except StoreError:
            pass  # it is held as long as the power lasts
        self._held.append(_Row(slot, values))

    def _drop(self, row):
        self._held.remove(row)
        try:
            self.device.keeper.remove(_name(row.slot))
        except StoreError:
            pass  # it is held once more after a power cut, and given up

    def _failed(self):
        gas_alert.tell(self.device, TAP_FAILED)

    # --- A Response -----------------------------------------------------------------------------

    def _answered(self, told):
        for row in self._held:
            asked = message.parse(row.octets)
            same = asked.code == told.code and bytes(asked.counter) == bytes(told.counter)
            if same and bytes(asked.originator) == bytes(told.target):
                # Kept until it is done: after a power cut meanwhile it is held again.
                try:
                    self._apply(asked, told)
                finally:
                    self._drop(row)
                return
        self._failed()  # its Command did not pass, or was given up

    def _apply(self, asked, told):
        """Do what the meter has done; the event log tells whether all of it could be done."""
        settings = self.device.settings
        done = applied = False
        self._command = (asked.code, bytes(asked.counter))
        try:
            calls = gbz.parse(asked.payload)
            answers = gbz.parse(told.payload)
            if all(_is_known(call) for call in calls):
                carried_out = _carried_out(calls, answers)
                done = len(carried_out) == len(calls)
                applied = self._follow(carried_out)
                settings.commit()
                self._took()
        except (DecodeError, StoreError):
            applied = False
        finally:
            settings.rollback()
        if not applied:
            self._failed()
        self.device.feature("event_log").enter(
            DONE if applied and done else FAILED, asked.code.to_bytes(2, "big")
        )

    def _follow(self, calls) -> bool:
        """Do what the meter has done; whether all of it could be done."""
        configuration = self._feature.configuration
        rows = []
        done = True
        for call in calls:
            row = (call.cluster, call.request.command)
            if row[1] in _TAKEN.get(row[0], b""):
                call.index = rows.count(row)
                rows.append(row)
                done = configuration.execute(call) == frame.SUCCESS and done
        return done

    # --- What is for later ----------------------------------------------------------------------

    def wait(self, place: bytes, date: int, control: int):
        """See TapOff.wait."""
        code, counter = self._command
        octets = date.to_bytes(4, "big") + code.to_bytes(2, "big") + counter + bytes((control,))
        self.device.settings.put(self._feature.waits + place, octets)

    def _waiting(self) -> list:
        """(key, date, message code and counter, frame control) of all that waits."""
        values = self.device.settings.values
        rows = [(key, values[key]) for key in values if key[:1] == self._feature.waits]
        rows.sort()
        return [
            (key, int.from_bytes(row[:4], "big"), bytes(row[4:14]), row[14]) for key, row in rows
        ]

    def _alerted(self, payload):
        """A future-dated alert of the meter."""
        reader = Reader(payload)
        reader.literal(_HEAD, "GBZ alert")
        code = reader.be(2, "alert code")
        reader.skip(4, "time")
        reader.expect(_OCTETS, "octets of a command")
        which = bytes(reader.view(10, "message code, counter"))
        place = bytes(reader.view(2, "cluster"))
        reader.u8("frame control")
        place += bytes((reader.u8("command"),))
        for key, _, held, control in self._waiting():
            if held == which and key[1:4] == place:
                self._end(key, control, code == _CARRIED_OUT)
                return

    def _end(self, key: bytes, control: int, done: bool):
        """What waits under a key is carried out, or dropped."""
        settings = self.device.settings
        configuration = self._feature.configuration
        try:
            if done:
                configuration.activate(key[1:], control)
                self._took()
            else:
                configuration.drop(key[1:])
            settings.remove(key)
            settings.commit()
        except (ValueError, StoreError):
            settings.rollback()
            self._failed()

    # --- Time -----------------------------------------------------------------------------------

    def look(self):
        """Find out when something is given up next; at once when a clock tells the time again."""
        times = [row.since for row in self._held] + [row[1] for row in self._waiting()]
        self._feature.due = min(times) + _PATIENCE if times else clock.UTC_INVALID

    def give_up(self, now: int):
        """A Response or an Alert has not come by UTC `now`."""
        late = now - _PATIENCE
        for row in self._held[:]:
            row.since = row.since or now
            if row.since <= late:
                self._drop(row)
                self._failed()
        for key, date, _, control in self._waiting():
            if date <= late:
                self._failed()
                self._end(key, control, False)
        self.look()


def _is_known(call) -> bool:
    for table in (_TAKEN, _PASSED_OVER):
        if call.request.command in table.get(call.cluster, b""):
            return True
    return False


def _carried_out(calls, answers) -> list:
    """The commands that the meter has carried out.

    A calendar is taken as a whole: of its parts all, or none.
    """
    done = [call for call in calls if _take_answer(call, answers)]
    for call in calls:
        if call.cluster == CALENDAR and call not in done:
            return [each for each in done if each.cluster != CALENDAR]
    return done


def _take_answer(call, answers) -> bool:
    """Whether a response tells success: same cluster and number, opposite direction."""
    asked = call.request
    for answer in answers:
        told = answer.request
        same = answer.cluster == call.cluster and told.sequence == asked.sequence
        if not same or told.from_server == asked.from_server:
            continue
        if told.cluster_specific:
            answers.remove(answer)
            return True
        if told.command == frame.DEFAULT_RESPONSE:
            command, status = bytes(told.payload[:1]), bytes(told.payload[1:])
            if command == bytes((asked.command,)):
                answers.remove(answer)
                return status == bytes((frame.SUCCESS,))
    return False
