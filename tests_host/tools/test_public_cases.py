"""Messages of public reports, where they are at hand: what `smets parse` has to say of each."""

from __future__ import annotations

import pytest
from outside import CASES
from typer import Typer
from typer.testing import CliRunner

from host_tools.commands import parse, schema

pytestmark = pytest.mark.needs_cases
APP = Typer()
for module in (parse, schema):
    module.register(APP)

# File, exit statuses that are right, what has to be shown, and what must not be.
WANTED = [
    (
        "02_gnca_8002",
        (0,),
        ["alertCode  0x8002", "timeStamp  2022-11-01T10:30:00Z"],
        ["DLMS form"],
    ),
    ("03a_log_stamp_64bit", (0,), ["9223372036854775808, 5"], []),
    ("03b_log_stamp_ms1970", (0,), ["1667297400000, 5"], ["Traceback"]),
    ("04_dt_deviation_minus120", (0,), ["2024-06-15T18:23:45Z"], ["20:23:45Z"]),
    ("05_alert_compact_array", (0,), ["alertCode 0x8002"], ["zip"]),
    ("06_visible_latin1", (0,), ["hex A35430302E", "result 0  get: success"], []),
    ("07_visible_escape", (0,), ["\\x1b[31mXY"], ["\x1b"]),
    ("08_stamp_second60", (1, 2), ["second 60", "Default Response"], []),
    ("09_gbz_not_available", (0,), ["InstantaneousDemand  no value"], ["8388608"]),
    ("10_gbz_manufacturer", (0,), ["0x0000 of manufacturer 0x1234  1"], ["Summation"]),
    (
        "11_gbz_float_then_known",
        (0,),
        ["0x8002  1.0 (single)", "CurrentSummationDelivered  1"],
        [],
    ),
    ("12_gbz_cubic_metres", (0,), ["123.456 m\u00b3"], []),
]


@pytest.mark.parametrize(("name", "statuses", "shown", "hidden"), WANTED)
def test_a_reported_message_is_read(name, statuses, shown, hidden):
    path = CASES / f"{name}.hex"
    result = CliRunner().invoke(APP, ["parse", str(path)])
    assert result.exit_code in statuses, result.output
    for text in shown:
        assert text in result.stdout, result.stdout
    for text in hidden:
        assert text not in result.stdout, text
