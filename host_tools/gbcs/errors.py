"""The one error the decoder raises for octets that are not a well-formed message."""


class DecodeError(Exception):
    """A message is malformed: what is wrong, and at which octet.

    `offset` counts from the first octet of the message, or of the named `space`
    (for example the plaintext of a decrypted component).
    """

    def __init__(self, offset: int, what: str, space: str = "") -> None:
        self.offset = offset
        self.what = what
        self.space = space
        where = f"offset 0x{offset:02X} ({offset})"
        super().__init__(f"{where} of {space}: {what}" if space else f"{where}: {what}")
