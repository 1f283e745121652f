# One octet of what a device has stored is flipped, whichever it is, or a folder stands in the
# place of one of its files: the device starts, and tells of the damage. Run with ROLE, the folder
# to work in and STEP (1: every octet, but of fillings one in 16).
import gc
import json
import os
import sys

EUI = "02534D45545300A0"
OTHER = "02534D45545300A3"
# Slots of logs, octets of a row: what is not row, number and check value in a slot holds nothing.
WIDTHS = {
    "volts1": 8, "volts2": 8, "volts3": 8, "power": 10, "import": 8, "import2": 12,
    "export": 12, "reactive": 8, "prepaid": 28, "gas-days": 12, "cost-days": 8,
    "gas-daily": 62, "gas-daily-money": 32, "gas-billing": 86, "gas-change": 86, "gas-profile": 8,
}  # fmt: skip


def _files(folder, path=""):
    found = {}
    for name in sorted(os.listdir(folder + path)):
        inner = path + "/" + name
        if os.stat(folder + inner)[0] & 0x4000:
            found.update(_files(folder, inner))
        else:
            with open(folder + inner, "rb") as file:
                found[inner] = file.read()
    return found


def _restore(folder, wanted):
    for name in wanted:
        try:
            os.rmdir(folder + name)  # it was damaged by being a folder
        except OSError:
            pass
    found = _files(folder)
    for name in found:
        if name not in wanted:
            os.remove(folder + name)
    for name in wanted:
        if found.get(name) != wanted[name]:
            with open(folder + name, "wb") as file:
                file.write(wanted[name])


class Started:
    """A device after a restart, as its host asks it."""

    def __init__(self, role, path):
        from smets.journal import Ring
        from smets.ports.store import Store
        from smets.runtime import Runtime

        store = Store(path)
        self.ring = Ring(store)
        self.said = []
        self.runtime = Runtime({"role": role}, self.said.append, store, self.ring)
        self.device = self.runtime.device

    def tell(self, verb, document=None):
        """The answer of the device to a line."""
        text = "" if document is None else json.dumps(document)
        self.said.clear()
        self.runtime.line("CTRL:%s#1:%d:%s" % (verb, len(text), text))
        answer = "".join(self.said).strip().split("\n")[-1]
        assert answer.startswith("CTRL:OK"), answer
        return json.loads(answer.split(":", 3)[3])

    def read_all(self):
        """Read what is only read when it is asked for."""
        from smets.gbcs.alert import AlertCounter

        device = self.device
        AlertCounter(self.runtime._store)
        if device.name == "ESME":
            from smets.features import daily_logs

            measurement = device.feature("voltage").measurement
            for slot in measurement.slots:
                if slot.log:
                    len(slot.log)
            len(measurement.events.log)
            data = device.feature("profile_data").data
            daily = device.feature("prepayment").open().daily
            for slot in (data.active, data._export, data._reactive, daily):
                len(slot.open())
            len(device.feature("event_log").security.entries)
            made = device.feature("meter_logs").made
            for row in daily_logs.LOGS:
                len(made.slot(row, data.twin)[0].open())
            device.feature("prices").costs.total(0, 86400 * 8340)
        if device.name == "GPF":
            len(device.feature("gas_history").log())
            snapshots = device.feature("gas_history").snapshots
            for name in snapshots.logs:
                len(snapshots.slot(name).open())
        gas = device.feature("gas_logs")
        for name in gas.logs if gas else ():
            len(gas.rows.slot(name).open())
        if device.shows:
            self._read_history()

    def _read_history(self):
        from smets.features.tenancy import cleared

        vault = self.device.feature("tenancy_display").vault
        vault.guard = Guard
        for fuel in (cleared.ELECTRICITY, cleared.GAS):
            for item in (cleared.DAYS, cleared.PROFILE):
                list(vault.series.records(fuel, item))
            vault.entries.get(fuel, cleared.TOP_UPS)
        for item in (cleared.MESSAGES, cleared.SERVICE_LOG):
            vault.entries.get(cleared.SHARED, item)
        for name in vault.files("s15-"):
            list(vault.exports.read(name))


class Guard:
    """Everything may be shown."""

    @staticmethod
    def visible_from(scope):
        return 1

    @staticmethod
    def keep_from(scope):
        return 0


def _log_a_device(device):
    """In the Device Log, and what else is particular to a few roles."""
    if device.feature("hub_log"):
        device.feature("hub_log").add(b"a device", 3, bytes(16))
    elif device.feature("device_log"):
        device.feature("device_log").enter(b"a device", 3)
    if device.feature("firmware"):
        device.feature("firmware").activated({"version": "01020304", "done": True})
    if device.feature("limits"):
        device.feature("limits").limit({"controller": 17, "level": 5, "seconds": 60})
    if device.feature("load_limit"):
        device.feature("load_limit").load(b"\x06\x00\x00\x00\x05")


def furnish(role, path):
    """What a device of a role stores in its life, a little of each."""
    from smets.gbcs import alert, replaced
    from smets.gbcs.keys import Party

    started = Started(role, path)
    tell, device = started.tell, started.device
    parties = [{"id": "02534D4554010000", "role": "supplier", "ka_public": "04" + "11" * 64}]
    tell("KEYS", {"device_id": EUI, "private_key": "%064X" % 5})
    tell("KEYS", {"parties": parties})
    tell("STATE", {"zcl": {"0x0700": {"0x0617": {"type": "0x30", "value": 1}}}})
    tell("STATE", {"clock": {"time": "2022-11-01T10:10:00Z"}})
    started.ring.add("something happened")
    device.counters.set(b"a party.", bytes(7) + b"\x05")
    _log_a_device(device)
    key = b"\x04" + bytes(64)
    replaced.keep(device.store, b"old one.", Party(b"new one.", "supplier", key, key))
    for _ in range(20):
        counter = alert.AlertCounter(device.store)
        counter.next()
    if not device.shows:
        # A command with settings, and one that was interrupted before.
        for number in range(2):
            device.store.begin()
            device.counters.set(b"a party.", bytes(7) + bytes((6 + number,)))
            device.settings.put(b"C\x07\x00\x09\x00", bytes(16) + bytes((number,)))
            device.settings.commit()
            if number:
                device.store.commit()
            else:
                device.store.rollback()
    if not device.shows:
        _furnish_session(device)
    if role == "gsme":
        tell("SET", {"draw": 5, "battery": 9})
        held = device.feature("gas_account")
        held.change(lambda: setattr(held.account, "balance", 5))
        device.feature("gas_register").keep()
        logs = device.feature("gas_logs")
        logs.half_hour(86400 * 8102)
        logs.look(86400 * 8102)
        network = device.feature("gas_network")
        network.begin(86400 * 8102)
        network.carry_out(network.next())
        tell("ACT", {"set_pin": "4711"})
    if role == "gpf":
        tell("SET", {"gsme": OTHER})
        from smets.features.stamp import Stamp

        for day in (1, 2, 3):
            report = {0x0702: {0x0C01: bytes((0x22, day, 0, 0))}}
            device.feature("gas_history").book(Stamp(0, 86400 * day, 0), report)
        snapshots = device.feature("gas_history").snapshots
        snapshots.enter(86400, 1, bytes(54))
        snapshots.enter(86400, 2, bytes(24))
        snapshots.pay([(86400, 5, bytes(20))], [(86400, 5, 7)])
    if role in ("esme", "gpf"):
        device.feature("tenancy").put(5000, 0x200, 1, 2)
    if role == "esme":
        _furnish_esme(started)
    if device.shows:
        _furnish_display(started)


def _furnish_session(device):
    """What use cases leave: settings, an encrypted answer, credentials for later."""
    from smets import record
    from smets.gbcs import postponed
    from smets.gbcs.streams import Streams
    from smets.zcl import kept

    tunnels = device.feature("tunnels")
    if tunnels:
        for _ in range(2):
            tunnels.waiting.add(b"a meter.", 1, bytes(40))
    tap = device.feature("tap_off")
    if tap:
        for number in range(2):
            tap._tapped._hold(b"command" + bytes(33 + number))
    for command, value in ((b"counter1", 5), (b"counter2", 6)):
        device.store.begin()
        kept.put(device.zcl, 0x0700, 0x0617, value)
        device.settings.commit()
        device.counters.set(b"a party.", command)
        device.store.commit()
    assert Streams(device.store).claim(b"a party.", bytes(7) + b"\x05")
    later = (0xFFFFFFF0, b"a party.", 5, b"payload")
    record.TABLES["later"].write(device.store, later, postponed.PREFIX + "0102")


def _furnish_esme(started):
    from smets.dlms import objects

    device = started.device
    account = {"mode": "prepayment", "balance": 1000000, "debt1": 5, "rate1": 3}
    started.tell("SET", {"draw": 100, "prepayment": account})
    now = b"\x09\x0c" + b"\x00" * 9 + b"\x80\x00\xff"
    for key, data in (
        ("10/0-1:12.0.1.255/2", b"\x01\x00"),
        ("11/0-1:11.0.2.255/2", b"\x01\x00"),
        ("9000/0-0:94.44.128.28/6", now),
        ("9000/0-0:94.44.128.31/6", now),
    ):
        assert device.dlms.set(objects.key(key), data) == 0
    for number in range(11):
        device.feature("prepayment").open().log(5 + number, 0x8154, b"\x01\x16")
        device.feature("event_log").secure(0x8F52)
    device.feature("profile_data").data.be_twin(True)
    started.tell("ACT", {"boost": {"minutes": 60}})
    started.tell("SET", {"privacy_pin": True})
    device.feature("prices")._day = 5000
    device.feature("voltage").measurement.meter.limiters[0].set_threshold(250)
    started.tell("ADVANCE", {"seconds": 86400})
    wave = {"mv": 241000, "events": [["sag", 0, 60000, 850]]}
    started.tell("SET", {"voltage": {"waves": [wave]}})
    started.tell("ADVANCE", {"seconds": 7200})
    assert len(device.feature("voltage").measurement.events.log)
    assert len(device.feature("prepayment").open().daily.open())


def _furnish_display(started):
    from smets import record
    from smets.features.tenancy import cleared

    device = started.device
    started.tell("SET", {"pair": {"fuel": "electricity", "eui": OTHER}})
    started.tell("SET", {"pair": {"fuel": "gas", "eui": EUI}})
    rules = device.feature("tenancy_display")
    rules.machine.seen(cleared.ELECTRICITY, 0xFFFFFFFF, 0)
    rules.machine.seen(cleared.GAS, 5000, 0)
    vault = rules.vault
    vault.guard = None
    for item, minutes in ((cleared.DAYS, 1440), (cleared.PROFILE, 30)):
        rows = [(720000000 + n * minutes * 60, minutes, n, None) for n in range(5)]
        assert vault.series.extend(cleared.ELECTRICITY, item, rows) == 5
    assert vault.entries.put(cleared.SHARED, cleared.MESSAGES, 720000000, b"good morning")
    vault.exports.write(cleared.EXPORTS, 720000000, [b"an export " * 20])
    if device.name == "PPMID":
        device.clock.set(720000000, 0)
        device.feature("requests").top_up("1" * 20)
        paid = record.TABLES["top-up"].pack((500, b"1" * 20))
        assert vault.entries.put(cleared.ELECTRICITY, cleared.TOP_UPS, 720000000, paid)


# Of octets that hold nothing, and amid others of their value, one in so many is flipped.
_THIN = 16


def _filling(octets, at):
    around = octets[max(at - 8, 0) : at + 9]
    return len(around) == 17 and around == around[:1] * 17


def _unused(name, octets, at):
    """Whether an octet holds nothing: what fills slots, files of entries, and exports."""
    parts = name.split("/")
    if parts[-2] == "logs":
        width = WIDTHS.get(parts[-1].split(".")[0])
        if not width:
            return False
        slot = 16
        while slot < width + 8:
            slot *= 2
        return at % slot >= width + 8 or not any(octets[at - at % slot : at - at % slot + slot])
    if parts[-2] == "history":
        if parts[-1].startswith("s15-"):
            return int.from_bytes(octets[-12:-8], "big") <= at < len(octets) - 16
        if int(parts[-1][1:3]) > 3:
            return at >= 8 + int.from_bytes(octets[:4], "big")
    return False


def flip_all(role, path, step):
    """(octets flipped, folders, failed starts, damages not reported, the first words on them)."""
    os.mkdir(path)
    furnish(role, path)
    gc.collect()
    wanted = _files(path)
    # A start may write: what it writes is there before the first flip.
    Started(role, path).read_all()
    wanted = _files(path)
    flipped = folders = failed = silent = 0
    first = ""
    for name in sorted(wanted):
        octets = wanted[name]
        points = [
            at
            for at in range(flipped % step, len(octets), step)
            if at % _THIN == 0 or not (_unused(name, octets, at) or _filling(octets, at))
        ]
        if "/history/" not in name:  # there a folder is a file system that fails
            points.append(-1)
        for at in points:
            _restore(path, wanted)
            if at < 0:
                os.remove(path + name)
                os.mkdir(path + name)
                folders += 1
            else:
                changed = bytearray(octets)
                changed[at] ^= 1 << at % 8
                with open(path + name, "wb") as file:
                    file.write(changed)
                flipped += 1
            try:
                started = Started(role, path)
                started.read_all()
                damaged = started.tell("QUERY")["summary"].get("damaged")
                logged = "record" in " ".join(started.tell("LOG")["log"])
            except Exception as error:
                failed += 1
                first = first or "%s at %d: %s %s" % (name, at, error.__class__.__name__, error)
                continue
            if not (damaged and logged) and (at < 0 or not _unused(name, octets, at)):
                silent += 1
                first = first or "%s at %d: nobody told of it" % (name, at)
    return flipped, folders, failed, silent, first


def main(role, path, step):
    """Flip and print; the exit status says whether all was well."""
    flipped, folders, failed, silent, first = flip_all(role, path, int(step))
    print(
        "%-6s %6d octets %3d folders  %d failed starts  %d untold"
        % (role, flipped, folders, failed, silent)
    )
    if first:
        print("the first:", first)
    return 1 if failed or silent else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:4]))
