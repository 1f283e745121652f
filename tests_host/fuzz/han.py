"""HAN frames, structured and torn, to the six roles, and answers to what they ask."""

from __future__ import annotations

from fuzz.devices_under import EUIS, ROLES, Living
from fuzz.source import Source
from smets.zcl.han_frame import APS_SECURED, BROADCAST, GROUP, PROFILE_SE, PROFILE_ZDO, HanFrame

CLUSTERS = (0x0000, 0x000A, 0x0700, 0x0702, 0x0703, 0x0704, 0x0705, 0x0707, 0x0708, 0x0709, 0x0800)
ATTRIBUTES = (
    (*range(0x0008), 0x0014, 0x0100, 0x0102, 0x0200, 0x0201, 0x0202, 0x0205, 0x0206, 0x0207)
    + (0x0300, 0x0301, 0x0302, 0x0303, 0x0306, 0x0307, 0x0400, 0x0401, 0x0403, 0x0420, 0x0430)
    + (0x0440, 0x0511, 0x0616, 0x0617, 0x0700, 0x0800, 0x0A00, 0x0A01, 0x0C01, 0x051C, 0xFFFE)
)
TYPES = (0x00, 0x10, 0x18, 0x19, 0x1B, 0x20, 0x21, 0x22, 0x23, 0x25, 0x27, 0x28, 0x2A, 0x2B, 0x2F)
TYPES = (*TYPES, 0x30, 0x31, 0x38, 0x39, 0x41, 0x42, 0x43, 0x48, 0x4C, 0xE2, 0xF0, 0xFF)
_FIXED = {0x00: 0, 0x10: 1, 0x30: 1, 0x31: 2, 0x38: 2, 0x39: 4, 0xE2: 4, 0xF0: 8}
_SOURCES = [bytes.fromhex(eui) for eui in (*EUIS.values(), "FFFFFFFFFFFFFFFF", "0" * 16)]
_OWN = {role: bytes.fromhex(eui) for role, eui in EUIS.items()}
_CONTROLS = (0x00, 0x08, 0x10, 0x18, 0x01, 0x09, 0x11, 0x19, 0x04, 0x05, 0xFF)
_COMMANDS = (0x00, 0x01, 0x02, 0x04, 0x06, 0x08, 0x0A, 0x0A, 0x0B, 0x0C, 0x0D)
_SECONDS = (1, 10, 11, 31, 60, 900, 1800, 3600)


def value(source: Source) -> bytes:
    """A type octet and a value of it, now and then of another length."""
    kind = source.pick(TYPES)
    if kind in (0x41, 0x42):
        count = source.number(0, 40)
        told = 0xFF if source.chance(8) else count
        return bytes((kind, told)) + source.octets(count)
    if kind == 0x43:
        count = source.number(0, 40)
        return bytes((kind,)) + count.to_bytes(2, "little") + source.octets(count)
    size = _FIXED.get(kind, (kind & 7) + 1)
    if source.chance(16):
        size = source.number(0, 9)
    edge = source.number(0, 7)
    octets = (b"\xff" * size, b"\x80".rjust(size, b"\0"), bytes(size))[edge] if edge < 3 else None
    return bytes((kind,)) + (source.octets(size) if octets is None else octets)


def zcl(source: Source) -> bytes:
    """A ZCL frame: general commands with records, cluster commands with any body."""
    control = source.pick(_CONTROLS)
    sequence = source.number(0, 255)
    body = b""
    if control & 3:
        command = source.number(0, 16)
        body = source.octets(source.number(0, 60))
    else:
        command = source.pick(_COMMANDS)
        for _ in range(source.number(0, 6)):
            body += source.pick(ATTRIBUTES).to_bytes(2, "little")
            if command == 0x01:
                body += bytes((0 if source.number(0, 3) else 0x86,))
            if command in (0x01, 0x02, 0x0A):
                body += value(source)
    head = bytes((control,)) + (source.octets(2) if control & 4 else b"")
    return head + bytes((sequence, command)) + body


def frame_for(source: Source, role: str) -> HanFrame:
    """A frame for a device, from a neighbour or a stranger."""
    zdo = source.chance(12)
    flags = (APS_SECURED, APS_SECURED, APS_SECURED, 0, APS_SECURED | BROADCAST, GROUP, 7, 0xFF)
    return HanFrame(
        source.pick(_SOURCES),
        _OWN[role] if source.number(0, 15) else source.pick(_SOURCES),
        source.pick((1, 2, 3, 0, 240)),
        source.pick((1, 2, 3, 0, 240)),
        source.pick((0x0006, 0x8006, 0x0000, 0x0013)) if zdo else source.pick(CLUSTERS),
        source.octets(source.number(0, 40)) if zdo else zcl(source),
        PROFILE_ZDO if zdo else PROFILE_SE,
        source.pick(flags) if source.chance(4) else APS_SECURED,
    )


def answer_to(source: Source, asked: HanFrame) -> HanFrame | None:
    """What comes back for a frame that a device sent: of the right form, with any values."""
    payload = bytes(asked.payload)
    cluster = asked.cluster
    if asked.profile == PROFILE_ZDO and cluster == 0x0006 and payload:
        body = bytes((payload[0], 0, 0, 0, 1, source.pick((1, 2, 3))))
        cluster = 0x8006
    elif len(payload) >= 3 and not payload[0] & 4:
        if payload[0] & 3:
            command = source.number(0, 15)
            body = bytes((0x09, payload[1], command)) + source.octets(source.number(0, 60))
        else:
            body = bytes((0x18, payload[1], 0x01))
            for at in range(3, len(payload) - 1, 2):
                body += payload[at : at + 2]
                if source.number(0, 7):
                    body += b"\0" + value(source)
                else:
                    body += b"\x86"
    else:
        return None
    answer = asked.reply(body)
    answer.cluster = cluster
    return answer


class Han:
    """Some frames and time between them for one of the devices; a look at it now and then."""

    def __init__(self) -> None:
        self.living = Living(400)

    def __call__(self, data: bytes) -> None:
        """One input: up to four frames or stretches of time."""
        source = Source(data)
        role = source.pick(ROLES)
        link = self.living.link(role, data)
        device, heard = link.device, link.heard
        for _ in range(4):
            what = source.number(0, 7)
            if what == 0:
                device.advance(source.pick(_SECONDS))
            else:
                sent = answer_to(source, heard.pop(0)) if what < 4 and heard else None
                device.receive(sent or frame_for(source, role))
            heard += device.outbox[: 8 - len(heard)]
            device.outbox.clear()
            if not source.left:
                break
        if link.count % 16 == 0:
            link.look(source.number(0, 23) if source.chance(4) else 0)
