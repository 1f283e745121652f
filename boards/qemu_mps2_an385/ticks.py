# Counts instructions on QEMU's MPS2 board: with `-icount shift=0` one of them is one virtual
# nanosecond, and the CMSDK timer counts at 25 MHz. Cortex-M System Design Kit TRM 4.2 (APB timer).
import gc

from machine import mem32

_CTRL = 0x40000000
_VALUE = 0x40000004
_RELOAD = 0x40000008
_INSTRUCTIONS = 40  # of one tick
_ALL = 0xFFFFFFFF


def _ticks(function) -> int:
    """Ticks of one call; the heap is collected first, so that every call finds the same."""
    gc.collect()
    mem32[_CTRL] = 0
    mem32[_RELOAD] = _ALL
    mem32[_VALUE] = _ALL
    mem32[_CTRL] = 1
    began = mem32[_VALUE]
    function()
    return began - mem32[_VALUE]


def _nothing():
    pass


def measure(function) -> int:
    """Instructions of one call of `function`, without the call itself: a multiple of 40.

    Up to 171e9. The figure means nothing where QEMU runs without `-icount shift=0`.
    """
    return max(0, _ticks(function) - _ticks(_nothing)) * _INSTRUCTIONS
