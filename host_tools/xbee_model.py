"""A model of Digi XBee 3 Zigbee modules: their UARTs in API mode, and the air between them.

It is written from the XBee 3 Zigbee RF Module User Guide (90001539), apart from the firmware's
driver: what the guide says of frames, registers, statuses, payload sizes and ZDO pass-through.
Nothing in it was compared with a real module. What goes wrong is a script: `Air.faults` for
transmissions, `Module.mangle` for the octets of a UART; `Air.loss` loses packets from a seed.

``python -m host_tools.xbee_model 2`` opens a pseudo-terminal for each of two modules.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import pty
import random
import selectors
import threading
import tty
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from host_tools.han import zdo

__all__ = ["Air", "Fault", "Module", "Ptys", "Transmission"]

BROADCAST: Final = bytes.fromhex("000000000000FFFF")
COORDINATOR: Final = bytes(8)
ANY: Final = b"\xff" * 8
UNKNOWN: Final = 0xFFFE

# Receive options.
ACKNOWLEDGED: Final = 0x01
WAS_BROADCAST: Final = 0x02
APS: Final = 0x20
MULTICAST: Final = 0x08  # transmit option

# Delivery statuses of 0x8B.
NETWORK_ACK_FAILURE: Final = 0x21
NOT_JOINED: Final = 0x22
SELF_ADDRESSED: Final = 0x23
ADDRESS_NOT_FOUND: Final = 0x24
BROADCAST_WITH_APS: Final = 0x2D
APS_WITHOUT_EE: Final = 0x2E
TOO_LARGE: Final = 0x74

# Modem statuses of 0x8A.
HARDWARE_RESET: Final = 0x00
WATCHDOG_RESET: Final = 0x01
JOINED: Final = 0x02
DISASSOCIATED: Final = 0x03
COORDINATOR_STARTED: Final = 0x06

# Association indications (AI).
AI_JOINED: Final = 0x00
AI_NO_NETWORK: Final = 0x21
AI_NO_SUCH_NETWORK: Final = 0x22
AI_SECURITY: Final = 0x27

# Octets of a packet: plain, with network security, with APS security ("Maximum RF payload size").
UNICAST: Final = (84, 66, 57)
BROADCASTS: Final = (92, 74)
FRAGMENTS: Final = 5
PAYLOAD: Final = 255

# ZDP requests that AO bit 1 passes through.
SUPPORTED_ZDO: Final = (zdo.SIMPLE_DESCRIPTOR, zdo.ACTIVE_ENDPOINTS, zdo.MATCH_DESCRIPTOR)
# The module's own application: endpoint -> device, input and output clusters of profile C105.
DIGI_PROFILE: Final = 0xC105
DIGI_ENDPOINTS: Final = (0xE6, 0xE8)

_TRIES: Final = 3  # of a packet
_SPECIAL: Final = frozenset(b"\x7e\x7d\x11\x13")


@dataclass(frozen=True)
class Register:
    """What may be written into a register."""

    default: int
    octets: int
    highest: int
    network: bool = False  # a change makes the module leave its network
    secret: bool = False


REGISTERS: Final = {
    b"AP": Register(0, 1, 2),
    b"AO": Register(0, 1, 0xFF),
    b"BD": Register(3, 4, 0x4B000),
    b"NI": Register(0x20, 20, (1 << 160) - 1),
    b"ZS": Register(0, 1, 2, network=True),
    b"CE": Register(0, 1, 1, network=True),
    b"ID": Register(0, 8, (1 << 64) - 1, network=True),
    b"EE": Register(0, 1, 1, network=True),
    b"EO": Register(0, 1, 0xFF, network=True),
    b"KY": Register(0, 16, (1 << 128) - 1, network=True, secret=True),
    b"NK": Register(0, 16, (1 << 128) - 1, secret=True),
}
COMMANDS: Final = (b"AC", b"WR", b"FR", b"RE")


@dataclass
class Fault:
    """A fault of the next `times` unicasts from `source` to `destination` (None: any).

    `status` goes to the sender (None: nothing does); `arrives` says whether the receiver gets it.
    """

    status: int | None = NETWORK_ACK_FAILURE
    arrives: bool = False
    source: Module | None = None
    destination: Module | None = None
    times: int = 1
    skip: int = 0  # unicasts that it lets pass before

    def strikes(self, source: Module, destination: Module) -> bool:
        """Whether this transmission is one of those."""
        if self.source not in (None, source) or self.destination not in (None, destination):
            return False
        if self.skip:
            self.skip -= 1
            return False
        if not self.times:
            return False
        self.times -= 1
        return True


@dataclass(frozen=True)
class Transmission:
    """One 0x11 request that went on air, for tests to look at."""

    source: Module
    destination: bytes
    profile: int
    cluster: int
    options: int
    payload: bytes
    packets: int


@dataclass
class Air:
    """The modules in reach of each other."""

    seed: int = 0
    loss: float = 0.0  # probability that a packet is lost at one try
    modules: list[Module] = field(default_factory=list["Module"])
    faults: list[Fault] = field(default_factory=list[Fault])
    log: list[Transmission] = field(default_factory=list[Transmission])

    def __post_init__(self) -> None:
        """Start the random stream."""
        self.random = random.Random(self.seed)

    def add(self, address: bytes, mode: int = 1, fragments: bool = True) -> Module:
        """Switch a module on that is in API mode `mode` and has factory settings otherwise."""
        module = Module(self, address, mode, fragments)
        self.modules.append(module)
        module.start()
        return module

    def network_of(self, module: Module) -> Iterator[Module]:
        """The other modules of a module's network."""
        for other in self.modules:
            if other is not module and other.joined and other.pan == module.pan:
                yield other

    def settle(self) -> None:
        """Let modules join that can."""
        for module in self.modules:
            if not module.joined:
                module.associate()

    def free_address(self) -> int:
        """A 16-bit address that nobody has."""
        taken = {module.network for module in self.modules}
        while True:
            address = self.random.randrange(1, 0xFFF8)
            if address not in taken:
                return address

    def carry(self, packets: int) -> tuple[bool, int]:
        """Whether all packets of a transmission get through, and the retries that took."""
        retries = 0
        for _ in range(packets):
            for attempt in range(_TRIES):
                if self.random.random() >= self.loss:
                    retries += attempt
                    break
            else:
                return False, retries + _TRIES
        return True, min(retries, 0xFF)


class Module:
    """One module: `feed` it what its UART receives, `take` what it sends."""

    def __init__(self, air: Air, address: bytes, mode: int = 1, fragments: bool = True) -> None:
        """`fragments` is False for firmware that sends single packets only."""
        self.air = air
        self.address = address
        self.fragments = fragments
        self.stored = {name: register.default for name, register in REGISTERS.items()}
        self.stored[b"AP"] = mode
        self.registers = dict(self.stored)
        self.network = UNKNOWN
        self.pan = 0
        self.association = 0xFF
        self.groups: set[int] = set()
        self.writes = 0  # to non-volatile memory
        self.bad_frames = 0
        self.transparent = (
            bytearray()
        )  # octets that it took as data to send, because it was not in API mode
        self.mangle: Callable[[bytes], bytes] | None = None  # of each frame to the UART
        self._queued: dict[bytes, int] = {}
        self._received = bytearray()
        self._out = bytearray()

    @property
    def joined(self) -> bool:
        """Whether it is in a network."""
        return self.association == AI_JOINED

    # --- UART ------------------------------------------------------------------------------------

    def feed(self, data: bytes) -> None:
        """Take octets of the UART."""
        if self.registers[b"AP"] == 0:
            self.transparent += data
            return
        self._received += data
        while frame := self._next_frame():
            self._take_frame(frame)

    def take(self) -> bytes:
        """What the module has to send on the UART."""
        data, self._out = bytes(self._out), bytearray()
        return data

    def say(self, data: bytes) -> None:
        """Send a frame on the UART."""
        body = len(data).to_bytes(2, "big") + data + bytes([0xFF - sum(data) % 256])
        if self.registers[b"AP"] == 2:
            body = b"".join(
                bytes([0x7D, octet ^ 0x20]) if octet in _SPECIAL else bytes([octet])
                for octet in body
            )
        frame = b"\x7e" + body
        self._out += self.mangle(frame) if self.mangle else frame

    def _next_frame(self) -> bytes:
        """The data of the next good frame; empty if there is none."""
        while True:
            start = self._received.find(0x7E)
            del self._received[: start if start >= 0 else len(self._received)]
            body, used = self._unescaped()
            length = int.from_bytes(body[:2], "big")
            if len(body) >= 2 and len(body) >= length + 3:
                del self._received[:used]
                if length and sum(body[2:]) % 256 == 0xFF:
                    return body[2:-1]
                self.bad_frames += 1
            elif self.registers[b"AP"] == 2 and used < len(self._received):
                # The next delimiter came before the end.
                del self._received[:used]
                self.bad_frames += 1
            else:
                return b""

    def _unescaped(self) -> tuple[bytes, int]:
        """Length, data and checksum of the frame at the start, and the octets that they took."""
        body = bytearray()
        escapes = self.registers[b"AP"] == 2
        used = min(1, len(self._received))
        turned = False
        while used < len(self._received):
            octet = self._received[used]
            if escapes and octet == 0x7E:
                break
            used += 1
            if escapes and octet == 0x7D:
                turned = True
                continue
            body.append(octet ^ 0x20 if turned else octet)
            turned = False
            if len(body) >= 2 and len(body) == int.from_bytes(body[:2], "big") + 3:
                break
        return bytes(body), used

    def _take_frame(self, data: bytes) -> None:
        kind = data[0]
        if kind in (0x08, 0x09) and len(data) >= 4:
            self._at(data[1], data[2:4], data[4:], kind == 0x09)
        elif kind == 0x11 and len(data) >= 20:
            self._explicit(data)

    # --- Registers -------------------------------------------------------------------------------

    def _at(self, frame_id: int, name: bytes, value: bytes, queued: bool) -> None:
        status, answer = self._run(name, value)
        if frame_id:
            self.say(bytes([0x88, frame_id]) + name + bytes([status]) + answer)
        if name == b"FR":
            self.reset()
        elif not queued or name == b"AC":
            self._apply()

    def _run(self, name: bytes, value: bytes) -> tuple[int, bytes]:
        """Status and answer of a command."""
        if name in COMMANDS:
            if name == b"WR":
                self.writes += 1
                self.stored = self.registers | self._queued
            elif name == b"RE":
                self._queued = {key: register.default for key, register in REGISTERS.items()}
            return 0, b""
        told = self._told(name)
        if told is not None:
            return (3, b"") if value else (0, told)
        register = REGISTERS.get(name)
        if register is None:
            return 2, b""
        if value:
            number = int.from_bytes(value, "big")
            if number > register.highest:
                return 3, b""
            self._queued[name] = number
            return 0, b""
        number = 0 if register.secret else self.registers[name]
        return 0, b"" if register.secret else number.to_bytes(register.octets, "big")

    def _told(self, name: bytes) -> bytes | None:
        """The value of a register that cannot be written."""
        values = {
            b"SH": self.address[:4],
            b"SL": self.address[4:],
            b"MY": self.network.to_bytes(2, "big"),
            b"OP": self.pan.to_bytes(8, "big"),
            b"AI": bytes([self.association]),
            b"NP": (PAYLOAD if self.fragments else self._packet(0)).to_bytes(2, "big"),
            b"VR": b"\x10\x0d",
        }
        return values.get(name)

    def _apply(self) -> None:
        """Apply what is queued."""
        changed = {name for name, value in self._queued.items() if self.registers[name] != value}
        self.registers |= self._queued
        self._queued.clear()
        if any(REGISTERS[name].network for name in changed):
            self.leave()
            self.air.settle()

    # --- Network ---------------------------------------------------------------------------------

    def start(self) -> None:
        """Power up."""
        self.reset()

    def reset(self, cause: int = HARDWARE_RESET) -> None:
        """Start again with the stored settings."""
        self.registers = dict(self.stored)
        self._queued.clear()
        self._received.clear()
        self.network, self.association = UNKNOWN, 0xFF
        self.say(bytes([0x8A, cause]))
        self.air.settle()

    def leave(self) -> None:
        """Leave the network, and end it if this module formed it."""
        if not self.joined:
            return
        formed = self.network == 0
        members = list(self.air.network_of(self)) if formed else []
        self.network, self.association = UNKNOWN, 0xFF
        self.say(bytes([0x8A, DISASSOCIATED]))
        for member in members:
            member.leave()

    def associate(self) -> None:
        """Form or join a network, or say in AI why not."""
        wanted = self.registers[b"ID"]
        if self.registers[b"CE"]:
            self.pan = wanted or self.air.random.getrandbits(63) + 1
            self.network, self.association = 0, AI_JOINED
            self.say(bytes([0x8A, COORDINATOR_STARTED]))
            self.air.settle()
            return
        self.association = AI_NO_NETWORK
        for other in self.air.modules:
            if not (other.joined and other.network == 0):
                continue
            if wanted not in (0, other.pan) or not self._same(other, b"ZS"):
                self.association = max(self.association, AI_NO_SUCH_NETWORK)
            elif not self._same(other, b"EE", b"EO", b"KY"):
                self.association = AI_SECURITY
            else:
                self.pan = other.pan
                self.network, self.association = self.air.free_address(), AI_JOINED
                self.say(bytes([0x8A, JOINED]))
                return

    def _same(self, other: Module, *names: bytes) -> bool:
        return all(self.registers[name] == other.registers[name] for name in names)

    # --- Air -------------------------------------------------------------------------------------

    def _packet(self, options: int) -> int:
        """Octets of payload in one packet of a unicast."""
        return UNICAST[2 if options & APS else 1 if self.registers[b"EE"] else 0]

    def _explicit(self, data: bytes) -> None:
        frame_id, address, hint = data[1], data[2:10], int.from_bytes(data[10:12], "big")
        options, payload = data[19], data[20:]
        status, network, retries = self._refusal(address, options, payload), UNKNOWN, 0
        if status == 0:
            self.air.log.append(
                Transmission(
                    self,
                    address,
                    int.from_bytes(data[16:18], "big"),
                    int.from_bytes(data[14:16], "big"),
                    options,
                    payload,
                    -(-len(payload) // self._packet(options)) or 1,
                )
            )
            if options & MULTICAST or address == BROADCAST:
                self._to_many(data, hint if options & MULTICAST else None)
            else:
                status, network, retries = self._to_one(data, hint)
        if frame_id and status is not None:
            found = 0x01 if hint == UNKNOWN and status == 0 else 0x00
            self.say(
                bytes([0x8B, frame_id])
                + (network if status == 0 else 0xFFFD).to_bytes(2, "big")
                + bytes([retries, status, found])
            )

    def _refusal(self, address: bytes, options: int, payload: bytes) -> int | None:
        """The delivery status of what is not even tried; 0 for the rest."""
        many = address == BROADCAST or bool(options & MULTICAST)
        secured = self.registers[b"EE"]
        if not self.joined:
            return NOT_JOINED
        if options & APS and many:
            return BROADCAST_WITH_APS
        if options & APS and not secured:
            return APS_WITHOUT_EE
        if many:
            return TOO_LARGE if len(payload) > BROADCASTS[secured] else 0
        room = self._packet(options) * (FRAGMENTS if self.fragments else 1)
        return TOO_LARGE if len(payload) > min(room, PAYLOAD) else 0

    def _to_many(self, data: bytes, group: int | None) -> None:
        for other in list(self.air.network_of(self)):
            if group is None or group in other.groups:
                # The guide names no option for multicasts: they are broadcasts of the network.
                other.receive(self, data[12:18], WAS_BROADCAST, data[20:])

    def _to_one(self, data: bytes, hint: int) -> tuple[int | None, int, int]:
        """Send to one module; returns delivery status, 16-bit address and retries."""
        address, options, payload = data[2:10], data[19], data[20:]
        if address == self.address or (address == COORDINATOR and self.network == 0):
            return SELF_ADDRESSED, UNKNOWN, 0
        for other in self.air.network_of(self):
            if address in (other.address, COORDINATOR if other.network == 0 else None):
                break
        else:
            return ADDRESS_NOT_FOUND, UNKNOWN, 0
        if hint not in (UNKNOWN, other.network):
            # No module has the address now.
            return NETWORK_ACK_FAILURE, UNKNOWN, _TRIES
        arrives, retries = self.air.carry(self.air.log[-1].packets)
        status: int | None = 0 if arrives else NETWORK_ACK_FAILURE
        for fault in self.air.faults:
            if fault.strikes(self, other):
                arrives, status = fault.arrives, fault.status
                break
        if arrives:
            other.receive(self, data[12:18], ACKNOWLEDGED | options & APS, payload)
        return status, other.network, retries

    def receive(self, source: Module, header: bytes, options: int, payload: bytes) -> None:
        """Take a transmission; `header` is endpoints, cluster and profile."""
        if (
            header[1] == 0
            and header[4:6] == b"\0\0"
            and not self._passes_zdo(source, int.from_bytes(header[2:4], "big"), payload)
        ):
            return
        where = source.address + source.network.to_bytes(2, "big")
        if self.registers[b"AO"] & 1:
            self.say(b"\x91" + where + header + bytes([options]) + payload)
        else:
            self.say(b"\x90" + where + bytes([options]) + payload)

    def _passes_zdo(self, source: Module, cluster: int, payload: bytes) -> bool:
        """Whether a ZDO frame goes to the UART; if not, the module answers it."""
        options = self.registers[b"AO"]
        if options & 0x20 or not options:
            passes = False
        elif cluster & zdo.RESPONSE:
            return True
        else:
            passes = bool(options & (0x02 if cluster in SUPPORTED_ZDO else 0x04))
        if not passes and not cluster & zdo.RESPONSE:
            answer = self._zdo_answer(cluster, payload)
            if answer:
                header = b"\0\0" + (cluster | zdo.RESPONSE).to_bytes(2, "big") + b"\0\0"
                source.receive(self, header, ACKNOWLEDGED, answer)
        return passes

    def _zdo_answer(self, cluster: int, payload: bytes) -> bytes:
        """What the module answers with its own application."""
        if len(payload) < 3:
            return b""
        head, interest = payload[:1], int.from_bytes(payload[1:3], "little")
        mine = self.network.to_bytes(2, "little")
        if cluster not in SUPPORTED_ZDO:
            return head + b"\x84" + payload[1:3]
        if interest != self.network and not (
            cluster == zdo.MATCH_DESCRIPTOR and interest >= 0xFFFD
        ):
            return head + b"\x81" + payload[1:3] + b"\0"
        if cluster == zdo.ACTIVE_ENDPOINTS:
            return head + b"\0" + mine + bytes([len(DIGI_ENDPOINTS), *DIGI_ENDPOINTS])
        if cluster == zdo.SIMPLE_DESCRIPTOR:
            if payload[3:4] not in (b"\xe6", b"\xe8"):
                return head + b"\x83" + mine + b"\0"
            profile = DIGI_PROFILE.to_bytes(2, "little")
            return head + b"\0" + mine + b"\x08" + payload[3:4] + profile + bytes(5)
        # Its application serves none of the clusters that anybody here asks for.
        return head + b"\0" + mine + b"\0" if interest == self.network else b""


class Ptys:
    """Pseudo-terminals in front of modules, served by a thread. Use as a context manager.

    Hold `lock` while touching modules or the air.
    """

    def __init__(self, modules: Sequence[Module]) -> None:
        """Open one for each module."""
        self.lock = threading.RLock()
        self.modules = list(modules)
        self.paths: list[str] = []
        self._masters: list[int] = []
        self._slaves: list[int] = []
        self._pending = [bytearray() for _ in modules]
        self._wake_read, self._wake_write = os.pipe()
        for _ in modules:
            master, slave = pty.openpty()
            # Kept open, so that the terminal stays raw and readable between two users.
            tty.setraw(slave)
            os.set_blocking(master, False)
            self._masters.append(master)
            self._slaves.append(slave)
            self.paths.append(os.ttyname(slave))
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="xbee model", daemon=True)
        self._thread.start()

    def __enter__(self) -> Ptys:
        return self

    def __exit__(self, *details: object) -> None:
        self.close()

    def close(self) -> None:
        """Close all of them."""
        self._closing = True
        self.wake()
        self._thread.join()
        for descriptor in (*self._masters, *self._slaves, self._wake_read, self._wake_write):
            os.close(descriptor)

    def wake(self) -> None:
        """Send what modules have to say; after touching them from outside."""
        os.write(self._wake_write, b"\0")

    def _run(self) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(self._wake_read, selectors.EVENT_READ)
            for master in self._masters:
                selector.register(master, selectors.EVENT_READ)
            while not self._closing:
                ready = {key.fd for key, _ in selector.select()}
                if self._wake_read in ready:
                    os.read(self._wake_read, 4096)
                with self.lock:
                    for master, module in zip(self._masters, self.modules, strict=True):
                        if master in ready:
                            with contextlib.suppress(BlockingIOError):
                                module.feed(os.read(master, 4096))
                    self._send(selector)

    def _send(self, selector: selectors.BaseSelector) -> None:
        for master, module, pending in zip(
            self._masters, self.modules, self._pending, strict=True
        ):
            pending += module.take()
            with contextlib.suppress(BlockingIOError):
                while pending:
                    del pending[: os.write(master, pending)]
            wanted = selectors.EVENT_READ | (selectors.EVENT_WRITE if pending else 0)
            selector.modify(master, wanted)


def main() -> None:
    """Serve some modules until Ctrl-C."""
    parser = argparse.ArgumentParser(description="Models of XBee 3 modules on pseudo-terminals.")
    parser.add_argument("modules", type=int, nargs="?", default=2, help="how many (default 2)")
    parser.add_argument("--mode", type=int, choices=(1, 2), default=2, help="API mode (AP)")
    parser.add_argument("--loss", type=float, default=0.0, help="probability to lose a packet")
    parser.add_argument("--seed", type=int, default=0, help="of the losses and addresses")
    options = parser.parse_args()
    air = Air(options.seed, options.loss)
    for number in range(1, options.modules + 1):
        air.add(bytes.fromhex("0013A200") + (0x40000000 + number).to_bytes(4, "big"), options.mode)
    with Ptys(air.modules) as ptys:
        for module, path in zip(air.modules, ptys.paths, strict=True):
            print(f"{module.address.hex().upper()} {path}", flush=True)
        with contextlib.suppress(KeyboardInterrupt):
            threading.Event().wait()


if __name__ == "__main__":
    main()
