"""A line that damages answers in named ways: the first screen of the report names each of them."""

import html
import json
import re
import tempfile
from contextlib import contextmanager

import pki
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from foreign_gpf import ForeignGpf
from tampering import GBCS, HAN, LINES, OWN, Proxy, honest, on_tcp, own
from typer.testing import CliRunner

from host_tools import cli
from host_tools.bench import ProcessTransport
from host_tools.conform.report import read_report
from host_tools.example import EUIS, ExampleHome

EUI = "00AABBCCDDEEFF10"
CLAIMED = ("GCS13a", "GCS13b", "GCS13c", "GCS14", "GCS60a")
SCREEN = 25  # lines of a terminal


@pytest.fixture(scope="module")
def foreign(tmp_path_factory):
    """Options of a black box of the foreign GPF, and a maker of its proxies."""
    folder = tmp_path_factory.mktemp("bench")
    keys = pki.make(folder / "parties")
    private = pki.new_key()
    (folder / "ka.pem").write_bytes(pki.certificate([], private, "ka", keys["supplier", "ds"]))
    dut = {"device": "GPF", "id": EUI, "ka_certificate": "ka.pem", "counter": 1000}
    (folder / "DUT.json").write_text(json.dumps(dut))
    (folder / "claims.json").write_text(json.dumps({"use_cases": CLAIMED}))
    known = {
        bytes.fromhex(eui): ("broker" if role.startswith("access") else role,
                             keys[role, "ka"].public_key())
        for role, (_, eui) in pki.PARTIES.items()
    }  # fmt: skip

    def proxy(damage):
        device = ForeignGpf(bytes.fromhex(EUI), private, known)
        return Proxy(
            device.line, lambda party: private.exchange(ec.ECDH(), known[party][1]), damage
        )

    options = ["--black-box", "--dut", folder / "DUT.json", "--parties", folder / "parties",
               "--claims", folder / "claims.json", "--timeout", "1"]  # fmt: skip
    return options, proxy


def conform(role, engine, folder, *options):
    """What a terminal shows of a run, its page's first section, and its report."""
    arguments = ["conform", "--device", role, "--engine", engine, "--out", folder, *options]
    done = CliRunner().invoke(cli.build(), [str(word) for word in arguments])
    assert done.exit_code in (0, 1, 4), done.output
    page = (folder / f"{role}.html").read_text()
    first = page[page.index("<header>") : page.index("What was judged")]
    screen = " ".join(done.output.splitlines()[-SCREEN:])
    return re.sub(r"\s+", " ", screen), html.unescape(first), read_report(folder / f"{role}.json")


def is_named(words, screen, first, report):
    """The words are on both first screens, and of a cause that the report has first."""
    told = [cause["text"] for cause in report["causes"]]
    assert words in screen, (screen, told)
    assert words in first, told
    assert any(words in text for text in told[:2]), told


@pytest.mark.parametrize("kind", [*GBCS, *LINES])
def test_what_is_damaged_is_named_in_black_box(foreign, tmp_path, kind):
    options, make = foreign
    damage, words = {**GBCS, **LINES}[kind]
    only = ["--only", "SECMP0015", "--only", "GBCS-role", "--only", "GBCS-read-GCS13a"]
    with on_tcp(make(damage)) as engine:
        screen, first, report = conform("gpf", engine, tmp_path, *options, *only)
    is_named(words, screen, first, report)
    role = next(result for result in report["results"] if result["id"] == "GBCS-role")
    # That a party without the role is refused says nothing where nobody is answered.
    assert role["verdict"] != "fail", role["text"]


def test_an_honest_line_has_no_cause(foreign, tmp_path):
    options, make = foreign
    with on_tcp(make(honest)) as engine:
        _, first, report = conform("gpf", engine, tmp_path, *options, "--only", "GBCS-role")
    assert report["causes"] == [] and 'class="cause' not in first


def own_device(role, damage):
    """A proxy of a device process of ours, with the keys of the example home."""
    home = ExampleHome()
    ours = home.keys.parties().device(bytes.fromhex(EUIS[role]))
    parties = {party.id: party for party in home.keys.parties().parties}

    def secret(party):
        return parties[party].ka_private.exchange(ec.ECDH(), ours.ka_public)

    @contextmanager
    def running():
        with tempfile.TemporaryDirectory() as flash:
            transport = ProcessTransport(role, "cpython", flash)
            try:
                with on_tcp(Proxy(own(transport), secret, damage)) as engine:
                    yield engine
            finally:
                transport.close()

    return running()


@pytest.mark.parametrize(
    "kind", [*(pytest.param(kind, marks=pytest.mark.slow) for kind in GBCS), *OWN, *HAN]
)
def test_what_is_damaged_of_a_device_with_all_controls_is_named(tmp_path, kind):
    """Messages of a GPF; signed responses of a GSME; HAN frames of an ESME."""
    damage, words = {**GBCS, **OWN, **HAN}[kind]
    role = "gsme" if kind == "signature" else "esme" if kind in HAN else "gpf"
    only = {
        "gsme": ("GBCS-signature", "GBCS-replay"),
        "esme": ("MP078-event-log", "SECMP0056-read-only", "SECMP0056-set"),
        "gpf": ("GBCS-role", "SECMP0015-stamp-gsme", "SECMP0015-values", "MP099-count"),
    }[role]
    chosen = [word for name in only for word in ("--only", name)]
    with own_device(role, damage) as engine:
        screen, first, report = conform(role, engine, tmp_path, "--timeout", "2", *chosen)
    is_named(words, screen, first, report)
    assert all(result["verdict"] != "pass" for result in report["results"]
               if result["id"] == "GBCS-role" and kind != "no stamp")  # fmt: skip
