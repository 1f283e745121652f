# Security credentials of remote parties: what the device holds (CS02a, CS02f), and what replaces
# it (CS02b, CS02g). The trust anchor cells are the parties of KEYS.json with their public keys.
from smets.codec import DecodeError
from smets.gbcs import der, policy, replaced
from smets.gbcs.certificate import DIGITAL_SIGNATURE, KEY_AGREEMENT, Certificate, key_identifier
from smets.gbcs.keys import Party
from smets.ports.store_error import StoreError

# RemotePartyRole to the roles of KEYS.json.
_ROLES = {
    1: "recovery",
    2: "supplier",
    3: "network_operator",
    4: "access_control_broker",
    5: "transitional_cos",
    6: "wan_provider",
    8: "load_controller",
}
# Which keys a role's cells hold (GBCS 4.3.2.6).
_CELLS = {
    1: (DIGITAL_SIGNATURE,),
    2: (DIGITAL_SIGNATURE, KEY_AGREEMENT),
    3: (DIGITAL_SIGNATURE, KEY_AGREEMENT),
    4: (KEY_AGREEMENT,),
    5: (DIGITAL_SIGNATURE,),
    6: (DIGITAL_SIGNATURE,),
    8: (DIGITAL_SIGNATURE, KEY_AGREEMENT),
}
# Whose certificates a cell may hold beside those of its own role: RTDS has a load controller with
# a supplier's.
_OWNERS = {8: (8, 2)}
_ANY = 0
# CredentialsReplacementMode to (the role that authorises, the role replaced).
_MODES = {
    2: (2, 2),
    3: (3, 3),
    4: (4, 4),
    5: (6, 6),
    6: (5, 5),
    7: (5, 2),
    8: (1, _ANY),
    10: (8, 8),
    11: (2, 8),
}
_CODES = {
    0x0102: 2,
    0x0103: 3,
    0x0104: 4,
    0x0105: 5,
    0x0106: 6,
    0x0107: 7,
    0x0108: 8,
    0x0125: 10,
    0x0126: 11,
}

# TrustAnchor status codes
_SUCCESS = 0
_BAD_CERTIFICATE = 5
_NO_TRUST_ANCHOR = 10
_NO_MEMORY = 17
_SEQUENCE_NUMBER = 21
_NOT_FOUND = 25
_IMPROPER_CHANGE = 35
_OTHER = 127


def _party(call, role: int):
    """The party that holds the cells of a role: the originator if it is of that role."""
    name = _ROLES.get(role)
    if name is None or call.party.role == name:
        return call.party if name else None
    return call.keys.first(name)


def _key(party, usage):
    return party.ds_public if usage == DIGITAL_SIGNATURE else party.ka_public


def _cell(element):
    """(role, key usage, cell usage) of a TrustAnchorCellIdentifier; DecodeError."""
    parts = element.items()
    if not 2 <= len(parts) <= 3 or parts[0].tag != der.INTEGER or parts[1].tag != der.BIT_STRING:
        raise DecodeError(element.content.pos, "trust anchor cell")
    return parts[0].number(), parts[1].octets(), parts[2].number() if len(parts) == 3 else 0


def provide(call):
    """CS02a, CS02f: {cell of who asks, roles}: the details of what is held."""
    items = der.whole(call.payload, der.SEQUENCE).items()
    if len(items) != 2:
        raise DecodeError(0, "Provide Security Credentials")
    if _ROLES.get(_cell(items[0])[0]) != call.party.role:
        raise DecodeError(items[0].content.pos, "not the cell of who asks")
    roles = [item.number() for item in items[1].items()]
    if len(roles) > policy.ROLES_ASKED:
        raise DecodeError(items[1].content.pos, "more than %d roles" % policy.ROLES_ASKED)

    def act():
        return der.sequence(*[_details(call, role) for role in roles])

    return act


def _details(call, role) -> bytes:
    party = _party(call, role)
    if party is None:
        code = _NOT_FOUND if role < _OTHER else _OTHER
        return der.sequence(der.integer(role), der.integer(code, der.ENUMERATED))
    cells = []
    for usage in _CELLS[role]:
        key = _key(party, usage)
        if key is not None:
            identifier = der.octet_string(key_identifier(key))
            cells.append(
                der.sequence(
                    der.element(der.BIT_STRING, usage), der.octet_string(party.id), identifier
                )
            )
    counter = call.device.counters.get(party.id) or b""
    return der.sequence(
        der.integer(role),
        der.integer(_SUCCESS, der.ENUMERATED),
        der.integer(int.from_bytes(counter, "big")),
        der.sequence(*cells),
    )


class _Replacement:
    """One certificate, and the cell that it is for."""

    def __init__(self, element, anchors, path):
        parts = element.items()
        if len(parts) != 2:
            raise DecodeError(element.content.pos, "replacement")
        self.cell = parts[1].whole
        self.role, self.usage, self.cell_usage = _cell(parts[1])
        self.certificate = Certificate(parts[0])
        certificate = self.certificate
        self.good = (
            len(certificate.unique_id) == 8
            and certificate.usage == self.usage
            and (certificate.role < 0 or certificate.role in _OWNERS.get(self.role, (self.role,)))
            and certificate.has_a_point()
            and (policy.PATH_WITHOUT_ANCHOR or len(anchors) > 0)
            and certificate.leads_to(anchors, path)
        )


def authoriser(code: int) -> str:
    """The role whose cells authorise the commands of a message code."""
    return _ROLES[_MODES[_CODES[code]][0]]


def replacing(call):
    """CS02b, CS02g: {control, replacements, certification path, time}; DecodeError.

    (the time or None, the function that acts and returns the answer). That leaves the outcome, and
    whether it is a good one, in `call.told`. `call.party` is None where who sent the command is no
    longer known.
    """
    items = der.whole(call.payload, der.SEQUENCE).items()
    if not 3 <= len(items) <= 4:
        raise DecodeError(0, "Update Security Credentials")
    control = items[0].items()
    mode = control[0].number() if control and control[0].tag == der.INTEGER else -1
    if mode != _CODES[call.code]:
        raise DecodeError(items[0].content.pos, "replacement mode")
    by, role = _MODES[mode]
    if role == _ANY:  # recovery replaces one role at a time, which the first cell names
        role = _first_role(items[1])
    changes, floor = _changes(call, control[1:], by, role)
    path = [Certificate(item) for item in items[2].items()]
    anchors = [
        party.ds_public
        for name in ("root", "issuing_authority")
        for party in call.keys.of_role(name)
        if party.ds_public
    ]
    replacements = [_Replacement(item, anchors, path) for item in items[1].items()]
    if not replacements:
        raise DecodeError(items[1].content.pos, "no replacement")
    for item in replacements:
        if item.role != role:
            raise DecodeError(items[1].content.pos, "cell of another role")

    def act():
        # Before the handover of a device its broker holds the cells of supplier and operator.
        holder = call.party
        if holder is not None and by != role:
            holder = _party(call, role)
        good = holder is not None and all(item.good for item in replacements)
        failure = _improper(call, holder, _ROLES[role], replacements, floor) if good else 0
        if good and not failure:
            try:
                _store(call, holder, _ROLES[role], replacements, floor)
            except StoreError:
                failure = _NO_MEMORY
        good = good and not failure
        outcomes = [_outcome(holder, item, good, failure) for item in replacements]
        told = der.sequence(
            der.integer(call.counter),
            der.integer(mode),
            der.sequence(*changes),
            der.sequence(*outcomes),
        )
        call.told = told, good
        return der.sequence(der.element(der.NULL), told)

    return items[3] if len(items) == 4 else None, act


def _improper(call, holder, name, replacements, floor) -> int:
    """Why good certificates may not take a place, as a status; 0 where they may.

    They are of one party, whose identifier no party of another role has; a role has no more
    holders than before, if it had one; and no counter goes back: a floor of 0 leaves it (RTDS).
    """
    identifier = replacements[0].certificate.unique_id
    if any(item.certificate.unique_id != identifier for item in replacements):
        return _IMPROPER_CHANGE
    known = call.keys.find(identifier)
    owners = [_ROLES[role] for role in _OWNERS.get(replacements[0].role, ())] + [name]
    if known is not None and known is not holder and known.role not in owners:
        return _IMPROPER_CHANGE
    if known is None and holder.role != name and call.keys.of_role(name):
        return _IMPROPER_CHANGE
    last = call.device.counters.get(identifier)
    if floor > 0 and last is not None and floor < int.from_bytes(last, "big"):
        return _SEQUENCE_NUMBER
    return 0


def _first_role(element) -> int:
    """The role of the first cell that is replaced; DecodeError where it is none that is held."""
    for item in element.items():
        parts = item.items()
        role = _cell(parts[1])[0] if len(parts) == 2 else -1
        if role in _CELLS:
            return role
        break
    raise DecodeError(element.content.pos, "cell of a role")


def _changes(call, members, authoriser, role):  # noqa: C901 - one branch a field of the structure
    """(remotePartySeqNumberChanges, the new floor of the replaced party); DecodeError."""
    changes = []
    own = b""
    special = b""
    floor = -1
    counter = -1
    for member in members:
        if member.tag == 0xA2:
            if _cell(member)[0] != authoriser:
                raise DecodeError(member.content.pos, "authorising cell")
        elif member.tag == 0x83:
            counter = member.number()
        elif member.tag == 0x84:
            floor = member.number()
            own = der.integer(role) + der.integer(floor)
        elif member.tag == 0xA5:
            special = der.sequence(*[item.whole for item in member.items()])
        elif member.tag == 0xA6:
            for item in member.items():
                changes.append(item.whole)
                parts = item.items()
                if len(parts) >= 2 and parts[0].number() == role:
                    floor = parts[1].number()
        elif member.tag != 0x81:
            raise DecodeError(member.content.pos, "replacement control")
    if counter != call.counter:
        raise DecodeError(0, "sequence number")
    if own:
        changes.insert(0, der.sequence(own, special))
    return changes, floor


def _outcome(holder, item, good, failure=0) -> bytes:
    old = (b"\x00" * 8, b"\x00" * 8)
    if holder is not None:
        key = holder.prepayment_public if item.cell_usage else _key(holder, item.usage)
        old = (holder.id, key_identifier(key) if key else old[1])
    new = (item.certificate.unique_id, item.certificate.key_identifier) if good else old
    code = _SUCCESS
    if not good:
        code = _NO_TRUST_ANCHOR if holder is None or item.good else _BAD_CERTIFICATE
        code = failure or code
    identifiers = [der.octet_string(octets) for octets in old + new]
    return der.sequence(item.cell, der.integer(code, der.ENUMERATED), *identifiers)


def _store(call, holder, name, replacements, floor):
    """Put the new keys in the place of the old ones, all of them at once.

    A holder of another role than `name`, a broker before the handover, stays what it is.
    StoreError where that cannot be kept, and nothing has changed.
    """
    keys = {DIGITAL_SIGNATURE: holder.ds_public, KEY_AGREEMENT: holder.ka_public}
    identifier = holder.id
    top_up = holder.prepayment_public
    for item in replacements:
        identifier = item.certificate.unique_id
        if item.cell_usage:
            top_up = item.certificate.key
        else:
            keys[item.usage] = item.certificate.key
    secret = holder.secret if keys[KEY_AGREEMENT] == holder.ka_public else None
    party = Party(identifier, name, keys[KEY_AGREEMENT], keys[DIGITAL_SIGNATURE], secret)
    party.prepayment_public = top_up
    if top_up == holder.prepayment_public:
        party.prepayment_secret = holder.prepayment_secret
    removed = holder.id if holder.role == name else None
    store = call.device.store
    mark = store.begin() if store else 0
    try:
        replaced.keep(store, removed, party)
        last = call.device.counters.get(identifier)
        if last is None or floor > int.from_bytes(last, "big"):
            call.device.counters.set(identifier, max(floor, 0).to_bytes(8, "big"))
        if store:
            store.undo("parties", list(call.keys.parties), call.keys)
            store.commit()
    except StoreError:
        if store:
            store.rollback(mark)
        raise
    if removed is not None:
        call.keys.remove(removed, name)
    call.keys.add_role(party)
