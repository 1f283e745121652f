# Tunnels of a hub to the devices of its Device Log: commands of remote parties go in, responses
# and alerts come out, and what one device of the home says to another is carried, too
# (gas_proxy.md 5). What waits for a gas meter, which sleeps, is in waiting.py.
from smets.codec import DecodeError, Reader
from smets.compat import const
from smets.features import hub_alerts, tunnel
from smets.features.event_log import DONE, FAILED
from smets.features.feature import Feature
from smets.features.hub_messages import Peer, data_of, parse_passing, text_of_octets
from smets.features.hub_rows import EUI_AT, GPF, HASH_AT, TYPE_AT
from smets.ports.store_error import StoreError
from smets.zcl import client, frame
from smets.zcl.clusters import TUNNELING
from smets.zcl.han_frame import PROFILE_ZDO

# Device types of the log.
_ESME = const(0)
_GSME = const(1)
_AWAKE = (_ESME, 13, 132)  # and HCALCS, PPMID: the hub opens a tunnel to each
NOT_DELIVERED = const(0x8F84)  # to an ESME
# project-choice: messages that wait for a device that is awake, while its tunnel opens; another is
# refused. Alternative: one.
_QUEUE = const(4)
# project-choice: messages to remote parties that wait for a link; beyond it the oldest is dropped.
# Alternative: the newest is dropped.
_OUTWARD = const(100)
# project-choice: their octets, all together: ten of the longest fit the heap of a Pico; beyond it
# the oldest is dropped. Alternative: any other size.
_OUTWARD_OCTETS = const(16384)
# project-choice: a device confirms each message by a Default Response, since frames here have no
# acknowledgement of APS. Alternative: it is taken as delivered.
_CONFIRMED = True
# Seconds that an answer is waited for: a PPMID that sleeps wakes each minute.
_PATIENCE = const(90)


class Tunnels(Feature):
    """The WAN side of a hub, as far as messages go, and its tunnels."""

    actions = {"relay": ("relay", {"message": text_of_octets})}
    records = ("waiting",)
    alerts = ((NOT_DELIVERED, NOT_DELIVERED),)

    def __init__(self, device):
        super().__init__(device)
        self._client = client.Client(device, tunnel.HUB)
        self._peers = {}  # EUI-64 -> Peer
        self._ends = {}  # EUI-64 of a gas meter -> its tunnel
        self._number = 0
        self._waiting = None

    def restore(self):
        """See Feature: what waited for a gas meter when the power went."""
        store = self.device.store
        try:
            if store and any(name.startswith("waiting") for name in store.names()):
                self.waiting.tick()
        except StoreError:
            pass  # it was reported

    @property
    def waiting(self):
        """What waits for gas meters (waiting.Waiting), loaded when it is first needed."""
        if self._waiting is None:
            from smets.features.waiting import Waiting

            self._waiting = Waiting(self.device)
        return self._waiting

    @property
    def _log(self):
        return self.device.feature("hub_log")

    # --- Messages -------------------------------------------------------------------------------

    def relay(self, told: dict):
        """{"message": octets in hexadecimal}: a command of a remote party to a device of the home.

        ValueError for what is no command, or is for no device that has a tunnel; StoreError.
        """
        self._forward(bytes.fromhex(told["message"]))

    def _forward(self, octets: bytes):
        """Send a message on to the device that it is for; ValueError, StoreError."""
        from smets.gbcs import message

        try:
            parsed = message.parse(octets)
        except DecodeError as error:
            raise ValueError("no message: %s" % error)
        eui, code = bytes(parsed.target), parsed.code
        row = self._log.entry(eui)
        if row is None:
            raise ValueError("not in the Device Log")
        if row[TYPE_AT] == _GSME:
            self.waiting.add(eui, code, octets)
        elif row[TYPE_AT] in _AWAKE:
            peer = self._peer(row)
            if len(peer.waits) >= _QUEUE:
                raise ValueError("too many messages wait for it")
            peer.waits.append((code, octets))
            self._serve(eui, peer)
        else:
            raise ValueError("a device without a tunnel")

    def _peer(self, row) -> Peer:
        return self._peers.setdefault(row[EUI_AT], Peer(row[TYPE_AT]))

    def _came(self, octets: bytes, parsed):
        """A device says something: to another one of the home, or to a remote party.

        A block of a longer message does not tell whom it is for; it goes to remote parties.
        """
        row = self._log.entry(bytes(parsed.target)) if parsed else None
        if row is None or row[TYPE_AT] == GPF:
            self._outward(octets)
            return
        try:
            self._forward(octets)
        except (ValueError, StoreError):
            self.note(FAILED, parsed.code)

    def _outward(self, octets: bytes):
        from smets.parts import Parts

        parts = Parts()
        parts.add(octets)
        alerts = self.device.alerts
        if len(alerts) >= _OUTWARD:
            self._drop(alerts[0])
        held = [each for each in alerts if isinstance(each, Parts)]
        total = sum([each.length for each in held]) + len(octets)
        while total > _OUTWARD_OCTETS:
            total -= held[0].length
            self._drop(held.pop(0))
        alerts.append(parts)

    def _drop(self, alert):
        self.device.alerts.remove(alert)
        self.device.alerts_dropped += 1

    def note(self, event: int, code: int):
        """Enter a message that was delivered, or was not."""
        self.device.feature("event_log").enter(event, code.to_bytes(2, "big"))

    # --- Devices that are awake -----------------------------------------------------------------

    def tick(self):
        """See Feature."""
        uptime = self.device.uptime
        self._client.tick(uptime)
        for row in self._log.devices:
            # Once CBKE with it is done.
            if row[TYPE_AT] in _AWAKE and row[HASH_AT]:
                peer = self._peer(row)
                if peer.sent and uptime >= peer.until:
                    self._fail(row[EUI_AT])
                self._serve(row[EUI_AT], peer)
        self._forget()
        if self._waiting is not None:
            self.waiting.forget(self._log)
            self.waiting.tick()

    def _forget(self):
        """Devices that were taken out of the log have no tunnel, and get nothing more."""
        for eui in [each for each in self._peers if self._log.entry(each) is None]:
            self._fail(eui)
            del self._peers[eui]
        for eui in [each for each in self._ends if self._log.entry(each) is None]:
            del self._ends[eui]

    def _serve(self, eui: bytes, peer: Peer):
        """Send what waits for a device; open its tunnel where there is none."""
        end = peer.end
        if end is None or not peer.sends:
            if not peer.opening and self.device.uptime >= peer.due:
                peer.opening = True
                search = client.Search(eui, TUNNELING, self._on_search)
                search.timeout = _PATIENCE
                self._client.ask(self.device.uptime, search)
            return
        if peer.waits and peer.sent is None:
            peer.sent = peer.waits.pop(0)
            peer.until = self.device.uptime + _PATIENCE
            peer.sequence = end.send(peer.sent[1], _CONFIRMED)

    def _confirmed(self, eui: bytes, peer: Peer):
        """A device has what was sent to it."""
        if peer.sent is not None:
            self.note(DONE, peer.sent[0])
            peer.sent = None
            peer.lost = 0
            self._serve(eui, peer)

    def _on_search(self, request, found):
        eui = request.to[0]
        if not found or eui not in self._peers:
            self._fail(eui)
            return
        asked = client.Request(
            (eui, found[0]), TUNNELING, tunnel.REQUEST, tunnel.request(), self._on_answer
        )
        asked.timeout = _PATIENCE
        self._client.ask(self.device.uptime, asked)

    def _on_answer(self, request, answer):
        eui = request.to[0]
        peer = self._peers.get(eui)
        if peer is None:
            return
        status = number = -1
        if answer is not None and answer.cluster_specific:
            reader = Reader(answer.payload)
            number = reader.le(2, "tunnel")
            status = reader.u8("status")
        if status == tunnel.OPENED:
            peer.opening = False
            peer.sends = True
            # Its numbers go on, so that nothing old confirms what is new.
            peer.end = tunnel.End(
                self.device, request.to, tunnel.HUB, number, False, peer.sequence
            )
            self._serve(eui, peer)
        elif status == tunnel.BUSY:
            peer.opening = False
            peer.due = self.device.uptime + tunnel.AGAIN
        else:
            self._fail(eui)

    def _fail(self, eui: bytes):
        """What waits is not delivered; another tunnel is opened later.

        Up to then the device may still talk into the one that it had.
        """
        peer = self._peers.get(eui)
        if peer is None:
            return
        if peer.sent is not None:
            peer.waits.insert(0, peer.sent)
        peer.sent = None
        peer.sends = False
        peer.opening = False
        peer.lost = 0
        peer.due = self.device.uptime + tunnel.AGAIN
        for code, _ in peer.waits:
            self.note(FAILED, code)
            if peer.kind == _ESME:
                hub_alerts.tell(self.device, NOT_DELIVERED)
        peer.waits = []

    # --- Frames ---------------------------------------------------------------------------------

    def hear(self, frame_in) -> bool:
        """See Feature: an answer to a search."""
        return frame_in.profile == PROFILE_ZDO and self._client.take(frame_in)

    def receive(self, frame_in) -> bool:
        """See Feature; DecodeError."""
        if frame_in.cluster != TUNNELING:
            return False
        told = frame.parse(frame_in.payload)
        if not told.from_server:
            if not told.cluster_specific:
                return False
            self._from_client(frame_in, told)
        elif told.cluster_specific and told.command in (tunnel.DATA, tunnel.FAULT):
            self._from_server(frame_in, told)
        elif not told.cluster_specific and bytes(told.payload[:1]) == bytes((tunnel.TRANSFER,)):
            self._told(frame_in, told)
        else:
            return self._client.take(frame_in, told)
        return True

    def _from_server(self, frame_in, told):
        """A device that is awake says something, or has lost the tunnel."""
        peer = self._peers.get(frame_in.source)
        reader = Reader(told.payload)
        number = reader.le(2, "tunnel")
        if peer is None or peer.end is None or not peer.end.is_with(frame_in, number):
            self.device.ignore("stranger")
            if told.command == tunnel.DATA and self._log.entry(frame_in.source):
                tunnel.fault(self.device, frame_in, told, number)
        elif told.command == tunnel.DATA:
            octets = data_of(reader)
            parsed = parse_passing(octets)
            if parsed and peer.sent is not None:
                from smets.features.waiting import responds

                if responds(parsed, peer.sent[1]):
                    self._confirmed(frame_in.source, peer)
            self._came(octets, parsed)
        else:
            self._lost(frame_in.source, peer)

    def _told(self, frame_in, told):
        """The Default Response to what was sent."""
        peer = self._peers.get(frame_in.source)
        if peer is None or peer.end is None or len(told.payload) != 2:
            self.device.ignore("stranger")
        elif peer.sent is None or told.sequence != peer.sequence:
            self.device.ignore("unasked")
        elif told.payload[1] == frame.SUCCESS:
            self._confirmed(frame_in.source, peer)
        else:  # it would be refused in another tunnel, too
            self._fail(frame_in.source)

    def _lost(self, eui: bytes, peer: Peer):
        """The device has no such tunnel: what was sent into it goes into another one, once."""
        peer.end = None
        if not peer.sends:
            return  # it had failed before
        peer.sends = False
        peer.lost += 1
        if peer.lost > 1:
            self._fail(eui)
            return
        if peer.sent is not None:
            peer.waits.insert(0, peer.sent)
            peer.sent = None
        self._serve(eui, peer)

    def _from_client(self, frame_in, told):
        """A gas meter opens its tunnel, asks for a message, or says something."""
        eui = frame_in.source
        row = self._log.entry(eui)
        if row is None or row[TYPE_AT] != _GSME:
            self.device.ignore("stranger")
            return
        reader = Reader(told.payload)
        if told.command == tunnel.REQUEST:
            self._opened(frame_in, told, reader)
            return
        number = reader.le(2, "tunnel")
        end = self._ends.get(eui)
        ours = end is not None and end.is_with(frame_in, number)
        if told.command == tunnel.CLOSE:
            if ours:
                del self._ends[eui]
            tunnel.default(self.device, frame_in, told, frame.SUCCESS if ours else frame.NOT_FOUND)
        elif told.command != tunnel.TRANSFER:
            tunnel.default(self.device, frame_in, told, frame.UNSUP_CLUSTER_COMMAND)
        elif not ours:
            octets = number.to_bytes(2, "little") + bytes((tunnel.NO_SUCH,))
            tunnel.reply(self.device, frame_in, told, tunnel.FAULT, octets)
        else:
            self._meter_says(eui, end, data_of(reader))

    def _opened(self, frame_in, told, reader):
        number = (self._number + 1) & 0x7FFF
        octets = tunnel.opened(reader, number)
        if octets[2] == tunnel.OPENED:
            self._number = number
            there = (frame_in.source, frame_in.source_endpoint)
            self._ends[frame_in.source] = tunnel.End(self.device, there, tunnel.HUB, number, True)
        tunnel.reply(self.device, frame_in, told, tunnel.RESPONSE, octets)

    def _meter_says(self, eui: bytes, end, octets: bytes):
        kind = octets[:1]
        if kind == tunnel.GET:
            found = self.waiting.next(eui)
            left = self.waiting.count(eui) - (1 if found else 0)
            end.send(tunnel.GET_RESPONSE + bytes((left,)) + (found or b""))
        elif kind == tunnel.PUT:
            parsed = parse_passing(octets[1:])
            self._came(octets[1:], parsed)
            self.waiting.answered(eui, parsed)
        else:
            raise DecodeError(0, "neither GET nor PUT")

    def summary(self) -> dict:
        """See Feature: devices with an open tunnel, messages that wait for gas meters."""
        opened = len([peer for peer in self._peers.values() if peer.sends]) + len(self._ends)
        waits = self.waiting.total if self._waiting is not None else 0
        return {"tunnels": opened, "waiting": waits}


FEATURE = Tunnels
