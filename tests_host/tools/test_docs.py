"""README.md and docs name real things: commands with their options, targets, links, sources."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import typer

from host_tools.cli import app

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted(
    [ROOT / "README.md", *ROOT.glob("docs/**/*.md"), *ROOT.glob("boards/*/README.md")],
)
MAKEFILES = [ROOT / "Makefile", *ROOT.glob("boards/*.mk"), *ROOT.glob("host_tools/*.mk")]
MAKE = "\n".join(file.read_text(encoding="utf-8") for file in MAKEFILES)
TARGETS = {
    name for line in re.findall(r"^([a-z][\w -]*):(?!=)", MAKE, re.M) for name in line.split()
}
CLI = typer.main.get_command(app)
HELP = {"--help", "-h", "--version"}  # options of every command


def code(text: str) -> list[str]:
    """The lines of code blocks, and inline code, without comments."""
    blocks = re.findall(r"^```\w*\n(.*?)^```", text, re.M | re.S)
    rest = re.sub(r"^```.*?^```", "", text, flags=re.M | re.S)
    lines = [line for block in blocks for line in block.replace("\\\n", " ").splitlines()]
    spans = [" ".join(span.split()) for span in re.findall(r"`([^`]+)`", rest)]
    return [re.sub(r"\s#.*", "", line).strip() for line in lines + spans]


def commands(program: str, line: str) -> list[list[str]]:
    """The words after each call of a program in a line."""
    found = []
    for part in re.split(r"[|;&>]+", line):
        words = part.split()
        while words and re.fullmatch(r"[A-Z_]+=\S*", words[0]):
            words = words[1:]
        if words and words[0].removeprefix(".venv/bin/") == program and len(words) > 1:
            found.append(words[1:])
    return found


def named(program: str) -> list[tuple[str, str]]:
    """Page and words of each command of a program in all pages."""
    found = {}
    for page in PAGES:
        for line in code(page.read_text(encoding="utf-8")):
            for words in commands(program, line):
                if words[0] != "-C":  # a makefile of MicroPython
                    found[(page.relative_to(ROOT).as_posix(), " ".join(words))] = None
    return list(found)


def missing(words: list[str]) -> str:
    """The part of a `smets` command that does not exist, in words; empty for a real one."""
    command = CLI
    for word in words:
        if word.startswith("-"):
            known = {name for item in command.params for name in item.opts + item.secondary_opts}
            if word.split("=")[0] not in known | HELP:
                return f"{command.name} has no option {word}"
        elif hasattr(command, "commands"):
            inner = command.commands.get(word)
            if inner is None and command is CLI:
                return f"there is no command {word}"
            command = inner.load() if command is CLI else inner or command
    return ""


@pytest.mark.parametrize(("page", "line"), named("smets"))
def test_a_named_command_exists_with_its_options(page: str, line: str) -> None:
    """Each `smets X` that a page shows is a command, and has the options that stand behind it."""
    assert missing(line.split()) == ""


@pytest.mark.parametrize(("page", "line"), named("make"))
def test_a_named_target_exists_with_its_variables(page: str, line: str) -> None:
    """Each `make X` that a page shows is a target; variables are used in a makefile."""
    for word in line.split():
        name, is_variable, _ = word.partition("=")
        if is_variable:
            assert f"$({name})" in MAKE or f"{name} ?=" in MAKE, f"no makefile uses {name}"
        elif not name.startswith(("-", ".", "/")):
            assert name in TARGETS, f"there is no target {name}"


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as the usual renderers make them."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.M)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(page: Path) -> None:
    """A link to a file of the project finds it, and the heading in it."""
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8")):
        if "://" in target:
            continue
        name, _, anchor = target.partition("#")
        file = page.parent / name if name else page
        assert file.exists(), f"{target} leads nowhere"
        if anchor:
            assert anchor in anchors(file), f"{name} has no heading {anchor}"


# Abbreviations of computing and electronics, which the glossary leaves to the reader.
GENERAL = set(
    """ADC AES API ASN CCM CRC CSV CTS DMA DNS ECDSA FIFO GCM GND HTML HTTP IEEE JSON LCD MISO MOSI
    PAN PATH PIO PNG PSRAM PWD PWM QEMU RAM README REPL RFC RISC RMS ROM ROMFS RTS SCK
    SHA SLIP SPI SVG TCP UART UARTs UDP USB UTC VCC XML ZBOSS CPU""".split()
)
NAMES = re.compile(
    r"(CC|E|G|P|PE)?CS\d|(MP|SECMP|IRP)\d|IRPs|GPIO|GP\d|F+E?$|AT|E\d|RP2|ESP|SGM|AS302|XB|SPI\d"
    r"|UART\d|UF2|I2S|M33|AGND|BOOTSEL|(BOARD|ROLE|PORT|KEYS|STATE|PARTIES|LICENSE|MIT|DBCH|PRO)$"
    r"|(ERROR|SUCCESS|NOT|NOW)$"
)


def test_abbreviations_stand_in_the_glossary() -> None:
    """Each abbreviation of the field that a page uses outside of code is explained."""
    glossary = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
    terms = " ".join(re.findall(r"^\| (.*?) \|", glossary, re.M))
    known = GENERAL | set(re.findall(r"[A-Z][A-Z0-9]+", terms))
    for page in PAGES:
        if page.name in ("choices.md", "ideas.md", "traceability.md"):
            continue
        text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.M | re.S)
        text = re.sub(r"`[^`]*`|\]\([^)]*\)", " ", text)
        used = set(re.findall(r"\b[A-Z][A-Z0-9]{2,}s?\b", text))
        unknown = {word for word in used - known if not NAMES.match(word)}
        unknown -= {word for word in unknown if word.rstrip("0123456789") in known}
        assert not unknown, f"{page.relative_to(ROOT)}: {sorted(unknown)}"


def test_every_page_can_be_reached_from_the_readme() -> None:
    """Each page of docs and of a board is linked, from README.md or a page that is."""
    reached: set[Path] = set()
    waiting = [ROOT / "README.md"]
    while waiting:
        page = waiting.pop()
        if page.is_dir():
            page /= "README.md"
        if page in PAGES and page not in reached:
            reached.add(page)
            links = re.findall(r"\]\(([^)\s#]+)", page.read_text(encoding="utf-8"))
            waiting += [(page.parent / link).resolve() for link in links if "://" not in link]
    missed = sorted(page.relative_to(ROOT).as_posix() for page in set(PAGES) - reached)
    assert not missed


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_named_files_exist(page: Path) -> None:
    """A file of the project that a page names, from the root or the firmware's folders."""
    folders = (ROOT, ROOT / "firmware", ROOT / "firmware" / "smets", page.parent)
    for span in re.findall(r"`([^`\n]+)`", page.read_text(encoding="utf-8")):
        if re.fullmatch(
            r"(?!build/|test/)[\w-]+(/[\w.-]+)*/[\w.-]+\.(py|json|md|toml|js|mk)", span
        ):
            assert any((folder / span).exists() for folder in folders), f"there is no {span}"


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("run --record x.gif", ""),
        ("voltage plot --to EUI", ""),
        ("fly", "there is no command fly"),
        ("run --fly", "run has no option --fly"),
        ("versions check --fly 1", "check has no option --fly"),
    ],
)
def test_this_test_can_fail(line: str, problem: str) -> None:
    """A command or an option that is not there is noticed."""
    assert missing(line.split()) == problem


def test_commands_are_found_in_code_only() -> None:
    """Prose is no command; comments and what follows a pipe are not part of one."""
    text = (
        "make a note: `make  run`, then\n"
        "```\nsmets rtds > x  # smets no\nX=1 smets run | smets y\n```\n"
    )
    assert [commands("smets", line) for line in code(text)] == [
        [["rtds"]],
        [["run"], ["y"]],
        [],
    ]
    assert [each for line in code(text) for each in commands("make", line)] == [["run"]]


def sources() -> list[Path]:
    """Python files and pages of the project."""
    folders = ("boards", "docs", "firmware", "host_tools", "tests_device", "tests_host")
    files = [file for name in folders for file in (ROOT / name).rglob("*")]
    return [file for file in files if file.suffix in (".py", ".md", ".json", ".mk")]


def test_citations_of_the_evidence_lead_somewhere() -> None:
    """`evidence/x.md#y` in code, comments and tests is a heading of that page."""
    cited = {
        found
        for file in sources()
        if file.name != Path(__file__).name
        for found in re.findall(
            r"evidence/([a-z0-9]+\.md)#([\w-]+)", file.read_text(encoding="utf-8")
        )
    }
    assert cited
    for page, anchor in cited:
        assert anchor in anchors(ROOT / "docs" / "evidence" / page), f"{page}#{anchor}"


def test_no_source_is_private() -> None:
    """A citation names a public document, or the page that does; "facts D.4" is neither."""
    private = re.compile(r"\bfacts,? \(?(?:[A-H]\b|\d)|\bshared/spec\b|\bspec [A-H]\.\d")
    for file in sources():
        found = private.search(file.read_text(encoding="utf-8"))
        if file.name != Path(__file__).name:
            assert found is None, f"{file.relative_to(ROOT)}: {found and found[0]}"
