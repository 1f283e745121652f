# Credentials that a command has replaced (CS02b, CS02g), kept as one record: a bench's KEYS hold
# what was there before, and are loaded first after a restart.
from smets import record
from smets.gbcs import policy, use_cases
from smets.gbcs.keys import Party
from smets.ports.store_error import StoreError

_PARTIES = 16

_RECORD = record.Table(
    "credentials",
    (
        ("removed", record.rows(_PARTIES, record.octets(8), record.up_to(24)), ()),
        (
            "parties",
            record.rows(
                _PARTIES,
                record.octets(8),  # identifier
                record.up_to(24),  # role
                *(5 * (record.up_to(65),)),  # as told by Party
            ),
            (),
        ),
    ),
    "no remote party is obeyed until keys are loaded (policy.TRUSTED_AFTER_DAMAGE)",
)


def keep(store, removed, party):
    """Note that `party` was taken in and the one of the id `removed`, if any, went; StoreError.

    Both are of one role; in other roles they stay what they were.
    """
    if not store:
        return
    gone, rows = _RECORD.read(store) or _RECORD.defaults()
    told = party.told()
    role = told[1].encode()
    places = ((removed, role), (party.id, role))
    gone = [row for row in gone if row not in places]
    if removed not in (None, party.id):
        gone.append((removed, role))
    rows = [row for row in rows if row[:2] not in places]
    rows.append((told[0], role) + tuple([octets or b"" for octets in told[2:]]))
    try:
        _RECORD.write(store, (gone, rows))
    except ValueError:
        raise StoreError(28)  # more parties than there are roles


def restore(store, keys):
    """Put the parties of a device back as they were, once a bench's KEYS are loaded."""
    try:
        held = _RECORD.read(store)
    except StoreError:
        if not policy.TRUSTED_AFTER_DAMAGE:
            keys.clear()
        return
    if held is None:
        return
    for row in held[0]:
        keys.remove(row[0], row[1].decode())
    for row in held[1]:
        role = row[1].decode()
        if role not in use_cases.ROLES:
            continue
        octets = [each or None for each in row[2:]]
        party = Party(row[0], role, octets[0] or b"", octets[1], octets[3])
        party.prepayment_public, party.prepayment_secret = octets[2], octets[4]
        keys.add_role(party)


def loaded(store, identifiers):
    """A bench has loaded parties: what was kept of these no longer holds. StoreError."""
    try:
        held = _RECORD.read(store)
    except StoreError:
        held = _RECORD.defaults()
        _RECORD.write(store, held)
    if held is None:
        return
    kept = [[row for row in rows if row[0] not in identifiers] for rows in held]
    if kept != held:
        _RECORD.write(store, kept)
