# Use cases: the content that each message code permits, and the protection of its answer.
# A row is (message code, name, targets, flags, body); the rows stand in table_*.py.
#
# targets  words of a device letter and role letters: "PSN GS" is GPF for supplier and network
#          operator, GSME for the supplier alone. With b the broker may carry the command for a
#          party that it names and that has one of the roles; it signs what is to be signed.
# flags    c critical (signed command and response), o the command has no MAC, s only the response
#          is signed, v the command has a MAC or a signature and its answer the same, r protected
#          against replay, k its originator counter is that of a token, u an update, d the response
#          header carries the device time with clock_status FF, t it carries the SECMP0015 stamp.
# body     what the payload may hold: GBZ components (see gbz.py), DLMS elements (see access.py),
#          or "@" and the function of a use case in ASN.1 (see asn1.py).
from smets.compat import const

# Device letters in `targets`.
ESME = "E"
GSME = "G"
GPF = "P"
CHF = "H"
PPMID = "D"
HCALCS = "L"
SAPC = "C"

# Role names of KEYS.json to the letters in `targets`.
ROLES = {
    "supplier": "S",
    "network_operator": "N",
    "access_control_broker": "B",
    "load_controller": "L",
    "transitional_cos": "T",
    "recovery": "R",
    "wan_provider": "W",
    "root": "",
    "issuing_authority": "",
    "other": "",
    "ppmid": "I",
    "unknown": "?",
}

_CODE = const(0)
_NAME = const(1)
_TARGETS = const(2)
_FLAGS = const(3)
_BODY = const(4)


class UseCase:
    """One row, opened."""

    def __init__(self, row, roles: str):
        self.code = row[_CODE]
        self.name = row[_NAME]
        self.roles = roles
        flags = row[_FLAGS]
        self.critical = "c" in flags
        self.variant = "v" in flags
        self.only_signed = "o" in flags
        self.signed_response = "c" in flags or "s" in flags
        self.replay_protected = "r" in flags
        self.update = "u" in flags
        self.token = "k" in flags
        self.dated = "d" in flags
        self.stamped = "t" in flags
        self.body = row[_BODY]
        self.asn1 = self.body[0] == "@"
        self.dlms = self.body[0] in "glsap"  # an element letter of access.py; else GBZ


def find(tables, code: int, device: str):
    """The use case of a message code for one device letter, or None."""
    for rows in tables:
        found = _find(rows, code, device)
        if found:
            return found
    # Use cases in ASN.1 are rare and in a table of their own, which is loaded when first needed.
    from smets.gbcs import table_asn1

    return _find(table_asn1.ROWS, code, device)


def _find(rows, code, device):
    for row in rows:
        if row[_CODE] == code:
            for word in row[_TARGETS].split():
                if word[0] == device:
                    return UseCase(row, word[1:])
    return None
