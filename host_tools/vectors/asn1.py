"""ASN.1 vectors: payloads of commands and of what answers them, for each use case of its own.

A state does not hold what these rest on, so an error comes from another command.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from cryptography.hazmat.primitives.asymmetric import ec

from host_tools.gbcs import der
from host_tools.gbcs.build_asn1 import KEY_USAGES
from host_tools.keys import BROKER
from host_tools.testkeys import make_home
from host_tools.vectors.certificates import AUTHORITY, issue, key_identifier
from host_tools.vectors.home import PARTIES, SEED, home
from host_tools.vectors.messages import Exchange
from host_tools.vectors.values import CLOCK

__all__ = ["PAYLOADS", "Payloads"]

# (command, response, whether the response carries a date-time)
Payload = tuple[bytes, bytes, bool]
# Of success and of error; None where a device that starts from a state cannot give one.
Payloads = tuple["Payload | None", "Payload | None"]

_OTHER = bytes.fromhex("02534D45545300B0")  # a device that joins
_NEW = "02534D4554530E77"  # a party that takes over
_INTEGER, _BIT_STRING, _OCTET_STRING, _NULL, _ENUMERATED, _TIME = 2, 3, 4, 5, 10, 24
_ROLE_NUMBERS = {
    "supplier": 2,
    "network_operator": 3,
    BROKER: 4,
    "transitional_cos": 5,
    "load_controller": 8,
}
_SIGNING, _AGREEING = "digitalSignature", "keyAgreement"
_ANCHOR_NOT_FOUND, _BAD_CERTIFICATE = 25, 5


def _element(tag: int, *parts: bytes) -> bytes:
    """An element; in GBCS a length above 127 is 82 xx xx."""
    content = b"".join(parts)
    if len(content) < 0x80:
        return der.encode(tag, content)
    return bytes([tag, 0x82]) + len(content).to_bytes(2, "big") + content


def _sequence(*parts: bytes) -> bytes:
    return _element(0x30, *parts)


def _integer(value: int, tag: int = _INTEGER) -> bytes:
    return _element(tag, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def _octets(raw: bytes) -> bytes:
    return _element(_OCTET_STRING, raw)


def _time(moment: datetime) -> bytes:
    return _element(_TIME, moment.strftime("%Y%m%d%H%M%SZ").encode())


def _usage(name: str) -> bytes:
    return _element(_BIT_STRING, KEY_USAGES[name].to_bytes(2, "big"))


_ACCEPTED = _element(_NULL)


def _clock(_: Exchange) -> Payloads:
    hour = timedelta(hours=1)
    inside = _sequence(_time(CLOCK - hour), _time(CLOCK + hour))
    outside = _sequence(_time(CLOCK + hour), _time(CLOCK + 2 * hour))
    taken = _sequence(_time(CLOCK - hour), _integer(0))
    unreliable = _sequence(_time(CLOCK), _integer(2))
    return (inside, taken, False), (outside, unreliable, False)


def _join(exchange: Exchange) -> Payloads:
    method = {"CS03A1": 0, "CS03B": 2, "CS03C": 3}[exchange.use_case.id]
    more: tuple[bytes, ...] = ()
    if method == 3:
        keys = make_home((("PPMID", _OTHER.hex()),), SEED).parties().devices[0]
        more = (issue(_OTHER, "00", _AGREEING, keys.ka_public, _authority()),)

    def asked(number: int) -> bytes:
        return _sequence(_integer(number), _octets(_OTHER), _integer(5), *more)

    wrong_method = _integer(2)
    return (asked(method), _integer(0), False), (asked(9), wrong_method, False)


def _unjoin(_: Exchange) -> Payloads:
    return (_octets(_OTHER), _integer(0), False), None


def _join_details(_: Exchange) -> Payloads:
    return None, (_ACCEPTED, _sequence(_integer(1)), False)


def _restore(_: Exchange) -> Payloads:
    def entries(count: int) -> list[bytes]:
        ids = (_OTHER[:7] + bytes([index]) for index in range(count))
        return [_sequence(_octets(identifier), _integer(5)) for identifier in ids]

    def both(count: int) -> Payload:
        listed = entries(count)
        outcomes = [
            _sequence(entry, _integer(0 if index < 16 else 4))
            for index, entry in enumerate(listed)
        ]
        return _sequence(*listed), _sequence(*outcomes), False

    return both(2), both(17)


def _failing(code: int, request: bytes) -> Payloads:
    return None, (request, _integer(code), False)


def _request_certificate(_: Exchange) -> Payloads:
    return _failing(3, _sequence(_usage(_SIGNING)))


def _read_certificate(_: Exchange) -> Payloads:
    return _failing(3, _sequence(_usage(_AGREEING)))


def _take_certificate(exchange: Exchange) -> Payloads:
    key = home().signing[exchange.device_id.hex().upper()].public_key()
    certificate = issue(exchange.device_id, "00", _SIGNING, key, _authority())
    return _failing(4, certificate)


def _activate(exchange: Exchange) -> Payloads:
    image = (_octets(bytes(32)), _integer(exchange.counter))
    later = _sequence(*image, _time(CLOCK + timedelta(days=30)))
    no_image = _sequence(_integer(1), _octets(bytes(4)))
    return (later, _ACCEPTED, True), (_sequence(*image), no_image, True)


def _cell(role: int, usage: str) -> bytes:
    return _integer(role) + _usage(usage)


def _provide(exchange: Exchange) -> Payloads:
    usage = _AGREEING if exchange.asker == BROKER else _SIGNING
    cell = _sequence(_cell(_ROLE_NUMBERS[exchange.asker], usage))

    def details(role: str) -> bytes:
        party = home().parties().party(role)
        cells: list[bytes] = []
        for usage, key in ((_SIGNING, party.signing_key), (_AGREEING, party.agreement_key)):
            identifier = key_identifier(key.public_key())
            cells.append(_sequence(_usage(usage), _octets(party.id), _octets(identifier)))
        found = _integer(0, _ENUMERATED)
        return _sequence(_integer(_ROLE_NUMBERS[role]), found, _integer(0), _sequence(*cells))

    def asked(*roles: int) -> bytes:
        return _sequence(cell, _sequence(*map(_integer, roles)))

    missing = _sequence(_integer(1), _integer(_ANCHOR_NOT_FOUND, _ENUMERATED))
    held = "network_operator"
    return (
        (asked(_ROLE_NUMBERS[held]), _sequence(details(held)), False),
        (asked(1), _sequence(missing), False),
    )


def _authority() -> ec.EllipticCurvePrivateKey:
    return make_home((), SEED, (("root", AUTHORITY.hex()),)).parties().parties[0].signing_key


def _replace(exchange: Exchange) -> Payloads:
    mode, who = _REPLACED[exchange.use_case.id]
    role = _ROLE_NUMBERS[who]
    broker = exchange.originator == BROKER
    usage = _AGREEING if broker else _SIGNING
    held = home().parties().party(who)
    new_id = PARTIES[BROKER] if broker else _NEW
    new = make_home((), SEED + " new", ((who, new_id),)).parties().parties[0]
    old_key, new_key = (
        (party.agreement_key if broker else party.signing_key).public_key()
        for party in (held, new)
    )
    authority = _authority()
    path = issue(AUTHORITY, "07", "keyCertSign", authority.public_key(), authority)
    forger = new.agreement_key if broker else new.signing_key
    control = _integer(mode)
    if not broker:
        own = _ROLE_NUMBERS[exchange.originator]
        control += _element(0xA2, _cell(own, _SIGNING))
    floor = exchange.counter + 77  # a floor never goes back
    control += _integer(exchange.counter, 0x83) + _integer(floor, 0x84)
    existing = (held.id, key_identifier(old_key))
    replacing = (new.id, key_identifier(new_key))

    def both(issuer: ec.EllipticCurvePrivateKey, status: int) -> Payload:
        made = issue(new.id, f"{role:02X}", usage, new_key, issuer)
        replacement = _sequence(made, _sequence(_cell(role, usage)))
        command = _sequence(_sequence(control), _sequence(replacement), _sequence(path))
        ids = existing + (existing if status else replacing)
        outcome = _sequence(
            _sequence(_cell(role, usage)), _integer(status, _ENUMERATED), *map(_octets, ids)
        )
        change = _sequence(_integer(role), _integer(floor))
        result = _sequence(
            _integer(exchange.counter), _integer(mode), _sequence(change), _sequence(outcome)
        )
        return command, _sequence(_ACCEPTED, result), True

    return both(authority, 0), both(forger, _BAD_CERTIFICATE)


# Mode of replacement, and the role whose cells it replaces.
_REPLACED = {
    "CS02b-supplierBySupplier": (2, "supplier"),
    "CS02b-networkOperatorByNetworkOperator": (3, "network_operator"),
    "CS02b-accessControlBrokerByACB": (4, BROKER),
    "CS02b-transCoSByTransCoS": (6, "transitional_cos"),
    "CS02b-supplierByTransCoS": (7, "supplier"),
    "CS02g-loadControllerBySupplier": (11, "load_controller"),
}

PAYLOADS: dict[str, Callable[[Exchange], Payloads]] = {
    "CS02a": _provide,
    "CS02c": _request_certificate,
    "CS02d": _take_certificate,
    "CS02e": _read_certificate,
    "CS02f": _provide,
    "CS03A1": _join,
    "CS03B": _join,
    "CS03C": _join,
    "CS04AC": _unjoin,
    "CS04B": _unjoin,
    "CS06": _activate,
    "CS07": _join_details,
    "GCS28": _clock,
    "GCS59": _restore,
    **dict.fromkeys(_REPLACED, _replace),
}
