# A UART for tests of the XBee link on both engines, and a module on it that does as it is told.
# Frames are built and taken apart here from the user guide, not with the firmware's codec.
_SPECIAL = (0x7E, 0x7D, 0x11, 0x13)


def framed(data, escaped=False):
    """A frame around data."""
    body = bytes((len(data) >> 8, len(data) & 255)) + data + bytes((255 - sum(data) % 256,))
    if not escaped:
        return b"\x7e" + body
    out = bytearray(b"\x7e")
    for octet in body:
        if octet in _SPECIAL:
            out.append(0x7D)
            octet ^= 0x20
        out.append(octet)
    return bytes(out)


def unframed(octets, escaped=False):
    """The data of each frame in octets that hold nothing else."""
    found = []
    octets = bytes(octets)
    if escaped:
        plain = bytearray()
        turned = False
        for octet in octets:
            if octet == 0x7D:
                turned = True
            else:
                plain.append(octet ^ 0x20 if turned else octet)
                turned = False
        octets = bytes(plain)
    while octets:
        length = octets[1] << 8 | octets[2]
        assert octets[0] == 0x7E, "a frame begins with 7E"
        assert sum(octets[3 : length + 4]) % 256 == 255, "checksum"
        found.append(octets[3 : length + 3])
        octets = octets[length + 4 :]
    return found


class Wire:
    """A transport: what was written, and what is to be read, at most `step` octets at a time."""

    def __init__(self, incoming=b"", step=4096):
        self.written = bytearray()
        self.incoming = bytes(incoming)
        self.step = step
        self.unplugged = False

    def readinto(self, buffer):
        if self.unplugged:
            raise OSError(5)
        count = min(len(buffer), len(self.incoming), self.step)
        if not count:
            return None
        buffer[:count] = self.incoming[:count]
        self.incoming = self.incoming[count:]
        return count

    def write(self, data):
        if self.unplugged:
            raise OSError(5)
        count = min(len(data), self.step)
        self.written.extend(data[:count])
        return count


class Module(Wire):
    """Answers AT commands from `registers`; keeps what it is to transmit in `sent`."""

    def __init__(self, address, escaped=True):
        super().__init__()
        self.escaped = escaped
        self.dumb = False  # answers nothing
        self.refused = b""  # a register that may not be touched
        self.registers = {
            b"AP": b"\x02" if escaped else b"\x01",
            b"AO": b"\x00",
            b"ZS": b"\x00",
            b"CE": b"\x00",
            b"ID": b"\x00",
            b"EE": b"\x00",
            b"EO": b"\x00",
            b"SH": address[:4],
            b"SL": address[4:],
            b"MY": b"\x12\x34",
            b"NP": b"\xff",
            b"AI": b"\x00",
        }
        self.commands = []  # (kind of frame, register, value)
        self.sent = []  # data of 0x11 frames

    def say(self, data):
        """Send data to the device in a frame."""
        self.incoming += framed(data, self.escaped)

    def listen(self):
        """Take what the device wrote."""
        octets, self.written = self.written, bytearray()
        if self.dumb:
            return
        for data in unframed(octets, self.escaped):
            if data[0] == 0x11:
                self.sent.append(data)
                continue
            assert data[0] in (0x08, 0x09), "frame type"
            name, value = data[2:4], data[4:]
            self.commands.append((data[0], name, value))
            head = bytes((0x88, data[1])) + name
            if name == self.refused:
                self.say(head + b"\x03")
            elif value or name in (b"AC", b"WR"):
                self.registers[name] = value
                self.say(head + b"\x00")
            else:
                self.say(head + b"\x00" + self.registers[name])

    def status(self, network, delivery=0, retries=0):
        """Report on the last transmission."""
        frame_id = self.sent[-1][1]
        self.say(bytes((0x8B, frame_id, network >> 8, network & 255, retries, delivery, 0)))

    def deliver(self, address, network, endpoints, cluster, profile, options, payload):
        """Hand a received frame to the device."""
        self.say(
            b"\x91"
            + address
            + network.to_bytes(2, "big")
            + endpoints
            + cluster.to_bytes(2, "big")
            + profile.to_bytes(2, "big")
            + bytes((options,))
            + payload
        )
