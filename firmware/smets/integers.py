# Integer arithmetic that MicroPython lacks.


def isqrt(value: int) -> int:
    """Largest integer whose square is not above `value`, which is 0 or more."""
    if value == 0:
        return 0
    guess = 1
    rest = value
    while rest:
        rest >>= 2
        guess <<= 1
    while True:
        better = (guess + value // guess) >> 1
        if better >= guess:
            return guess
        guess = better
