"""The RTDS vectors as checks: one a use case, for the role under test.

The vectors stay where they are; what a report shows of them is what was sent and answered.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from host_tools import fragments
from host_tools.bench import BenchError, Refusal
from host_tools.conform.claims import Claims
from host_tools.conform.dut import Dut
from host_tools.conform.model import (
    Check,
    Evidence,
    Exchange,
    Family,
    Finding,
    NotClaimed,
    NotJudged,
    Outcome,
    Severity,
    Verdict,
)
from host_tools.rtds import NOT_IN_STATE, Pair, compare, load_pairs

__all__ = ["VectorSet", "load_vectors"]

# The release row that a use case belongs to; all others are GBCS as it was.
_FACT = "evidence/messages.md#what-a-vector-is"
_ROWS = {
    **dict.fromkeys(("GCS13a", "GCS13b", "GCS13c", "GCS14", "GCS60a"), "SECMP0015"),
    **dict.fromkeys(("ECS12", "GCS09"), "SECMP0056"),
    "GCS20r": "MP078",
}


@dataclass(frozen=True)
class VectorSet:
    """The vectors of one role: their identity, the checks, and what is left out with why."""

    name: str
    checks: list[Check]
    left_out: dict[str, Outcome]


def load_vectors(path: Path, role: str, claims: Claims) -> VectorSet:
    """Read the vectors of RTDS in a folder; OSError or ValueError where they cannot be read."""
    digest = sha256((path / "index.csv").read_bytes()).hexdigest()
    pairs = list(load_pairs(path))
    groups: dict[str, list[Pair]] = {}
    for pair in pairs:
        if pair.role == role:
            groups.setdefault(pair.use_case, []).append(pair)
    entries: list[Check] = []
    left_out: dict[str, Outcome] = {}
    for use_case, group in sorted(groups.items()):
        usable = [pair for pair in group if _has_key(pair)]
        entry = _check(use_case, role, usable or group, len(group) - len(usable), claims)
        entries.append(entry)
        if not usable:
            why = "the vector set has no key of the originator"
            left_out[entry.id] = Outcome(Verdict.NOT_RUN, why)
        elif claims.use_cases is not None and use_case not in claims.use_cases:
            left_out[entry.id] = Outcome(Verdict.NOT_APPLICABLE, f"not claimed: {use_case}")
    return VectorSet(f"RTDS, {len(pairs)} pairs, index SHA-256 {digest[:16]}", entries, left_out)


def _has_key(pair: Pair) -> bool:
    return pair.originator in {party["id"].upper() for party in pair.keys["parties"]}


def _check(use_case: str, role: str, pairs: list[Pair], without: int, claims: Claims) -> Check:
    missing = f"; {without} more have no key" if without else ""
    return Check(
        f"RTDS-{use_case}",
        _ROWS.get(use_case, "GBCS"),
        f"{use_case} is answered as RTDS has it",
        (role,),
        f"RTDS: {', '.join(pair.name.rpartition('/')[2] for pair in pairs)} ({_FACT})",
        Evidence.RTDS,
        Severity.CRITICAL,
        Family.SRV,
        f"the state and keys of {len(pairs)} vectors, then the command of each{missing}",
        "the response octet for octet, but for an ECDSA signature",
        _replay(pairs, use_case in (claims.use_cases or ())),
        srv=", ".join(sorted({pair.name.partition("_")[0] for pair in pairs} - {"NA"})),
        use_case=use_case,
        needs=("state",),
    )


def _replay(pairs: list[Pair], claimed: bool) -> Callable[[Dut], Finding]:
    def run(dut: Dut) -> Finding:
        exchanges: list[Exchange] = []
        wrong: list[str] = []
        unknown = 0
        broken = False
        for pair in pairs:
            dut.control("FORGET")
            fragments.load(dut.control, pair.state, pair.keys)
            try:
                answer, said = dut.client.respond(pair.command), ""
            except Refusal as reason:
                if str(reason).startswith("no-such-use-case") and not claimed:
                    raise NotClaimed(f"not claimed: {pair.use_case}, {reason}") from reason
                answer, said = b"", f"no response: {reason}"
            except BenchError as error:
                answer, said, broken = b"", f"no answer: {error}", True
            observed = said or answer.hex().upper()
            exchanges.append(
                Exchange(pair.command.hex().upper(), pair.response.hex().upper(), observed)
            )
            verdict = compare(pair, answer).verdict
            unknown += verdict == "skipped"
            if verdict == "differing":
                wrong.append(pair.name.rpartition("/")[2])
                if broken:
                    break
        if unknown == len(pairs):
            raise NotJudged(f"not judged: {NOT_IN_STATE}")
        left = f"; {unknown} not judged: {NOT_IN_STATE}" if unknown else ""
        if wrong:
            return Finding(False, f"differing: {', '.join(wrong)}{left}", exchanges)
        return Finding(True, f"{len(pairs) - unknown} vectors exact{left}", exchanges)

    return run
