# The SECMP0015 stamp in the response header: when a gas value was true, who says so, how surely.
# Rows marked rtds stand in RTDS 4.5.0 bytes; the others are one reading of clock_status.
from smets import clock, cosem_time
from smets.compat import const

GSME = const(0)
GPF = const(1)
SOURCE_NAMES = ("GSME", "GPF")

# Blue Book clock_status bits: invalid value, doubtful value, different clock base.
_INVALID_VALUE = const(0x01)
_DOUBTFUL_VALUE = const(0x02)
_DIFFERENT_BASE = const(0x04)

# (own clock, status) -> clock_status. "Own" is the responder's own clock; a GPF that passes on
# the GSME's time answers from a different clock base. Evidence in the comments; rows that are
# `project-choice` follow the bits. Alternatives for GSME time that is not reliable at a GPF: it
# never occurs (the GPF falls back to its own time), or an enumeration instead of bits (02, 01).
_CLOCK_STATUS = {
    (True, clock.RELIABLE): 0x00,  # rtds, from a GPF and from a GSME
    (True, clock.UNRELIABLE): _DOUBTFUL_VALUE,  # rtds from a GSME, project-choice from a GPF
    (True, clock.INVALID): _INVALID_VALUE,  # project-choice
    (False, clock.RELIABLE): _DIFFERENT_BASE,  # rtds
    (False, clock.UNRELIABLE): _DIFFERENT_BASE | _DOUBTFUL_VALUE,  # project-choice
    (False, clock.INVALID): _DIFFERENT_BASE | _INVALID_VALUE,  # project-choice
}


class Stamp:
    """A time (UTC seconds since 2000), its source (GSME or GPF) and its status."""

    def __init__(self, source: int = GPF, seconds: int = clock.UTC_INVALID, status: int = 1):
        self.source = source
        self.seconds = seconds
        self.status = status


def clock_status(responder: int, stamp: Stamp) -> int:
    """The clock_status octet that `responder` (GSME or GPF) sends for a stamp."""
    return _CLOCK_STATUS[(responder == stamp.source, stamp.status)]


def put(writer, responder: int, stamp: Stamp):
    """Write the 12 octets of a stamp.

    project-choice: a time that is invalid is sent as "not specified" in all nine date and time
    octets, so that no invented date leaves the device. Alternative: the last known time.
    """
    octet = clock_status(responder, stamp)
    if stamp.status == clock.INVALID:
        cosem_time.put_not_specified(writer, octet)
    else:
        cosem_time.put(writer, stamp.seconds, octet)


def committed(gsme_seconds: int, gpf_clock) -> Stamp:
    """The stamp of an update that the GPF commits now; project-choice.

    `gsme_seconds` is ReadingSnapShotTime of the report, or UTC_INVALID where it had none. The
    stamp is that of the update, not of a later response (alternative: the response time, which
    would defeat the purpose); an update without GSME time replaces an earlier GSME stamp, so a
    stale GSME time never stands beside newer values. A GSME time ahead of the GPF's clock is
    passed on as it is.
    """
    if gsme_seconds != clock.UTC_INVALID:
        return Stamp(GSME, gsme_seconds, clock.RELIABLE)
    if gpf_clock.status == clock.INVALID:
        return Stamp(GPF, clock.UTC_INVALID, clock.INVALID)
    return Stamp(GPF, gpf_clock.seconds, gpf_clock.status)
