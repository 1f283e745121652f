# DLMS Access-Request (D9) and Access-Response (DA): get, set, action, get-with-selection.
# A use case body is a list of elements: g get, l selective get of a log, s set, a action, p
# protected read; class/OBIS/attribute; ":TT" the A-XDR tag it takes, ">..." what may be read.
from smets.codec import DecodeError, Reader, Writer
from smets.compat import const
from smets.dlms import axdr, objects, protected
from smets.parts import Parts
from smets.ports.store_error import StoreError

_REQUEST = const(0xD9)
_RESPONSE = const(0xDA)

_GET = const(1)
_SET = const(2)
_ACTION = const(3)
_SELECTIVE = const(4)

# The choice of an element letter, and the choice that its result carries.
_CHOICES = {"g": _GET, "l": _SELECTIVE, "s": _SET, "a": _ACTION, "p": _ACTION}
_RESULT_CHOICE = {_GET: 1, _SET: 2, _ACTION: 3, _SELECTIVE: 1}

# What a choice changes, as operations of the model.
_CHANGES = {_SET: objects.SET, _ACTION: objects.ACTION}

# Processing option of the long-invoke-id: break at the first error.
_BREAK_ON_ERROR = const(0x20)

_DEVICE_LOG = b"\x00\x68"  # class 104
_NULL = b"\x00"


class NotPermitted(Exception):
    """The payload asks for something that its use case does not hold."""


class Element:
    """One request specification with its data."""

    def __init__(self, choice: int, key: bytes, selection):
        self.choice = choice
        self.key = key
        self.selection = selection  # (from, to), or None
        self.data = None
        self.wanted = None  # protected objects


class Request:
    """A parsed Access-Request."""

    def __init__(self, invoke_id: bytes, elements: list):
        self.invoke_id = invoke_id
        self.elements = elements


def parse(payload) -> Request:
    """Parse an Access-Request; DecodeError names the offset and what is wrong."""
    reader = Reader(payload)
    reader.expect(_REQUEST, "Access-Request")
    invoke_id = bytes(reader.view(4, "long-invoke-id"))
    reader.expect(0, "date-time")
    at = reader.pos
    count = reader.length("specification count")
    if not count:
        raise DecodeError(at, "no specification")
    elements = []
    for _ in range(count):
        elements.append(_specification(reader))
    at = reader.pos
    if reader.length("data count") != count:
        raise DecodeError(at, "data count differs from the specification count")
    for element in elements:
        at = reader.pos
        axdr.skip(reader)
        element.data = reader.data[at : reader.pos]
        if element.choice in (_GET, _SELECTIVE) and len(element.data) != 1:
            raise DecodeError(at, "data for a get")
    reader.finish("Access-Request")
    return Request(invoke_id, elements)


def _specification(reader) -> Element:
    at = reader.pos
    choice = reader.u8("specification")
    if not _GET <= choice <= _SELECTIVE:
        raise DecodeError(at, "specification %02X" % choice)
    key = bytes(reader.view(9, "attribute"))
    if choice != _SELECTIVE:
        return Element(choice, key, None)
    reader.expect(1, "access selector")
    at = reader.pos
    axdr.skip(reader)
    try:
        selection = objects.parse_range(reader.data[at : reader.pos])
    except DecodeError as error:
        raise DecodeError(at + error.offset, error.what)
    return Element(choice, key, selection)


def _permit(body: str, elements, session):
    """Check each element against the body; NotPermitted names the first that is not in it."""
    rows = {}
    for word in body.split():
        text, _, inner = word.partition(">")
        at = text.rfind(":")
        tag = "" if at < text.rfind("/") else text[at + 1 :]
        text = text[1:at] if tag else text[1:]
        rows[(_CHOICES[word[0]], objects.key(text))] = (tag, inner)
    for element in elements:
        row = rows.get((element.choice, element.key))
        if row is None:
            raise NotPermitted(objects.describe(element.key))
        tag, inner = row
        if tag and objects.unmatched(element.data, int(tag, 16)):
            element.wanted = objects.TYPE_UNMATCHED
        if inner:
            allowed = [objects.key(text) for text in inner.split(",")]
            element.wanted = protected.parse(element.data, session)
            for item in element.wanted:
                if item.key not in allowed:
                    raise NotPermitted(objects.describe(item.key))


def prepare(payload, use_case, session) -> Request:
    """Parse an Access-Request and check it against its use case; DecodeError, NotPermitted.

    `session` says who asks (see protected.py).
    """
    request = parse(payload)
    _permit(use_case.body, request.elements, session)
    return request


def execute(request: Request, model, session) -> Parts:
    """Carry out what `prepare` returned on `model`, the device's Objects.

    What is set is kept before this returns; what cannot be kept is answered as failed.
    Returns the Access-Response as a stream.
    """
    try:
        pieces = _pieces(request, model, session)
    finally:
        if model.settings is not None:
            model.settings.rollback()  # nothing is left, unless this ends in an exception
    parts = Parts()
    head = Writer(12)
    head.u8(_RESPONSE)
    head.put(request.invoke_id)
    head.put(b"\x00\x00")
    head.length(len(request.elements))
    parts.add(bytes(head.view()))
    results = Writer(2 * len(request.elements) + 4)
    results.length(len(request.elements))
    for element, piece in zip(request.elements, pieces):
        results.u8(_RESULT_CHOICE[element.choice])
        if isinstance(piece, int):
            parts.add(_NULL)
            results.u8(piece)
            if piece != objects.SUCCESS and session:
                session.failed = True
        else:
            parts.add(piece)
            results.u8(objects.SUCCESS)
    parts.add(bytes(results.view()))
    return parts


def _pieces(request, model, session) -> list:
    """What answers each element: a piece, or a result code."""
    break_on_error = request.invoke_id[0] & _BREAK_ON_ERROR
    settings = model.settings
    pieces = []
    first = -1  # of the elements that wait to be kept
    mark = 0  # of the store, before them
    failed = False
    for element in request.elements:
        # What a feature does is done at once: what was set before it is kept first.
        operation = _CHANGES.get(element.choice) if settings else None
        if first >= 0 and operation and model.acts_at_once(element.key, operation):
            failed = failed or not _keep(settings, pieces, first, mark)
            first = -1
        begun = first < 0 and operation
        if begun and settings.store:
            mark = settings.store.begin()
        piece = objects.OTHER_REASON if failed else _carry_out(element, model, session)
        pieces.append(piece)
        if begun:
            if settings.waiting:
                first = len(pieces) - 1
            elif not _keep(settings, pieces, len(pieces) - 1, mark):
                failed = True
        if isinstance(piece, int) and piece != objects.SUCCESS and break_on_error:
            failed = True
    if first >= 0:
        _keep(settings, pieces, first, mark)
    return pieces


def _keep(settings, pieces, first, mark) -> bool:
    """Keep what was set. Where that fails the first element gets the failure, and what features
    did with these elements is given up.
    """
    store = settings.store
    try:
        settings.commit()
        if store:
            store.commit()
    except StoreError:
        if store:
            store.rollback(mark)
        pieces[first:] = [objects.HARDWARE_FAULT] + [objects.OTHER_REASON] * (
            len(pieces) - first - 1
        )
        return False
    return True


def _without_argument(element) -> bool:
    """Null; of a Device Log also the integer 0 of GBCS 3.1 (CCS07)."""
    return len(element.data) == 1 or (
        bytes(element.key[:2]) == _DEVICE_LOG and bytes(element.data) == b"\x0f\x00"
    )


def _carry_out(element, model, session):
    """A piece of the answer, or a result code."""
    if isinstance(element.wanted, int):
        return element.wanted
    if element.wanted is not None:
        fault = model.faults.get((objects.ACTION, element.key))
        return fault if fault is not None else protected.read(element.wanted, model, session)
    if element.choice == _SET:
        return model.set(element.key, element.data)
    if element.choice == _ACTION:
        result = model.invoke(element.key, element.data)
        if result == objects.SUCCESS and _without_argument(element):
            # A method without an argument gives what it returns, or the state holds (CCS07).
            return model.returned(element.key, result)
        return result
    start, end = element.selection or (-1, -1)
    return model.get(element.key, start, end)
