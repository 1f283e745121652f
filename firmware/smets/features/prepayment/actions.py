# Requests of a PPMID to a meter: add credit, activate emergency credit, enable the supply.
# GBCS has no message for these, only codes that the meter logs them under (PECS01 to PECS03).
from smets.codec import DecodeError, Reader, Writer
from smets.crypto import CryptoError
from smets.features.prepayment import account, policy, token
from smets.features.prepayment.codes import (
    INVALID,
    KEYPAD_LOCK,
    PECS01,
    PECS02,
    PECS03,
)
from smets.features.prepayment.keypads import Keypads
from smets.ports.store_error import StoreError
from smets.zcl import clusters, commands, frame


class Actions:
    """The commands of the HAN, and tokens wherever they come from."""

    def __init__(self, owner):
        """`owner` is the Meter of the account."""
        self._owner = owner
        self.ppmids = []  # EUI-64s of the devices that may act; empty until the meter was told
        self.keypads = Keypads(owner.keeper, self._paired)

    def _paired(self, source: bytes) -> bool:
        return source in self.ppmids or self._joined.has(source)

    @property
    def _joined(self):
        return self._owner.device.feature("device_log")

    def _obeys(self, source: bytes) -> bool:
        """Whether a device of the HAN may ask; what the bench has told comes first."""
        if self.ppmids:
            return source in self.ppmids
        if self._joined.entries:
            return self._joined.has(source)
        return policy.ANYONE_UNTIL_TOLD

    def act(self, call, source: bytes):
        """Carry out a command of the HAN: a status, or a list of payloads (Server.execute)."""
        if not self._obeys(source):
            return frame.NOT_AUTHORIZED
        return _HANDLERS[(call.cluster, call.request.command)](self, call)

    def top_up(self, call):
        """ConsumerTopUp; any outcome is answered with ConsumerTopUpResponse."""
        payload = call.request.payload
        if len(payload) < 2 or payload[1] != len(payload) - 2:
            raise DecodeError(1, "UTRN")
        result, value = self.enter(payload[2:], PECS01)
        writer = Writer(10)
        writer.u8(result)
        writer.le(value, 4)
        writer.u8(payload[0])
        writer.le(self._owner.account.balance & 0xFFFFFFFF, 4)
        call.reply_command = commands.CONSUMER_TOP_UP_RESPONSE
        return [bytes(writer.view())]

    def emergency(self, call) -> int:
        """SelectAvailableEmergencyCredit."""
        reader = Reader(call.request.payload)
        reader.skip(5, "issue time, device")
        return frame.SUCCESS if self._do(PECS02, self._owner.account.select) else frame.FAILURE

    def enable(self, call) -> int:
        """LocalChangeSupply: nothing but "on" can be asked for at home."""
        reader = Reader(call.request.payload)
        wanted = reader.u8("proposed supply status")
        reader.finish("LocalChangeSupply")
        if wanted != account.ON:
            self._refused(PECS03)
            return frame.INVALID_VALUE
        done = self._do(PECS03, self._owner.account.enable)
        return frame.SUCCESS if done else frame.ACTION_DENIED

    def enter(self, digits, message: int, counter: bytes = b"") -> tuple:
        """Take a UTRN: (result type, thousandths of a penny); logged under a message code.

        `counter` is the originator counter of the command that brought it (8 octets); without
        one the token was typed, at the device that is asking.
        """
        result, taken = self._judge(digits, counter)
        if taken is None or result is not None:
            self._refused(message)
            return result, 0
        held = self._owner.account
        supplier = self._supplier().id

        def add():
            held.top_up(taken, supplier, self._owner.now())
            return True

        if not self._do(message, add):
            return policy.NO_TOP_UP, 0
        self._owner.added = not counter
        return policy.ACCEPTED[held.supply], taken.value

    def _supplier(self):
        keys = self._owner.device.keys
        party = keys.first("supplier") if keys else None
        if party is None:
            raise CryptoError("no supplier")
        return party

    def _judge(self, digits, counter: bytes) -> tuple:
        """(why a UTRN is refused, as a result type, or None; the Token, where it is genuine)."""
        held = self._owner.account
        source = self._owner.device.asking
        if not counter and self.keypads.locked(source):
            return KEYPAD_LOCK, None
        if held.untrusted and not policy.TOKENS_AFTER_DAMAGE:
            return policy.NO_TOP_UP, None
        if not (held.prepaid or counter and policy.TOP_UP_IN_CREDIT_MODE):
            return policy.NO_TOP_UP, None
        taken = token.parse(digits)
        try:
            party = self._supplier()
            secret = self._owner.device.keys.prepayment_secret(party)
        except CryptoError:
            return policy.NO_TOP_UP, None
        if taken is None or not self._genuine(taken, secret, party.id, counter):
            if not counter:
                self._judged(self.keypads.wrong)
            return INVALID, None
        refusal = held.refusal(taken, party.id)
        if refusal is None and not counter:
            self._judged(self.keypads.right)
        return refusal, taken

    def _judged(self, note):
        """Note what a typed token was, through power cuts."""
        try:
            note(self._owner.device.asking)
        except StoreError:
            self._owner.storage_errors += 1  # it holds until the power goes

    def _genuine(self, taken, secret: bytes, supplier: bytes, counter: bytes) -> bool:
        if counter:
            whole = int.from_bytes(counter[:4], "big")
            if counter[4:] != bytes(4) or whole & 0x3FF != taken.truncated:
                return False
        else:
            newest = self._owner.account.used(supplier).newest()
            whole = token.whole_counter(taken.truncated, newest)
        taken.counter = whole
        return whole >= 0 and taken.genuine(secret, supplier, self._owner.device.eui, whole)

    def _do(self, message: int, change) -> bool:
        """Make a change, keep it and log it; project-choice.

        A change that cannot be stored is refused and undone. Alternative: keep it in memory.
        """
        code = policy.ACTIONED if message else 0
        try:
            done = self._owner.do(change, code, message)
        except StoreError:
            done = False
        if not done:
            self._refused(message)
        return done

    def _refused(self, message: int):
        """Log that what a message asks for is not done."""
        if message:
            owner = self._owner
            owner.log(owner.now(), policy.NOT_ACTIONED, message.to_bytes(2, "big"))


_HANDLERS = {
    (clusters.PREPAYMENT, commands.CONSUMER_TOP_UP): Actions.top_up,
    (clusters.PREPAYMENT, commands.SELECT_AVAILABLE_EMERGENCY_CREDIT): Actions.emergency,
    (clusters.METERING, commands.LOCAL_CHANGE_SUPPLY): Actions.enable,
}
