# HAN link over a Digi XBee 3 module (boards/xbee3): HAN frames in and out of its API frames.
# Frames 0x11, 0x91, 0x8B, 0x8A of the XBee 3 Zigbee RF Module User Guide (90001539).
#
# The transport is anything with `readinto(buffer)`, which returns at once the number of octets or
# None, and `write(data)`, which may take a part. Whatever it brings, nothing is raised: what is
# wrong is counted in `errors` by reason, and `fault` has the last one in words.
from smets.compat import const
from smets.ports import xbee_addresses, xbee_api
from smets.ports.xbee_setup import Setup
from smets.zcl import han_frame
from smets.zcl.han_frame import HanFrame

_ALL = b"\xff\xff\xff\xff\xff\xff\xff\xff"  # no single EUI-64
_BROADCAST = b"\x00\x00\x00\x00\x00\x00\xff\xff"  # as a module wants it

# Transmit and receive options.
_MULTICAST = const(0x08)
_WAS_BROADCAST = const(0x02)
_APS = const(0x20)

# Octets of a broadcast or group frame, which is never fragmented: without and with EE = 1.
_BROADCAST_PLAIN = const(84)
_BROADCAST_SECURED = const(74)
# APS security takes these of a packet. A module that fragments (NP = 255) splits the packet
# instead.
_APS_OCTETS = const(9)
_FRAGMENTS = const(255)

_RESET = (0x00, 0x01)  # modem status: power up, watchdog
_LEFT = const(0x03)
_MOVED = (0x02, _LEFT, 0x06, 0x40)  # joined, left, network formed, PAN changed
# Delivery status after which a 16-bit address no longer counts.
_LOST = (0x21, 0x24, 0x25)

_STATUS_MS = const(15000)  # a transmission is forgotten after
_GAP_MS = const(200)  # no frame has such a gap inside
_WINDOW = const(4)  # transmissions under way
_BURST = const(8)  # frames that `pump` takes at a time
_BACKLOG = const(32)  # frames that wait in a device


class XBeeLink:
    """The link; call `poll` often, with the milliseconds that passed since the last call.

    `table` is what xbee_setup.registers returns. `eui` and `peers` ({EUI-64 of a device: EUI-64
    of its module}) are for devices whose identity is not their module's address.
    """

    def __init__(self, transport, table, eui: bytes = b"", peers=None, renew: bool = False):
        values = dict(table)
        escaped = values[b"AP"] == b"\x02"
        self.counts = {"sent": 0, "delivered": 0, "received": 0, "retries": 0}
        self.errors = {}
        self.fault = ""
        self._transport = transport
        self._secured = values[b"EE"] == b"\x01"
        self._eui = eui
        self._addresses = xbee_addresses.Addresses(peers or {})
        self._receiver = xbee_api.Receiver(escaped)
        self._sender = xbee_api.Sender(transport, escaped)
        self.module = Setup(self._sender, table, self._error, renew)
        self._frame_id = 0
        self._flight = []  # [frame id, EUI-64 of the module, ms since it was sent]
        self._gap = 0  # ms since the last octet
        self._takers = {
            xbee_api.AT_RESPONSE: self.module.answer,
            xbee_api.MODEM_STATUS: self._on_modem,
            xbee_api.TRANSMIT_STATUS: self._on_transmit,
            xbee_api.EXPLICIT_RECEIVE: self._on_receive,
        }

    @property
    def eui(self) -> bytes:
        """The EUI-64 of this device on the HAN; empty until the module has told its own."""
        return self._eui or self.module.address

    @property
    def joined(self) -> bool:
        """Whether frames can go out: the module is set up and in a network."""
        return self.module.joined

    @property
    def noise(self) -> int:
        """Octets received that were no part of a frame."""
        return self._receiver.noise

    @property
    def broken(self) -> int:
        """Frames received with a wrong checksum or length, or cut short."""
        return self._receiver.broken

    def room(self) -> int:
        """How many frames `send` takes now (0 to 4)."""
        try:
            if not self.joined or not self._sender.flush():
                return 0
        except OSError:
            self._transport_failed()
            return 0
        return _WINDOW - len(self._flight)

    def limit(self, frame) -> int:
        """Octets of payload that the module takes for a frame with these flags."""
        if frame.flags & (han_frame.BROADCAST | han_frame.GROUP):
            return _BROADCAST_SECURED if self._secured else _BROADCAST_PLAIN
        payload = self.module.payload
        if _options(frame) & _APS and payload < _FRAGMENTS:
            return max(payload - _APS_OCTETS, 0)
        return payload

    def send(self, frame) -> int:
        """Send a HAN frame; its frame identifier (1 to 255), or 0 if it was not taken."""
        if not self._may_send(frame):
            return 0
        address, network = self._where(frame)
        payload = frame.payload
        if frame.profile == han_frame.PROFILE_ZDO:
            payload = xbee_addresses.zdo_out(frame, self.module.network, network)
        self._frame_id = self._frame_id % 255 + 1
        self._flight.append([self._frame_id, address, 0])
        self.counts["sent"] += 1
        try:
            self._sender.explicit(
                self._frame_id,
                address,
                network,
                frame.source_endpoint,
                frame.destination_endpoint,
                frame.cluster,
                frame.profile,
                _options(frame),
                payload,
            )
        except OSError:
            self._transport_failed()
        return self._frame_id

    def poll(self, passed: int = 0) -> HanFrame | None:
        """Go on, `passed` ms having passed; the next HAN frame received, or None.

        Call it again, with 0, until it returns None.
        """
        count = 0
        try:
            self._age(passed)
            self.module.go_on(passed)
            count = self._receiver.fill(self._transport)
        except OSError:
            self._transport_failed()
        self._gap = 0 if count else self._gap + passed
        while True:
            data = self._receiver.take()
            if data is not None:
                frame = self._take(data)
                if frame is not None:
                    self.counts["received"] += 1
                    return frame
            elif self._gap >= _GAP_MS and self._receiver.partial():
                self._receiver.give_up()
            else:
                return None

    # --- Out -----------------------------------------------------------------------------------

    def _may_send(self, frame):
        room, limit, octets = self.room(), self.limit(frame), len(frame.payload)
        if not self.joined:
            self._error("not joined")
        elif not room:
            self._error("busy")
        elif frame.source != self.eui:
            self._error("source is not this device")
        elif _options(frame) & _APS and not self._secured:
            self._error("no APS security")
        elif octets > limit:
            self._error("too long", "payload of %d octets, %d at most" % (octets, limit))
        else:
            return True
        return False

    def _where(self, frame):
        """EUI-64 of the module and 16-bit address to send to."""
        if frame.flags & han_frame.GROUP:
            return _ALL, int.from_bytes(frame.destination[6:8], "big")
        if frame.flags & han_frame.BROADCAST:
            return _BROADCAST, xbee_addresses.UNKNOWN
        address = self._addresses.module_of(frame.destination)
        return address, self._addresses.network_of(address)

    # --- In ------------------------------------------------------------------------------------

    def _take(self, data):
        """Take an API frame; returns the HAN frame that it held, if any."""
        least = xbee_api.LEAST.get(data[0])
        if least is None:
            self._error("other frame", "of type %02X" % data[0])
        elif len(data) < least:
            self._error("short frame", "of type %02X" % data[0])
        else:
            return self._takers[data[0]](data)

    def _on_receive(self, data):
        fields = xbee_api.explicit_receive(data)
        address, network, source, destination, cluster, profile, options = fields
        if address == _ALL:
            address = self._addresses.module_at(network)
        else:
            self._addresses.learn(address, network)
        if address is None or not self.eui:
            self._error("unknown source" if self.eui else "early frame")
            return None
        flags = han_frame.APS_SECURED if options & _APS else 0
        target = self.eui
        if options & _WAS_BROADCAST:
            flags |= han_frame.BROADCAST
            target = _ALL
        frame = HanFrame(
            self._addresses.device_of(address),
            target,
            source,
            destination,
            cluster,
            xbee_api.received_payload(data),
            profile,
            flags,
        )
        if profile == han_frame.PROFILE_ZDO:
            frame.payload = xbee_addresses.zdo_in(frame, self.eui, self.module.network, network)
        return frame

    def _on_transmit(self, data):
        frame_id, network, retries, delivery, _ = xbee_api.transmit_status(data)
        for entry in self._flight:
            if entry[0] == frame_id:
                break
        else:
            self._error("status of nothing sent")
            return
        self._flight.remove(entry)
        self.counts["retries"] += retries
        address = entry[1]
        if delivery:
            if delivery in _LOST:
                self._addresses.forget(address)
            self._error("not delivered", "status %02X" % delivery)
            return
        self.counts["delivered"] += 1
        if address not in (_ALL, _BROADCAST):
            self._addresses.learn(address, network)

    def _on_modem(self, data):
        if data[1] in _RESET:
            self._flight.clear()
            self.module.restart(0)
        elif data[1] in _MOVED:
            self._addresses.clear()
            self.module.refresh(data[1] == _LEFT)

    def _age(self, passed):
        """Forget transmissions whose status never came."""
        for entry in list(self._flight):
            entry[2] += passed
            if entry[2] >= _STATUS_MS:
                self._flight.remove(entry)
                self._error("no status")

    # --- Errors --------------------------------------------------------------------------------

    def _error(self, reason, detail=""):
        self.errors[reason] = self.errors.get(reason, 0) + 1
        self.fault = reason + ": " + detail if detail else reason

    def _transport_failed(self):
        """The UART or its adapter is gone: set the module up again when it is back."""
        self._error("transport")
        self._sender.drop()
        self._flight.clear()
        self.module.restart()


def _options(frame):
    """Transmit options of a frame; ZDO and what goes to many is never APS encrypted."""
    if frame.flags & han_frame.GROUP:
        return _MULTICAST
    if frame.flags & han_frame.BROADCAST or frame.profile == han_frame.PROFILE_ZDO:
        return 0
    return _APS if frame.flags & han_frame.APS_SECURED else 0


def pump(link: XBeeLink, device, passed: int = 0):
    """Carry HAN frames between a link and a device (smets.devices), `passed` ms having passed.

    While the module is not in a network, what the device sends is lost, as on the air.
    """
    for _ in range(_BURST):
        frame = link.poll(passed)
        if frame is None:
            break
        device.receive(frame)
        passed = 0
    outbox = device.outbox
    while outbox and (link.room() or not link.joined or len(outbox) > _BACKLOG):
        link.send(outbox.pop(0))
