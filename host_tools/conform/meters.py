"""Meters played to a display under test: they are found, read, and have a tenancy date.

They answer as Smart Energy has it: ZDO Match Descriptor, Read Attributes with frame control 18,
GetSampledData with whole days. A check changes what they say and looks at what the display does.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any, cast

from host_tools.conform.dut import Dut
from host_tools.conform.model import Blocked
from host_tools.gbcs.zcl_ids import (
    CHANGE_OF_TENANCY_UPDATE_DATE_TIME,
    CURRENT_SUMMATION_DELIVERED,
    DEVICE_MANAGEMENT,
    DIVISOR,
    GET_SAMPLED_DATA,
    GET_SAMPLED_DATA_RESPONSE,
    METERING,
    MULTIPLIER,
    PAYMENT_CONTROL_CONFIGURATION,
    PREPAYMENT,
    PROPOSED_TENANCY_CHANGE_CONTROL,
    TIME,
    TIME_NOW,
    TIME_STATUS,
    UNIT_OF_MEASURE,
)
from host_tools.han import zdo
from host_tools.han.frame import PROFILE_ZDO, Frame, to_octets

__all__ = ["NO_DATE", "Meter", "Meters"]

NO_DATE = 0xFFFFFFFF
_DAY = 86400
_ENDPOINT = 3
_HEX = 16  # digits of an EUI-64
_SLICE = 0.1  # seconds
_TYPES = {CHANGE_OF_TENANCY_UPDATE_DATE_TIME: 0xE2, PROPOSED_TENANCY_CHANGE_CONTROL: 0x1B}


@dataclass
class Meter:
    """One meter: ESME or GPF."""

    role: str
    date: int = NO_DATE
    control: int = 0
    status: int = 0  # of reads of the tenancy attributes
    absent: bool = False  # no cluster 0x0708 at all
    silent: bool = False
    secured: bool = True
    garbled: bool = False  # its tenancy answers are cut short
    restricts: bool = True  # whether its log begins at the date
    reads: int = 0  # of the tenancy attributes
    asked: list[bytes] = field(default_factory=list[bytes])  # everything but ZDO
    frames: list[Frame] = field(default_factory=list[Frame])  # the same, as it came


class Meters:
    """A home's meters and their time; `play` lets it pass."""

    def __init__(self, dut: Dut, *roles: str) -> None:
        """Pair the display, new, with these meters (both, unless said otherwise).

        A display in black box is paired with those of DUT.json, and stays as it is.
        """
        dut.need("han")
        if not dut.black_box:
            dut.need("state", "inputs", "clock")
        dut.ready()
        self.dut = dut
        self.now = dut.start
        self.others: list[Frame] = []  # to nobody who is played here
        self._answers: dict[bytes, tuple[int | None, bytes]] = {}
        self.meters = {dut.address(role): Meter(role) for role in roles or ("esme", "gpf")}
        if not dut.black_box:
            self.pair()

    @property
    def esme(self) -> Meter:
        """The electricity meter."""
        return self.meters[self.dut.address("esme")]

    @property
    def gpf(self) -> Meter:
        """The gas proxy."""
        return self.meters[self.dut.address("gpf")]

    @property
    def frames(self) -> list[Frame]:
        """All that the display asked of its meters, but for ZDO."""
        return [frame for meter in self.meters.values() for frame in meter.frames]

    def pair(self) -> None:
        """Tell the display its meters."""
        for address, meter in self.meters.items():
            fuel = "electricity" if meter.role == "esme" else "gas"
            self.dut.set_inputs(pair={"fuel": fuel, "eui": f"{address:016X}"})
        self._settle()

    def play(self, seconds: int, step: int = 10) -> None:
        """Let time pass; the meters answer what they are asked.

        Where nobody can let time pass, the bench listens for as long as its patience is.
        """
        if self.dut.patience:
            self._listen(min(float(seconds), self.dut.patience))
            return
        end = self.now + seconds
        while self.now < end:
            passed = min(step, end - self.now)
            self.now += passed
            self.dut.control("ADVANCE", {"seconds": passed})
            self._settle()

    def _listen(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self.dut.client.listen(min(_SLICE, left))
            self._settle()
        self.now = self.dut.now()

    def answer(self, what: bytes, command: int | None, body: bytes) -> None:
        """Make them answer `what` (cluster, command) with a command, or (None) a Default Response.

        Otherwise they do not answer requests that a display does not make.
        """
        self._answers[what] = (command, body)

    def shown(self, role: str) -> dict[str, Any]:
        """What the display holds and shows of a meter; Blocked where it does not tell."""
        fuel = "electricity" if role == "esme" else "gas"
        summary = cast("dict[str, Any]", self.dut.control("QUERY").get("summary") or {})
        row = summary.get(fuel)
        if not isinstance(row, dict) or "days" not in row:
            raise Blocked("the device does not tell what it shows (CTRL:QUERY, summary)")
        return cast("dict[str, Any]", row)

    def tell(
        self,
        role: str,
        payload: bytes,
        source: str = "",
        secured: bool = True,
        cluster: int = DEVICE_MANAGEMENT,
    ) -> int:
        """Push a frame; returns how many came back at once. `source` is a role or an EUI-64."""
        frame = Frame(
            int(source, 16) if len(source) == _HEX else self.dut.address(source or role),
            int(self.dut.eui, 16),
            _ENDPOINT,
            1,
            cluster,
            payload,
            aps_security=secured,
        )
        self._send(frame)
        heard = len(self.dut.heard)
        self._settle()
        return heard

    def _send(self, frame: Frame) -> None:
        self.dut.client.frame(to_octets(frame))

    def _settle(self) -> None:
        for _ in range(1000):
            if not self.dut.heard:
                return
            heard = list(self.dut.heard)
            self.dut.heard.clear()
            for frame in heard:
                meter = self.meters.get(frame.destination)
                if meter is None:
                    self.others.append(frame)
                    continue
                if frame.profile != PROFILE_ZDO:
                    meter.frames.append(frame)
                if meter.silent:
                    continue
                payload = self._answer(meter, frame)
                if payload is not None:
                    self._send(_reply(frame, payload, meter.secured))

    def _answer(self, meter: Meter, frame: Frame) -> bytes | None:
        if frame.profile == PROFILE_ZDO:
            return _match(meter, frame)
        meter.asked.append(bytes((frame.cluster >> 8, frame.cluster & 0xFF)) + frame.payload)
        control, sequence, command = frame.payload[:3]
        body = frame.payload[3:]
        if control & 3 == 0 and command == 0x00:
            ids = [int.from_bytes(body[at : at + 2], "little") for at in range(0, len(body), 2)]
            octets = bytes((0x18, sequence, 0x01))
            octets += b"".join(self._record(meter, frame.cluster, name) for name in ids)
            cut = meter.garbled and frame.cluster == DEVICE_MANAGEMENT
            return octets[:-3] if cut else octets
        if control & 3 == 1 and frame.cluster == METERING and command == GET_SAMPLED_DATA:
            return self._samples(meter, sequence, body)
        what = frame.cluster.to_bytes(2, "big") + bytes((command,))
        if control & 3 != 1 or what not in self._answers:
            return None
        answered, octets = self._answers[what]
        if answered is None:
            return bytes((0x18, sequence, 0x0B)) + octets
        return bytes((0x19, sequence, answered)) + octets

    def _record(self, meter: Meter, cluster: int, attribute: int) -> bytes:
        head = attribute.to_bytes(2, "little")
        if cluster == DEVICE_MANAGEMENT and attribute in _TYPES:
            is_date = attribute == CHANGE_OF_TENANCY_UPDATE_DATE_TIME
            meter.reads += is_date
            if meter.status:
                return head + bytes((meter.status,))
            value = meter.date if is_date else meter.control
            return head + bytes((0, _TYPES[attribute])) + value.to_bytes(4, "little")
        known = {
            (TIME, TIME_NOW): b"\xe2" + self.now.to_bytes(4, "little"),
            (TIME, TIME_STATUS): b"\x18\x09",
            (METERING, CURRENT_SUMMATION_DELIVERED): b"\x25" + (4711).to_bytes(6, "little"),
            (METERING, UNIT_OF_MEASURE): b"\x30\x00",
            (METERING, MULTIPLIER): b"\x22\x01\x00\x00",
            (METERING, DIVISOR): b"\x22\xe8\x03\x00",
            (PREPAYMENT, PAYMENT_CONTROL_CONFIGURATION): b"\x19\x00\x00",
        }
        value = known.get((cluster, attribute))
        return head + (b"\x86" if value is None else b"\x00" + value)

    def _samples(self, meter: Meter, sequence: int, body: bytes) -> bytes:
        log, wanted = int.from_bytes(body[:2], "little"), int.from_bytes(body[7:9], "little")
        period = _DAY if log == 1 else 1800
        first = -(-int.from_bytes(body[2:6], "little") // period) * period
        if meter.restricts and meter.date not in (0, NO_DATE) and meter.date <= self.now:
            first = max(first, -(-meter.date // period) * period)
        count = min(wanted, (self.now - first) // period)
        if count <= 0:
            return bytes((0x18, sequence, 0x0B, GET_SAMPLED_DATA, 0x8B))
        octets = bytes((0x19, sequence, GET_SAMPLED_DATA_RESPONSE)) + log.to_bytes(2, "little")
        octets += first.to_bytes(4, "little") + b"\x00"
        octets += (0xFFFF if log == 1 else 1800).to_bytes(2, "little")
        return octets + count.to_bytes(2, "little") + (100).to_bytes(3, "little") * count


def _match(meter: Meter, frame: Frame) -> bytes | None:
    if frame.cluster != zdo.MATCH_DESCRIPTOR or len(frame.payload) < 8:
        return None
    cluster = int.from_bytes(frame.payload[6:8], "little")
    found = b"" if meter.absent and cluster == DEVICE_MANAGEMENT else bytes((_ENDPOINT,))
    head = frame.payload[:1] + b"\x00" + frame.payload[1:3]
    return head + bytes((len(found),)) + found


def _reply(frame: Frame, payload: bytes, secured: bool) -> Frame:
    is_zdo = frame.profile == PROFILE_ZDO
    return Frame(
        frame.destination,
        frame.source,
        frame.destination_endpoint,
        frame.source_endpoint,
        frame.cluster | (zdo.RESPONSE if is_zdo else 0),
        payload,
        frame.profile,
        aps_security=secured and not is_zdo,
    )
