# The EUI-64 that names a device: 8 octets, written as 16 hexadecimal digits.


def parse_eui(text: str) -> bytes:
    """The 8 octets of 16 hexadecimal digits; ValueError for anything else."""
    try:
        if isinstance(text, str) and len(text) == 16:
            octets = bytes.fromhex(text)
            if len(octets) == 8:
                return octets
    except ValueError:
        pass
    raise ValueError("an EUI-64 has 16 hexadecimal digits")
