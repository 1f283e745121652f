# What differs between CPython and MicroPython, in one place.
# Boards freeze this file; mpy-cross still folds `const` wherever it is imported by that name.
try:
    from micropython import const  # noqa: F401  # pyright: ignore[reportAssignmentType]
except ImportError:

    def const(value):
        """Compile-time constant on MicroPython; the value itself on CPython."""
        return value
