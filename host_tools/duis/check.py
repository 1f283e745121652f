"""Every request template that has a vector of the same name, against that vector (`make duis`).

Templates (DUIS_DIR/templates) and vectors (RTDS_DIR) stay where they are. What a template and its
vector hold differently is no matter of the rows: there the vector's own values are put into the
request first, and the count says so. A vector's certificates are newer or older ones than the
template's; the few others are in `_OTHER_DATA`.
"""

from __future__ import annotations

import base64
import csv
import os
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509
from lxml import etree

from host_tools.duis import command, document
from host_tools.duis.errors import DuisError
from host_tools.gbcs import crypto, times
from host_tools.keys import KeyRing
from host_tools.textfile import read_text

__all__ = ["Outcome", "directory", "outcomes", "report"]

DEFAULT_DIRECTORY = Path(__file__).resolve().parents[3] / "shared" / "duis"
_NOW = datetime(2015, 1, 1, tzinfo=UTC)  # when the vectors were made, as their event ids tell
_END = "_REQUEST_DUIS.XML"
# What the vector holds and the template does not say, or says otherwise: paths of values.
_OTHER_DATA: dict[str, dict[str, str]] = {
    "ECS25a_6.22_SUCCESS": {"//x81B7": "x81C4=Disable x81C5=Disable"},
    "GCS61_4.17_SUCCESS": {
        "//StartDateTime": times.iso_2000(0x1C2A1B80),
        "//EndDateTime": times.iso_2000(0x1C2A1B80 + 730 * 86400),
    },
    "GCS09_3.2_SUCCESS": {"//RestrictionDateTime": times.iso_2000(0x1FC66E20)},
    "GCS15c_4.4.3_SUCCESS": {
        "//StartDateTime": times.iso_2000(0x1C374A81),
        "//EndDateTime": times.iso_2000(0x1E187E01),
    },
}
# What the DCC knows and the request does not say.
_GIVEN = {
    "CCS01_8.11_SUCCESS": {"device-type": "ESME"},
    "CS03A1_8.7.1_SUCCESS": {"device-type": "HCALCS"},
    "ECS50_9.1_SUCCESS": {"cin": "1234"},
}
_OTHER_USER = {"CS08_11.2_SUCCESS"}
_OLD = {"CCS05CCS04", "ECS08", "ECS26d", "ECS26e", "ECS26i", "ECS30", "ECS35f", "GCS21d"} | {
    "GCS21e",
    "GCS25",
    "GCS60",
}


@dataclass(frozen=True)
class Outcome:
    """What became of a template.

    `verdict` is exact, skipped or differing; `data` says whose values the request had; `mode` who
    sent the command, `signed` whether a signature was checked. `detail` says why.
    """

    name: str
    verdict: str
    data: str = ""
    mode: str = ""
    signed: bool = False
    pre_command: bool = False
    detail: str = ""


def directory() -> Path | None:
    """Where schemas and templates are: DUIS_DIR, else beside the checkout; None if nowhere."""
    path = Path(os.environ.get("DUIS_DIR") or DEFAULT_DIRECTORY)
    return path if (path / "xsd").is_dir() else None


def outcomes(templates: Path, vectors: Path) -> Iterator[Outcome]:
    """The outcome of each template, in order of name."""
    with (vectors / "index.csv").open(encoding="utf-8-sig", newline="") as file:
        rows = {(row["file"]): row for row in csv.DictReader(file)}
    rings: dict[str, KeyRing] = {}
    for path in sorted(templates.glob("*" + _END)):
        name = path.name.removesuffix(_END)
        row = rows.get(f"{name}_COMMAND_GBCS.HEX")
        if row is None:
            yield Outcome(name, "skipped", detail=_no_vector(path))
            continue
        keys = vectors / "keys" / f"{row['target'].upper()}.json"
        if keys.name not in rings:
            rings[keys.name] = KeyRing.load([keys])
        try:
            yield _judge(path, name, vectors, row, rings[keys.name])
        except DuisError as error:
            yield Outcome(name, "differing", detail=str(error))


def _no_vector(path: Path) -> str:
    asked = document.request(path.read_bytes())
    if asked.variant == 8:
        return "a request to the DCC itself: no command"
    return "no vector of this name: another way of delivery of one that is here"


def _judge(path: Path, name: str, vectors: Path, row: dict[str, str], ring: KeyRing) -> Outcome:
    folder = vectors / row["folder"]
    wanted = bytes.fromhex(read_text(folder / row["file"]))
    held = command.envelope(wanted)
    asked = document.request(path.read_bytes())
    device = _device(name, row, ring)
    parties = command.dcc_parties(ring, None)
    first = _plan(asked, device, held.header.counter, parties)
    data = "template"
    if first.pre_command[1:] != held.signed_part:
        data = _take_over(name, asked, wanted)
        asked = document.request(etree.tostring(asked.root))
        first = _plan(asked, device, held.header.counter, parties)
    made = first.pre_command
    at = _first_difference(made[1:], held.signed_part)
    if at is not None:
        return Outcome(name, "differing", data, first.mode, detail=f"octet {at + 1}")
    signed = first.signer is not None
    if signed != bool(held.signature):
        return Outcome(name, "differing", data, first.mode, detail="only one of them is signed")
    whole = made + b"\x40" + held.signature if signed else made
    if command.mac(whole, ring, parties[0]) != wanted:
        return Outcome(name, "differing", data, first.mode, detail="another MAC or MAC header")
    if signed:
        key = ring.ds_public(first.header.originator)
        part = command.envelope(whole).signed_part
        if key is None or not crypto.signature_valid(key, part, held.signature):
            return Outcome(name, "differing", data, first.mode, detail="the signature is wrong")
    pre = folder / f"{name}_PRECOMMAND_GBCS.HEX"
    if pre.is_file() and bytes.fromhex(read_text(pre)) != made:
        return Outcome(name, "differing", data, first.mode, detail="another pre-command")
    return Outcome(name, "exact", data, first.mode, signed, pre.is_file())


def _device(name: str, row: dict[str, str], ring: KeyRing) -> command.Device:
    kind = re.findall(r"ESME|GSME|GPF|CHF|PPMID|SAPC", row["target_device_type"])[0]
    role = ring.role(bytes.fromhex(row["originator"])) or ""
    use_case = name.split("_")[0]
    return command.Device(
        kind, role, use_case in _OLD, use_case == "ECS26k", "TWIN" in name, _GIVEN.get(name, {})
    )


def _plan(
    asked: document.Request, device: command.Device, counter: int, parties: tuple[bytes, bytes]
) -> command.Plan:
    broker, cos = parties
    return command.plan(asked, device, now=_NOW, dcc_counter=counter, broker=broker, cos=cos)


def _first_difference(ours: bytes, theirs: bytes) -> int | None:
    if ours == theirs:
        return None
    shared = min(len(ours), len(theirs))
    return next((at for at in range(shared) if ours[at] != theirs[at]), shared)


def _take_over(name: str, asked: document.Request, vector: bytes) -> str:
    """Put values of the vector into the request; says which."""
    said = "template, and certificates of the vector"
    certificates = _certificates(vector)
    places = [item for item in asked.root.iter() if (item.text or "").strip().startswith("MII")]
    for place, found in zip(places, certificates, strict=False):
        place.text = base64.b64encode(found).decode()
    spaces = {"sr": document.SR}
    for path, text in _OTHER_DATA.get(name, {}).items():
        said = "template, and others of the vector"
        for element in asked.root.findall(f".//sr:{path.removeprefix('//')}", spaces):
            if "=" not in text:
                element.text = text
                continue
            parent = element.getparent()
            if parent is not None:
                parent.remove(element)
                for word in text.split():
                    code, _, chosen = word.partition("=")
                    etree.SubElement(parent, f"{{{document.SR}}}{code}").text = chosen
    if name in _OTHER_USER:
        said = "template, and the user of the vector"
        identity = asked.root.find(".//sr:RequestID", spaces)
        if identity is not None and identity.text:
            rest = identity.text.split(":")[1:]
            head = command.envelope(vector).header
            user = head.supplementary_party or head.originator
            identity.text = ":".join((user.hex("-").upper(), *rest))
    return said


def _certificates(message: bytes) -> list[bytes]:
    """The certificates in a message, in their order."""
    out: list[bytes] = []
    at = 0
    while (at := message.find(b"\x30\x82", at)) >= 0:
        size = int.from_bytes(message[at + 2 : at + 4], "big") + 4
        try:
            x509.load_der_x509_certificate(message[at : at + size])
        except ValueError:
            at += 1
            continue
        out.append(message[at : at + size])
        at += size
    return out


def report(found: list[Outcome]) -> list[str]:
    """The lines that `make duis` prints."""
    exact = [item for item in found if item.verdict == "exact"]
    lines = [f"{len(found)} templates, {len(exact)} commands exact"]
    for data, number in sorted(Counter(item.data for item in exact).items()):
        lines.append(f"  {number} with the values of the {data}")
    pre = sum(item.pre_command for item in exact)
    signed = sum(item.signed for item in exact)
    lines.append(f"  {signed} signed: signed part exact, signature valid")
    lines.append(f"  {pre} with a pre-command of the vectors: exact")
    by_dcc = Counter(item.mode for item in exact if item.mode != "direct")
    lines.append(
        f"  {by_dcc.total()} sent by the DCC: {by_dcc['broker']} for the user,"
        f" {by_dcc['acb']} by the broker, {by_dcc['cos']} by the transitional CoS party"
    )
    for why, number in sorted(Counter(i.detail for i in found if i.verdict == "skipped").items()):
        lines.append(f"  {number} skipped: {why}")
    different = [item for item in found if item.verdict == "differing"]
    lines.append(f"{len(different)} differences")
    lines += [f"  {item.name}: {item.detail} (data: {item.data})" for item in different]
    return lines
