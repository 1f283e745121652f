"""A device under test, and what of it makes pictures: stamps, voltage log, records of a display.

Checks need not know of it, and it decides no verdict. An odd answer makes no picture here; the
check judges it.
"""

from __future__ import annotations

from contextlib import suppress
from typing import Any, cast

from host_tools.bench import BenchClient
from host_tools.conform.dut import Dut
from host_tools.gbcs.message import Message
from host_tools.gbcs.times import parse_iso, seconds_2000
from host_tools.gbcs.zcl_ids import CHANGE_OF_TENANCY_UPDATE_DATE_TIME, DEVICE_MANAGEMENT
from host_tools.han.frame import from_octets

__all__ = ["WatchingBench"]

Json = dict[str, Any]

_DAY = 86400
_MOST = 24
# ReadAttributesResponse record of the tenancy date: its id, success, UTCTime.
_TENANCY_DATE = CHANGE_OF_TENANCY_UPDATE_DATE_TIME.to_bytes(2, "little") + b"\x00\xe2"
_NO_DATE = 0xFFFFFFFF


class WatchingBench(Dut):
    """Collects the series of `host_tools.conform.pictures` while a check runs."""

    def begin(self) -> None:
        """Forget what was collected: a check begins."""
        self._now: int | None = None
        self._stamps: list[Json] = []
        self._voltage: Json = {}
        self._date: int | None = None
        self._shown: dict[str, list[Json]] = {}
        self._tapped: BenchClient | None = None

    def series(self) -> Json:
        """What was collected since `begin`."""
        found: Json = {}
        if self._stamps:
            found["stamps"] = self._stamps[:_MOST]
        if self._voltage:
            found["voltage"] = self._voltage
        with suppress(Exception):
            for states in self._shown.values():
                before, after = _days(states[0]), _days(states[-1])
                # The fuel that changed; a display that holds what it held is no picture.
                if self._date and before != after:
                    found["tenancy"] = {"start": self._date, "before": before, "after": after}
        return found

    def control(self, verb: str, document: Any = None) -> Json:
        """Like Dut.control; also follows the time, and the records that a display reports."""
        answer = super().control(verb, document)
        self._tap()
        with suppress(Exception):
            self._follow(verb, document or {}, answer)
        return answer

    def _follow(self, verb: str, document: Json, answer: Json) -> None:
        if verb == "FORGET":
            self._now = None
        elif verb == "ADVANCE" and self._now is not None:
            self._now += document["seconds"]
        elif verb == "QUERY":
            for fuel in ("electricity", "gas"):
                self._shown.setdefault(fuel, []).append(answer["summary"][fuel])
        else:
            when = document["time"] if verb == "CLOCK" else document["clock"]["time"]
            self._now = seconds_2000(parse_iso(when))

    def ask(
        self,
        use_case: str,
        params: Json | None = None,
        party: str = "supplier",
        counter: int | None = None,
    ) -> tuple[bytes, bytes, Message]:
        """Like that of a Dut; also keeps the stamp or the voltage log of the answer."""
        command, response, message = super().ask(use_case, params, party, counter)
        with suppress(Exception):
            self._keep(use_case, message)
        return command, response, message

    def _keep(self, use_case: str, message: Message) -> None:
        stamp = message.stamp
        if stamp is not None and self._now is not None:
            self._stamps.append(
                {
                    "label": use_case,
                    "read": self._now,
                    "stamp": seconds_2000(stamp.moment) if stamp.moment else None,
                    "status": stamp.clock_status or "no status",
                    "source": f"from {stamp.source}",
                }
            )
        if use_case == "ECS23":
            data = message.dlms.data
            rows = cast("list[list[int]]", data[4].value)
            points = [[row[0], row[1]] for row in rows]
            if points:
                self._voltage = {"period": data[5].value, "unit": "V", "points": points}

    def _tap(self) -> None:
        """See the frames for the device; after a cut of power it is a new link."""
        client = self.client
        if client is self._tapped:
            return

        def frame(octets: bytes) -> None:
            with suppress(Exception):
                self._look(octets)
            BenchClient.frame(client, octets)

        client.frame = frame
        self._tapped = client

    def _look(self, octets: bytes) -> None:
        """Find the tenancy date that a meter gives, in a frame for the device."""
        frame = from_octets(octets)
        at = frame.payload.find(_TENANCY_DATE)
        if frame.cluster == DEVICE_MANAGEMENT and at >= 0:
            date = int.from_bytes(frame.payload[at + 4 : at + 8], "little")
            if date not in (0, _NO_DATE, self._date):
                self._date = date
                self.control("QUERY")  # what it holds before it learns of the date


def _days(row: Json) -> list[list[Any]]:
    """The days a display holds, from the oldest one on."""
    if not row.get("days") or not row.get("oldest"):
        return []
    oldest = seconds_2000(parse_iso(row["oldest"]))
    return [[oldest + day * _DAY, f"day {day + 1}"] for day in range(int(row["days"]))]
