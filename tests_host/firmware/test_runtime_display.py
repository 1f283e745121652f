# engines: cpython unix
# A display behind its runtime: what it loads, and what CTRL:FORGET leaves of it. Apart from
# test_runtime, since a display and a meter fill a board's heap.
import json
import os
import sys

from testkit import tmpdir

from smets import bench, devices, runtime
from smets.ports.store import Store

EUI = "02534D45545300A3"
PARTY = bytes.fromhex("02534D4554010000")


def display(path):
    return runtime.Runtime({"role": "ihd"}, lambda text: None, Store(path))


def meters(made):
    return made.device.feature("pairing").meters


def put(path, text):
    with open(path, "w") as file:
        file.write(text)


def test_a_display_loads_nothing_of_a_meter_and_an_ihd_nothing_of_a_ppmid():
    others = (
        "smets.features.consumption_logs",
        "smets.features.prepayment.requests",
        "smets.features.sleep",
        "smets.gbcs.keys",
        "smets.zcl.han_server",
    )
    held = {name: sys.modules.pop(name) for name in others if name in sys.modules}
    display(tmpdir() + "/s")
    loaded = [name for name in others if name in sys.modules]
    sys.modules.update(held)
    assert loaded == []


def test_forget_removes_the_history_of_a_display():
    path = tmpdir() + "/state"
    made = display(path)
    text = json.dumps({"pair": {"fuel": "gas", "eui": EUI}})
    made.line("CTRL:SET#1:%d:%s" % (len(text), text))
    put(path + "/history/g00-00000", "readings")
    assert len(meters(display(path))) == 1
    made.line("CTRL:FORGET#2:0:")
    assert os.listdir(path + "/history") == []
    assert len(meters(display(path))) == 0


def test_a_display_stays_paired_with_both_meters():
    """An input of one fuel stood in the place of the other's: a restart lost one of them."""
    path = tmpdir() + "/state"
    made = display(path)
    other = "02534D45545300A0"
    for fuel, eui in (("gas", EUI), ("electricity", other), ("electricity", EUI)):
        text = json.dumps({"pair": {"fuel": fuel, "eui": eui}})
        made.line("CTRL:SET#1:%d:%s" % (len(text), text))
    for again in (made, display(path)):
        assert sorted(meter.eui.hex() for meter in meters(again).values()) == [EUI.lower()] * 2


def test_forget_with_the_store_is_for_a_bench_without_a_journal_too():
    """Counters and history outlive FORGET there, unless `store` is true."""
    path = tmpdir() + "/state"
    made = bench.BenchLink(devices.build("ihd", Store(path)), lambda text: None)
    made.device.counters.set(PARTY, b"\0" * 7 + b"\x09")
    put(path + "/history/g00-00000", "readings")
    made.line("CTRL:FORGET#1:0:")
    assert made.device.counters.get(PARTY) == b"\0" * 7 + b"\x09"
    assert "g00-00000" in os.listdir(path + "/history")
    made.line('CTRL:FORGET#2:15:{"store": true}')
    assert made.device.counters.get(PARTY) is None
    assert "g00-00000" not in os.listdir(path + "/history")
