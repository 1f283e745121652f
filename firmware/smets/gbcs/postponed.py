# Replacements of credentials that are to be carried out later (CS02b, CS02g): kept until their
# time. An alert tells who sent one when it has come (GBCS: message code 00CB or 0124).
from smets import clock, record
from smets.codec import DecodeError
from smets.gbcs import credentials, der, use_cases
from smets.gbcs.times import format_moment, is_later, is_never, moment
from smets.ports.store_error import StoreError

PREFIX = "later-"

# One of each use case: a second one takes the place of the first.
_RECORD = record.Table(
    "later",
    (
        ("when", record.U32, 0),
        ("originator", record.octets(8), bytes(8)),
        ("counter", record.U64, 0),
        ("payload", record.up_to(0xFFFF), b""),
    ),
    "that replacement is not carried out, and no alert tells of it",
)
# Alerts that tell that it was carried out, and that it was not; where an event log is kept they
# are in it, too.
_DONE = 0x8F66
_FAILED = 0x8F67
_CREDENTIALS = 0x00CB
_LOAD_CONTROLLER = 0x0124
_CS02G = (0x0125, 0x0126)


def _name(code: int) -> str:
    return PREFIX + "%04x" % code


def _restore(device):
    """Take up what is kept."""
    device.later = {}
    for name in device.store.names() if device.store else ():
        if name.startswith(PREFIX):
            try:
                device.later[int(name[len(PREFIX) :], 16)] = _RECORD.read(device.store, name)
            except (StoreError, ValueError):
                pass  # it was reported, or is no name of this module
    _note(device)


def _note(device):
    device.due = min([values[0] for values in device.later.values()] + [clock.UTC_INVALID])


def _take_back(before):
    device, device.later = before
    _note(device)


def replace(call):
    """CS02b, CS02g: now, or at the time that the command names (credentials.py)."""
    when, act = credentials.replacing(call)
    if when is None or not is_later(when, call.device.clock):
        return act
    when = None if is_never(when) else moment(when)
    return lambda: _take(call, when)


def _take(call, when):
    """Keep a command until UTC `when`, in the place of what was kept; None cancels that.

    StoreError, and nothing has changed.
    """
    device = call.device
    if device.due is None:
        _restore(device)
    if device.store:
        device.store.undo(_take_back, (device, dict(device.later)))
    if when is None:
        if device.store:
            device.store.delete(_name(call.code))
        device.later.pop(call.code, None)
    else:
        values = (when, call.party.id, call.counter, bytes(call.payload))
        if device.store:
            _RECORD.write(device.store, values, _name(call.code))
        device.later[call.code] = values
    _note(device)
    return der.sequence(der.element(der.NULL))


def carry_out(device, keys):
    """Carry out what is due by the device's clock, in the order of its times."""
    if device.due is None:
        _restore(device)
    if device.clock.status == clock.INVALID:
        return
    for when, code in sorted([(device.later[code][0], code) for code in device.later]):
        if when > device.clock.seconds or not _one(device, keys, code, device.later[code]):
            break
    _note(device)


class _Call:
    """A command that was kept, as asn1.Call has one that has come."""

    def __init__(self, code, values, device, keys):
        self.code = code
        _, originator, self.counter, self.payload = values
        # The party that sent it may have been removed since: then it fails.
        self.party = keys.find(originator, use_cases.ROLES[credentials.authoriser(code)])
        self.device = device
        self.keys = keys
        self.told = (b"", False)


def _one(device, keys, code, values) -> bool:
    """Whether it is done, well or not; False where the store fails: it is tried again."""
    store = device.store
    mark = store.begin() if store else 0
    body = None
    good = False
    try:
        try:
            call = _Call(code, values, device, keys)
            credentials.replacing(call)[1]()
            body, good = call.told
        except DecodeError:
            pass  # older firmware took it
        if store:
            store.delete(_name(code))
            store.commit()
    except StoreError:
        if store:
            store.rollback(mark)
        return False
    del device.later[code]
    if body is not None:
        when, originator = values[:2]
        alert = _DONE if good else _FAILED
        told = der.sequence(der.integer(alert), format_moment(when), body)
        message = _LOAD_CONTROLLER if code in _CS02G else _CREDENTIALS
        device.alert(alert, when, originator, message, told)
        account = device.feature("prepayment")
        if account and account.meter:
            account.meter.log(when, alert, code.to_bytes(2, "big"))
    return True
