# Numbers and states as a person reads them. Integers only: thousandths of kWh, m3 and pence.
# Each number is rounded once, half away from zero.

UNKNOWN = "--"


def fixed(value: int, decimals: int, scale: int = 3) -> str:
    """`value` * 10**-scale with `decimals` (0 to scale) digits after the point."""
    sign = "-" if value < 0 else ""
    drop = 10 ** (scale - decimals)
    value = (abs(value) + drop // 2) // drop
    if not value:
        sign = ""
    if not decimals:
        return sign + str(value)
    unit = 10**decimals
    return "%s%d.%0*d" % (sign, value // unit, decimals, value % unit)


def quantity(value) -> str:
    """Thousandths of a unit with the digits that matter: 0.84, 12.3, 345, 500k; "--" for None."""
    if value is None:
        return UNKNOWN
    size = abs(value)
    if size >= 100000000:
        return fixed(value, 0, 6) + "k"
    return fixed(value, 2 if size < 9995 else 1 if size < 99950 else 0)


def register(value) -> str:
    """A meter reading, thousandths of its unit, whole units as on the meter's face."""
    return UNKNOWN if value is None else str(value // 1000)


def pounds(value) -> str:
    """Thousandths of pence as "£12.34", without pence from £10,000 on; "--" for None."""
    if value is None:
        return UNKNOWN
    size = abs(value)
    if size < 1000000000:
        text = fixed(value, 2, 5)
    elif size < 10000000000:
        text = fixed(value, 0, 5)
    elif size < 10000000000000:
        text = fixed(value, 0, 8) + "k"
    else:
        text = fixed(value, 0, 11) + "M"
    return "-£" + text[1:] if text[0] == "-" else "£" + text


def pence(value, decimals: int = 2) -> str:
    """A price in thousandths of pence: "28.62p", from a pound on "£1.20"; "--" for None."""
    if value is None:
        return UNKNOWN
    if abs(value) >= 100000:
        return pounds(value)
    return fixed(value, decimals) + "p"


def message(octets: bytes) -> str:
    """The text of a supplier's message: UTF-8, else ISO 8859-1; without control characters."""
    try:
        text = octets.decode()
    except UnicodeError:
        text = "".join([chr(octet) for octet in octets])
    return "".join([char for char in text if char >= " " or char == "\n"]).strip()
