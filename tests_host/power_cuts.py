# The power is cut at every write and erase of everything that a device keeps, on real littlefs.
# Run on MicroPython's Unix port by `make powercuts`; a core of it by firmware/test_power_cuts.py.
import gc
import json
import os
import sys

from test_purge_flash import Flash, PowerCut, mount, unmount

# How the operation at the cut ends: nothing of it, half of it, all of it, or all of it while the
# one before it was still in a cache (where no sync lies between the two).
TORN = (0, 1, 2, 3)
BLOCK, BLOCKS = 512, 96
# Names of the files that operations have left, each below the folder of its device.
STORED = set()


class Unordered(Flash):
    """A flash whose last operation may overtake the one before it."""

    def __init__(self, size, count, memory=None):
        super().__init__(size, count, memory)
        self.before = None  # (block, offset, octets that were there) of the last, until a sync

    def restarted(self):
        self.dead = True
        return Unordered(self.size, 0, self.memory)

    def _change(self, number, offset, octets):
        late = self.before
        if self.operations + 1 == self.cut and self.torn == 3 and not self.dead:
            self.torn = 2
            if late is not None and late[0] != number:
                self.memory[late[0]][late[1] : late[1] + len(late[2])] = late[2]
        block = self._block(number)
        self.before = (number, offset, bytes(block[offset : offset + len(octets)]))
        super()._change(number, offset, octets)

    def ioctl(self, operation, argument):
        if operation == 3:
            self.before = None
        return super().ioctl(operation, argument)


class Operation:
    """Something that a device keeps, in steps that are acknowledged one by one.

    `start(path)` makes a device of what lies there, `steps` change it, `look(device)` says what
    it knows; two devices that know the same give equal values. `fits(found, old, new)` is for
    what is not simply old or new.
    """

    name = ""

    def prepare(self, path):
        """What is there before."""

    def start(self, path):
        raise NotImplementedError

    def steps(self):
        raise NotImplementedError

    def look(self, device):
        raise NotImplementedError

    def fits(self, found, old, new):
        return found in (old, new)


def _in_parts(value):
    return list(value.items()) if isinstance(value, dict) else list(value)


class Count:
    """How often the power was cut, and what came of it."""

    def __init__(self):
        self.cuts = self.lost = self.mixed = 0
        self.first = ""

    def add(self, other):
        self.cuts += other.cuts
        self.lost += other.lost
        self.mixed += other.mixed
        self.first = self.first or other.first


def note(folder, inner=""):
    """Enter the files in a folder into STORED."""
    for name in os.listdir(folder + inner):
        path = inner + "/" + name
        if os.stat(folder + path)[0] & 0x4000:
            note(folder, path)
        else:
            STORED.add(path[1:])


def image_of(prepare):
    """The flash after `prepare(path)`, for `restored`."""
    flash = Unordered(BLOCK, BLOCKS)
    prepare(mount(flash, fresh=True) + "/s")
    unmount()
    return flash.image()


def restored(image):
    """A flash as it was when `image` was taken."""
    return Unordered(BLOCK, 0, [bytearray(block) for block in image])


def cut(operation, torn=TORN, every=1):
    """Cut one operation at every point, each torn as told, at each `every`-th point only."""
    flash = Unordered(BLOCK, BLOCKS)
    image = image_of(operation.prepare)
    states = []

    def begun(flash):
        gc.collect()
        return operation.start(mount(flash) + "/s")

    def states_of():
        # What is known before and after each step, without a cut.
        found = flash.restarted()
        found.load(image)
        states.append(operation.look(begun(found)))
        for count in range(len(operation.steps())):
            found = found.restarted()
            found.load(image)
            device = begun(found)
            for step in operation.steps()[: count + 1]:
                step(device)
            device = None
            found = found.restarted()
            states.append(operation.look(begun(found)))
            note(mount(found.restarted()) + "/s")

    states_of()
    count = Count()
    for how in torn:
        point = 0
        while True:
            point += every
            flash = flash.restarted()
            flash.load(image)
            device = begun(flash)
            flash.operations = 0
            flash.cut, flash.torn = point, how
            done = 0
            try:
                for step in operation.steps():
                    step(device)
                    done += 1
                break
            except PowerCut:
                pass
            device = None
            count.cuts += 1
            if count.cuts % 5 == 0:
                # The start after the cut is cut, too.
                flash = flash.restarted()
                flash.cut, flash.torn = 1 + count.cuts % 7, how
                try:
                    begun(flash)
                except PowerCut:
                    pass
            flash = flash.restarted()
            _judge(operation, count, begun(flash), states[done], states[done + 1], (how, point))
    unmount()
    return count


def _judge(operation, count, device, old, new, where):
    found = operation.look(device)
    if operation.fits(found, old, new):
        return
    # Mixed: each part of it is old or new. Lost: it knows something else.
    known = _in_parts(old) + _in_parts(new)
    if all(part in known for part in _in_parts(found)):
        count.mixed += 1
    else:
        count.lost += 1
    if not count.first:
        count.first = "%s, torn %d at %d: %s, not %s or %s" % (
            (operation.name,) + where + (found, old, new)
        )


def run(operations, torn=TORN, every=1):
    """Cut operations and print a line for each; the Count of all."""
    total = Count()
    for operation in operations:
        count = cut(operation, torn, every)
        print(
            "%-44s %5d cuts  %d lost  %d mixed"
            % (operation.name, count.cuts, count.lost, count.mixed)
        )
        total.add(count)
    return total


# --- What a board keeps of what its bench loads ------------------------------------------------

EUI = "02534D45545300A3"
PARTY = {"id": "02534D4554010000", "role": "supplier", "ka_public": "04" + "11" * 64}
OTHER = {"id": "02534D4554010001", "role": "network_operator", "ka_public": "04" + "22" * 64}


def _line(verb, document):
    text = json.dumps(document)
    return "CTRL:%s#1:%d:%s" % (verb, len(text), text)


def _say(verb, document):
    """A step: a line of the bench that is acknowledged."""

    def step(device):
        device.said.clear()
        device.line(_line(verb, document))
        assert "CTRL:OK" in "".join(device.said), device.said

    return step


class Loaded(Operation):
    """A runtime that was told KEYS, STATE and inputs."""

    role = "gpf"
    lines = ()

    def prepare(self, path):
        device = self.start(path)
        for verb, document in (
            ("KEYS", {"device_id": EUI, "private_key": "%064X" % 5}),
            ("KEYS", {"parties": [PARTY]}),
            ("KEYS", {"parties": [OTHER]}),
            ("STATE", self._state(1)),
            ("SET", {"gsme": EUI}),
        ):
            _say(verb, document)(device)

    def start(self, path):
        from smets.ports.store import Store
        from smets.runtime import Runtime

        said = []
        device = Runtime({"role": self.role}, said.append, Store(path))
        device.said = said
        return device

    def _state(self, number):
        attribute = {"0x0200": {"type": "0xE2", "value": 1000 + number}}
        return {
            "zcl": {"0x0700": {"0x0617": {"type": "0x30", "value": number}}, "0x0708": attribute}
        }

    def look(self, device):
        keys = device.session.keys if device.session else None
        return [
            ("own", keys and (keys.device_id, keys.private_key)),
            ("supplier", self._key(keys, PARTY)),
            ("operator", self._key(keys, OTHER)),
            ("attribute", device.device.zcl.get(0x0700, 0x0617)),
            ("tenancy", device.device.zcl.get(0x0708, 0x0200)),
            ("pair", device.device.feature("mirror").gsme),
            ("faults", str(device._store.faults)),
        ]

    def _key(self, keys, party):
        found = keys and keys.find(bytes.fromhex(party["id"]))
        return found and found.ka_public


class KeysAgain(Loaded):
    name = "the same KEYS again, then others"

    def steps(self):
        changed = dict(PARTY)
        changed["ka_public"] = "04" + "33" * 64
        return [
            _say("KEYS", {"device_id": EUI, "private_key": "%064X" % 5}),
            _say("KEYS", {"parties": [PARTY]}),
            _say("KEYS", {"parties": [OTHER]}),
            _say("KEYS", {"parties": [changed]}),
            _say("KEYS", {"parties": [PARTY]}),
            _say("KEYS", {"device_id": EUI, "private_key": "%064X" % 6}),
            _say("KEYS", {"device_id": EUI, "private_key": "%064X" % 5}),
        ]


class StateAgain(Loaded):
    name = "STATE, with what a feature keeps of it"

    def steps(self):
        return [_say("STATE", self._state(number)) for number in (2, 3, 2)]


class Inputs(Loaded):
    name = "inputs of the bench"

    def steps(self):
        return [_say("SET", {"gsme": "02534D45545300A%d" % n}) for n in (4, 5)]


class Forget(Loaded):
    name = "FORGET"

    def steps(self):
        return [_say("FORGET", {})]

    def fits(self, found, old, new):
        # Nothing may be left of it, but the answer comes when all is gone.
        return found in (old, new)


# --- What a session keeps ------------------------------------------------------------------------


class Meter(Operation):
    """A device of a role over a store."""

    role = "gsme"

    def prepare(self, path):
        device = self.start(path)
        for step in self.first():
            step(device)

    def first(self):
        return []

    def start(self, path):
        from smets import clock, devices
        from smets.ports.store import Store

        device = devices.build(self.role, Store(path))
        device.clock.set(700001400, clock.RELIABLE)
        return device


_PARTY = b"\x02\x53\x4d\x45\x54\x01\x00\x00"


class Command(Meter):
    """What a session carries out: counter, tenancy and Device Log are of one command."""

    name = "a command: its counter, with all that it sets"
    role = "gpf"

    def _tell(self, number):
        def step(device):
            from smets.zcl import kept

            # As gbcs.session.Session does.
            device.store.begin()
            device.counters.set(_PARTY, number.to_bytes(8, "big"))
            device.feature("tenancy").put(7000 + number, 0x200, 1, number)
            kept.put(device.zcl, 0x0700, 0x0617, number)
            device.settings.commit()
            device.feature("device_log").enter(bytes(7) + bytes((number,)), number)
            device.store.commit()

        return step

    def first(self):
        return [self._tell(1)]

    def steps(self):
        return [self._tell(2), self._tell(3)]

    def look(self, device):
        counter = device.counters.get(_PARTY)
        joined = [entry[1] for entry in device.feature("device_log").entries]
        return [
            ("counter", counter),
            ("tenancy", device.feature("tenancy").date),
            ("setting", device.zcl.get(0x0700, 0x0617)),
            ("joined", joined),
        ]


class Counters(Meter):
    name = "counters of two parties"

    def _accept(self, party, number):
        return lambda device: device.counters.set(bytes((party,)) * 8, number.to_bytes(8, "big"))

    def first(self):
        return [self._accept(1, 5), self._accept(2, 5)]

    def steps(self):
        return [self._accept(1, 6), self._accept(2, 7), self._accept(1, 8)]

    def look(self, device):
        return [(party, device.counters.get(bytes((party,)) * 8)) for party in (1, 2)]


class Alerts(Meter):
    name = "the counter of alerts"

    def prepare(self, path):
        self._send(self.start(path))

    def start(self, path):
        from smets.gbcs.alert import AlertCounter
        from smets.ports.store import Store

        return AlertCounter(Store(path))

    def _send(self, counter):
        for _ in range(20):
            counter.next()

    def steps(self):
        return [self._send] * 4

    def look(self, counter):
        return [int.from_bytes(counter.next(), "big")]

    def fits(self, found, old, new):
        # A step sends 20, and the next start skips what was reserved: none comes twice.
        return old[0] <= found[0] <= new[0]


class DeviceLog(Meter):
    name = "the Device Log"

    def first(self):
        return [lambda device: device.feature("device_log").enter(bytes(8), 3)]

    def steps(self):
        return [
            lambda device: device.feature("device_log").enter(bytes(7) + b"\x01", 4),
            lambda device: device.feature("device_log").leave(bytes(8)),
        ]

    def look(self, device):
        return list(device.feature("device_log").entries)


class Credentials(Meter):
    name = "replaced credentials"

    def start(self, path):
        from smets.gbcs import replaced
        from smets.gbcs.keys import Keys, Party
        from smets.ports.store import Store

        device = super().start(path)
        device.keys = Keys(bytes(8))
        device.keys.add(Party(b"operator", "network_operator", b"\x04" + bytes(64)))
        replaced.restore(Store(path), device.keys)
        return device

    def _replace(self, old, new):
        def step(device):
            from smets.gbcs import replaced
            from smets.gbcs.keys import Party

            key = b"\x04" + new * 8
            replaced.keep(device.store, old, Party(new, "network_operator", key, key))

        return step

    def steps(self):
        return [self._replace(b"operator", b"newparty"), self._replace(b"newparty", b"newest..")]

    def look(self, device):
        return [
            (name, bool(device.keys.find(name)))
            for name in (b"operator", b"newparty", b"newest..")
        ]


class Encrypted(Meter):
    name = "the counters of encrypted answers"

    def start(self, path):
        from smets.gbcs.streams import Streams
        from smets.ports.store import Store

        streams = Streams(Store(path))
        streams.store = Store(path)
        return streams

    def _claim(self, number):
        def step(streams):
            assert streams.claim(_PARTY, number.to_bytes(8, "big"))

        return step

    def first(self):
        return [self._claim(5)]

    def steps(self):
        return [self._claim(number) for number in (7, 6, 9)]

    def look(self, streams):
        from smets import record

        name = [name for name in streams.store.names() if name.startswith("stream-")][0]
        return [row[0] for row in record.TABLES["stream"].read(streams.store, name)[0]]


class Postponed(Meter):
    name = "a replacement of credentials for later"
    role = "gpf"

    def _put_off(self, code, when):
        def step(device):
            from smets.gbcs import postponed
            from smets.gbcs.keys import Party

            class Call:
                party = Party(_PARTY, "supplier", b"")
                counter = when or 0
                payload = b"payload"

            call = Call()
            call.device, call.code = device, code
            device.store.begin()
            postponed._take(call, when)
            device.store.commit()

        return step

    def first(self):
        return [self._put_off(0x102, 800000000)]

    def steps(self):
        return [
            self._put_off(0x102, 800000500),
            self._put_off(0x126, 800000000),
            self._put_off(0x102, None),
        ]

    def look(self, device):
        from smets.gbcs import postponed

        postponed._restore(device)
        return sorted(device.later.items())


class Log(Meter):
    name = "the log of exceptions and damages"

    def start(self, path):
        from smets.journal import Ring
        from smets.ports.store import Store

        return Ring(Store(path))

    def first(self):
        return [lambda ring: ring.add("the first")]

    def steps(self):
        return [lambda ring: ring.add("the second"), lambda ring: ring.clear()]

    def look(self, ring):
        return ring.texts()


class Tenancy(Meter):
    name = "a change of tenancy at a meter"
    role = "gpf"

    def first(self):
        return [lambda device: device.feature("tenancy").put(5000, 0x200, 1, 2)]

    def steps(self):
        return [
            lambda device: device.feature("tenancy").put(6000, 0x600, 2, 3),
            lambda device: device.feature("tenancy").put(0xFFFFFFFF, 0, 2, 3),
        ]

    def look(self, device):
        held = device.feature("tenancy")
        return [(held.date, held.control, held.provider, held.issuer_event, held.damaged)]


class GasDays(Meter):
    name = "days of gas at a GPF"
    role = "gpf"

    def _report(self, number):
        """A report after so many half hours; kWh and cost of the day are their number."""
        now, energy = _MIDNIGHT + 1800 * number, number % 48 or 48

        def step(device):
            from smets.features import stamp

            kwh = b"\x22" + energy.to_bytes(3, "little")
            report = {0x0702: {0x0C01: kwh}, 0x0705: {0x051C: b"\x25" + kwh[1:] + bytes(3)}}
            device.clock.seconds = now
            device.feature("gas_history").book(stamp.Stamp(stamp.GSME, now, 0), report)

        return step

    def first(self):
        return [self._report(number) for number in (-1, 0, 1)]

    def steps(self):
        def snapshot(device):
            device.feature("gas_history").snapshots.enter(_MIDNIGHT, 1, bytes(54))

        def payment(device):
            row = (_MIDNIGHT, 5, 7)
            device.feature("gas_history").snapshots.pay([(_MIDNIGHT, 5, bytes(20))], [row])

        def missing(device):
            device.feature("gas_history").miss(_MIDNIGHT - 1800)

        def caught_up(device):
            device.feature("gas_history").caught_up()

        steps = [snapshot, payment, missing, caught_up]
        return [self._report(number) for number in (2, 47, 48, 49)] + steps

    def look(self, device):
        device.clock.seconds = max(device.feature("gas_history").last[0], _MIDNIGHT)
        snapshots = device.feature("gas_history").snapshots
        held = (len(snapshots.slot("gas-days-read").open()), snapshots.top_ups)
        missed = device.feature("gas_history").missed
        return [held + (snapshots.recoveries, missed)] + [
            tuple([device.zcl.get(cluster, attribute) for cluster, attribute in row])
            for row in (((0x0702, 0x0C01), (0x0705, 0x051C)), ((0x0702, 0x0C03), (0x0705, 0x051E)))
        ]


_MIDNIGHT = 700012800
LIMIT_COUNTER = "3/0-0:94.44.42.255/2"

# --- The account -------------------------------------------------------------------------------

NOW = b"\x09\x0c" + b"\x00" * 9 + b"\x80\x00\xff"
LATER = b"\x09\x0c\x07\xe6\x0b\x01\xff\x0c\x00\x00\x00\x80\x00\x00"  # 2022-11-01T12:00:00Z
CONFIGURATION = "111/0-1:19.0.0.255/11"
MODE, MODE_TIME = "111/0-1:19.0.0.255/2", "111/0-1:19.0.0.255/13"
LOW, LOW_TIME = "9000/0-0:94.44.128.9/4", "9000/0-0:94.44.128.9/6"
SCHEDULE, SCHEDULE_TIME = "10/0-1:12.0.1.255/2", "9000/0-0:94.44.128.28/6"
SPECIAL, SPECIAL_TIME = "11/0-1:11.0.2.255/2", "9000/0-0:94.44.128.31/6"


def _put(key, data):
    def step(meter):
        from smets.dlms import objects

        assert meter.device.dlms.set(objects.key(key), data) == 0, key

    return step


class Account(Operation):
    """A prepayment meter, as tests of prepayment have it."""

    def prepare(self, path):
        self.start(path, True)

    def start(self, path, fresh=False):
        from prepaid_meter import Meter as Prepaid

        from smets.ports.store import Store

        return Prepaid(Store(path), fresh)

    def look(self, meter):
        from smets.features.prepayment import calendar

        held = meter.account
        values = meter.device.dlms.values
        return [
            ("mode", held.mode),
            ("money", (held.balance, held.counters.octets, tuple(held.top_ups))),
            ("low", held.low_credit),
            ("later", (sorted(held.next.items()), sorted(held.when.items()))),
            ("locked", sorted(meter.meter.actions.keypads._rows.items())),
            ("schedule", values.get(calendar.SCHEDULE)),
            ("special", values.get(calendar.SPECIAL_DAYS)),
            ("settings", sorted(meter.device.settings.values.items())),
            ("log", meter.events()),
        ]


class TopUps(Account):
    name = "top-ups, each with its entry in the event log"

    def steps(self):
        from prepaid_meter import token

        return [lambda meter, n=n: meter.top_up(token(100 * n, n)) for n in (1, 2)]

    def fits(self, found, old, new):
        # The entry is made again from the account where the power went between the two.
        return found in (old, new)


class Keypad(Account):
    name = "tries at the keypad, and its lock"

    def steps(self):
        return [lambda meter: meter.top_up("1" * 20)] * 3

    def look(self, meter):
        # A refused token is an event as well, and none that is made again.
        return super().look(meter)[:-1]


class ModeNow(Account):
    name = "a payment mode, now"

    def steps(self):
        return [_put(MODE, b"\x02\x02\x16\x01\x16\x01"), _put(MODE_TIME, NOW)]


class ModeLater(Account):
    name = "a payment mode and a threshold for later, and their time"

    def steps(self):
        def configure(meter):
            # It becomes active with the mode.
            _put(CONFIGURATION, b"\x01\x01\x03\xff")(meter)
            meter.device.settings.commit()

        return [
            configure,
            _put(MODE, b"\x02\x02\x16\x01\x16\x01"),
            _put(MODE_TIME, LATER),
            _put(LOW, b"\x05\x00\x00\x30\x39"),
            _put(LOW_TIME, LATER),
            lambda meter: meter.device.advance(1800),
            lambda meter: meter.device.advance(1800),
            lambda meter: meter.device.advance(1800),
            lambda meter: meter.device.advance(1800),
        ]


class Calendars(Account):
    name = "calendars, now and for later"

    def prepare(self, path):
        meter = self.start(path, True)
        for step in (_put(SCHEDULE, b"\x01\x00"), _put(SCHEDULE_TIME, NOW)):
            step(meter)

    def steps(self):
        schedule = b"\x01\x01" + bytes(600)
        return [
            _put(SCHEDULE, schedule),
            _put(SPECIAL, b"\x01\x00"),
            _put(SPECIAL_TIME, NOW),
            _put(SCHEDULE_TIME, LATER),
            lambda meter: meter.device.advance(7200),
        ]

    def fits(self, found, old, new):
        # Four half hours are one step: a cut may find the account at any of them.
        return found in (old, new) or [found[n] for n in (0, 2, 3, 5, 6)] in [
            [each[n] for n in (0, 2, 3, 5, 6)] for each in (old, new)
        ]


# --- Logs and settings --------------------------------------------------------------------------


class Rows(Meter):
    name = "rows of a profile"
    role = "esme"

    def start(self, path):
        from smets.features.keeper import Keeper
        from smets.ports.store import Store

        return Keeper(Store(path)).open("rows", 12, 8)

    def _row(self, number):
        return lambda log: log.append(bytes(3) + bytes((number, number)) + b"row")

    def first(self):
        return [self._row(number) for number in range(1, 11)]

    def steps(self):
        return [self._row(number) for number in range(11, 20)]

    def look(self, log):
        return [bytes(row) for row in log.select().chunks(8)]


class Voltage(Meter):
    name = "voltage settings and counters"
    role = "esme"

    def start(self, path):
        return super().start(path).feature("voltage").measurement

    def steps(self):
        def thresholds(measurement):
            measurement.meter.limiters[0].set_threshold(277)
            measurement.meter.phase[0].averages.over_threshold = 251
            assert measurement.keep()

        def switches(measurement):
            measurement.meter.events.alerting.octets[:] = b"\x0f" * 32
            measurement.meter.phase[0].averages.over_counter = 3
            assert measurement.keep()

        def phases(measurement):
            measurement.configure({"phases": 1})
            assert measurement.keep()

        return [thresholds, switches, phases]

    def look(self, measurement):
        from smets.features.voltage import settings

        return list(enumerate(settings.save(measurement.meter)))


class Twin(Meter):
    name = "a meter becomes one of two elements"
    role = "esme"

    def start(self, path):
        return super().start(path).feature("profile_data").data

    def steps(self):
        return [lambda data, twin=twin: data.be_twin(twin) for twin in (True, False, True)]

    def look(self, data):
        return [data.twin]


class Settings(Meter):
    name = "the store of configuration"

    def start(self, path):
        from smets.ports.store import Store
        from smets.settings import Settings as Kept

        return Kept(Store(path))

    def _set(self, number):
        def step(kept):
            for key in (b"a", b"b", b"c"):
                kept.put(key, key * (40 * number))
            kept.commit()

        return step

    def first(self):
        return [self._set(1)]

    def steps(self):
        return [self._set(2), self._set(3)]

    def look(self, kept):
        return [(key, kept.get(key)) for key in (b"a", b"b", b"c")]


class Events(Account):
    name = "the event log of a meter, and its clearing"

    def prepare(self, path):
        meter = self.start(path, True)
        for _ in range(10):
            meter.meter.log(5, 0x8154, b"\x01\x16")
            meter.device.feature("event_log").secure(0x8F3E)

    def steps(self):
        # An entry begins a second record; the event log's go with the clearing.
        return [
            lambda meter: meter.meter.events.add(6, 0x8155, b"\x01\x17"),
            lambda meter: meter.device.feature("event_log").secure(0x8F3E),
            lambda meter: meter.meter.events.clear(),
        ]

    def look(self, meter):
        return list(meter.meter.events.entries), list(
            meter.device.feature("event_log").security.entries
        )


class Gas(Meter):
    name = "registers, account, battery and display of a gas meter"

    def steps(self):
        def money(device):
            held = device.feature("gas_account")
            held.change(lambda: setattr(held.account, "balance", 5))

        return [
            money,
            lambda device: device.zcl.load(0x0702, 0x0000, 0x25, 77),
            lambda device: device.feature("gas_valve").set_battery(7),
            lambda device: device.feature("gas_display").set_pin("4711"),
        ]

    def look(self, device):
        counters = list(device.feature("gas_register").counters)
        return (
            device.feature("gas_account").account.balance,
            counters,
            device.zcl.get(0x0702, 0x0205),
            device.feature("gas_display").protection,
        )


class GasLogs(Meter):
    name = "the logs of a gas meter: half hours, a day, a change of tariff, network data"

    def steps(self):
        def tariff(device):
            key = b"C\x07\x00\x04\x00"
            device.store.begin()
            device.settings.put(key, bytes(44))
            device.settings.commit()
            device.commanded(0x006B, True)
            device.store.commit()

        def network(device):
            device.store.begin()
            device.feature("gas_network").begin(86400 * 8102)
            device.store.commit()

        def sample(device):
            log = device.feature("gas_network")
            log.carry_out(log.next())

        return [
            tariff,
            lambda device: device.feature("gas_logs").half_hour(86400 * 8102),
            network,
            sample,
        ]

    def look(self, device):
        logs = device.feature("gas_logs")
        logs.restored = False  # what was missed is made up for later
        logs.tick()
        # Each row is a write of its own; that of a change goes with the command.
        counts = [len(logs.rows.slot(name).open()) for name in ("gas-change", "gas-daily")]
        return logs._values()[2], counts, device.feature("gas_network")._values()


class Numbers(Meter):
    name = "load limit, demand, days and boosts of a meter"
    role = "esme"

    def steps(self):
        from smets.dlms import objects

        return [
            lambda device: device.dlms.load(objects.key(LIMIT_COUNTER), b"\x06\x00\x00\x00\x05"),
            lambda device: device.dlms.invoke(objects.key("4/1-0:1.6.0.255/1"), b"\x0f\x00"),
            lambda device: device.feature("meter_logs").half_hour(86400 * 8102),
            lambda device: device.feature("controllers").boost({"minutes": 5}),
        ]

    def look(self, device):
        from smets.dlms import objects

        return [
            ("counter", device.dlms.get(objects.key(LIMIT_COUNTER))),
            ("reset", device.dlms.get(objects.key("1/0-0:94.44.5.1/2"))),
            ("day", device.feature("meter_logs")._day),
            ("boosts", list(device.feature("controllers").boosts)),
        ]


class Costs(Meter):
    name = "the cost of days of a meter, and its privacy PIN"
    role = "esme"

    def _half_hour(self, number):
        """A half hour that has cost 7 of 10^-5 pound ends so many half hours after midnight."""

        def step(device):
            prices = device.feature("prices")
            prices._day += 7000
            prices.half_hour(_MIDNIGHT + 1800 * number)
            assert not prices.storage_errors

        return step

    def first(self):
        return [self._half_hour(-1), lambda device: device.feature("household").set_pin(True)]

    def steps(self):
        return [
            self._half_hour(0),
            self._half_hour(1),
            lambda device: device.feature("household").set_pin(False),
        ]

    def look(self, device):
        prices = device.feature("prices")
        # A day whose row was kept, and not that it is over, ends once all the same.
        prices._catch_up(_MIDNIGHT + 1800)
        day = prices.costs.total(_MIDNIGHT - 86400, _MIDNIGHT)
        return [(day, prices._day), device.feature("household").pin]


class Hub(Meter):
    name = "the logs of a hub"
    role = "chf"

    def first(self):
        return [lambda device: device.feature("hub_log").add(bytes(8), 3, bytes(16))]

    def steps(self):
        return [
            lambda device: device.feature("hub_log").add(bytes(7) + b"\x01", 4, bytes(16)),
            lambda device: device.feature("hub_log").remove(bytes(8)),
        ]

    def look(self, device):
        held = device.feature("hub_log")
        return list(held.devices), list(held.left)


class Queue(Meter):
    name = "commands that wait at a hub for a gas meter"
    role = "chf"

    def _add(self, number):
        return lambda device: device.feature("tunnels").waiting.add(
            b"a meter.", number, b"m" * 300
        )

    def first(self):
        return [self._add(1)]

    def steps(self):
        def lapse(device):
            waiting = device.feature("tunnels").waiting
            waiting._drop(waiting._rows[0])

        return [self._add(2), lapse, self._add(3)]

    def look(self, device):
        return [
            (row.number, row.code, row.octets) for row in device.feature("tunnels").waiting._rows
        ]


class Tapped(Meter):
    name = "commands that a proxy holds for their responses"
    role = "gpf"

    def _hold(self, number):
        return lambda device: device.feature("tap_off")._tapped._hold(b"m" * (300 + number))

    def first(self):
        return [self._hold(1)]

    def steps(self):
        def drop(device):
            taps = device.feature("tap_off")._tapped
            taps._drop(taps._held[0])

        return [self._hold(2), drop, self._hold(3)]

    def look(self, device):
        held = device.feature("tap_off")._tapped._held
        return [(row.number, row.since, len(row.octets)) for row in held]


class Version(Meter):
    name = "the firmware version of a controller"
    role = "hcalcs"

    def steps(self):
        return [lambda device, n=n: device.zcl.load(0x0019, 0x0002, 0x23, n) for n in (5, 6)]

    def look(self, device):
        return device.feature("firmware").version


class Limits(Meter):
    name = "the limits of a SAPC"
    role = "sapc"

    def steps(self):
        def limit(number):
            told = {"controller": number, "level": 50, "seconds": 600}
            return lambda device: device.feature("limits").limit(told)

        return [limit(1), limit(2)]

    def look(self, device):
        return list(device.feature("limits").rows)


# --- Displays ------------------------------------------------------------------------------------


class Levels(Meter):
    name = "levels of auxiliary controllers: a command, its start, its end"
    role = "esme"

    def steps(self):
        from smets.dlms import objects

        def command(device):
            device.store.begin()
            model, place = device.dlms, "1/0-0:94.44.117.%d/2"
            for number, time in ((1, _TIMES[0]), (2, _TIMES[1])):
                model.set(objects.key(place % number), b"\x09\x0c" + time)
            model.invoke(objects.key("9/0-0:10.0.103.255/1"), b"\x12\x11\x64")
            device.settings.commit()
            device.commanded(0x011E, True)
            device.store.commit()

        def at(seconds):
            def step(device):
                from smets import clock

                device.clock.set(seconds, clock.RELIABLE)
                device.feature("proportional").tick()

            return step

        # 2022-03-07T21:00:00Z and an hour later.
        return [command, at(700002000), at(700005600)]

    def look(self, device):
        from smets.dlms import objects

        values = device.dlms.values
        rows = sorted(device.feature("proportional")._rows.items())
        log = values.get(objects.key("7/0-17:99.98.2.255/2"))
        switch = values.get(objects.key("70/0-1:96.3.10.255/2"))
        return rows, [bytes(row[:]) for row in log.rows] if log else [], bytes(switch or b"")


# 21:00 and 22:00 of 2022-03-07.
_TIMES = (
    b"\x07\xe6\x03\x07\xff\x15\x00\x00\x00\x80\x00\xff",
    b"\x07\xe6\x03\x07\xff\x16\x00\x00\x00\x80\x00\xff",
)


class Entries(Meter):
    name = "messages and requests on a display"
    role = "ppmid"

    def start(self, path):
        from smets.features.tenancy.vault import Vault
        from smets.ports.disk import Disk
        from smets.ports.files import make_folders

        class Guard:
            def visible_from(self, scope):
                return 0

            def keep_from(self, scope):
                return 0

        make_folders(path)
        vault = Vault(Disk(path + "/history", True), 64)
        vault.guard = Guard()
        return vault

    def _add(self, number):
        from smets.features.tenancy.cleared import MESSAGES, SHARED

        return lambda vault: vault.entries.put(SHARED, MESSAGES, number, b"text" * number)

    def first(self):
        return [self._add(1)]

    def steps(self):
        return [self._add(number) for number in (2, 3)]

    def look(self, vault):
        from smets.features.tenancy.cleared import MESSAGES, SHARED

        return vault.entries.get(SHARED, MESSAGES)


class Requests(Entries):
    name = "requests and top-ups in the log of a PPMID"

    def _add(self, number):
        from smets import record
        from smets.features.prepayment import requests  # noqa: F401 - its tables
        from smets.features.tenancy.cleared import ELECTRICITY, SERVICE_LOG, SHARED, TOP_UPS

        asked = record.TABLES["request"]
        row = asked.pack([number] + asked.defaults()[1:])
        paid = record.TABLES["top-up"].pack((number, b"1" * 20))

        def step(vault):
            assert vault.entries.put(SHARED, SERVICE_LOG, number, row)
            assert vault.entries.put(ELECTRICITY, TOP_UPS, number, paid)

        return step

    def look(self, vault):
        from smets.features.tenancy.cleared import ELECTRICITY, SERVICE_LOG, SHARED, TOP_UPS

        entries = vault.entries
        return [entries.get(SHARED, SERVICE_LOG), entries.get(ELECTRICITY, TOP_UPS)]

    def fits(self, found, old, new):
        # The request is entered before the payment, each for itself.
        return found in (old, new, [new[0], old[1]])


class Export(Entries):
    name = "an export of a display"

    def _add(self, number):
        from smets.features.tenancy.cleared import EXPORTS

        return lambda vault: vault.exports.write(EXPORTS, number, [b"an export " * number])

    def look(self, vault):
        from smets.features.tenancy.cleared import EXPORTS

        return [b"".join(vault.exports.read(name)) for name in vault.exports.names(EXPORTS)]


class Seen(Meter):
    name = "what a display knows of its meters' tenancies"
    role = "ppmid"
    overwrites = True  # what is free of the flash, when something is removed

    def start(self, path):
        from smets.features.tenancy.machine import Tenancy as Machine
        from smets.features.tenancy.vault import Vault
        from smets.ports.disk import Disk
        from smets.ports.store import Store

        store = Store(path)
        return Machine(store, Vault(Disk(path + "/history", self.overwrites), 64))

    def first(self):
        return [lambda machine: machine.meter(0, 77), lambda machine: machine.seen(0, 5, 0)]

    def steps(self):
        return [
            lambda machine: machine.seen(0, 900, 0x200),
            lambda machine: machine.meter(1, 78),
            lambda machine: machine.seen(1, 0xFFFFFFFF, 0),
        ]

    def look(self, machine):
        return [machine.dates(fuel) for fuel in (0, 1)]


class Noticed(Seen):
    name = "a notice of a display, from its purge to OK"
    overwrites = False  # test_purge_power_cut is about that

    def first(self):
        return [lambda machine: machine.meter(0, 77), lambda machine: machine.seen(0, 5, 0x200)]

    def steps(self):
        return [_purge, lambda machine: machine.confirm_notices()]

    def look(self, machine):
        # A purge that was cut goes on by itself; without its intent there was none.
        if machine.dates(0)[1] is not None:
            _purge(machine)
        return machine.dates(0)[2], machine.notices()


def _purge(machine):
    while machine.step(1000):
        pass


OPERATIONS = (
    KeysAgain,
    StateAgain,
    Inputs,
    Forget,
    Command,
    Counters,
    Alerts,
    DeviceLog,
    Credentials,
    Encrypted,
    Postponed,
    Log,
    Tenancy,
    GasDays,
    TopUps,
    Keypad,
    ModeNow,
    ModeLater,
    Calendars,
    Rows,
    Voltage,
    Twin,
    Events,
    Gas,
    GasLogs,
    Numbers,
    Costs,
    Hub,
    Queue,
    Tapped,
    Version,
    Limits,
    Levels,
    Settings,
    Entries,
    Requests,
    Export,
    Seen,
    Noticed,
)


def main(names):
    """Cut everything, or what is named; the exit status says whether nothing was lost or mixed.

    With --core a write is torn half way, at every second point.
    """
    core = "--core" in names
    names = [name for name in names if name[0] != "-"]
    operations = [made() for made in OPERATIONS if not names or made.__name__ in names]
    total = run(operations, (1,), 2) if core else run(operations)
    print("stored:", *sorted(STORED))
    if names or core:
        if total.first:
            print("the first:", total.first)
        return 1 if total.lost or total.mixed else 0
    from test_purge_power_cut import purge_cut_points

    cuts = purge_cut_points()
    print("%-44s %5d cuts  0 lost  0 mixed" % ("the purge of a display", cuts))
    total.cuts += cuts
    print(
        "%d operations, %d cuts: %d lost, %d mixed"
        % (len(OPERATIONS) + 1, total.cuts, total.lost, total.mixed)
    )
    if total.first:
        print("the first:", total.first)
    return 1 if total.lost or total.mixed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
