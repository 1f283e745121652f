# Identity and remote parties of a device: ids, roles, public keys, ECDH secrets.
# An ECDH secret is static for a device and a party, so it is computed once and kept.
from smets.crypto import CryptoError
from smets.gbcs import use_cases


class Party:
    """A remote party the device knows."""

    def __init__(self, party_id: bytes, role: str, ka_public: bytes, ds_public=None, secret=None):
        self.id = party_id
        self.role = role
        self.ka_public = ka_public
        self.ds_public = ds_public
        self.secret = secret
        # A supplier's key agreement key for top-ups, and the secret that it yields.
        self.prepayment_public: bytes | None = None
        self.prepayment_secret: bytes | None = None
        self._worked_out = []  # names of secrets that were not loaded

    def told(self) -> tuple:
        """All that was loaded, to be compared."""
        return (
            self.id,
            self.role,
            self.ka_public,
            self.ds_public,
            self.prepayment_public,
            None if "secret" in self._worked_out else self.secret,
            None if "prepayment_secret" in self._worked_out else self.prepayment_secret,
        )

    def work_out(self, name: str, secret: bytes) -> bytes:
        """Keep a secret that follows from the keys."""
        self._worked_out.append(name)
        setattr(self, name, secret)
        return secret


class Keys:
    """The device's own keys, and the parties by id."""

    def __init__(self, device_id: bytes, private_key=None, ds_private_key=None):
        self.device_id = device_id
        self.private_key = private_key
        self.ds_private_key = ds_private_key
        self.parties = []  # in the order in which they came; a dict of MicroPython has no order

    def told(self) -> tuple:
        """All that was loaded, to be compared."""
        parties = [party.told() for party in self.parties]
        return (self.private_key, self.ds_private_key, parties)

    def add(self, party: Party):
        """Add a party, replacing one of the same id."""
        self._put(party, [held.id for held in self.parties], party.id)

    def add_role(self, party: Party):
        """As `add`, but a party of this id keeps its other roles."""
        held = [(held.id, held.role) for held in self.parties]
        self._put(party, held, (party.id, party.role))

    def _put(self, party, names, name):
        if name in names:
            self.parties[names.index(name)] = party
        else:
            self.parties.append(party)

    def remove(self, party_id: bytes, role: str = ""):
        """Forget a party; with a role only in that one."""
        self.parties = [
            party for party in self.parties if party.id != party_id or role and party.role != role
        ]

    def clear(self):
        """Forget every party."""
        self.parties = []

    def find(self, party_id, roles: str = ""):
        """The party of an 8-octet id, or None.

        Of one that has several roles the first of `roles` (letters of use_cases), else any.
        """
        wanted = bytes(party_id)
        found = None
        for party in self.parties:
            if party.id == wanted:
                if use_cases.ROLES.get(party.role, "?") in roles:
                    return party
                found = found or party
        return found

    def broker(self):
        """The access control broker, whose key authenticates every command, or None."""
        return self.first("access_control_broker")

    def of_role(self, role: str) -> list:
        """The parties of a role, in the order in which they came."""
        return [party for party in self.parties if party.role == role]

    def first(self, role: str):
        """The party of a role that came first, or None."""
        for party in self.parties:
            if party.role == role:
                return party
        return None

    def secret(self, party: Party) -> bytes:
        """The ECDH x-coordinate shared with a party; CryptoError where no key yields one."""
        if party.secret is None:
            if not party.ka_public:
                raise CryptoError("the party has no key agreement key")
            return party.work_out("secret", self.agree(party.ka_public))
        return party.secret

    def prepayment_secret(self, party: Party) -> bytes:
        """As `secret`, with a supplier's key for top-ups; CryptoError where it has none."""
        secret = party.prepayment_secret
        if secret is None:
            if party.prepayment_public is None:
                raise CryptoError("the supplier has no key for top-ups")
            return party.work_out("prepayment_secret", self.agree(party.prepayment_public))
        return secret

    def sign(self, digest: bytes) -> bytes:
        """Sign for the device; without a signing key (a bench with public keys only) zeros."""
        if self.ds_private_key is None:
            return bytes(64)
        from smets.crypto import ecdsa

        return ecdsa.sign(self.ds_private_key, digest)

    def agree(self, public: bytes) -> bytes:
        """The ECDH x-coordinate with any public key, not kept."""
        if self.private_key is None:
            raise CryptoError("no device private key, and no shared secret")
        from smets.crypto import p256

        return p256.shared_secret(self.private_key, public)
