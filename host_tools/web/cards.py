"""The view's words on each device, and the state that it should keep through a power cut."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from host_tools.web.plugs import NAMES

__all__ = ["card", "kept"]

Json = Mapping[str, Any]

_DASH = "unknown"


def _pounds(value: Any) -> str | None:
    """Thousandths of a penny as pounds."""
    if not isinstance(value, int):
        return None
    sign = "-" if value < 0 else ""
    return f"{sign}£{abs(value) // 100_000}.{abs(value) // 1000 % 100:02d}"


def _kwh(value: Any) -> str | None:
    return f"{value / 1000:,.3f} kWh" if isinstance(value, int) else None


def _cubic(value: Any) -> str | None:
    return f"{value / 1000:,.3f} m³" if isinstance(value, int) else None


def _short(value: Any) -> str | None:
    return f"{value[:10]} {value[11:16]}" if isinstance(value, str) else None


def _rows(role: str, told: Json) -> list[tuple[str, str | None]]:
    if role == "esme":
        account = cast(Json, told.get("prepayment") or {})
        return [
            ("Register", _kwh(told.get("register"))),
            ("Balance", _pounds(account.get("balance"))),
            ("Supply", cast("str | None", account.get("supply"))),
            ("Tenancy from", _short(told.get("tenancy")) or "none set"),
        ]
    if role == "gsme":
        return [("Register", _cubic(told.get("register")))]
    if role == "gpf":
        stamp = cast(Json, told.get("stamp") or {})
        when = _short(stamp.get("time"))
        when = when[-5:] if when else "no time"
        return [
            ("Register", _cubic(told.get("register"))),
            ("Stamp", f"{when}, {stamp.get('source')}, {stamp.get('status')}"),
            ("Updates", str(told.get("updates"))),
            ("Tenancy from", _short(told.get("tenancy")) or "none set"),
        ]
    fuels = [cast(Json, told.get(fuel) or {}) for fuel in ("electricity", "gas")]
    rows: list[tuple[str, str | None]] = [
        (name.capitalize(), _shown(fuel))
        for name, fuel in zip(("electricity", "gas"), fuels, strict=True)
    ]
    notice = "data cleared" if told.get("notices") else "none"
    rows.append(("Notice", notice))
    if "awake" in told:
        rows.append(("Radio", "awake" if told["awake"] else "asleep"))
    return rows


def _shown(fuel: Json) -> str:
    if not fuel:
        return _DASH
    if fuel.get("tenancy") not in ("clear", "pending"):
        return f"hidden: tenancy {fuel.get('tenancy')}"
    return f"{fuel.get('days')} days, {fuel.get('half_hours')} half hours"


def card(role: str, told: Json | None, sent: int, gone: str = "") -> dict[str, Any]:
    """The card of a device: `told` is its answer to QUERY, None while it has no power.

    `gone` is where its board is to be found, if that is why.
    """
    document: dict[str, Any] = {"role": role, "name": NAMES[role], "on": told is not None}
    if gone:
        document["gone"] = gone
    if told is not None:
        rows = _rows(role, cast(Json, told["summary"]))
        document |= {
            "status": told["clock_status"],
            "clock": _short(told.get("time")) or "no time",
            "rows": [[name, value or _DASH] for name, value in rows],
            "memory": told["memory"],
            "sent": sent,
        }
    return document


def kept(role: str, told: Json) -> dict[str, Any]:
    """The part of a device's summary that a power cut must not change, or None."""
    if role == "esme":
        account = cast(Json, told.get("prepayment") or {})
        voltage = cast(Json, told.get("voltage") or {})
        entries = cast("list[int]", voltage.get("entries") or [0])
        return {
            "register": told.get("register"),
            "balance": _pounds(account.get("balance")),
            "voltage averages": entries[0] or None,
            "tenancy": told.get("tenancy"),
        }
    if role == "gsme":
        return {"register": told.get("register")}
    if role == "gpf":
        return {"tenancy": told.get("tenancy")}
    found: dict[str, Any] = {}
    for fuel in ("electricity", "gas"):
        row = cast(Json, told.get(fuel) or {})
        found[f"days of {fuel}"] = row.get("days") or None
        found[f"half hours of {fuel}"] = row.get("half_hours") or None
    return found
