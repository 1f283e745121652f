"""`smets versions`: what goes together, by the plan of the release or the user's own table."""

import csv
import io
from datetime import date

import pytest
from typer.testing import CliRunner

from host_tools import cli
from host_tools.versions.matrix import Judgement, differing_octets, judge, planned
from host_tools.versions.names import (
    DEVICE_SPECS,
    Version,
    VersionError,
    parse_spec,
    parse_version,
)
from host_tools.versions.table import Purpose, TableError, read_table

TABLE = """specification,version,gbcs,installation_start,installation_end,maintenance_start,\
maintenance_end,gbcs_start,gbcs_end
GSMETS,4.3,4.1,2021-01-01,2022-06-30,2021-01-01,2024-06-30,2021-01-01,2024-06-30
GSMETS,4.4,4.2,2022-11-03,,2022-11-03,,2022-11-03,
ESMETS,5.2,4.2,,,,,,
"""


def smets(*arguments):
    return CliRunner().invoke(cli.build(), ["versions", *map(str, arguments)])


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "schedule11.csv"
    path.write_text(TABLE)
    return path


def test_matrix_is_that_of_the_plan_and_says_so():
    """spec: the release's matrix (RID v0.4), restated here."""
    rows = {(row["spec"], row["version"]): row["gbcs"] for row in planned()["matrix"]}
    assert rows == {
        ("GSMETS", "4.4"): "4.2",
        ("ESMETS", "5.2"): "4.2",
        ("IHDTS", "4.4"): "4.2",
        ("PPMIDTS", "4.5"): "4.2",
        ("CHTS", "1.6"): "4.2",
        ("GBCS", "3.3"): None,
        ("GBCS", "4.2"): None,
    }
    shown = smets()
    assert shown.exit_code == 0
    assert "planned, RID v0.4" in shown.output and "Later facts" in shown.output
    for spec, version in rows:
        assert any(spec in line and version in line for line in shown.output.splitlines()), spec


@pytest.mark.parametrize(
    ("device", "spec", "gbcs", "judgement"),
    [
        *((d, v, "4.2", "valid") for d, v in (("GSME", "4.4"), ("ESME", "5.2"), ("IHD", "4.4"))),
        *((d, v, "4.2", "valid") for d, v in (("PPMID", "4.5"), ("GPF", "1.6"), ("CHF", "1.6"))),
        ("GSME", "4.4", "4.1", "contradicted"),
        ("GSME", "4.4", "3.3", "contradicted"),
        ("GSME", "4.4", "4.3", "unknown"),
        ("GSME", "4.4", "4.10", "unknown"),
        ("GSME", "4.3", "4.2", "unknown"),
        ("ESME", "5.10", "4.2", "unknown"),
    ],
)
def test_pairs_by_the_plan(device, spec, gbcs, judgement):
    answer = judge(device, parse_version(spec), parse_version(gbcs))
    assert answer.judgement == judgement, answer
    assert answer.why


def test_a_date_is_never_guessed():
    for when in (date(2000, 1, 1), date(2022, 11, 3), date(2030, 1, 1)):
        answer = judge("GSME", Version(4, 4), Version(4, 2), on=when)
        assert answer.judgement is Judgement.UNKNOWN and "dates are not known" in answer.why


def test_a_device_is_made_to_its_own_specification():
    for device, spec in DEVICE_SPECS.items():
        other = "GSMETS" if spec != "GSMETS" else "ESMETS"
        answer = judge(device, Version(4, 4), Version(4, 2), named=other)
        assert answer.judgement is Judgement.CONTRADICTED
        assert spec in answer.why and other in answer.why


@pytest.mark.parametrize(
    ("spec", "gbcs", "on", "purpose", "judgement", "why"),
    [
        ("4.3", "4.1", "2022-06-30", "installation", "valid", "covers 2022-06-30"),
        ("4.3", "4.1", "2022-07-01", "installation", "contradicted", "ended on 2022-06-30"),
        ("4.3", "4.1", "2022-07-01", "maintenance", "valid", "covers"),
        ("4.3", "4.1", "2020-12-31", "maintenance", "contradicted", "starts on 2021-01-01"),
        ("4.4", "4.2", "2022-11-02", "installation", "contradicted", "starts on 2022-11-03"),
        ("4.4", "4.2", "2035-01-01", "installation", "valid", "covers"),
        ("4.4", "4.1", None, "maintenance", "contradicted", "with GBCS 4.2, not with 4.1"),
        ("4.4", "4.2", None, "maintenance", "valid", "line 3"),
        ("9.9", "4.2", None, "maintenance", "unknown", "no row"),
    ],
)
def test_pairs_by_a_table(table, spec, gbcs, on, purpose, judgement, why):
    answer = judge(
        "GSME",
        parse_version(spec),
        parse_version(gbcs),
        table=read_table(table),
        on=date.fromisoformat(on) if on else None,
        purpose=Purpose(purpose),
    )
    assert answer.judgement == judgement and why in answer.why, answer


def test_a_row_without_dates_answers_no_date(table):
    answer = judge(
        "ESME", Version(5, 2), Version(4, 2), table=read_table(table), on=date(2023, 1, 1)
    )
    assert answer.judgement is Judgement.UNKNOWN and "no start date" in answer.why


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("specification,version\n", "no column gbcs"),
        ("specification,version,gbcs,colour\n", "unknown column 'colour'"),
        ("specification,version,gbcs\n", "no rows"),
        ("specification,version,gbcs\nGSMETS,4,4.2\n", "line 2: '4' is no version"),
        ("specification,version,gbcs\nBSMETS,4.4,4.2\n", "no specification of a device"),
        ("specification,version,gbcs\nGBCS,4.2,4.2\n", "no specification of a device"),
        ("specification,version,gbcs\nGSMETS,4.4\n", "not 3 columns"),
        ("specification,version,gbcs\nGSMETS,4.4,4.2,9\n", "not 3 columns"),
        ("specification,version,gbcs,gbcs_end\nGSMETS,4.4,4.2,soon\n", "line 2"),
        (
            "specification,version,gbcs,gbcs_start,gbcs_end\nCHTS,1.6,4.2,2022-01-02,2022-01-01\n",
            "ends before it starts",
        ),
    ],
)
def test_a_table_that_is_wrong_is_refused_with_its_place(tmp_path, text, what):
    path = tmp_path / "table.csv"
    path.write_text(text)
    with pytest.raises(TableError, match=what):
        read_table(path)
    result = smets("check", "--type", "GSME", "--spec", "4.4", "--gbcs", "4.2", "--table", path)
    assert result.exit_code == 2


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (("--type", "GSME", "--spec", "4.4", "--gbcs", "4.2"), 0, "valid: GSMETS 4.4"),
        (("--type", "gpf", "--spec", "CHTS V1.6", "--gbcs", "V4.2"), 0, "valid: CHTS 1.6"),
        (("--type", "GPF", "--spec", "CHTS V1.6", "--gbcs", "4.0"), 1, "contradicted"),
        (("--type", "ESME", "--spec", "GSMETS V4.4", "--gbcs", "4.2"), 1, "not to GSMETS"),
        (("--type", "GPF", "--spec", "CHTS V1.4", "--gbcs", "4.2"), 4, "unknown"),
        (("--type", "HCALCS", "--spec", "1.0", "--gbcs", "4.2"), 2, ""),
        (("--type", "GPF", "--spec", "latest", "--gbcs", "4.2"), 2, ""),
        (("--type", "GPF", "--spec", "1.6", "--gbcs", "four"), 2, ""),
        (("--type", "GPF", "--spec", "1.6", "--gbcs", "4.2", "--table", "/no/file"), 2, ""),
    ],
)
def test_check_and_its_exit_status(arguments, status, words):
    result = smets("check", *arguments)
    assert result.exit_code == status, result.output
    assert words in result.output


FLEET = """device_id,type,specification,gbcs
00-00-00-00-00-00-00-01,GSME,GSMETS V4.4,4.2
00-00-00-00-00-00-00-02,GSME,4.4,4.1
00-00-00-00-00-00-00-03,ESME,GSMETS V4.4,4.2
00-00-00-00-00-00-00-04,ESME,ESMETS V5.2,four
00-00-00-00-00-00-00-05,TOASTER,ESMETS V5.2,4.2
00-00-00-00-00-00-00-06,GSME,GSMETS V4.3,4.1
"""


def test_a_fleet_in_violations_out(tmp_path, table):
    path = tmp_path / "fleet.csv"
    path.write_text(FLEET)
    result = smets("fleet", path)
    assert result.exit_code == 1
    rows = list(csv.DictReader(io.StringIO(result.stdout)))
    assert [row["device_id"][-1] for row in rows] == ["2", "3"]
    assert {row["judgement"] for row in rows} == {"contradicted"}
    assert "6 devices: 1 valid, 3 unknown, 2 contradicted" in result.stderr
    everything = smets("fleet", path, "--all")
    assert len(list(csv.DictReader(io.StringIO(everything.stdout)))) == 6
    dated = smets("fleet", path, "--table", table, "--on", "2024-07-01")
    rows = list(csv.DictReader(io.StringIO(dated.stdout)))
    assert [row["device_id"][-1] for row in rows] == ["2", "3", "6"]


def test_a_fleet_without_violations_is_status_0(tmp_path):
    path = tmp_path / "fleet.csv"
    path.write_text("".join(FLEET.splitlines(keepends=True)[:2]))
    result = smets("fleet", path)
    assert result.exit_code == 0 and len(result.stdout.splitlines()) == 1


@pytest.mark.parametrize(
    "text",
    [
        "device_id,type\n",
        "device_id,type,specification,gbcs\n,GSME,4.4,4.2\n",
        FLEET + "0000000000000001,GSME,4.4,4.2\n",
    ],
)
def test_a_fleet_file_that_is_wrong_is_refused(tmp_path, text):
    path = tmp_path / "fleet.csv"
    path.write_text(text)
    assert smets("fleet", path).exit_code == 2


def test_versions_are_compared_as_numbers():
    assert parse_version("4.10") > parse_version("4.9")
    assert parse_spec("chts v1.6") == ("CHTS", Version(1, 6))
    for text in ("", "4", "4.2.1", "x4.2", "SMETS 2", "4.2 "[:0]):
        with pytest.raises(VersionError):
            parse_spec(text)


def test_octets_that_depend_on_the_version():
    """spec: what GBCS 3.1 and 4.0 differ in; what MP143 carries into 3.3 is not known."""
    item = "frame control of the Default Response"
    assert differing_octets("GCS21k", Version(3, 1)) == {item: "09"}
    assert differing_octets("GCS21k", Version(4, 2)) == {item: "08"}
    assert differing_octets("GCS21k", Version(3, 3)) == {item: None}
    assert differing_octets("GCS13a", Version(4, 2)) == {}
