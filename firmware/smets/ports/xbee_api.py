# XBee API mode: the frames that a Digi XBee module speaks on its UART, with and without escapes.
# Digi XBee 3 Zigbee RF Module User Guide (90001539), "API mode" and "Frame descriptions".
#
# 7E, length (2, big-endian), frame data, checksum: FF less the sum of the data. In API mode 2,
# 7E, 7D, 11 and 13 after the first octet are sent as 7D and the octet with bit 5 turned, so a 7E
# always starts a frame; in mode 1 it may also be data, and what starts a frame is found by trial.
import struct

from smets.compat import const

EXPLICIT_TRANSMIT = const(0x11)
AT_COMMAND = const(0x08)
AT_QUEUED = const(0x09)  # takes effect at the next AC or 0x08
AT_RESPONSE = const(0x88)
MODEM_STATUS = const(0x8A)
TRANSMIT_STATUS = const(0x8B)
EXPLICIT_RECEIVE = const(0x91)

# Shortest data of the frames that are read, their type octet included.
LEAST = {AT_RESPONSE: 5, MODEM_STATUS: 2, TRANSMIT_STATUS: 7, EXPLICIT_RECEIVE: 18}

# Longest data of a frame: 20 octets of 0x11 or 18 of 0x91, and 255 octets of payload.
LIMIT = const(288)
_HEADER = const(20)

_START = const(0x7E)
_ESCAPE = const(0x7D)
_TURNED = const(0x20)
_ESCAPED = b"\x7e\x7d\x11\x13"
_DELIMITER = b"\x7e"
# Octets as they come; any frame of mode 1 fits, so a scan of a full buffer always gets on.
_RAW = const(640)
_IDLE = const(-1)  # between frames


class Receiver:
    """Finds frames in what a module sends; holds a bounded number of octets, whatever comes."""

    def __init__(self, escaped: bool):
        self.frames = 0  # with a good checksum
        self.noise = 0  # octets outside of frames
        self.broken = 0  # frames with a wrong checksum or length, or cut short by the next
        self._escaped = escaped
        self._raw = bytearray(_RAW)
        self._view = memoryview(self._raw)
        self._start = 0
        self._end = 0
        # Mode 2: length, data and checksum of the present frame, without escapes.
        self._frame = memoryview(bytearray(LIMIT + 3))
        self._count = _IDLE
        self._turned = False

    def fill(self, transport) -> int:
        """Read what has come into the free room; returns the number of octets."""
        view, left = self._view, self._end - self._start
        if self._start:
            view[:left] = view[self._start : self._end]
            self._start = 0
            self._end = left
        count = transport.readinto(view[left:]) or 0
        self._end += count
        return count

    def take(self) -> memoryview | None:
        """The data of the next frame, valid until the next `fill`; None until one is complete."""
        return self._take_escaped() if self._escaped else self._take_plain()

    def partial(self) -> bool:
        """Whether a frame has begun that is not complete."""
        return self._count != _IDLE or self._start != self._end

    def give_up(self):
        """Drop the start of the partial frame: its rest does not come, but frames may follow."""
        if self._count != _IDLE:
            self._count = _IDLE
            self.broken += 1
        elif self._start != self._end:
            self._start += 1
            self.broken += 1

    def _take_plain(self):
        raw, end = self._raw, self._end
        while True:
            start = raw.find(_DELIMITER, self._start, end)
            if start < 0:
                self.noise += end - self._start
                self._start = self._end = 0
                return None
            self.noise += start - self._start
            self._start = start
            if end - start < 3:
                return None
            length = raw[start + 1] << 8 | raw[start + 2]
            if 2 <= length <= LIMIT:
                after = start + length + 4
                if after > end:
                    return None
                if sum(self._view[start + 3 : after]) & 0xFF == 0xFF:
                    self._start = after
                    self.frames += 1
                    return self._view[start + 3 : after - 1]
            # This is not a frame; the next one may start inside of it.
            self.broken += 1
            self._start = start + 1

    def _take_escaped(self):
        raw, frame, count, turned = self._raw, self._frame, self._count, self._turned
        done = None
        position, end = self._start, self._end
        length = frame[0] << 8 | frame[1]
        while position < end and done is None:
            octet = raw[position]
            position += 1
            if octet == _START:
                if count != _IDLE:
                    self.broken += 1
                count = 0
                turned = False
            elif count == _IDLE:
                self.noise += 1
            elif octet == _ESCAPE:
                turned = True
            else:
                frame[count] = octet ^ _TURNED if turned else octet
                turned = False
                count += 1
                if count == 2:
                    length = frame[0] << 8 | frame[1]
                    if not 2 <= length <= LIMIT:
                        self.broken += 1
                        count = _IDLE
                elif count == length + 3:
                    if sum(frame[2:count]) & 0xFF == 0xFF:
                        self.frames += 1
                        done = frame[2 : count - 1]
                    else:
                        self.broken += 1
                    count = _IDLE
        self._start, self._count, self._turned = position, count, turned
        return done


class Sender:
    """Builds frames in a buffer of its own, and writes them as fast as the transport takes them.

    One frame at a time: build the next one when `flush` has returned True.
    """

    def __init__(self, transport, escaped: bool):
        self._transport = transport
        self._escaped = escaped
        self._data = bytearray(LIMIT)
        self._out = memoryview(bytearray(2 * (LIMIT + 4)))
        self._sent = 0
        self._end = 0

    def flush(self) -> bool:
        """Write what is left of the frame; True when nothing is."""
        while self._sent < self._end:
            count = self._transport.write(self._out[self._sent : self._end])
            if not count:
                return False
            self._sent += count
        return True

    def drop(self):
        """Forget what is left of the frame."""
        self._sent = self._end = 0

    def command(self, kind: int, frame_id: int, name: bytes, value) -> bool:
        """An AT command (0x08 or 0x09); an empty value reads the register."""
        struct.pack_into(">BB2s", self._data, 0, kind, frame_id, name)
        self._data[4 : 4 + len(value)] = value
        return self._put(4 + len(value))

    def explicit(  # noqa: PLR0913 - the fields of a frame
        self, frame_id: int, address: bytes, network: int, source: int, destination: int,
        cluster: int, profile: int, options: int, payload,
    ) -> bool:  # fmt: skip
        """A transmission (0x11) to an EUI-64 with a 16-bit address; radius 0 is the widest."""
        struct.pack_into(
            ">BB8sHBBHHBB",
            self._data,
            0,
            EXPLICIT_TRANSMIT,
            frame_id,
            address,
            network,
            source,
            destination,
            cluster,
            profile,
            0,
            options,
        )
        end = _HEADER + len(payload)
        self._data[_HEADER:end] = payload
        return self._put(end)

    def _put(self, length):
        data, out = self._data, self._out
        out[0] = _START
        end = self._octet(1, length >> 8)
        end = self._octet(end, length & 0xFF)
        total = 0
        for index in range(length):
            octet = data[index]
            total += octet
            end = self._octet(end, octet)
        self._end = self._octet(end, 0xFF - (total & 0xFF))
        self._sent = 0
        return self.flush()

    def _octet(self, end, octet):
        out = self._out
        if self._escaped and octet in _ESCAPED:
            out[end] = _ESCAPE
            end += 1
            octet ^= _TURNED
        out[end] = octet
        return end + 1


def at_response(data) -> tuple:
    """(frame id, register name, status, value) of 0x88 data; status 0 is OK."""
    return data[1], bytes(data[2:4]), data[4], bytes(data[5:])


def transmit_status(data) -> tuple:
    """(frame id, 16-bit address, retries, delivery, discovery) of 0x8B data; delivery 0 is OK."""
    return struct.unpack(">BHBBB", data[1:7])


def explicit_receive(data) -> tuple:
    """(EUI-64, 16-bit address, source and destination endpoint, cluster, profile, options)."""
    return struct.unpack(">8sHBBHHB", data[1:18])


def received_payload(data) -> bytes:
    """The fields after the header of 0x91 data."""
    return bytes(data[18:])
