# The tunnel of a PPMID: commands to it, and its own to the gas meter of the home (PCS01, PCS02),
# which the hub carries there. Loaded when the hub opens the tunnel.
from smets.codec import DecodeError, Reader
from smets.compat import const
from smets.crypto import CryptoError, equal
from smets.crypto.cipher import cipher
from smets.document import EUI
from smets.eui import parse_eui
from smets.features.prepayment.codes import ACCEPTED
from smets.features.prepayment.requests import check_utrn
from smets.features.tunnel_server import TunnelServer
from smets.gbcs import message
from smets.parts import Parts
from smets.zcl import commands, frame
from smets.zcl.clusters import PREPAYMENT

PCS01 = const(0x009B)
PCS02 = const(0x0090)
# GBZ: profile, one component, the last; its cluster comes next.
_HEAD = b"\x01\x09\x01\x01" + PREPAYMENT.to_bytes(2, "big")
_KEYPAD = b"\x02\x14"  # original source: a PPMID; 20 digits follow
_EMERGENCY = b"\0\0\0\0\x02"  # now; by a PPMID
_TOKEN = {"to": EUI, "digits": check_utrn}


class PpmidTunnel(TunnelServer):
    """`last`: the last request to a gas meter, as `summary` tells it."""

    actions = {
        "gas_top_up": ("top_up", _TOKEN),
        "gas_emergency_credit": ("emergency_credit", {"to": EUI}),
    }

    def __init__(self, device):
        super().__init__(device)
        self.last = {}
        self._asked = None  # (message code, counter, meter) of a request without an answer

    def top_up(self, told: dict):
        """PCS01: {"to": the gas meter, "digits": a UTRN}; ValueError where it cannot be sent."""
        digits = "".join([char for char in told["digits"] if char in "0123456789"])
        frame_of = frame.header(1, 0, commands.CONSUMER_TOP_UP, _KEYPAD + digits.encode())
        self._ask("top_up", PCS01, told["to"], frame_of)

    def emergency_credit(self, told: dict):
        """PCS02: {"to": the gas meter}; ValueError where it cannot be sent."""
        command = commands.SELECT_AVAILABLE_EMERGENCY_CREDIT
        self._ask("emergency_credit", PCS02, told["to"], frame.header(1, 0, command, _EMERGENCY))

    def _ask(self, name: str, code: int, to: str, octets: bytes):
        device = self.device
        meter = parse_eui(to)
        if self._end is None:
            raise ValueError("the hub has no tunnel to this device")
        party = device.keys.find(meter) if device.keys else None
        if party is None:
            raise ValueError("no key of this gas meter")
        try:
            secret = device.keys.secret(party)
        except CryptoError as error:
            raise ValueError(str(error))
        counter = device.own_counter.next()
        own = device.keys.device_id
        parts = Parts()
        parts.add(_HEAD + len(octets).to_bytes(2, "big") + octets)
        header = message.Header(message.COMMAND, counter, own, meter, code)
        mac = cipher(secret, own, message.COMMAND, counter, meter)
        made = message.Authenticated(header, parts, mac)
        self.messages.say(self._end, b"".join([bytes(chunk) for chunk in made.chunks()]))
        self._asked = (code, counter, meter)
        self.last = {"request": name, "state": "waiting", "result": None, "accepted": False}

    def carry_out(self, end, command: bytes):
        """See TunnelServer; what the gas meter answers comes the same way."""
        try:
            told = message.parse(command)
        except DecodeError:
            told = None
        if told is None or told.cra != message.RESPONSE:
            super().carry_out(end, command)
        elif not self._answered(told):
            self.device.ignore("unasked")

    def _answered(self, told) -> bool:
        """Take a response; False where it is not the one that is waited for, or not genuine."""
        asked = (told.code, bytes(told.counter), bytes(told.originator))
        keys = self.device.keys
        party = keys.find(told.originator) if keys else None
        if asked != self._asked or party is None or len(told.mac) != message.MAC_SIZE:
            return False
        mac = cipher(
            keys.secret(party), told.originator, message.RESPONSE, told.counter, told.target
        )
        mac.update_aad(message.AAD_PREFIX)
        mac.update_aad(told.authenticated)
        if not equal(mac.tag(message.MAC_SIZE), told.mac):
            return False
        reader = Reader(told.payload)
        reader.literal(_HEAD, "GBZ")
        answer = frame.parse(reader.view(reader.be(2, "length"), "frame"))
        if answer.cluster_specific and answer.command == commands.CONSUMER_TOP_UP_RESPONSE:
            self._paid(Reader(answer.payload))
        else:
            told = Reader(answer.payload)
            told.skip(1, "command")
            status = told.u8("status")
            self.last["result"] = status
            self.last["accepted"] = status == frame.SUCCESS
        self._asked = None
        self.last["state"] = "answered"
        return True

    def _paid(self, reader):
        result = reader.u8("ResultType")
        value = reader.le(4, "TopUpValue")
        reader.u8("Source")
        balance = reader.le(4, "CreditRemaining")
        self.last["result"] = result
        self.last["accepted"] = result in ACCEPTED
        if result in ACCEPTED:
            self.last["value"] = value
            self.last["balance"] = balance - (balance >> 31 << 32)

    def summary(self) -> dict:
        """See Feature."""
        told = super().summary()
        if self.last:
            told["gas_request"] = self.last
        return told


def of(device):
    """The tunnel of a PPMID: it is a feature from now on."""
    held = device.feature("tunnel_server")
    if held is None:
        held = PpmidTunnel(device)
        device.registry.add("tunnel_server", held)
        device._ticking += (held,)
    return held
