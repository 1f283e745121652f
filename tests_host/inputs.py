# A device behind its link, and what its inputs and actions must refuse. For both engines.
import json

from testkit import tmpdir

from smets import bench, devices
from smets.ports.store import Store

GOOD = "02534D45545300A1"
# Values that no input takes, and those that only some take.
NEVER = (None, 1.5, [[]], {"x": 1}, "x", -1, 1 << 64, [None], "0" * 17)
WRONG = {
    "voltage": (
        {"phases": 2},
        {"phases": True},
        {"waves": 5},
        {"waves": [5]},
        {"waves": [{}] * 4},
        {"waves": [{"mv": "230"}]},
        {"waves": [{"mv": -1}]},
        {"waves": [{"mv": 10000000}]},
        {"waves": [{"mhz": 0}]},
        {"waves": [{"volts": 1}]},
        {"waves": [{"seed": None}]},
        {"waves": [{"events": [5]}]},
        {"waves": [{"events": [[]]}]},
        {"waves": [{"events": [["sag", 0, 5]]}]},
        {"waves": [{"events": [["sag", 0, "5", 1]]}]},
        {"waves": [{"events": [["dropout", 0, 5, 1]]}]},
        {"waves": [{"events": [[["sag"], 0, 5, 1]]}]},
        {"waves": [{"harmonics": [[0, 1]]}]},
        {"waves": [{"harmonics": [3]}]},
        {"sampler": 5},
        {"sampler": "sim", "frames": 0},
        {"sampler": "sim", "ampere": 0},
        {"sampler": "sim-readings", "rate_mhz": 2000000},
        {"sampler": "sim-readings", "rate_mhz": 0},
        {"sampler": "replay"},
        {"sampler": "replay", "path": 5},
        {"sampler": "replay", "path": "x", "phases": 1},
        {"sampler": "rp2", "phases": "3"},
        {"sampler": "rp2", "waves": []},
        {"waves": [{}, {}, {}]},
        {"waves": []},
        {"rate_mhz": 1000},
    ),
    "prepayment": (
        {"balance": "1"},
        {"balance": 1 << 31},
        {"balance": True},
        {"mode": "free"},
        {"mode": []},
        {"supply": {}},
        {"ppmid": 5},
        {"ppmid": [5]},
        {"ppmid": {}},
        {"wealth": 1},
    ),
    "energy": ({"export": -1}, {"export": "1"}, {"import": 1}, {"secondary": True}),
    "pair": (
        {},
        {"fuel": "gas"},
        {"fuel": "coal", "eui": GOOD},
        {"fuel": ["gas"], "eui": GOOD},
        {"fuel": "gas", "eui": GOOD[1:]},
        {"fuel": "gas", "eui": GOOD, "name": "x"},
    ),
    "top_up": ("1" * 19, "1" * 21, "1" * 19 + "x", "1" * 19 + "\u0661", 5, []),
}
# Actions whose value nobody looks at.
ANY = ("wake", "emergency_credit", "enable_supply")


class Link:
    """A device behind the link; `failed` is what it raised and did not declare."""

    def __init__(self, role):
        self.device = devices.build(
            role, Store(tmpdir() + "/s") if role in ("ihd", "ppmid") else None
        )
        self.bench = bench.BenchLink(self.device, self.write)
        self.bench._unexpected = self.unexpected
        self.text = ""

    def write(self, text):
        self.text += text

    def unexpected(self, kind, error):
        raise AssertionError("%s: %s" % (error.__class__.__name__, error))

    def ask(self, verb, document):
        """(event, answer) of a CTRL line."""
        body = json.dumps(document)
        self.text = ""
        self.bench.line("CTRL:%s#7:%d:%s" % (verb, len(body), body))
        head, _, rest = self.text[:-1].split("\n")[-1].partition("#7:")
        return head, rest.partition(":")[2]

    def told(self):
        """What the device says of itself."""
        told = self.device.summary()
        told.pop("voltage", None)  # there once it is asked for
        return told, self.device.clock.seconds, len(self.device.outbox)


def refuse_all(link, but=()):
    """Tell a device what it cannot take, input by input, all `but` some; their names."""
    assert link.ask("CLOCK", {"time": "2022-11-01T10:10:00Z"})[0] == "CTRL:OK"
    before = link.told()
    seen = set()
    for verb, table in (("SET", "inputs"), ("ACT", "actions")):
        for name in link.device.registry._bench[table]:
            if name in ANY or name in but:
                continue
            seen.add(name)
            for value in NEVER + WRONG.get(name, ()):
                event, text = link.ask(verb, {name: value})
                assert event == "LOG:ERROR", (name, value)
                assert text.startswith(name) and ": " in text, text
                assert "Error" not in text, text
                assert link.told() == before, (name, value)
    return seen
