"""A change of tenancy on a display's own flash: a purge that resets interrupt is completed."""

from __future__ import annotations

import random
import time

import pytest
from rig import Rig

from host_tools.install import imports_of
from host_tools.raw_repl import RawRepl, ReplError

DAY = 86400
NOW = 9000 * DAY
DATE = NOW - 2 * DAY + 900
# The former tenant's data in each record, and the data that has to stay.
OLD, NEW = 0x434E5259, 0x4B454550
CANARIES = (b"CNRY!CN!", b"canary-entry", b"canary-export")

# The display's parts, over the flash that the board runs from.
SETUP = f"""
import gc, os, sys
sys.path.insert(0, '/t')
from smets.features.tenancy.cleared import BALANCES, DAYS, ELECTRICITY, EXPORTS, PROFILE
from smets.features.tenancy.machine import Tenancy
from smets.features.tenancy.vault import Vault
from smets.ports.disk import Disk
from smets.ports.store import Store
EUI = 0x02534D45545300A0
DATE, NOW = {DATE}, {NOW}
events = []
store = Store('/cot')
vault = Vault(Disk('/cot/vault', True), 64)
def start():
    global tenancy
    tenancy = Tenancy(store, vault, lambda *event: events.append(event))
def shown():
    rows = [r[0] for i in (PROFILE, DAYS) for r in vault.series.records(ELECTRICITY, i)]
    rows += [r[0] for r in vault.entries.get(ELECTRICITY, BALANCES)]
    return sorted(rows) + list(vault.exports.names(EXPORTS))
"""

FURNISH = f"""
def away(p):
    try: names = os.listdir(p)
    except OSError:
        try: os.remove(p)
        except OSError: pass
        return
    for n in names: away(p + '/' + n)
    os.rmdir(p)
away('/cot')
store = Store('/cot')
vault = Vault(Disk('/cot/vault', True), 64)
for item, seconds, rows in ((PROFILE, 1800, 200), (DAYS, 86400, 20)):
    times = [NOW - (rows - i) * seconds for i in range(rows)]
    vault.series.extend(ELECTRICITY, item, (
        (t, seconds // 60, {NEW} if t >= DATE else {OLD}, {NEW} if t >= DATE else 0x21434E21)
        for t in times))
vault.entries.put(ELECTRICITY, BALANCES, DATE - 1, b'canary-entry')
vault.entries.put(ELECTRICITY, BALANCES, DATE, b'new')
vault.exports.write(EXPORTS, DATE - 100, [b'canary-export' * 20])
start()
tenancy.meter(ELECTRICITY, EUI)
tenancy.seen(ELECTRICITY, 0xFFFFFFFF, 0)
tenancy.step(NOW)
print(len(shown()))
"""


def again(rig: Rig) -> RawRepl:
    """The REPL of a board that has just started, with the display's parts set up."""
    end = time.monotonic() + 30
    while True:
        try:
            repl = rig.repl()
            repl.exec(SETUP)
            return repl
        except ReplError:
            if time.monotonic() > end:
                raise


@pytest.mark.needs("files", "repl", "power", "flash")
def test_a_purge_that_resets_interrupt_is_completed(rig: Rig, seed: int) -> None:
    """project-choice: hide first, then intent, purge, and "applied" last.

    The board is reset in the middle of it, again and again; on a virtual one the power fails in
    the middle of a flash operation, on an emulated one between two of them.
    """
    rig.library({}, imports_of(SETUP))
    draw = random.Random(seed)
    with again(rig) as repl:
        rows = int(repl.exec(FURNISH))
        assert rows > 200
        # A meter says the date; from here on nothing older may be seen.
        repl.exec("tenancy.seen(ELECTRICITY, DATE, 0x600)")
        assert int(repl.exec("print(shown()[0])")) >= DATE
    resets = 0
    while resets < 200:
        resets += 1
        with again(rig) as repl:
            assert repl.exec("start()\nprint(shown())").strip() == "[]", "until the meter is read"
            applied = repl.exec("print(tenancy.dates(ELECTRICITY)[2])").strip()
            if applied != "None":
                assert int(applied) == DATE
                break
            repl.exec("tenancy.seen(ELECTRICITY, DATE, 0x600)")
            assert int(repl.exec("print(shown()[0])")) >= DATE
            # Flash is overwritten from the start again after each reset: let it come to its end.
            steps = draw.randrange(1, 100) * (1 + resets // 4)
            work = f"for _ in range({steps}):\n    tenancy.step(NOW)\n"
            fails = resets % 2 == 1 and resets < 20
            cut = draw.randrange(1, 60)
            if rig.board.name == "virtual" and fails:
                work = f"import machine\nmachine.cut_power({cut})\n{work}machine.cut_power(0)\n"
            elif hasattr(rig.hands, "cut_power") and fails:
                rig.hands.cut_power(cut)
            try:
                repl.exec(work, timeout=120)
                repl.start("import machine\nmachine.reset()")
            except ReplError:
                assert fails and rig.hands is not None, "only there the power fails by itself"
        if hasattr(rig.hands, "no_cut"):
            rig.hands.no_cut()
        if rig.hands is not None:
            rig.hands.power_on()
    print(f"\npurge completed after {resets} starts, seed {seed}")
    assert 1 < resets < 100
    with again(rig) as repl:
        repl.exec(
            "start()\ntenancy.meter(ELECTRICITY, EUI)\ntenancy.seen(ELECTRICITY, DATE, 0x600)"
        )
        repl.exec("for _ in range(4): tenancy.step(NOW)")
        left = repl.exec("print(len(shown()), min(shown()))").split()
        assert int(left[0]) > 90 and int(left[1]) >= DATE, "what is newer is still there"
    image = getattr(rig.hands, "image", None)
    if image is not None:
        raw = image.read_bytes()
        assert all(canary not in raw for canary in CANARIES), "on the flash itself, too"
        assert NEW.to_bytes(4, "big") in raw or NEW.to_bytes(4, "little") in raw
