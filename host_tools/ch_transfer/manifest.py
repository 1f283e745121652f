"""The manifest of a transfer: which hubs go from whom to whom, and both parties' signatures.

JSON, `smets-ch-transfer/1`, this project's own format. EUI-64s are written as DUIS has them: eight
pairs of hex digits in upper case, with dashes. What is signed is canonical JSON (members sorted,
no blanks, UTF-8) without the signatures; who takes the hubs signs the first signature, too.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, cast

from host_tools.ch_transfer.problems import TransferError
from host_tools.eui import parse_eui
from host_tools.gbcs.times import parse_iso
from host_tools.schemas import SchemaProblem, parse_document

__all__ = ["FORMAT", "GIVER", "MOST_HUBS", "TAKER", "Hub", "Manifest", "dashed", "hubs_of_csv"]

FORMAT = "smets-ch-transfer/1"
GIVER, TAKER = "from", "to"
MOST_HUBS = 100_000  # of one manifest
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_MEMBERS = ("format", "id", "date", GIVER, TAKER, "reason", "hubs", "signatures")
_SIGNATURE = re.compile(r"[0-9A-F]{128}")
_LONGEST = 200  # characters of a reason

Json = dict[str, Any]


def dashed(eui: bytes) -> str:
    """An EUI-64 as DUIS writes it."""
    return eui.hex("-").upper()


@dataclass(frozen=True)
class Hub:
    """A hub by its two devices: communications hub function and gas proxy function."""

    chf: bytes
    gpf: bytes


@dataclass(frozen=True)
class Manifest:
    """A transfer. `signatures` are r and s, 64 octets in upper case hex, by side."""

    id: str
    date: datetime
    giver: bytes
    taker: bytes
    hubs: tuple[Hub, ...]
    reason: str = ""
    signatures: dict[str, str] = field(default_factory=dict[str, str])

    def to_json(self) -> Json:
        """The document as it is written."""
        return {**self._unsigned(), "signatures": dict(self.signatures)}

    def octets(self) -> bytes:
        """The file."""
        return (json.dumps(self.to_json(), indent=1) + "\n").encode()

    def signed_part(self, side: str) -> bytes:
        """What the party of a side signs; TransferError for the taker without the giver's."""
        document = self._unsigned()
        if side == TAKER:
            if GIVER not in self.signatures:
                raise TransferError("who gives the hubs signs first, and has not signed")
            document["countersigns"] = self.signatures[GIVER]
        # The side is signed, so that no signature can be moved to the other place.
        return _canonical({**document, "side": side})

    def digest(self) -> str:
        """SHA-256 of what is transferred, whoever has signed it."""
        return hashlib.sha256(_canonical(self._unsigned())).hexdigest()

    def _unsigned(self) -> Json:
        return {
            "format": FORMAT,
            "id": self.id,
            "date": self.date.isoformat().replace("+00:00", "Z"),
            GIVER: dashed(self.giver),
            TAKER: dashed(self.taker),
            "reason": self.reason,
            "hubs": [{"chf": dashed(hub.chf), "gpf": dashed(hub.gpf)} for hub in self.hubs],
        }

    @classmethod
    def read(cls, data: bytes) -> Manifest:
        """Read a manifest; TransferError with all that is wrong."""
        try:
            document = parse_document(data)
        except SchemaProblem as problem:
            raise TransferError(str(problem)) from None
        if not isinstance(document, dict):
            raise TransferError("is not an object")
        return _Reader(cast("Json", document)).manifest()

    def check(self) -> Manifest:
        """The manifest, if it can be one; TransferError with all that is wrong."""
        return _Reader(self.to_json()).manifest()


def _canonical(document: Json) -> bytes:
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return text.encode()


class _Reader:
    """Takes a document apart and collects what is wrong with it."""

    def __init__(self, document: Json) -> None:
        self._document = document
        self._problems: list[str] = []

    def manifest(self) -> Manifest:
        """The manifest of the document."""
        document = self._document
        unknown = sorted(set(document) - set(_MEMBERS))
        self._problems += [f"{name}: unknown" for name in unknown]
        if document.get("format") != FORMAT:
            self._problems.append(f"format: is not {FORMAT}")
        id_ = self._text("id", 64)
        if id_ and not _ID.fullmatch(id_):
            self._problems.append("id: is not 1 to 64 of A-Z, a-z, 0-9, dot, dash, underscore")
        giver, taker = self._eui(document, GIVER, GIVER), self._eui(document, TAKER, TAKER)
        if giver and giver == taker:
            self._problems.append("to: is who gives the hubs, too")
        reason = self._text("reason", _LONGEST) if "reason" in document else ""
        date = self._date()
        hubs = tuple(self._hubs(document.get("hubs")))
        signatures = self._signatures()
        if self._problems or date is None:
            raise TransferError(self._problems)
        return Manifest(id_, date, giver, taker, hubs, reason, signatures)

    def _text(self, name: str, longest: int) -> str:
        value = self._document.get(name)
        if not isinstance(value, str) or len(value) > longest or not value.isprintable():
            self._problems.append(f"{name}: is not text of at most {longest} characters")
            return ""
        return value

    def _date(self) -> datetime | None:
        try:
            return parse_iso(str(self._document.get("date")))
        except ValueError:
            self._problems.append("date: is not a UTC time such as 2026-11-06T10:00:00Z")
            return None

    def _eui(self, members: Json, name: str, where: str) -> bytes:
        value = members.get(name)
        try:
            return parse_eui(value if isinstance(value, str) else "")
        except ValueError as error:
            self._problems.append(f"{where}: {error}")
            return b""

    def _hubs(self, value: object) -> Iterator[Hub]:
        if not isinstance(value, list) or not value:
            self._problems.append("hubs: is not a list of at least one hub")
            return
        rows = cast("list[object]", value)
        if len(rows) > MOST_HUBS:
            self._problems.append(f"hubs: {len(rows)} are more than {MOST_HUBS}")
            return
        seen: dict[bytes, str] = {}
        for number, row in enumerate(rows, 1):
            where = f"hub {number}"
            if not isinstance(row, dict) or set(cast("Json", row)) != {"chf", "gpf"}:
                self._problems.append(f"{where}: is not an object of chf and gpf")
                continue
            members = cast("Json", row)
            hub = Hub(
                self._eui(members, "chf", f"{where}: chf"),
                self._eui(members, "gpf", f"{where}: gpf"),
            )
            for name, eui in (("chf", hub.chf), ("gpf", hub.gpf)):
                if eui and eui in seen:
                    self._problems.append(f"{where}: {name} {dashed(eui)} is {seen[eui]}, too")
                seen.setdefault(eui, f"{name} of {where}")
            yield hub

    def _signatures(self) -> dict[str, str]:
        value = self._document.get("signatures", {})
        if not isinstance(value, dict):
            self._problems.append("signatures: is not an object")
            return {}
        found = cast("Json", value)
        for side, text in found.items():
            if side not in (GIVER, TAKER):
                self._problems.append(f"signatures: {side}: is neither from nor to")
            elif not isinstance(text, str) or not _SIGNATURE.fullmatch(text):
                self._problems.append(f"signatures: {side}: is not 64 octets in hex")
        return {side: str(text) for side, text in found.items()}


def hubs_of_csv(text: str) -> Iterable[Hub]:
    """Hubs of a table with the columns chf and gpf; TransferError names line and column."""
    table = csv.DictReader(io.StringIO(text))
    missing = {"chf", "gpf"} - set(table.fieldnames or ())
    if missing:
        raise TransferError(f"line 1: no column {', '.join(sorted(missing))}")
    problems: list[str] = []
    hubs: list[Hub] = []
    for row in table:
        euis: list[bytes] = []
        for name in ("chf", "gpf"):
            try:
                euis.append(parse_eui(row[name] or ""))
            except ValueError as error:
                problems.append(f"line {table.line_num}: {name}: {error}")
        if len(euis) == 2:
            hubs.append(Hub(*euis))
    if problems:
        raise TransferError(problems)
    return hubs
