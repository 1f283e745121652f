"""Each conversion of the rows, and requests that use what is rare: dates, calendars, alerts."""

from __future__ import annotations

import base64
from datetime import UTC, datetime

import pytest
from host_home import ESME, GSME, HOME
from lxml import etree

from host_tools.duis import command, document
from host_tools.duis.convert import CONVERSIONS
from host_tools.duis.document import SR
from host_tools.duis.errors import DuisError
from host_tools.gbcs import axdr
from host_tools.gbcs.dlms import obis_octets
from host_tools.gbcs.reader import Reader

USER = HOME.parties().party("supplier").id
NOW = datetime(2026, 11, 6, 10, tzinfo=UTC)
SECONDS = int((NOW - datetime(2000, 1, 1, tzinfo=UTC)).total_seconds())
DATE = (
    "<D><Year><{y}>2030</{y}></Year><Month><SpecifiedMonth>3</SpecifiedMonth></Month>"
    "<DayOfMonth>{d}</DayOfMonth><DayOfWeek>{w}</DayOfWeek></D>"
)
ANY = "<NonSpecifiedDayOfWeek/>"
LAST, FIVE = "<LastDayOfMonth/>", "<SpecifiedDayOfMonth>5</SpecifiedDayOfMonth>"
GAS = (
    "<D><GasYearWithWildcards><NonSpecifiedYear/></GasYearWithWildcards><GasMonthWithWildcards>"
    "<SpecifiedMonth>10</SpecifiedMonth></GasMonthWithWildcards></D>"
)
PERIOD = "<P><StartDateTime>{}</StartDateTime><EndDateTime>{}</EndDateTime></P>"

# Worked out by hand from GBCS 9.1.5 (dates), the Blue Book 4.1.6.1 and the ZCL.
RIGHT = (
    ("int", " 5 ", "", 5),
    ("int", "-7", "", -7),
    ("decimal", "1.3", "2", 130),
    ("decimal", "60.00", "2", 6000),
    ("map", "B", "A=1,B=2", "2"),
    ("map", "1", "true=x,false=y", "x"),
    ("octet", "10", "", "0A"),
    ("month", "12", "3", "03"),
    ("text", "A£", "", "41C2A3"),
    ("string", " x ", "", "x"),
    ("hex", "00-0a", "", "000A"),
    ("datetime", "2026-11-06T10:20:30Z", "", "07EA0B06FF0A141E008000FF"),
    ("datetime", "2026-11-06T11:20:30+01:00", "", "07EA0B06FF0A141E008000FF"),
    ("activation", "", "", "0000000000000000008000ff"),
    ("activation", "3000-12-31T00:00:00Z", "", "ffffffffffffffffff8000ff"),
    ("activation", "2026-11-06T10:20:30.00Z", "", "07EA0B06FF0A141E008000FF"),
    ("time", "10:20:30.00Z", "", "0a141e00"),
    ("minutes", "10:20:00Z", "", 620),
    ("day", "2026-11-06Z", "", "07EA0B06FF"),
    ("day", "65535-03-01Z", "", "FFFF0301FF"),
    ("date", DATE.format(y="SpecifiedYear", d=FIVE, w=ANY), "", "07EE0305FF"),
    ("date", DATE.format(y="SpecifiedYear", d=LAST, w="<X>Friday</X>"), "", "07EE03FE05"),
    ("date12", DATE.format(y="SpecifiedYear", d=FIVE, w=ANY), "", "07EE0305FF000000008000FF"),
    ("zdate", DATE.format(y="SpecifiedYear", d=FIVE, w=ANY), "", "820305FF"),
    ("zdate", GAS, "", "FF0AFFFF"),
    ("utc", "2000-01-01T00:01:00Z", "", 60),
    ("utc", "2200-01-01T00:00:00Z", "", 0xFFFFFFFE),
    ("utcact", "", "", 0),
    ("utcact", "3000-12-31T00:00:00Z", "", 0xFFFFFFFF),
    ("utcact", "3000-12-31T00:00:00Z", "4294967294", 0xFFFFFFFE),
    ("utcact", "2000-01-01T00:01:00Z", "", 60),
    ("gentime", "2026-11-06T10:20:30Z", "", "20261106102030Z"),
    ("gentime", "3000-12-31T00:00:00Z", "", "99991231235959Z"),
    ("weekdays", "<D><I><N>Monday</N></I><I><N>Sunday</N></I></D>", "", "1000001"),
    ("certificate", base64.b64encode(b"\x30\x00").decode(), "", "3000"),
    ("samples", PERIOD.format("2026-01-01T00:00:00Z", "2026-01-02T00:00:00Z"), "1800", 49),
    ("channels", "<C><Channel1/><Channel3/></C>", "11,0,4", "111010"),
)
WRONG = (
    ("int", "1.5"),
    ("int", "9" * 30),
    ("decimal", "1.234"),
    ("decimal", "x"),
    ("map", "C"),
    ("octet", "256"),
    ("hex", "0"),
    ("datetime", "2026-13-06T10:20:30Z"),
    ("time", "10h"),
    ("day", "2026-02-30Z"),
    ("day", "soon"),
    ("date", "text"),
    ("date", "<D><Year><SpecifiedYear>70000</SpecifiedYear></Year></D>"),
    ("zdate", "<D><Year><SpecifiedYear>2200</SpecifiedYear></Year></D>"),
    ("utc", "1999-12-31T00:00:00Z"),
    ("weekdays", "text"),
    ("samples", "text"),
    ("channels", "text"),
    ("certificate", "%%"),
)
ARGUMENTS = {"decimal": "2", "map": "A=1", "samples": "1800", "channels": "1,0,4"}


def found(text):
    return etree.fromstring(text) if text.startswith("<") else text


@pytest.mark.parametrize(("name", "text", "argument", "wanted"), RIGHT)
def test_a_conversion(name, text, argument, wanted):
    value = CONVERSIONS[name](found(text), argument)
    same = value.lower() == str(wanted).lower() if isinstance(value, str) else value == wanted
    assert same, value


@pytest.mark.parametrize(("name", "text"), WRONG)
def test_what_cannot_be_converted_is_refused(name, text):
    with pytest.raises(DuisError):
        CONVERSIONS[name](found(text), ARGUMENTS.get(name, ""))


def plan(service, body, to=ESME, variant=1, **facts):
    prefixed = body.replace("</", "</sr:").replace("<", "<sr:").replace("<sr:/sr:", "</sr:")
    head = f"{USER.hex('-').upper()}:{to.hex('-').upper()}:7"
    text = (
        f'<sr:Request xmlns:sr="{SR}" schemaVersion="5.4"><sr:Header><sr:RequestID>{head}'
        f"</sr:RequestID><sr:CommandVariant>{variant}</sr:CommandVariant><sr:ServiceReference>1"
        f"</sr:ServiceReference><sr:ServiceReferenceVariant>{service}</sr:ServiceReferenceVariant>"
        f"</sr:Header><sr:Body>{prefixed}</sr:Body></sr:Request>"
    )
    device = command.Device(facts.pop("device", "ESME"), given=facts.pop("given", {}), **facts)
    return command.plan(document.request(text.encode()), device, now=NOW, dcc_counter=9)


def dlms_data(payload, accesses):
    """The values of an Access-Request whose places are of 10 octets and have no selection."""
    reader = Reader(payload, 8 + 10 * accesses, len(payload))
    return [axdr.read(reader, "value").to_json() for _ in range(payload[7 + 10 * accesses])]


def test_alerts_are_bits_counted_from_the_end():
    """duis.md 4.3: alert 81nn is bit 255 - nn of a mask, then of which are enabled."""
    body = (
        "<ConfigureAlertBehaviour><ElectricitySupplierAlerts><C><x810D>Enable</x810D>"
        "<x8F00>Disable</x8F00></C></ElectricitySupplierAlerts></ConfigureAlertBehaviour>"
    )
    made = plan("6.22", body)
    assert made.row.name == "ECS25a"
    bits = dlms_data(made.payload, 1)[0]["value"]
    assert [at for at, bit in enumerate(bits) if bit == "1"] == [255 - 0x0D, 255, 256 + 242]


def test_gas_alerts_of_one_configuration_are_one_command():
    """duis.md 4.4: log 03, WAN 08, HAN 10, alarm 40; ZCL fields little-endian, codes in order."""

    def entry(code, **on):
        names = ("WANAlert", "HANAlert", "EventLog", "Alarm")
        inner = "".join(f"<{n}>{'Enable' if n in on else 'Disable'}</{n}>" for n in names)
        return f"<x{code}>{inner}</x{code}>"

    body = (
        "<ConfigureAlertBehaviour><GasSupplierAlertEventSettings>"
        + entry("810D", EventLog=1, WANAlert=1)
        + entry("810E", Alarm=1)
        + entry("8119", EventLog=1, WANAlert=1)
        + "</GasSupplierAlertEventSettings></ConfigureAlertBehaviour>"
    )
    payload = plan("6.22", body, GSME, device="GSME").payload
    head = SECONDS.to_bytes(4, "little") + bytes(4)
    one = bytes((9, 0, 4)) + head + bytes.fromhex("0B00020D811981")
    two = bytes((9, 1, 4)) + head + bytes.fromhex("4000010E81")
    wanted = bytes.fromhex("010902")
    for last, frame in ((0, one), (1, two)):
        wanted += bytes((last, 7, 8)) + len(frame).to_bytes(2, "big") + frame
    assert payload == wanted


def test_a_dated_mode_is_a_cancelled_one():
    body = (
        "<UpdatePaymentMode><ExecutionDateTime>3000-12-31T00:00:00Z</ExecutionDateTime>"
        "<Credit/></UpdatePaymentMode>"
    )
    for twin, rows in ((False, 2), (True, 3)):
        mode, table, when = dlms_data(plan("1.6", body, variant=4, twin=twin).payload, 3)
        assert mode["value"] == [{"type": "enum", "value": 1}] * 2
        assert len(table["value"]) == rows
        assert when["value"] == "FFFFFFFFFFFFFFFFFF8000FF"


def test_an_index_picks_the_object_and_the_script():
    """duis.md 4.4: selector 256 x switch + 11, the duration at the switch's own object."""
    body = (
        '<ActivateAuxiliaryLoad><ActivateALCSHCALCS index="3"><Duration>5</Duration>'
        "</ActivateALCSHCALCS></ActivateAuxiliaryLoad>"
    )
    made = plan("7.5", body, variant=4)
    assert made.payload[7:17] == b"\x02\x00\x01" + obis_octets("0-0:94.44.119.1") + b"\x02"
    duration, script = dlms_data(made.payload, 2)
    assert (duration["value"], script["value"]) == (5, 3 * 256 + 0x11)


def test_asn1_commands():
    """DER by hand: CS02c, CS06 with the counter and a time, CS03A1 with a type from the DCC."""
    made = plan(
        "6.17",
        "<IssueSecurityCredentials><CredentialType>Digital Signature</CredentialType>"
        "</IssueSecurityCredentials>",
        variant=4,
    )
    assert made.payload.hex() == "300403020780"
    made = plan(
        "11.3",
        "<ActivateFirmware><ExecutionDateTime>2030-01-02T03:04:05Z</ExecutionDateTime>"
        "<FirmwareHash>00FF</FirmwareHash></ActivateFirmware>",
        variant=4,
    )
    time = b"20300102030405Z".hex()
    assert made.payload.hex() == "3018040200ff020107180f" + time
    body = (
        "<JoinServiceCritical><OtherDeviceID>00-01-02-03-04-05-06-07</OtherDeviceID>"
        "</JoinServiceCritical>"
    )
    made = plan("8.7.1", body, variant=4, given={"device-type": "PPMID"})
    assert made.payload.hex() == "301002010004080001020304050607020105"
    with pytest.raises(DuisError, match="device-type 'TV' is not one of GSME"):
        plan("8.7.1", body, variant=4, given={"device-type": "TV"})


def test_prices_are_a_table_of_eighty():
    """duis.md 4.4: 48 of time of use, then blocks A to D of tiers 1 to 8; zero where none is."""
    body = (
        "<UpdatePricePrimaryElement><PriceElements><ElectricityPriceElements>"
        "<StandingCharge>7</StandingCharge><StandingChargeScale>-5</StandingChargeScale>"
        '<PriceScale>-5</PriceScale><HybridTariff><TOUPrice index="2">11</TOUPrice>'
        '<BlockPrices index="3"><BlockPrice index="4">13</BlockPrice></BlockPrices>'
        "</HybridTariff></ElectricityPriceElements></PriceElements></UpdatePricePrimaryElement>"
    )
    table = dlms_data(plan("1.2.1", body, variant=4).payload, 4)[1]["value"][2]["value"]
    prices = {row["value"][0]["value"]: row["value"][1]["value"] for row in table}
    assert len(prices) == 80
    assert {index: price for index, price in prices.items() if price} == {"02": 11, "D3": 13}
    assert list(prices)[47:50] == ["30", "A1", "A2"]
