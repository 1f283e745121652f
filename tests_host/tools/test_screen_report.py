"""`smets screens`: pictures, hashes, the report, the README's pictures, the packed fonts."""

import struct
import zlib
from dataclasses import replace

import pytest
from typer.testing import CliRunner

from host_tools import glyphs, screens
from host_tools.bench import BenchError
from host_tools.cli import app
from host_tools.commands import screens as command
from host_tools.screens import Change, Picture, changes, difference, png

RED, GREEN, BLUE = (255, 0, 0), (0, 255, 0), (0, 0, 255)


def picture(pixels, width=3, palette=(RED, GREEN, BLUE), name="3x2/case/now.1"):
    """A small picture."""
    return Picture(name, "0" * 16, width, len(pixels) // width, bytes(pixels), palette)


def decode(data):
    """(width, height, rows of colours) of a PNG, by its specification; chunks are checked."""
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    at, chunks = 8, {}
    while at < len(data):
        (length,) = struct.unpack_from(">I", data, at)
        kind, body = data[at + 4 : at + 8], data[at + 8 : at + 8 + length]
        (crc,) = struct.unpack_from(">I", data, at + 8 + length)
        assert crc == zlib.crc32(kind + body)
        chunks[kind] = body
        at += 12 + length
    assert list(chunks) == [b"IHDR", b"PLTE", b"IDAT", b"IEND"]
    width, height, depth, kind, *rest = struct.unpack(">IIBBBBB", chunks[b"IHDR"])
    assert (depth, kind, rest) == (4, 3, [0, 0, 0])
    palette = chunks[b"PLTE"]
    raw = zlib.decompress(chunks[b"IDAT"])
    stride = 1 + (width + 1) // 2
    assert len(raw) == stride * height
    rows = []
    for y in range(height):
        line = raw[y * stride : (y + 1) * stride]
        assert line[0] == 0, "no filter"
        numbers = [half for octet in line[1:] for half in (octet >> 4, octet & 15)][:width]
        rows.append([tuple(palette[3 * n : 3 * n + 3]) for n in numbers])
    return width, height, rows


def test_a_png_has_the_pixels_of_its_picture():
    """spec: PNG, indexed colour of 4 bits."""
    one = picture([0, 1, 2, 2, 1, 0])
    assert decode(png(one)) == (3, 2, [[RED, GREEN, BLUE], [BLUE, GREEN, RED]])
    width, height, rows = decode(png(one, 2))
    assert (width, height) == (6, 4) and rows[0] == rows[1]
    assert rows[3] == [BLUE, BLUE, GREEN, GREEN, RED, RED]


def test_a_difference_shows_what_changed():
    old, new = picture([0, 1, 2, 2, 1, 0]), picture([0, 1, 2, 2, 1, 2])
    assert list(difference(old, new).pixels) == [1, 1, 1, 1, 1, 2]
    # The same colours with other numbers are no change; another size is all change.
    other = picture([1, 0, 2, 2, 0, 1], palette=(GREEN, RED, BLUE))
    assert 2 not in difference(old, other).pixels
    assert set(difference(picture([0, 0], width=2), new).pixels) == {2}


def test_changes_are_named():
    one, two = picture([0]), picture([0], name="3x2/case/now.2")
    golden = {one.name: "f" * 16, "3x2/case/gone.1": "0" * 16}
    kinds = {change.name: change.kind for change in changes([one, two], golden)}
    assert kinds == {one.name: "changed", two.name: "new", "3x2/case/gone.1": "gone"}
    assert changes([one], {one.name: one.digest}) == []


def test_golden_hashes_are_kept_in_order(tmp_path):
    path = tmp_path / "golden" / "screens.json"
    assert screens.load_golden(path) == {}
    pictures = [picture([0], name=f"3x2/case/{page}.1") for page in ("now", "gas", "a")]
    screens.write_golden(pictures, path)
    assert list(screens.load_golden(path)) == [one.name for one in pictures]
    assert len(path.read_text().splitlines()) == 5


def test_the_report_shows_old_new_and_difference(tmp_path):
    old, new = picture([0, 1, 2, 2, 1, 0]), picture([0, 1, 2, 2, 1, 2])
    gone = Change("3x2/case/gone.1", "gone", None)
    path = screens.report([new], [Change(new.name, "changed", new, old), gone], tmp_path)
    text = path.read_text(encoding="utf-8")
    for file, expected in (
        ("3x2_case_now.1.png", new),
        ("old_3x2_case_now.1.png", old),
        ("difference_3x2_case_now.1.png", difference(old, new)),
    ):
        assert f'src="{file}"' in text
        assert (tmp_path / file).read_bytes() == png(expected)
    assert text.index("old_3x2") < text.index("difference_3x2")
    assert "3x2/case/gone.1: gone" in text and "not at hand" in text
    assert "http" not in text, "nothing from elsewhere"


@pytest.fixture(scope="module")
def drawn():
    """One case, drawn by both engines."""
    return {engine: screens.render(engine, "message-long") for engine in ("unix", "cpython")}


def test_engines_draw_alike_pixel_for_pixel(drawn):
    assert drawn["unix"] == drawn["cpython"]
    sizes = {(one.width, one.height) for one in drawn["unix"]}
    assert sizes == {(240, 135), (128, 64)}


def test_pictures_have_the_pixels_that_were_drawn(drawn):
    """Lit and dark, in colour and mono: the header's line goes across in one colour."""
    for one in drawn["unix"]:
        assert len(one.pixels) == one.width * one.height and max(one.pixels) < len(one.palette)
        unit = one.height // 64
        row = one.pixels[(10 * unit - 1) * one.width : 10 * unit * one.width]
        assert len(set(row)) == 1 and row[0] != 0, one.name
        corner = one.pixels[:unit]
        assert set(corner) == {0}, one.name


def test_one_layout_is_drawn_alone():
    names = [one.name for one in screens.render("cpython", "message-short", "128x64")]
    assert names and all(name.startswith("128x64/message-short/") for name in names)


def test_an_engine_that_fails_is_reported(tmp_path):
    with pytest.raises(BenchError, match="no engine"):
        screens.render("abacus")
    (tmp_path / "firmware").mkdir()
    (tmp_path / "tests_host").mkdir()
    (tmp_path / "tests_host" / "screen_cases.py").write_text("raise SystemExit('broken')\n")
    with pytest.raises(BenchError, match="broken"):
        screens.render("cpython", root=tmp_path)


def git(folder, *arguments):
    """Run git in a folder with a name of its own."""
    names = ["-c", "user.name=n", "-c", "user.email=e@example.invalid"]
    screens._git(folder, *names, *arguments)


CASES = """
print("SCREEN 8x8 case/now.1 {hash} {octets}")
print("PALETTE 000000 ffffff")
"""


def test_old_pictures_come_from_the_commit_that_stored_them(tmp_path):
    """A checkout in which the drawing changed after its hashes were stored."""
    (tmp_path / "firmware").mkdir()
    (tmp_path / "firmware" / "module.py").write_text("")
    (tmp_path / "tests_host" / "golden").mkdir(parents=True)
    cases = tmp_path / "tests_host" / "screen_cases.py"
    cases.write_text(CASES.format(hash="a" * 16, octets="01" * 8))
    golden = tmp_path / "tests_host" / "golden" / "screens.json"
    golden.write_text('{"8x8/case/now.1": "' + "a" * 16 + '"}')
    git(tmp_path, "init", "-q")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-q", "-m", "Store.")
    cases.write_text(CASES.format(hash="b" * 16, octets="03" * 8))
    git(tmp_path, "commit", "-q", "-a", "-m", "Draw otherwise.")
    stored = screens.stored_pictures(screens.load_golden(golden), tmp_path)
    assert list(stored) == ["8x8/case/now.1"]
    assert stored["8x8/case/now.1"].pixels == b"\1" * 8 + b"\0" * 56
    # A hash that no commit has, cases that no longer run, and no checkout at all.
    assert screens.stored_pictures({"8x8/case/now.1": "c" * 16}, tmp_path) == {}
    cases.write_text("raise SystemExit(1)\n")
    golden.write_text("{}")
    git(tmp_path, "commit", "-q", "-a", "-m", "Break.")
    assert screens.stored_pictures({"8x8/case/now.1": "a" * 16}, tmp_path) == {}
    empty = tmp_path / "empty"
    empty.mkdir()
    assert screens.stored_pictures({"8x8/case/now.1": "a" * 16}, empty / "absent") == {}


def run(*arguments):
    """`smets screens` in this process."""
    return CliRunner().invoke(app, ["screens", *arguments])


def test_the_command_compares_reports_and_accepts(tmp_path, monkeypatch, drawn):
    pictures = drawn["unix"]
    path = tmp_path / "golden.json"
    monkeypatch.setattr(screens, "render", lambda engine: pictures)
    load, write = screens.load_golden, screens.write_golden
    monkeypatch.setattr(screens, "load_golden", lambda: load(path))
    monkeypatch.setattr(screens, "write_golden", lambda new: write(new, path))
    monkeypatch.setattr(screens, "stored_pictures", lambda golden: {pictures[0].name: pictures[1]})
    out = str(tmp_path / "out")
    first = run("--out", out)
    assert first.exit_code == 1 and f"{len(pictures)} not as stored" in first.output
    assert run("--out", out, "--accept").exit_code == 0
    assert run("--out", out).exit_code == 0
    changed = replace(pictures[0], digest="0" * 16)
    monkeypatch.setattr(screens, "render", lambda engine: [changed, *pictures[1:]])
    result = run("--out", out)
    assert result.exit_code == 1 and f"changed: {changed.name}" in result.output
    text = (tmp_path / "out" / "index.html").read_text(encoding="utf-8")
    assert f"old_{changed.file}" in text and f"difference_{changed.file}" in text


def test_the_command_says_when_an_engine_fails():
    result = run("--engine", "abacus")
    assert result.exit_code == 2 and "'abacus' is not one of unix" in result.output


def test_the_readme_shows_what_is_drawn():
    """Every picture of the README is there, is small, and is the screen as it is drawn now."""
    folder = screens.ROOT / "docs" / "screens"
    cases = {name.split("/")[1] for _, name in command._DOCS}
    by_name = {one.name: one for one in screens.render("unix", ",".join(cases))}
    files = sorted(path.name for path in folder.iterdir())
    assert files == sorted(f"{file}.png" for file, _ in command._DOCS)
    for file, name in command._DOCS:
        data = (folder / f"{file}.png").read_bytes()
        assert decode(data) == decode(png(by_name[name], 2)), f"{file}: run make screens"
        assert len(data) < 8192, f"{file} is large"


def test_the_readme_pictures_are_written(tmp_path):
    pictures = [picture([0, 1], width=2, name=name) for _, name in command._DOCS]
    command.write_docs(pictures, tmp_path / "docs")
    assert len(list((tmp_path / "docs").iterdir())) == len(command._DOCS)
    assert decode((tmp_path / "docs" / "now.png").read_bytes())[:2] == (4, 2)


def test_the_fonts_are_packed_from_the_drawn_glyphs():
    packed = glyphs.FONT_DATA.read_text(encoding="ascii")
    assert packed == glyphs.font_data(), "run smets screens --font"


def test_the_command_packs_the_fonts(tmp_path, monkeypatch):
    target = tmp_path / "font_data.py"
    monkeypatch.setattr(glyphs, "FONT_DATA", target)

    def none(engine):
        raise BenchError("no engine")

    monkeypatch.setattr(screens, "render", none)
    assert run("--font").exit_code == 2
    assert target.read_text() == glyphs.font_data()


def test_glyphs_that_are_wrong_are_refused():
    good = "= U+0041 A\n" + "#.#\n" * 7
    assert glyphs.parse(good)[0].char == "A" and glyphs.parse(good)[0].rows[0] == "#.#"
    for bad in (good + "##\n", good + "#x#\n"):
        with pytest.raises(ValueError, match="glyph 0041"):
            glyphs.parse(bad)
    for rows in (6, 10):
        with pytest.raises(ValueError, match="does not fit"):
            glyphs._pack(glyphs.parse("= U+0041 A\n" + "#.#\n" * rows)[0], 9, 1)
    with pytest.raises(ValueError, match="does not fit"):
        glyphs._pack(glyphs.parse("= U+0041 A\n" + "#########\n" * 7)[0], 9, 1)
