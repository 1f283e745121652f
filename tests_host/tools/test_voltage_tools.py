"""`smets voltage`: logs read from what holds them, tables and pictures made of them."""

import io
import json
import threading
from pathlib import Path
from xml.etree import ElementTree

import pytest
from host_home import ESME, HOME, OPERATOR, SUPPLIER, gas_answer
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from test_voltage_link import ALL, FIRST, meter
from typer.testing import CliRunner

from host_tools import cli
from host_tools.bench import ProcessTransport
from host_tools.gbcs.message import decode
from host_tools.serve import Server
from host_tools.voltage import example, plot
from host_tools.voltage.codes import code_name, code_phase
from host_tools.voltage.series import Event, Phase, Series, SeriesError, from_messages, from_state
from host_tools.voltage.table import read_table, write_table

SVG = "{http://www.w3.org/2000/svg}"
TWO = {"structure": ["double-long-unsigned"] * 2}
THREE = {"structure": ["double-long-unsigned", "long-unsigned", "double-long-unsigned"]}


def day(missing=(), volts=230):
    """A phase with a day of half hours."""
    entries = {FIRST + 1800 * n: volts for n in range(1, 49) if n not in missing}
    return Phase(entries, 1800, 253, 216, 0, 0)


def state(series):
    """A STATE.json of a series."""

    def number(class_id, obis, attr, value):
        notation = {"type": "double-long-unsigned", "value": value}
        return {"class": class_id, "obis": obis, "attr": attr, "value": notation}

    def rows(obis, element, values):
        notation = {"type": "compact-array", "element_type": element, "value": values}
        return {"class": 7, "obis": obis, "attr": 2, "value": notation}

    items = []
    for index, phase in enumerate(series.phases):
        c = 32 + 20 * index
        items += [
            rows(f"1-0:{c}.24.0.255", TWO, [list(item) for item in phase.entries.items()]),
            number(7, f"1-0:{c}.24.0.255", 4, phase.period),
            number(1, f"1-0:{c}.35.0.4", 2, phase.over),
            number(1, f"1-0:{c}.31.0.4", 2, phase.under),
            number(3, f"1-0:{c}.36.0.4", 2, phase.over_count),
            number(3, f"1-0:{c}.32.0.4", 2, phase.under_count),
        ]
    events = [[event.time, event.code, event.information] for event in series.events]
    items.append(rows("0-0:99.98.4.255", THREE, events))
    items.append(rows("0-0:99.1.0.255", TWO, [list(item) for item in series.energy.items()]))
    return {"device": "ESME", "device_eui": series.title, "dlms": items}


def three_phases():
    """A log with a gap, crossings, events and energy."""
    series = Series([day(), day(missing=(10, 11)), day(volts=225)], title=ESME.hex().upper())
    series.phases[0].entries[FIRST + 7200] = 260
    series.phases[2].entries[FIRST + 9000] = 200
    series.phases[2].under_count = 1
    series.events = [Event(FIRST + 7200, 0x8003), Event(FIRST + 9000, 0x8086, 7)]
    series.energy = {FIRST + 1800 * n: n for n in range(1, 49)}
    return series


def smets(*words, given=""):
    return CliRunner().invoke(
        cli.build(), ["voltage", *(str(word) for word in words)], input=given
    )


def test_codes():
    """spec: alert names."""
    assert code_name(0x8002) == code_name(0x8005) == "average RMS over voltage"
    assert code_name(0x802F) == "RMS voltage sag" and code_name(0x8099) == "RMS voltage sag ended"
    assert code_name(0x8F36).startswith("supply restored")
    assert code_name(0x8F57) == "supply interrupted" and "one phase" in code_name(0x8F3C)
    assert code_name(0x8010) == ""
    assert [code_phase(code) for code in (0x8002, 0x8003, 0x8008, 0x809C)] == [None, 1, 2, 3]
    assert code_phase(0x8F35) is None


def test_state_to_table_and_back():
    series = three_phases()
    found = from_state(state(series))
    assert found == series
    text = write_table(series)
    assert read_table(text) == series
    head = text.splitlines()
    assert head[1] == "# meter 02534D45545300A0"
    assert head[4] == "# L3 period=1800 over=253 under=216 over_count=0 under_count=1"
    assert head[5] == "time,L1,L2,L3,import_wh,events"
    row = next(line for line in head if line.startswith("2026-06-01T02:30:00Z"))
    assert row == "2026-06-01T02:30:00Z,260,230,225,4,8003 average RMS over voltage"
    row = next(line for line in head if line.startswith("2026-06-01T05:30:00Z"))
    assert row == "2026-06-01T05:30:00Z,230,,225,10,"


numbers = st.integers(0, 0xFFFFFFFF)
phases = st.builds(
    Phase,
    st.dictionaries(numbers, st.integers(0, 65535), max_size=20),
    *[st.none() | numbers] * 5,
)
logs = st.builds(
    Series,
    st.lists(phases, min_size=1, max_size=3),
    st.lists(st.builds(Event, numbers, st.integers(0, 0xFFFF), numbers), max_size=5).map(
        lambda events: sorted(events, key=lambda event: event.time)
    ),
    st.dictionaries(numbers, numbers, max_size=5),
    st.sampled_from(["", "0123456789ABCDEF"]),
)


@settings(max_examples=200)
@given(logs)
def test_any_table_is_read_to_the_same_log(series):
    assert read_table(write_table(series)) == series


@settings(max_examples=40)
@given(logs)
def test_any_log_is_drawn(series):
    """Any numbers give a picture, unless there is no entry to draw: FFFFFFFF is no time."""
    if not any(set(phase.entries) - {0xFFFFFFFF} for phase in series.phases):
        with pytest.raises(SeriesError):
            plot.svg(series)
        return
    assert ElementTree.fromstring(plot.svg(series)).tag == SVG + "svg"


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("", "line 1"),
        ("time,L2\n", "line 1"),
        ("when,L1\n", "line 1"),
        ("# L1 period=x\ntime,L1\n", "line 1: period=x"),
        ("time,L1\n2026-06-01T00:30:00Z,twelve\n", "line 2"),
        ("time,L1\n2026-06-01 00:30,12\n", "line 2"),
        ("# x\ntime,L1,L2\n2026-06-01T00:30:00Z,12\n", "line 3"),
        ("time,L1,events\n2026-06-01T00:30:00Z,12,over\n", "line 2"),
    ],
)
def test_tables_that_are_none(text, what):
    with pytest.raises(SeriesError, match=what):
        read_table(text)


def test_states_that_hold_no_log():
    series = three_phases()
    document = state(series)
    document["dlms"][0]["value"]["value"] = [[1]]
    with pytest.raises(SeriesError, match="rows"):
        from_state(document)
    document["dlms"][0]["value"]["value"] = 5
    with pytest.raises(SeriesError, match="rows"):
        from_state(document)
    document = state(series)
    document["dlms"][1]["value"]["value"] = "x"
    with pytest.raises(SeriesError, match="not a number"):
        from_state(document)
    with pytest.raises(SeriesError, match="no entry"):
        from_state({"device": "ESME"}).span()


def test_period_and_gaps():
    phase = Phase({0: 1, 600: 1, 1200: 1, 2400: 1, 3000: 1})
    assert phase.seconds() == 600 and phase.gaps() == [(1200, 1800)]
    assert Phase({5: 1}).seconds() == 1800
    assert Phase({0: 1, 3600: 2}, 1800).gaps() == [(0, 1800)]
    series = Series([phase, Phase()])
    assert series.span() == (-600, 3000)
    cut = series.cut(600, 1200)
    assert cut.phases[0].entries == {600: 1, 1200: 1} and series.span() == (-600, 3000)


def elements(picture, tag, **wanted):
    """Elements of an SVG with these attributes."""
    root = ElementTree.fromstring(picture)
    return [
        item
        for item in root.iter(SVG + tag)
        if all(item.get(name.replace("_", "-")) == value for name, value in wanted.items())
    ]


def test_picture_shows_what_the_log_says():
    """Averages, thresholds, gaps, events, and a line at each half hour."""
    series = three_phases()
    picture = plot.svg(series)
    texts = [item.text for item in elements(picture, "text")]
    assert texts[0].startswith("Average RMS voltage of 02534D45545300A0, 2026-06-01 00:30 to 2026")
    assert texts.count("over 253 V") == texts.count("under 216 V") == 3
    assert texts.count("gap") == 1
    assert "L2: period 1800 s, 46 entries, 1 gap, over voltage counter 0" in " ".join(texts)
    assert texts.count("8003") == texts.count("8086") == 1
    assert any("8003 average RMS over voltage, L1" in text for text in texts)
    (gap,) = elements(picture, "rect", fill="#f3e7d3")
    # Two half hours of 48: a 24th of the width.
    assert float(gap.get("width")) == pytest.approx((1200 - 64 - 112) / 24, abs=0.2)
    lines = elements(picture, "polyline", stroke="#e8ecf1")
    lines += elements(picture, "polyline", stroke="#c9d2dc")
    assert len(lines) == 4 * 49, "three panels and the energy, both ends included"
    averages = elements(picture, "polyline", stroke="#1f5fa8")
    assert len(averages) == 1 + 2 + 1, "L2 is drawn in two runs"
    assert len(elements(picture, "polyline", stroke="#c0262d", stroke_width="3.5")) == 1
    assert len(elements(picture, "polyline", stroke="#b36b00", stroke_width="3.5")) == 1
    assert len(elements(picture, "rect", fill="#8fb3a3")) == 48
    assert len(elements(picture, "polygon")) == 2


def test_png_has_the_size_and_colours_of_the_svg():
    series = three_phases()
    root = ElementTree.fromstring(plot.svg(series))
    image = Image.open(io.BytesIO(plot.png(series)))
    assert image.format == "PNG"
    assert image.size == (int(root.get("width")), int(root.get("height")))
    colours = {colour for _count, colour in image.getcolors(1 << 24)}
    for wanted in ("#f3e7d3", "#1f5fa8", "#c0262d", "#8fb3a3"):
        assert tuple(bytes.fromhex(wanted[1:])) in colours, wanted


def test_long_and_short_logs():
    """A grid of half hours as long as there is room for it; days in a full log."""
    full = Series([Phase({1800 * n: 220 + n % 20 for n in range(1, 4321)}, 1800)])
    picture = plot.svg(full)
    grid = elements(picture, "polyline", stroke="#e8ecf1")
    assert 80 <= len(grid) + len(elements(picture, "polyline", stroke="#c9d2dc")) <= 400
    (average,) = elements(picture, "polyline", stroke="#1f5fa8")
    assert len(average.get("points").split()) == 8640
    one = Series([Phase({1800: 0}, 1800)])
    assert len(elements(plot.svg(one), "polyline", stroke="#1f5fa8")) == 1
    empty = Series([Phase({1800: 0}, 1800), Phase()])
    assert len(elements(plot.svg(empty), "rect", fill="#f3e7d3")) == 1
    late = Series([Phase({1800: 0, 3600: 1, 5400: 2}, 1800), Phase({3600: 1}, 1800)])
    assert len(elements(plot.svg(late), "rect", fill="#f3e7d3")) == 2


def test_files_of_all_kinds(tmp_path):
    series = three_phases()
    source, table = tmp_path / "state.json", tmp_path / "log.csv"
    source.write_text(json.dumps(state(series)))
    result = smets("export", source, "-o", table)
    assert (result.exit_code, result.output) == (0, "")
    assert read_table(table.read_text()) == series
    result = smets("export", table)
    assert result.stdout == table.read_text()
    pictures = [tmp_path / "log.svg", tmp_path / "log.PNG"]
    result = smets("plot", table, "-o", pictures[0], "-o", pictures[1])
    assert result.exit_code == 0, result.output
    assert pictures[0].read_bytes() == plot.svg(series)
    assert pictures[1].read_bytes()[:4] == b"\x89PNG"
    result = smets(
        "export", table, "--from", "2026-06-01T02:30:00Z", "--until", "2026-06-01T03:00:00Z"
    )
    assert len(result.stdout.splitlines()) == 6 + 2


@pytest.mark.parametrize(
    "words",
    [
        ("export", "absent.csv"),
        ("export", "{folder}/bad.csv"),
        ("export", "{folder}/bad.json"),
        ("export", "00FF"),
        ("export", "{folder}/log.csv", "--from", "yesterday"),
        ("export", "{folder}/log.csv", "--from", "2099-01-01T00:00:00Z"),
        ("export", "{folder}/log.csv", "-o", "{folder}"),
        ("plot", "{folder}/log.csv", "-o", "{folder}/log.gif"),
        ("plot", "{folder}/log.csv", "-o", "{folder}/none/log.svg"),
        ("export", "--device", "127.0.0.1:1"),
        ("export", "--device", "unix", "--to", "02534D45545300A0", "--keys", "{folder}/k.json"),
        ("export", "--device", "x", "--to", "02534D45545300A0", "--keys", "{folder}/k.json"),
    ],
)
def test_what_is_wrong_is_said(tmp_path, words):
    (tmp_path / "bad.csv").write_text("volts\n")
    (tmp_path / "bad.json").write_text('{"device": "ESME", "volts": 5}')
    (tmp_path / "log.csv").write_text(write_table(three_phases()))
    (tmp_path / "k.json").write_text(json.dumps(HOME.parties_document))
    result = smets(*(word.format(folder=tmp_path) for word in words))
    assert result.exit_code == 2
    assert result.stderr.startswith("smets voltage: ") and not result.stdout


def test_rows_of_several_answers_join_and_do_not_differ():
    """What two reads both tell is there once; a stamp with two values is refused."""
    series = three_phases()
    both = Series()
    for item in (*state(series.cut(None, FIRST + 36000))["dlms"], *state(series)["dlms"]):
        both.take(item["class"], item["obis"], item["attr"], item["value"])
    both.title = series.title
    assert both == series
    for index, what in ((1, "V"), (-1, "Wh")):
        item = state(series)["dlms"][-1 if what == "Wh" else 0]
        stamp, value = item["value"]["value"][index]
        item["value"]["value"][index] = [stamp, value + 1]
        with pytest.raises(SeriesError, match=f"Z: two values, {value} and {value + 1} {what}"):
            both.take(item["class"], item["obis"], item["attr"], item["value"])
    item["value"]["value"] = [[FIRST, -1]]
    with pytest.raises(SeriesError, match="-1 Wh is not from 0"):
        both.take(item["class"], item["obis"], item["attr"], item["value"])


def respond(client, who, use_case, counter, params):
    command = who.command(use_case, ESME, counter, params)
    return client.respond(command)


def test_responses_tell_a_log(tmp_path):
    """spec: ECS23, ECS26b and ECS35e make one log; with keys their MACs are verified."""
    waves = [{"mv": 256000, "events": [["sag", 3600000, 7200000, 800]]}]
    with meter("cpython", voltage={"phases": 1, "waves": waves}) as client:
        client.control("ADVANCE", {"seconds": 1200 + 5 * 1800})
        responses = [
            respond(client, SUPPLIER, "ECS23", 1, ALL),
            respond(client, OPERATOR, "ECS26b", 2, None),
            respond(client, OPERATOR, "ECS35e", 3, ALL),
        ]
    ring = HOME.ring()
    series = from_messages(decode(octets, ring) for octets in responses)
    assert series.title == ESME.hex().upper()
    (phase,) = series.phases
    assert list(phase.entries) == [FIRST + 1800 * n for n in range(1, 6)]
    assert (phase.period, phase.over, phase.under) == (1800, 253, 216)
    assert (phase.over_count, phase.under_count) == (2, 1)
    assert [event.code for event in series.events][:2] == [0x8024, 0x8002]
    path, keys = tmp_path / "responses", tmp_path / "keys.json"
    path.write_text("\n".join(octets.hex() for octets in responses))
    keys.write_text(json.dumps(HOME.keys[ESME.hex().upper()]))
    result = smets("export", path, "--keys", keys)
    assert read_table(result.stdout) == series, result.output
    # The end of the log of the same meter comes first; a command tells nothing.
    later = smets("export", "-", "--from", "2026-06-01T01:30:00Z", given=responses[0].hex())
    assert later.exit_code == 0
    mixed = "\n".join(octets.hex() for octets in (gas_answer()[1], *responses, *responses[:2]))
    result = smets("export", "-", given=mixed)
    assert read_table(result.stdout) == series
    assert result.stderr == (
        "smets voltage: stdin, line 1: left out: not of a meter for electricity\n"
    )
    result = smets("export", "-", given="\n".join([responses[0].hex(), gas_answer()[0].hex()]))
    assert "line 2: left out: not a response" in result.stderr and result.exit_code == 0
    forged = responses[0][:-1] + bytes([responses[0][-1] ^ 1])
    result = smets("export", "-", "--keys", keys, given=forged.hex())
    assert result.exit_code == 2 and "MAC" in result.stderr


@pytest.mark.parametrize("phases", [1, 3])
def test_a_running_meter_is_asked(tmp_path, phases):
    """spec: ECS23b, ECS26k, ECS35e, ECS22b; a single-phase meter answers the part of L1."""
    keys = tmp_path / "parties.json"
    keys.write_text(json.dumps(HOME.parties_document))
    transport = ProcessTransport("esme", "cpython")
    from host_tools import fragments
    from host_tools.bench import BenchClient

    client = BenchClient(transport)
    clock = {"time": "2026-06-01T00:10:00Z", "status": "reliable"}
    fragments.load(client.control, {"clock": clock}, HOME.keys[ESME.hex().upper()])
    client.control("SET", {"draw": 200})
    client.control("SET", {"voltage": {"phases": phases}})
    client.control("ADVANCE", {"seconds": 1200 + 4 * 1800})
    server = Server(transport)
    stopped = threading.Event()
    thread = threading.Thread(target=server.run, args=(stopped.is_set,))
    thread.start()
    try:
        words = ["--device", f"127.0.0.1:{server.port}", "--to", ESME.hex(), "--keys", keys]
        found = read_table(smets("export", *words).stdout)
        late = smets("export", *words, "--from", "2026-06-01T02:00:00Z", "--as", "supplier")
        wrong = smets("export", *words[:3], "02534D45545300A3", *words[4:])
        picture = tmp_path / "log.svg"
        drawn = smets("plot", *words, "-o", picture, "--counter", "5")
    finally:
        stopped.set()
        thread.join()
        server.close()
    assert len(found.phases) == phases
    for phase in found.phases:
        assert phase.entries == {FIRST + 1800 * n: 230 for n in range(1, 5)}
        assert (phase.period, phase.over, phase.under) == (1800, 253, 216)
    assert found.energy == {FIRST + 1800 * n: 200 for n in range(1, 5)}
    assert list(read_table(late.stdout).phases[0].entries) == [FIRST + 5400, FIRST + 7200]
    assert wrong.exit_code == 2 and "ECS23b: other-target" in wrong.stderr, wrong.stderr
    assert drawn.exit_code == 0 and ElementTree.parse(picture).getroot().tag == SVG + "svg"


@pytest.mark.parametrize("engine", ["unix", "cpython"])
def test_picture_of_the_readme(engine):
    """`make voltage` draws it from a virtual day; every engine measures the same."""
    committed = Path(__file__).resolve().parents[2] / "docs" / "voltage.svg"
    assert example.picture(engine) == committed.read_bytes()
