# Checks what a host says: each value against its form, whole, before anything is done with it.
#
# A form is one of these:
#   (low, high)           a whole number of this range
#   ("on", "off", ...)    one of these words
#   BOOLEAN, EUI, TEXT    true or false; an EUI-64 as 16 hexadecimal digits; a text
#   ANYTHING              what is not looked at
#   [form], [form, most]  a list of such values, of up to so many
#   {"name": form}        an object of these members; with "name?" a member may be left out
#   function(value, path) raises DocumentError for what is wrong
import json
from binascii import unhexlify

from smets.compat import const
from smets.eui import parse_eui

BOOLEAN = "boolean"
EUI = "eui"
TEXT = "text"
ANYTHING = "anything"

# Characters of a value that an error repeats.
_TOLD = const(40)


class DocumentError(ValueError):
    """A value that cannot be: `path` leads to it; then what it is, and what is allowed."""

    def __init__(self, path: str, what: str):
        super().__init__(path + ": " + what)
        self.path = path


def refuse(path: str, value, allowed: str):
    """Raise the DocumentError of a value that is not what is allowed."""
    if isinstance(value, dict):
        told = "an object"
    elif isinstance(value, list):
        told = "a list"
    else:
        told = json.dumps(value)
        if len(told) > _TOLD:
            told = told[:_TOLD] + "..."
    raise DocumentError(path, "%s is not %s" % (told, allowed))


def is_whole(value) -> bool:
    """Whether a value is a number without a fraction, and not true or false."""
    return isinstance(value, int) and not isinstance(value, bool)


def check(value, form, path: str):
    """Compare a value with its form; DocumentError."""
    if isinstance(form, tuple):
        if isinstance(form[0], str):
            word_of(value, path, form)
        elif not is_whole(value) or not form[0] <= value <= form[1]:
            refuse(path, value, "a whole number from %d to %d" % form)
    elif isinstance(form, dict):
        _check_members(value, form, path)
    elif isinstance(form, list):
        _check_items(value, form, path)
    elif form == BOOLEAN:
        if not isinstance(value, bool):
            refuse(path, value, "true or false")
    elif form == EUI:
        try:
            parse_eui(value)
        except ValueError:
            refuse(path, value, "an EUI-64 of 16 hexadecimal digits")
    elif form == TEXT:
        utf8_of(value, path)
    elif form != ANYTHING:
        form(value, path)


def _check_items(value, form, path):
    rows = items_of(value, path)
    if len(form) > 1 and len(rows) > form[1]:
        raise DocumentError(path, "%d items, %d are allowed" % (len(rows), form[1]))
    for item, inner in rows:
        check(item, form[0], inner)


def _check_members(value, form, path):
    names = [name.rstrip("?") for name in form]
    for name in members_of(value, path, names):
        check(value[name], form[name] if name in form else form[name + "?"], path + "." + name)
    for name in form:
        if name[-1] != "?" and name not in value:
            raise DocumentError(path + "." + name, "missing")


def members_of(value, path: str, allowed=None):
    """The value, an object whose members are all in `allowed` where that is given."""
    if not isinstance(value, dict):
        refuse(path, value, "an object")
    for name in value:
        if allowed is not None and name not in allowed:
            raise DocumentError(path + "." + name, "unknown member")
    return value


def items_of(value, path: str) -> list:
    """(item, its path) of each item of a list."""
    if not isinstance(value, list):
        refuse(path, value, "a list")
    return [(value[index], "%s[%d]" % (path, index)) for index in range(len(value))]


def number_of(value, path: str, limit: int) -> int:
    """An id or status from 0 to `limit`: a number, or "0x0702"."""
    found = -1
    if isinstance(value, str) and value[:2] == "0x":
        digits = value[2:]
        if 0 < len(digits) <= 16 and all(char in "0123456789abcdefABCDEF" for char in digits):
            found = int(digits, 16)
    elif isinstance(value, int) and not isinstance(value, bool):
        found = value
    if not 0 <= found <= limit:
        refuse(path, value, 'a number from 0 to %d, or "0x..." of it' % limit)
    return found


def octets_of(value, path: str, count: int = -1) -> bytes:
    """Octets in hexadecimal, `count` of them where that is given."""
    made = b""
    try:
        if not isinstance(value, str):
            raise ValueError
        made = unhexlify(value)
    except ValueError:
        refuse(path, value, "octets in hexadecimal")
    if count >= 0 and len(made) != count:
        raise DocumentError(path, "%d octets, expected %d" % (len(made), count))
    return made


def utf8_of(value, path: str) -> bytes:
    """The UTF-8 octets of a text."""
    try:
        if isinstance(value, str):
            return value.encode()
    except ValueError:
        pass  # half of a surrogate pair
    return refuse(path, value, "text that UTF-8 can hold")


def word_of(value, path: str, words) -> int:
    """The index of a word in `words`."""
    if not isinstance(value, str) or value not in words:
        refuse(path, value, "one of " + ", ".join(words))
    return words.index(value)
