# GeneralizedTime, and the executionDateTime of a command that is to be carried out later.
from smets import clock
from smets.codec import DecodeError
from smets.gbcs import der

_NEVER = b"99991231235959Z"


def moment(element) -> int:
    """UTC seconds since 2000 of a GeneralizedTime YYYYMMDDhhmmssZ; DecodeError."""
    text = element.octets()
    digits = text[:14]
    at = element.content.pos
    if element.tag != der.TIME or len(text) != 15 or text[14:] != b"Z":
        raise DecodeError(at, "GeneralizedTime")
    if not all(0x30 <= octet <= 0x39 for octet in digits):
        raise DecodeError(at, "GeneralizedTime")
    number = str(digits, "ascii")
    parts = [int(number[:4])] + [int(number[i : i + 2]) for i in range(4, 14, 2)]
    if not clock.is_valid(*parts):
        raise DecodeError(at, "no such time")
    return clock.to_seconds(*parts)


def format_moment(seconds: int) -> bytes:
    """A GeneralizedTime."""
    text = "%04d%02d%02d%02d%02d%02dZ" % clock.from_seconds(seconds)
    return der.element(der.TIME, text.encode())


def is_never(element) -> bool:
    """Whether an executionDateTime cancels what was put off."""
    return element.octets() == _NEVER


def is_later(element, own) -> bool:
    """Whether an executionDateTime puts a command off, or cancels one; DecodeError.

    One that has passed by the clock `own` puts nothing off.
    """
    if is_never(element):
        return True
    return moment(element) > own.seconds or own.status == clock.INVALID
