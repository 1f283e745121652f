# What differs between CPython and MicroPython, in one place.
# Boards freeze this file; mpy-cross still folds `const` wherever it is imported by that name.
try:
    from micropython import const  # noqa: F401  # pyright: ignore[reportAssignmentType]
except ImportError:

    def const(value):
        """Compile-time constant on MicroPython; the value itself on CPython."""
        return value


# CPython's str.strip() and isspace() also know blanks of Unicode: a line of those is no empty one.
BLANKS = " \t\n\r\v\f"
