# What differs between CPython and MicroPython, in one place.
# Boards freeze this file; mpy-cross still folds `const` wherever it is imported by that name.
import gc

try:
    from micropython import const  # noqa: F401  # pyright: ignore[reportAssignmentType]
except ImportError:

    def const(value):
        """Compile-time constant on MicroPython; the value itself on CPython."""
        return value


# CPython's str.strip() and isspace() also know blanks of Unicode: a line of those is no empty one.
BLANKS = " \t\n\r\v\f"


def uncollected(work, *args):
    """Return work(*args), done without garbage collections until the heap is full.

    For arithmetic, which leaves much garbage and nothing that lasts: main.py's threshold, which
    keeps lasting objects together, would collect in the midst of it time and again. The threshold
    is back afterwards, also after an exception.
    """
    before = put_off()
    try:
        return work(*args)
    finally:
        put_back(before)


def put_off():
    """Let no garbage be collected until the heap is full; what `put_back` takes afterwards.

    For a loop in place of `uncollected`, where a Pico's stack has no room for a function more.
    """
    threshold = getattr(gc, "threshold", None)
    if threshold is None:  # CPython
        return None
    before = threshold()
    threshold(-1)
    return before


def put_back(before):
    """Collect garbage as before `put_off`."""
    if before is not None:
        gc.threshold(before)  # pyright: ignore[reportAttributeAccessIssue]
