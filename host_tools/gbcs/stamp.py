"""The SECMP0015 time stamp in the grouping header of a Response, read by its decision table.

Names are those of the MMC 5.1 schema's `Timestamp`: `isFromGSME`, `ClockStatus`. The same clock
status means another source in a GPF's answer than in a GSME's, so the device type is needed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from host_tools.gbcs import times
from host_tools.gbcs.tree import Json

INVALID, DOUBTFUL, OTHER_CLOCK = 0x01, 0x02, 0x04
RESERVED = 0xF8
NOT_SPECIFIED = 0xFF


@dataclass(frozen=True)
class Stamp:
    """`is_from_gsme` is None while the device type is unknown, `clock_status` None if unspecified.

    `malformed` says what is wrong with the clock status octet, which then counts as invalid, or
    with the date and time, of which there then is no instant.
    """

    octets: bytes
    responder: str | None
    is_from_gsme: bool | None
    clock_status: str | None
    moment: datetime | None
    malformed: str = ""
    remark: str = ""

    @property
    def status_octet(self) -> int:
        """The clock_status octet."""
        return self.octets[11]

    @property
    def source(self) -> str:
        """GSME, GPF or unknown."""
        return {True: "GSME", False: "GPF", None: "unknown"}[self.is_from_gsme]

    def to_json(self) -> dict[str, Json]:
        """The stamp in JSON values; `time` is null when the date-time has no instant."""
        return {
            "isFromGSME": self.is_from_gsme,
            "ClockStatus": self.clock_status,
            "source": self.source if self.clock_status else None,
            "time": times.iso(self.moment) if self.moment else None,
            "octets": self.octets.hex().upper(),
            "responder": self.responder,
            "malformed": self.malformed or None,
            "remark": self.remark or None,
        }

    def text(self) -> str:
        """For people, on one line."""
        when = times.iso(self.moment) if self.moment else "no time"
        if self.clock_status is None:
            shown = f"{when}, without a status"
            return f"{shown} ({self.malformed})" if self.malformed else shown
        flag = {True: "true", False: "false", None: "?"}[self.is_from_gsme]
        shown = f'{when} isFromGSME="{flag}" ClockStatus="{self.clock_status}"'
        notes = [note for note in (self.malformed, self.remark) if note]
        return f"{shown} ({'; '.join(notes)})" if notes else shown


def read_stamp(octets: bytes, responder: str | None) -> Stamp | None:
    """Read the header date-time of a Response; None where there is none (no stamp).

    `responder` is the type of the device that answered ("GPF", "GSME"), None if not known.
    Raises ValueError for octets that are not 12.
    """
    if not octets:
        return None
    value = times.cosem_date_time(octets)
    status = value.status
    impossible = f"date-time malformed: {value.problem}" if value.problem else ""
    if status == NOT_SPECIFIED:
        return Stamp(octets, responder, None, None, value.moment, impossible)
    faults: list[str] = []
    if status & RESERVED:
        bits = ", ".join(str(bit) for bit in range(3, 8) if status >> bit & 1)
        faults.append(f"bit {bits} set" if len(bits) == 1 else f"bits {bits} set")
    if status & INVALID and status & DOUBTFUL:
        faults.append("invalid and doubtful both set")
    source = _source(responder, status)
    remark = ""
    if responder == "GSME" and status & OTHER_CLOCK:
        remark = "a GSME has no other clock, yet bit 2 is set"
    elif source is None:
        remark = "source not known without the device type (GPF or GSME)"
    malformed = f"clock status 0x{status:02X} malformed: {', '.join(faults)}" if faults else ""
    malformed = "; ".join(text for text in (impossible, malformed) if text)
    if faults or impossible or status & INVALID:
        word = "invalid"
    else:
        word = "unreliable" if status & DOUBTFUL else "reliable"
    return Stamp(octets, responder, source, word, value.moment, malformed, remark)


def _source(responder: str | None, status: int) -> bool | None:
    # With bit 2 the time is the GSME's in either case: a GPF says so, a GSME has no other.
    if responder == "GSME" or status & OTHER_CLOCK:
        return True
    return False if responder == "GPF" else None
