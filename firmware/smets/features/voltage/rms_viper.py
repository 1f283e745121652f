# The block loop of rms.py as machine code; only MicroPython with a viper emitter can load it.
# ruff: noqa: F821
# pyright: reportUndefinedVariable=false, reportInvalidTypeForm=false, reportIndexIssue=false
import micropython


@micropython.viper  # pyright: ignore
def fold(codes, start: int, stride: int, count: int, out):
    """As rms.fold_python; `codes` and `out` are arrays of H and i. Sums stay below 2**30."""
    code = ptr16(codes)
    result = ptr32(out)
    total = 0
    squares = 0
    end = start + count * stride
    while start < end:
        x = (code[start] & 0xFFF) - 2048
        total += x
        squares += x * x
        start += stride
    result[0] = total
    result[1] = squares
