"""`make living`: which use cases of meters and of a gas proxy live where they begin with no state.

A use case lives where a sequence of living_sequences.py or living_gas_sequences.py shows so: set,
time, read, against a model of the host's own. It is kept only where what it sets is acknowledged
and nothing follows from it; what is left is refused, with the reason. The README has the totals,
and is held to them.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import dlms_objects
from gas_commands import MADE, Maker
from gas_living import GasHome, GasMeter, GasProxy
from living import Meter, Refused
from living_gas_sequences import GAS_SEQUENCES, PROXY_SEQUENCES
from living_sequences import SEQUENCES
from setting_pairs import CASES, dlms_elements, element_of, get_payload
from vectors import gbz, read_frame

README = Path(__file__).parents[1] / "README.md"
LIVES, KEPT, REFUSED = "lives", "kept only", "refused"


def run_sequences(sequences: Any, begin: Callable[[str], Any]) -> dict[str, str]:
    """Sequence -> why it fails; the empty text where it passes. `begin` makes a device."""
    found = {}
    for name, (_, sequence) in sequences.items():
        meter = begin("cpython")
        try:
            sequence(meter)
            found[name] = ""
        except Exception as error:
            found[name] = f"{type(error).__name__}: {error}"[:100]
        finally:
            meter.close()
    return found


def tried(use_case: str) -> tuple[str, str]:
    """What a use case without a sequence does on a new meter: its column, and why."""
    elements = dlms_elements("ESME")[use_case]
    meter = Meter("cpython")
    try:
        values = {}
        for letter, place in elements:
            if letter in "sa":
                item = element_of(use_case, place)
                if item.get("type") == "composite":
                    return REFUSED, "no sequence sets it"
                values[place] = dlms_objects.Maker(f"{use_case} {place}").of(item, use_case).octets
        if not values:
            meter.read(use_case)
            return KEPT, "tells a value that nothing changes"
        codes = meter.send(use_case, values)
        wrong = [code for code in codes if code]
        return (REFUSED, f"result {wrong[0]}") if wrong else (KEPT, "nothing is read that follows")
    except Refused as refused:
        return REFUSED, str(refused).partition(": ")[2]
    except Exception as error:
        return REFUSED, f"{type(error).__name__}: {error}"
    finally:
        meter.close()


def tried_gas(use_case: str, role: str) -> tuple[str, str]:
    """The same of a use case in GBZ, at a new gas meter or its proxy."""
    meter = (GasMeter if role == "GSME" else GasProxy)("cpython")
    try:
        if use_case in MADE:
            items = Maker(use_case).of(use_case)
            wrong = [status for status in meter.give(use_case, items) if status]
            if wrong:
                return REFUSED, f"status {wrong[0]:02X}"
            return KEPT, "nothing is read that follows"
        requests = []
        for number, row in enumerate(CASES[use_case]["gbz"]):
            if row.get("attributes"):
                ids = [int(text, 16) for text in row["attributes"]]
                requests.append((int(row["cluster"], 16), read_frame(number, *ids)))
            else:
                head = bytes((int(row["fc"], 16), number, int(row["command"], 16)))
                requests.append((int(row["cluster"], 16), head + get_payload(row)))
        opened = meter.ask(use_case, lambda *_: gbz(*requests))
        wrong = [frame[4] for _, frame, _ in opened.components() if frame[2] == 0x0B]
        if wrong:
            return REFUSED, f"status {wrong[0]:02X}"
        return KEPT, "tells a value that nothing changes"
    except Exception as error:
        return REFUSED, f"{type(error).__name__}: {error}"[:100]
    finally:
        meter.close()


def gas_use_cases(role: str) -> list[str]:
    """The use cases in GBZ of remote parties at a role; GCS25 and GCS21d are of older versions."""
    found = {
        name
        for name, case in CASES.items()
        if case.get("gbz") and role in case["targets"] and case["kind"] == "remote_party"
    }
    return sorted(found - {"GCS25", "GCS21d"})


Tried = Callable[[str], tuple[str, str]]
# Device -> use cases, sequences, what makes a device for them, what is tried without one.
PARTS: dict[str, tuple[list[str], Any, Any, Tried]] = {
    "ESME": (sorted(dlms_elements("ESME")), SEQUENCES, Meter, tried),
    "GSME": (gas_use_cases("GSME"), GAS_SEQUENCES, GasMeter, lambda name: tried_gas(name, "GSME")),
    "GPF": (gas_use_cases("GPF"), PROXY_SEQUENCES, GasHome, lambda name: tried_gas(name, "GPF")),
}


def table(role: str) -> tuple[list[tuple[str, str, str]], dict[str, str]]:
    """(use case, column, by what or why) of all at a device, and why sequences fail."""
    use_cases, sequences, begin, tried_here = PARTS[role]
    results = run_sequences(sequences, begin)
    shown = {case: name for name, (cases, _) in sequences.items() for case in cases}
    rows = []
    for use_case in use_cases:
        name = shown.get(use_case)
        if name is None:
            rows.append((use_case, *tried_here(use_case)))
        elif results[name]:
            rows.append((use_case, REFUSED, f"{name}: {results[name]}"))
        else:
            rows.append((use_case, LIVES, name))
    return rows, {name: why for name, why in results.items() if why}


def totals(rows: list[tuple[str, str, str]], role: str) -> str:
    """The line that the README carries."""
    count = {column: sum(row[1] == column for row in rows) for column in (LIVES, KEPT, REFUSED)}
    coding = "DLMS" if role == "ESME" else "GBZ"
    name = f"{'an' if role == 'ESME' else 'a'} {role} in {coding}"
    return (
        f"{len(rows)} use cases of {name}: {count[LIVES]} live, "
        f"{count[KEPT]} are kept only, {count[REFUSED]} are refused"
    )


def main() -> int:
    """Print the tables; 1 where a sequence fails, or where the README says something else."""
    status = 0
    readme = " ".join(README.read_text("utf-8").split())
    for role, (_, sequences, _, _) in PARTS.items():
        began = time.monotonic()
        rows, failed = table(role)
        for use_case, column, why in rows:
            print(f"{use_case:8}{column:11}{why}")
        line = totals(rows, role)
        print(f"{line} ({len(sequences)} sequences, {time.monotonic() - began:.0f} s)")
        for name, why in failed.items():
            print(f"{name} fails: {why}")
        if line not in readme:
            print("README.md does not have these totals")
            status = 1
        status |= bool(failed)
    return status


if __name__ == "__main__":
    sys.exit(main())
