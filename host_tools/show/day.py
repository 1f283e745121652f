"""A day of the home: all five devices, what the supplier asks of them, and what people see."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from host_tools.example import EUIS
from host_tools.gbcs.message import Message
from host_tools.gbcs.times import from_seconds_2000, iso, iso_2000, parse_iso
from host_tools.home import Home
from host_tools.show.film import Film
from host_tools.show.live import DISPLAYS, Screens
from host_tools.show.stage import Stage
from host_tools.show.tenancy import INPUTS, start_home
from host_tools.utrn import token_for
from host_tools.voltage.series import from_messages

__all__ = ["play"]

_HALF_HOUR = 1800
_DAY = 86400
# Everything is switched on at 10:13, which is not a round time.
_SWITCHED_ON = 180
# Virtual seconds between two pictures.
_STEP = 600
# Wh each half hour by hour of the day (UTC).
_DRAWS = {0: 90, 6: 260, 9: 180, 12: 320, 14: 150, 17: 640, 18: 910, 20: 420, 22: 200}
_SUPPLY = {"phases": 1, "waves": [{"mv": 238_000}]}
_TOP_UP = 1000  # pence


class _Day:
    """The state that the hours of the day share."""

    def __init__(self, stage: Stage, home: Home, screens: Screens) -> None:
        self.stage = stage
        self.home = home
        self.screens = screens
        self.midnight = home.now // _DAY * _DAY

    def until(self, hour: int, minute: int = 0) -> None:
        """Let time pass until then; an hour from 24 on is of the next day."""
        end = self.midnight + hour * 3600 + minute * 60
        while self.home.now < end:
            draw = _DRAWS.get(self.home.now // 3600 % 24)
            if draw is not None:
                self.home.devices["esme"].control("SET", {"draw": draw})
            self.home.advance(min(_STEP, end - self.home.now), step=60)
            self.screens.look()

    def wake(self) -> None:
        """Wake the PPMID, as a key does; it then asks for the date of the tenancy."""
        while self.shown("ppmid")["awake"]:
            self.home.advance(10)
        self.home.devices["ppmid"].control("ACT", {"wake": True})
        self.home.advance(60)

    def say(self, text: str) -> None:
        """A line of the story, also under the pictures."""
        self.screens.caption(text)
        self.stage.say(f"{iso_2000(self.home.now)}  {text}")
        self.screens.look()

    def gas(self, use_case: str, from_gsme: bool, words: str) -> None:
        """The supplier reads the gas proxy; the stamp has to be of this source, and reliable."""
        message = self.stage.exchange(self.home, "gpf", use_case)
        if message is None:
            return
        stamp = message.stamp
        seen = (stamp.is_from_gsme, stamp.clock_status) if stamp else None
        text = stamp.text() if stamp else "no stamp"
        self.stage.check(seen == (from_gsme, "reliable"), f"{use_case}, {words}: {text}")

    def shown(self, role: str) -> dict[str, Any]:
        """What a display holds."""
        return self.home.devices[role].control("QUERY")["summary"]


def play(stage: Stage, film: Film | None = None) -> None:
    """From 10:13 to 10:13 of the next day; `film` takes what the displays show."""
    stage.title("A day of the home, in virtual time")
    with TemporaryDirectory(prefix="smets-") as folder, stage.home() as home:
        home.now += _SWITCHED_ON
        with Screens(stage.console, home, film) as screens:
            start_home(stage, home, Path(folder), {**INPUTS, "voltage": _SUPPLY})
            day = _Day(stage, home, screens)
            day.say(f"ESME, GSME, GPF, IHD and PPMID are switched on at {stage.engine}.")
            for part in (_gas_update, _voltage, _gas_clock, _tenancy, _night):
                part(day)


def _gas_update(day: _Day) -> None:
    day.until(10, 31)
    day.say("The gas meter has reported to its proxy: the supplier reads gas.")
    day.gas("GCS13a", True, "the gas meter told the time")
    day.screens.turn("ihd", "gas")
    day.until(10, 55)


def _voltage(day: _Day) -> None:
    day.until(11, 1)
    day.screens.turn("ihd", "electricity")
    day.say("The first half hour of voltage is over: the network operator reads it.")
    messages: list[Message] = []
    for use_case in ("ECS23", "ECS26b"):
        ranged = None if use_case == "ECS26b" else {"from": 0, "to": day.home.now}
        message = day.stage.exchange(day.home, "esme", use_case, "network_operator", ranged)
        if message is None:
            return
        messages.append(message)
    (phase,) = from_messages(messages).phases
    first = day.midnight + 11 * 3600
    found = ", ".join(f"{volts} V until {iso_2000(at)}" for at, volts in phase.entries.items())
    day.stage.check(
        list(phase.entries) == [first],
        f"one average, of 10:30 to 11:00, though the meter runs since 10:13: {found}",
    )


def _gas_clock(day: _Day) -> None:
    day.screens.turn("ppmid", "credit")
    day.until(14)
    doubt = {"time": iso_2000(day.home.now), "status": "unreliable"}
    day.home.devices["gsme"].control("CLOCK", doubt)
    day.say("The gas meter's clock becomes unreliable.")
    day.screens.turn("ihd", "gas")
    day.until(14, 31)
    day.gas("GCS14", False, "the proxy's own time stands in")
    day.until(16)
    day.home.devices["gsme"].control(
        "CLOCK", {"time": iso_2000(day.home.now), "status": "reliable"}
    )
    day.say("The gas meter has its time back.")
    day.until(16, 31)
    day.gas("GCS60a", True, "the gas meter's time again")
    day.screens.turn("ihd", "now")


def _tenancy(day: _Day) -> None:
    day.until(18)
    held = {role: day.shown(role) for role in DISPLAYS}
    fuels = ("electricity", "gas")
    day.stage.check(
        all(row[fuel]["half_hours"] for row in held.values() for fuel in fuels),
        "both displays hold the half hours of the tenant who moves out",
    )
    date = iso(from_seconds_2000(day.home.now))
    day.say("A new tenant: the supplier sets the date at ESME (ECS12) and GPF (GCS09).")
    day.stage.exchange(day.home, "esme", "ECS12", params={"restrictDataDateTime": date})
    day.stage.exchange(day.home, "gpf", "GCS09", params={"Implementation Date/Time": date})
    day.wake()
    day.until(19)
    for role in DISPLAYS:
        row = day.shown(role)
        oldest = [row[fuel]["oldest"] for fuel in fuels]
        clean = all(one is None or parse_iso(one) >= parse_iso(date) for one in oldest)
        applied = all(row[fuel]["applied"] == date for fuel in fuels)
        day.stage.check(clean and applied, f"{role.upper()} shows nothing from before {date}")
        day.screens.turn(role, "tenancy")
    day.until(19, 30)


def _night(day: _Day) -> None:
    day.until(20)
    token = token_for(
        day.stage.keys.parties(), bytes.fromhex(EUIS["esme"]), _TOP_UP, day.stage.seed
    )
    day.home.devices["ppmid"].control("ACT", {"top_up": token})
    day.home.advance(60)
    last = day.shown("ppmid")["requests"]["last"]
    day.say(f"The tenant adds £{_TOP_UP // 100} at the PPMID.")
    day.stage.check(bool(last["accepted"]), f"the meter's answer to the token: {last['state']}")
    day.screens.turn("ppmid", "credit")
    day.screens.turn("ihd", "electricity")
    before = _balance(day)
    day.until(34, 13)
    spent = before - _balance(day)
    day.say(f"A day is over; {day.home.frames} HAN frames.")
    day.stage.check(spent > 0, f"since then {spent / 100_000:.2f} pounds were used")


def _balance(day: _Day) -> int:
    query = day.home.devices["esme"].control("QUERY")
    return query["summary"]["prepayment"]["balance"]
