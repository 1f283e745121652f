"""SECMP0056 on the stage: a change of tenancy, from the supplier's command to the display."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from rich.table import Table

from host_tools.example import ELECTRICITY_STATE, EUIS
from host_tools.gbcs.times import from_seconds_2000, iso, iso_2000, parse_iso
from host_tools.home import Home
from host_tools.show.gas import start_gas
from host_tools.show.stage import Stage

__all__ = ["INPUTS", "play", "start_home"]

_WATTS = [{"type": "double-long-unsigned", "value": watts} for watts in (500, 1000)]
THRESHOLDS = {
    "class": 21,
    "obis": "0-0:16.0.0.255",
    "attr": 2,
    "value": {"type": "array", "value": _WATTS},
}
# 200 pounds last for two months.
PREPAYMENT: dict[str, Any] = {
    "mode": "prepayment",
    "balance": 20_000_000,
    "ppmid": EUIS["ppmid"],
}
INPUTS: dict[str, Any] = {"draw": 210, "prepayment": PREPAYMENT}


def start_home(
    stage: Stage, home: Home, folder: Path, inputs: dict[str, Any] | None = None
) -> None:
    """Start all five devices, the displays paired with both meters; `inputs` of the ESME."""
    start_gas(stage, home)
    time = iso_2000(home.now)
    state = {
        "device": "ESME",
        "clock": {"time": time, "status": "reliable"},
        "zcl": ELECTRICITY_STATE,
        "dlms": [THRESHOLDS],
    }
    inputs = inputs or {**INPUTS, "prepayment": {**PREPAYMENT, "ppmid": home.euis["ppmid"]}}
    home.add("esme", home.euis["esme"], state, stage.device_keys("esme"), inputs)
    for role in ("ihd", "ppmid"):
        store = folder / role
        store.mkdir(exist_ok=True)
        display = {"device": role.upper(), "device_eui": home.euis[role]}
        home.pair(home.add(role, home.euis[role], display, store=str(store)))


def _show(stage: Stage, home: Home, title: str) -> dict[str, dict[str, Any]]:
    """A table of what both displays hold; returns the summaries."""
    table = Table(title=title, title_justify="left", box=None, padding=(0, 2, 0, 0))
    names = ("display", "fuel", "days", "half hours", "oldest", "tenancy", "date", "applied")
    for name in names:
        table.add_column(name)
    summaries: dict[str, dict[str, Any]] = {}
    for role in ("ihd", "ppmid"):
        summary = home.devices[role].control("QUERY")["summary"]
        summaries[role] = summary
        for fuel in ("electricity", "gas"):
            row = summary[fuel]
            cells = ("days", "half_hours", "oldest", "tenancy", "date_seen", "applied")
            table.add_row(role.upper(), fuel, *(str(row[cell] or "-") for cell in cells))
    stage.console.print(table)
    return summaries


def play(stage: Stage) -> None:
    """Three days of one tenant, then the supplier's date at both meters, then the displays."""
    stage.title("A change of tenancy in the home")
    with TemporaryDirectory(prefix="smets-") as folder, stage.home() as home:
        start_home(stage, home, Path(folder))
        home.advance(3 * 86400, step=300)
        stage.say(f"{iso_2000(home.now)}  Three days later; {home.frames} HAN frames so far.")
        before = _show(stage, home, "Before")
        stage.check(
            all(before[role][fuel]["days"] for role in before for fuel in ("electricity", "gas")),
            "both displays hold the days of the tenant who lives there",
        )
        date = iso(from_seconds_2000((home.now // 86400) * 86400))
        moved = stage.exchange(home, "esme", "ECS12", params={"restrictDataDateTime": date})
        moved = stage.exchange(home, "gpf", "GCS09", params={"Implementation Date/Time": date})
        if moved is None:
            return
        stage.say(
            f"{iso_2000(home.now)}  The supplier has set {date} at ESME (ECS12) and GPF (GCS09)."
        )
        home.advance(86400 + 7200, step=300)
        after = _show(stage, home, "After: within a day the sleeping PPMID has asked, too")
        for role, summary in after.items():
            for fuel in ("electricity", "gas"):
                row = summary[fuel]
                oldest = row["oldest"]
                clean = oldest is None or parse_iso(oldest) >= parse_iso(date)
                stage.check(
                    row["applied"] == date and clean,
                    f"{role.upper()} shows no {fuel} data from before {date}",
                )
