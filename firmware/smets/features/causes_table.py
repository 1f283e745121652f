# The causes that a bench may name, and the code of each; loaded when one is named.
from binascii import unhexlify

from smets import clock, cosem_time
from smets.codec import Writer
from smets.compat import const
from smets.document import TEXT, DocumentError, check
from smets.features import codes

# A cause and its code; "!" is unauthorised physical access.
_CAUSES = """
battery-cover-closed 81A1
connect-failure 81BD
disconnect-failure 81C0
firmware-check-failed 8F1B
firmware-received 8F72
integrity-warning 81A0
local-port 81A5
magnetic-field 8F75!
magnetic-field-removed 81BC
measurement-fault 81AC
memory-fault 81AE
message-acknowledged 81A6
meter-cover-closed 81B9
meter-cover-removed 8F74!
metrology-check-failed 81AD
no-authority 8F30
outage 8F35
physical-access 8F3F!
polarity 81B8
program-fault 81AF
program-storage-fault 81B0
ram-fault 81B1
reverse-current 81BB
second-terminal-cover-removed 8F77!
tamper 8F78!
terminal-cover-closed 81C1
terminal-cover-removed 8F76!
unexpected-reset 81B2
watchdog 81B3
"""
_LONG = const(180)  # seconds from which on an outage has a code of its own
_HASH = const(32)
_SECONDS = (0, 0x7FFFFFFF)


def _members(name) -> dict:
    members: dict = {"name": TEXT}
    if name == "outage":
        members.update({"seconds": _SECONDS, "ago?": _SECONDS, "phase?": (1, 3)})
    elif name == "firmware-received":
        members["hash"] = TEXT
    elif name == "integrity-warning":
        members["detail"] = (0, 0xFFFF)
    return members


def check_cause(value, path: str):
    """Check {"name": a cause}; DocumentError.

    An outage has "seconds", "phase" and how long "ago" it ended, a firmware image its "hash" (64
    hexadecimal digits), an integrity warning a "detail".
    """
    name = value.get("name") if isinstance(value, dict) else None
    check(value, _members(name), path)
    if "\n%s " % name not in _CAUSES or " " in str(name):
        known = ", ".join([line.split()[0] for line in _CAUSES.split("\n") if line])
        raise DocumentError(path + ".name", "not of the causes here: " + known)
    if name == "firmware-received":
        try:
            good = len(unhexlify(value["hash"])) == _HASH
        except ValueError:
            good = False
        if not good:
            raise DocumentError(path + ".hash", "not the 64 hexadecimal digits of a SHA-256")


def outage(description: dict, own) -> tuple:
    """When an outage began and ended, UTC seconds; 0 where the clock is invalid."""
    if own.status == clock.INVALID:
        return 0, 0
    restored = max(own.seconds - description.get("ago", 0), 0)
    return max(restored - description["seconds"], 0), restored


def of(description: dict, own) -> tuple:
    """(code, body as alarms.happened has it, whether it is unauthorised access)."""
    name = description["name"]
    at = _CAUSES.find("\n" + name + " ") + len(name) + 2
    code = int(_CAUSES[at : at + 4], 16)
    now = 0 if own.status == clock.INVALID else own.seconds
    body = None
    if name == "outage":
        code = codes.OUTAGE + 2 * description.get("phase", 0)
        code += int(description["seconds"] >= _LONG)
        began, restored = outage(description, own)
        body = (codes.OUTAGE_ALERT, structure(code, now, time(began), time(restored)))
    elif name == "firmware-received":
        image = b"\x09\x20" + unhexlify(description["hash"])
        body = (
            codes.RECEIVED_ALERT,
            structure(code, now, image),
        )
    elif name == "integrity-warning":
        detail = b"\x09\x02" + description["detail"].to_bytes(2, "big")
        body = (codes.WARNING_ALERT, structure(code, now, detail))
    return code, body, _CAUSES[at + 4] == "!"


def time(seconds: int) -> bytes:
    """A date-time of UTC seconds in A-XDR."""
    writer = Writer(cosem_time.SIZE)
    cosem_time.put(writer, seconds, cosem_time.STATUS_NOT_SPECIFIED)
    return b"\x09\x0c" + bytes(writer.view())


def structure(code: int, when: int, *items) -> bytes:
    """The structure of an alert: code, UTC time, further items in A-XDR."""
    head = bytes((2, 2 + len(items), 0x12)) + code.to_bytes(2, "big")
    return head + time(when) + b"".join(items)
