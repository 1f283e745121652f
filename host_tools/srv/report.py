"""The view as CSV, JSON and one HTML page, and the coverage of the 129 variants."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence

from jinja2 import Environment, PackageLoader, StrictUndefined

from host_tools.srv import variants
from host_tools.srv.view import COLUMNS, Row, coverage

NOTE = "Titles only, as MP141 has them: no payload. Columns are the project's own."


def as_csv(rows: Sequence[Row]) -> str:
    """The rows as CSV with a line of column names."""
    out = io.StringIO()
    writer = csv.DictWriter(out, COLUMNS, lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow(row.cells())
    return out.getvalue()


def as_json(rows: Sequence[Row]) -> str:
    """The rows and their coverage as JSON; what is not known is left out."""
    shown = [{name: text for name, text in row.cells().items() if text} for row in rows]
    counts = {
        srv: {"requests": asked, "responses": answered}
        for srv, (asked, answered) in coverage(rows).items()
        if asked or answered
    }
    document = {
        "note": NOTE,
        "rows": shown,
        "coverage": counts,
        "of": len(variants.all_variants()),
    }
    return json.dumps(document, indent=1) + "\n"


def as_html(rows: Sequence[Row], owner: str = "") -> str:
    """One page that needs no network: the rows by device, then the coverage."""
    environment = Environment(
        loader=PackageLoader("host_tools.srv", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    devices: dict[str, list[dict[str, str]]] = {}
    for row in rows:
        cells = row.cells()
        devices.setdefault(cells["device"], []).append(cells)
    counts = coverage(rows)
    return environment.get_template("view.html.j2").render(
        devices=devices,
        columns=[name for name in COLUMNS if name != "device"],
        owner=owner,
        note=NOTE,
        coverage=[
            (item.srv, item.title, *counts[item.srv]) for item in variants.all_variants().values()
        ],
        covered=covered(rows),
    )


def covered(rows: Sequence[Row]) -> int:
    """How many of the variants the rows have a request or response of."""
    return sum(any(pair) for pair in coverage(rows).values())
