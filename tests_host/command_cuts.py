# Commands of remote parties, as a session carries them out: their counter, what they set and what
# features keep of it are one whole. The power is cut (power_cuts.py), or the flash is full, at
# every write and erase. Run on MicroPython's Unix port by power_cuts.py.
import gc
import sys

from power_cuts import TORN, Count, Meter, image_of, restored, run
from prepaid_meter import token
from vectors import DEVICE, OPERATOR, SUPPLIER, access_request, gbz, grouping, key, secret
from vectors import keys as made_keys

from smets.gbcs.session import Refused, Session

NOW = b"\x09\x0c" + bytes(9) + b"\x80\x00\xff"
_FULL = 28  # ENOSPC


class _Answer:
    """The payload of a response, without its protection."""

    def __init__(self, parts):
        self.length = parts.length
        self.chunks = parts.chunks


class Trusting(Session):
    """A session that believes who asks: protection is proved elsewhere, and slow here."""

    def _check_mac(self, command, party):
        pass

    def _check_signature(self, command, party, signed):
        pass

    def _respond(self, command, use_case, party, parts, signed):
        return _Answer(parts)


class Commands(Meter):
    """A device with keys and a session; each request is a command of one supplier."""

    role = "esme"
    party = SUPPLIER
    tops_up = False

    def requests(self):
        """(code, elements) of the commands; an element is what can succeed or fail by itself."""
        raise NotImplementedError

    def payload(self, elements, counter):
        """The payload of a command with these elements."""
        return access_request(elements)

    def results(self, octets, count):
        """Whether each of the elements succeeded."""
        return [octets[len(octets) + 2 * at + 1] == 0 for at in range(-count, 0)]

    def start(self, path):
        from smets.gbcs import replaced

        device = super().start(path)
        device.eui = DEVICE
        keys = made_keys()
        keys.find(SUPPLIER).prepayment_secret = secret(SUPPLIER)
        replaced.restore(device.store, keys)
        device.take_keys(keys)
        device.session = Trusting(device, keys)
        return device

    def counter_of(self, number):
        return (7000 + number) << 32 if self.tops_up else 7000 + number

    def send(self, device, number, elements, again=0):
        """The answer to a command with some elements of a request; None where it is refused."""
        code = self.requests()[number][0]
        # A top-up has the counter of its token.
        counter = self.counter_of(number) + (0 if self.tops_up else again)
        payload = self.payload(elements, counter)
        data = grouping(code, payload, counter, self.party) + b"\x40" + bytes(64)
        try:
            answer = device.session.handle(data)
        except Refused as refused:
            assert refused.reason == "storage", refused
            return None
        return b"".join([bytes(chunk) for chunk in answer.chunks()])

    def steps(self):
        def step(number):
            elements = self.requests()[number][1]

            def send(device):
                answer = self.send(device, number, elements)
                assert all(self.results(answer, len(elements))), answer

            return send

        return [step(number) for number in range(len(self.requests()))]

    def look(self, device):
        """What the device knows, from its memory alone."""
        counter = device.counters.get(self.party)
        tenancy = device.feature("tenancy")
        account = device.feature("prepayment") and device.feature("prepayment").meter
        zcl = device.zcl.attributes
        told = [
            ("counter", counter),
            ("settings", sorted(device.settings.values.items())),
            ("objects", sorted(device.dlms.values.items())),
            (
                "attributes",
                [(place, sorted(zcl[place].items())) for place in sorted(zcl) if zcl[place]],
            ),
            ("parties", [party.told()[:3] for party in device.keys.parties]),
            ("joined", list(device.feature("device_log").entries)),
            ("tenancy", tenancy and (tenancy.date, tenancy.provider, tenancy.damaged)),
            ("account", account and account.account.pack()),
            ("events", account and list(account.events.entries)),
        ]
        return told


class WithAccount(Commands):
    """A prepayment meter."""

    def first(self):
        def account(device):
            device.feature("prepayment").configure({"mode": "prepayment", "balance": 100000})

        return [account]


def _set(text, data):
    return (2, _key(text), None, data)


def _act(text, data):
    return (3, _key(text), None, data)


def _key(text):
    class_id, code, attribute = text.split("/")
    first, rest = code.split(":")
    numbers = [int(part) for part in first.split("-") + rest.split(".")]
    return key(int(class_id), numbers, int(attribute))


def _number(value):
    return b"\x05" + value.to_bytes(4, "big")


class Tariff(WithAccount):
    name = "ECS01a: settings, rates of the account, and their times"

    def requests(self):
        def tariff(number):
            return [
                _set("20/0-0:13.0.0.255/7", b"\x01\x01\x09\x04" + number * 4),
                _set("11/0-1:11.0.0.255/2", b"\x01\x01\x09\x82\x01\x2c" + number * 300),
                _set("21/0-0:16.1.11.255/2", b"\x01\x01\x06\x00\x00\x00" + number),
                _set("9000/0-0:94.44.2.0/4", b"\x03" + number),
                _set("20/0-0:13.0.0.255/10", NOW),
                _set("9000/0-0:94.44.128.29/6", NOW),
                _set("9000/0-0:94.44.2.0/6", NOW),
            ]

        return [(0x19, tariff(b"\x01")), (0x19, tariff(b"\x02"))]


class PaymentMode(WithAccount):
    name = "ECS02 and ECS03: the account's mode, with its configuration"

    def requests(self):
        return [
            (
                0x1A,
                [
                    _set("111/0-1:19.0.0.255/2", b"\x02\x02\x16\x01\x16\x01"),
                    _set("111/0-1:19.0.0.255/11", b"\x01\x00"),
                    _set("111/0-1:19.0.0.255/13", NOW),
                ],
            ),
            (
                0x1B,
                [
                    _set("111/0-1:19.0.0.255/2", b"\x02\x02\x16\x02\x16\x01"),
                    _set("9000/0-0:94.44.128.22/4", _number(4711)),
                    _set("111/0-1:19.0.0.255/11", b"\x01\x01\x02\x01\x03\xff"),
                    _set("9000/0-0:94.44.128.22/6", NOW),
                    _set("111/0-1:19.0.0.255/13", NOW),
                ],
            ),
        ]


class Configuration(WithAccount):
    name = "ECS08: calendars, the account and their times"

    def requests(self):
        return [
            (
                0x1F,
                [
                    _set("11/0-1:11.0.2.255/2", b"\x01\x01\x09\x04days"),
                    _set("9000/0-0:94.44.2.20/2", _number(777)),
                    _set("10/0-1:12.0.1.255/2", b"\x01\x01\x09\x82\x01\x2c" + bytes(300)),
                    _set("9000/0-0:94.44.128.9/4", _number(12345)),
                    _set("9000/0-0:94.44.128.31/6", NOW),
                    _set("9000/0-0:94.44.128.9/6", NOW),
                    _set("9000/0-0:94.44.128.28/6", NOW),
                ],
            )
        ]


class TopUp(WithAccount):
    name = "CS01a: a top-up, with its entry in the event log"
    tops_up = True

    def requests(self):
        def digits(number):
            counter = self.counter_of(number) >> 32
            made = token(100 * (number + 1), counter, secret(SUPPLIER), DEVICE, 0, SUPPLIER)
            return [_act("115/0-0:19.40.0.255/1", b"\x09\x14" + made.encode())]

        return [(0x07, digits(0)), (0x07, digits(1))]


class Thresholds(Commands):
    name = "ECS29a: several places of the voltage"
    party = OPERATOR

    def look(self, device):
        from smets.features.voltage import settings

        kept = settings.save(device.feature("voltage").measurement.meter)
        return super().look(device) + [("voltage", [str(part) for part in kept])]

    def requests(self):
        return [
            (
                0x45,
                [
                    _set("71/0-0:17.0.1.255/4", b"\x06\x00\x00\x01\x15"),
                    _set("71/0-0:17.0.3.255/6", b"\x06\x00\x00\x00\x09"),
                    _set("1/1-0:32.35.0.4/2", b"\x06\x00\x00\x00\xfb"),
                ],
            )
        ]


class TenancyDate(Commands):
    name = "ECS12: a date of tenancy"

    def requests(self):
        date = b"\x09\x0c\x07\xde\x0c\x1f\xff\x17\x3b\x00\x00\x80\x00\x00"
        return [(0x22, [_set("1/0-0:94.44.3.2/2", date)])]


class GasTariff(Commands):
    name = "GCS01a: attributes and prices of a gas meter"
    role = "gsme"

    def payload(self, elements, counter):
        return gbz(*elements)

    def results(self, octets, count):
        # One Default Response each: extended header (7), frame control, sequence, 0B, command.
        assert len(octets) == 3 + count * 10, octets
        return [octets[3 + 10 * index + 9] == 0 for index in range(count)]

    def requests(self):
        def tariff(number):
            event = bytes(4) + number * 4
            information = event + bytes((1, 0, 0, 0)) + bytes(4) + b"\x10\x00\x00\x03\x00"
            information += b"\x3a\x03\x50" + number + b"\x01\x00\x00\xff\x01\x00\x00\xe8\x03\x00"
            thresholds = event + bytes(4) + b"\x01\x00\x00\x00\x00\x01\x01\x03"
            thresholds += b"".join([number + bytes((n, 0, 0, 0, 0)) for n in range(3)])
            prices = event + bytes(4) + b"\x01\x00\x00\x00\x00\x01\x00"
            prices += b"".join([bytes((n,)) + number + b"\x01\x00\x00" for n in range(4)])
            return [
                (0x0700, b"\x09\x00\x04" + information),
                (0x0700, b"\x09\x01\x06" + thresholds),
                (0x0700, b"\x09\x02\x05" + prices),
            ]

        return [(0x6B, tariff(b"\x05")), (0x6B, tariff(b"\x06"))]


class GasDisplay(GasTariff):
    name = "GCS07 and GCS11: a message with its time, and the end of a PIN"

    def first(self):
        return [lambda device: device.feature("gas_display").set_pin("4711")]

    def look(self, device):
        return super().look(device) + [("display", device.feature("gas_display").protection)]

    def requests(self):
        head = b"\x05" + bytes(3)
        message = head + bytes(5) + b"\x5a\x00\x05Hello"
        return [
            (0x71, [(0x0703, b"\x09\x00\x00" + message)]),
            (0x73, [(0x0708, b"\x09\x00\x02" + head + bytes(6) + b"\x02\x00")]),
        ]


class Joining(Commands):
    name = "CS03B: a device joins"
    role = "gsme"

    def payload(self, elements, counter):
        from smets.gbcs import der

        return der.sequence(
            der.integer(2), der.octet_string(bytes(7) + elements[0]), der.integer(4)
        )

    def results(self, octets, count):
        return [octets == b"\x02\x01\x00"]

    def requests(self):
        return [(0x0E, [b"\x01"]), (0x0E, [b"\x02"])]


class CredentialsOfOther(Commands):
    name = "CS02b: credentials, and the counters of two parties"
    role = "gsme"
    party = OPERATOR
    made = None

    def start(self, path):
        from smets.crypto import ecdsa

        ecdsa.verify = lambda public, digest, signature, holder=None: True
        return super().start(path)

    def payload(self, elements, counter):
        from test_asn1 import AGREEING, NEW_PARTY, SIGNING, made_certificate, update

        if self.made is None:
            # Public keys take their time.
            both = (SIGNING, AGREEING)
            CredentialsOfOther.made = [
                (used, made_certificate(NEW_PARTY, used, unit=b"03")) for used in both
            ]
            CredentialsOfOther.path = made_certificate(NEW_PARTY, b"\x01\x06")
        return update(3, 3, counter, self.made, 77, path=self.path)

    def results(self, octets, count):
        return [b"\x0a\x01\x11" not in octets]  # insufficientMemory

    def look(self, device):
        from test_asn1 import NEW_PARTY

        return super().look(device) + [("floor", device.counters.get(NEW_PARTY))]

    def requests(self):
        return [(0x0103, [b""])]


OPERATIONS = (
    Tariff,
    PaymentMode,
    Configuration,
    TopUp,
    Thresholds,
    TenancyDate,
    GasTariff,
    GasDisplay,
    Joining,
    CredentialsOfOther,
)


# --- A flash without room ------------------------------------------------------------------------


class _File:
    """A file that keeps nothing of what was written since the last flush before a failure."""

    def __init__(self, room, file, mode):
        self._room = room
        self._file = file
        self._parts = []
        self._failed = False
        self.read = file.read
        self.readinto = file.readinto
        self.seek = file.seek

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def _change(self):
        try:
            self._room.change()
        except OSError:
            self._failed = True
            raise

    def write(self, octets):
        self._change()
        self._parts.append(bytes(octets))
        return len(octets)

    def flush(self):
        self._change()
        self._put()

    def _put(self):
        for part in self._parts:
            self._file.write(part)
        self._parts = []
        self._file.flush()

    def close(self):
        if self._parts and not self._failed:
            self._put()
        self._file.close()


class Room:
    """A littlefs that has no room for its n-th change, or from then on."""

    def __init__(self, flash):
        import vfs

        self._inner = inner = vfs.VfsLfs2(flash)
        self.mount, self.umount = inner.mount, inner.umount
        self.ilistdir, self.stat, self.statvfs = inner.ilistdir, inner.stat, inner.statvfs
        self.chdir, self.getcwd = inner.chdir, inner.getcwd
        self.changes = self.full_at = 0
        self.lasting = False

    def change(self):
        self.changes += 1
        over = self.changes - self.full_at
        if self.full_at and (over == 0 or over > 0 and self.lasting):
            raise OSError(_FULL)

    def open(self, path, mode):
        if "w" in mode:
            self.change()
        return _File(self, self._inner.open(path, mode), mode)

    def rename(self, old, new):
        self.change()
        self._inner.rename(old, new)

    def mkdir(self, path):
        self.change()
        self._inner.mkdir(path)

    def remove(self, path):
        # A flash that is full can be emptied.
        if not self.lasting:
            self.change()
        self._inner.remove(path)


def _mounted(flash):
    import vfs
    from test_purge_flash import unmount

    unmount()
    room = Room(flash)
    vfs.mount(room, "/flash")
    return room


def full(operation, number, lasting, count, image, every):  # noqa: PLR0913 - a row and its place
    """Carry out a request once for each change that there is no room for, or `every` so many."""
    elements = operation.requests()[number][1]

    def begun(image):
        gc.collect()
        room = _mounted(restored(image))
        device = operation.start("/flash/s")
        for earlier in range(number):
            operation.steps()[earlier](device)
        return room, device

    def without_failure(chosen):
        device = begun(image)[1]
        answer = operation.send(device, number, [elements[place] for place in chosen])
        assert all(operation.results(answer, len(chosen)))
        return operation.look(device)

    before = operation.look(begun(image)[1])
    after = {}  # elements that succeeded -> what is known then
    point = 1 - every
    while True:
        point += every
        room, device = begun(image)
        room.changes, room.full_at, room.lasting = 0, point, lasting
        answer = operation.send(device, number, elements)
        room.full_at = 0
        if room.changes < point:
            return
        found = operation.look(device)
        if answer is None:
            wanted, done = before, []
        else:
            done = operation.results(answer, len(elements))
            done = [place for place in range(len(elements)) if done[place]]
            name = str(done)
            if done and name not in after:
                after[name] = without_failure(done)
                point -= every  # that took the place of this flash: once more
                continue
            wanted = after[name] if done else before
        count.cuts += 1
        same = found == wanted
        if answer is not None and not operation.tops_up:
            # That it was carried out is an event where there is room for it, and one only.
            extra = len(_events(found)) - len(_events(before))
            same = extra in (0, 1) and _but(found, ("events",)) == _but(wanted, ("events",))
        if answer is not None and not done:
            # It was carried out, and failed: it counts, and it is logged.
            same = _but(found, ("counter", "events")) == _but(before, ("counter", "events"))
        _note(count, same, operation, "mixed", (lasting, point), found, wanted)
        again = operation.look(operation.start("/flash/s"))
        _note(count, again == found, operation, "lost", (lasting, point), again, found)
        if len(done) < len(elements):
            # With room it is carried out: the same command, or the next one where it was answered.
            left = [elements[place] for place in range(len(elements)) if place not in done]
            more = operation.send(device, number, left, 0 if answer is None else 1)
            known = _but(operation.look(device), ("counter", "events"))
            everything = str(list(range(len(elements))))
            if everything not in after:
                after[everything] = without_failure(range(len(elements)))
            good = more is not None and all(operation.results(more, len(left)))
            good = good and known == _but(after[everything], ("counter", "events"))
            wanted = _but(after[everything], ("counter", "events"))
            _note(count, good, operation, "lost", (lasting, point), known, wanted)


def _events(told):
    return [part[1] for part in told if part[0] == "events"][0] or []


def _but(told, names):
    return [part for part in told if part[0] not in names]


def _note(count, good, operation, kind, where, found, wanted):
    if good:
        return
    setattr(count, kind, getattr(count, kind) + 1)
    if not count.first:
        differing = [pair for pair in zip(found, wanted) if pair[0] != pair[1]]
        count.first = "%s, full %s: %s" % (operation.name, where, differing)


def run_full(operations, every):
    """As power_cuts.run, on a flash without room for each change, or for `every` so many."""
    total = Count()
    for operation in operations:
        count = Count()
        image = image_of(operation.prepare)
        for number in range(len(operation.requests())):
            for lasting in (False, True):
                full(operation, number, lasting, count, image, every)
        print(
            "%-60s %5d times full  %d lost  %d mixed"
            % (operation.name, count.cuts, count.lost, count.mixed)
        )
        total.add(count)
    return total


def main(names):
    """Cut every command, or those named, then carry them out on a full flash; 0 where all is well.

    With --core a write is torn half way, at every second point, and there is no room for every
    fourth change.
    """
    core = "--core" in names
    names = [name for name in names if name[0] != "-"]
    operations = [made() for made in OPERATIONS if not names or made.__name__ in names]
    total = run(operations, (1,), 2) if core else run(operations, TORN)
    without_room = run_full(operations, 4 if core else 1)
    print(
        "%d commands, %d cuts, %d times full: %d lost, %d mixed"
        % (
            len(operations),
            total.cuts,
            without_room.cuts,
            total.lost + without_room.lost,
            total.mixed + without_room.mixed,
        )
    )
    total.add(without_room)
    if total.first:
        print("the first:", total.first)
    return 1 if total.lost or total.mixed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
