"""SECMP0015: the date-time of gas reads, restated from the facts and not from firmware."""

from __future__ import annotations

from host_tools.conform.bench import Bench
from host_tools.conform.model import Evidence, Exchange, Finding, Severity, check
from host_tools.show.gas import GAS_STATE
from host_tools.show.stage import clock

STAMPED = ("GCS13a", "GCS13b", "GCS13c", "GCS14", "GCS60a")
# clock_status octets of a reliable stamp: from the GSME by way of the GPF, or own time.
RELIABLE = {"GSME": 0x04, "GPF": 0x00}


def _read_all(bench: Bench, source: str) -> Finding:
    state = {
        "device": "GPF",
        "clock": {"time": clock(bench.start), "status": "reliable"},
        "stamp": {"source": source, "time": clock(bench.start - 600), "status": "reliable"},
        "zcl": GAS_STATE,
    }
    bench.fresh(state)
    exchanges: list[Exchange] = []
    wrong: list[str] = []
    for use_case in STAMPED:
        command, response, message = bench.ask(use_case)
        octets = message.header.date_time
        good = len(octets) == 12 and octets[11] == RELIABLE[source]
        stamp = message.stamp
        good = good and stamp is not None and stamp.moment is not None
        if not good or clock(bench.start - 600) not in (stamp.text() if stamp else ""):
            wrong.append(use_case)
        exchanges.append(
            Exchange(
                command.hex().upper(),
                f"{clock(bench.start - 600)} with clock_status {RELIABLE[source]:02X}",
                f"{octets.hex().upper()} in {response.hex().upper()}",
            )
        )
    text = f"wrong stamp: {', '.join(wrong)}" if wrong else f"stamps from the {source}"
    return Finding(not wrong, text, exchanges)


@check(
    "SECMP0015-stamp-gsme",
    row="SECMP0015",
    title="A GPF passes on the time of the GSME",
    roles=("gpf",),
    source="RTDS 4.5.0, SUCCESS_RELIABLE_GSME of GCS13a, 13b, 13c, 14, 60a",
    evidence=Evidence.RTDS,
    severity=Severity.CRITICAL,
    srv="4.1.1, 4.1.2, 4.1.4, 4.3, 4.18",
    use_case=", ".join(STAMPED),
    stimulus="GPF with a stamp of the GSME, 10 minutes old; five reads of a supplier",
    expectation="header date-time is the stamp, clock_status 04",
    needs=("state",),
    since="GBCS 4.2",
)
def stamp_of_gsme(bench: Bench) -> Finding:
    """The stamp is that of the last update, from the GSME."""
    return _read_all(bench, "GSME")


@check(
    "SECMP0015-stamp-gpf",
    row="SECMP0015",
    title="A GPF stamps with its own time where the GSME gave none",
    roles=("gpf",),
    source="RTDS 4.5.0, SUCCESS_RELIABLE_GPF of GCS13a, 13b, 13c, 14, 60a",
    evidence=Evidence.RTDS,
    severity=Severity.CRITICAL,
    srv="4.1.1, 4.1.2, 4.1.4, 4.3, 4.18",
    use_case=", ".join(STAMPED),
    stimulus="GPF with a stamp of its own, 10 minutes old; five reads of a supplier",
    expectation="header date-time is the stamp, clock_status 00",
    needs=("state",),
    since="GBCS 4.2",
)
def stamp_of_gpf(bench: Bench) -> Finding:
    """The stamp is that of the last update, from the GPF."""
    return _read_all(bench, "GPF")
