"""SECMP0056 at the meters: who may set the tenancy date, and what is refused."""

from __future__ import annotations

from host_tools.conform.checks.tenancy_server import (
    METERS,
    USE_CASES,
    begin,
    given_date,
    parameters,
    result,
    served,
    set_date,
)
from host_tools.conform.dut import Dut
from host_tools.conform.model import Evidence, Family, Finding, Severity, check
from host_tools.conform.probe import Notes, ask
from host_tools.gbcs.times import iso_2000
from host_tools.gbcs.zcl_ids import DEVICE_MANAGEMENT


@check(
    "SECMP0056-read-only",
    row="SECMP0056",
    title="A display can neither write the date nor have it reported",
    roles=METERS,
    source="Smart Energy 1.2a, D.10.2.2 (evidence/tenancy.md#attributes-of-a-tenancy)",
    evidence=Evidence.SPEC,
    severity=Severity.CRITICAL,
    family=Family.HAN,
    stimulus="Write Attributes and PublishChangeOfTenancy of a display",
    expectation="READ_ONLY or NOT_AUTHORIZED; 0x0200 unchanged",
    needs=("han", "update"),
)
def read_only(dut: Dut) -> Finding:
    """Only the supplier sets the date."""
    begin(dut)
    notes = Notes()
    date = dut.start - 86400
    given_date(dut, date)
    write = ask(dut, DEVICE_MANAGEMENT, bytes.fromhex("0024020002E200000000"))
    status = write[0][3] if len(write) == 1 and write[0][2:3] == b"\x04" else None
    notes.expect("refused", True, status in (0x88, 0x7E), "write 0x0200 = 0")
    publish = bytes.fromhex("0926000000000001000000") + b"\x00" + bytes(4) + b"\x00\x02\x00\x00"
    ask(dut, DEVICE_MANAGEMENT, publish)
    served(dut, notes, date, "0x0200 after both")
    return notes.finding("refused; the date is unchanged")


@check(
    "SECMP0056-unsecured",
    row="SECMP0056",
    title="Frames without APS security and broadcasts get no date",
    roles=METERS,
    source="Smart Energy 1.2a, security (evidence/tenancy.md#link-key)",
    evidence=Evidence.SPEC,
    family=Family.HAN,
    stimulus="Read Attributes 0x0200 without APS security",
    expectation="no answer",
    needs=("han", "update"),
)
def unsecured(dut: Dut) -> Finding:
    """SE clusters are read with a link key."""
    begin(dut)
    notes = Notes()
    request = bytes.fromhex("00210000020102")
    bare = ask(dut, DEVICE_MANAGEMENT, request, secured=False)
    notes.expect("answers without APS security", [], bare)
    return notes.finding("no answer")


@check(
    "SECMP0056-direction",
    row="SECMP0056",
    title="The direction of a frame tells tenancy from event configuration",
    roles=METERS,
    source="Smart Energy 1.2a, D.10.2 (evidence/tenancy.md#client-attributes-of-the-same-number)",
    evidence=Evidence.SPEC,
    severity=Severity.MINOR,
    family=Family.HAN,
    stimulus="Read Attributes 0x0200 with the direction bit of a server",
    expectation="no Read Attributes Response with the tenancy date",
    needs=("han", "update"),
)
def direction(dut: Dut) -> Finding:
    """Asked of the client side, the date must not come."""
    begin(dut)
    given_date(dut, dut.start - 86400)
    notes = Notes()
    answers = ask(dut, DEVICE_MANAGEMENT, bytes.fromhex("082100000201 02".replace(" ", "")))
    date = (dut.start - 86400).to_bytes(4, "little")
    notes.expect("date given", False, any(date in answer for answer in answers))
    return notes.finding("not given")


@check(
    "SECMP0056-roles",
    row="SECMP0056",
    title="Only the supplier sets the date",
    roles=METERS,
    source="GBCS 4.0, ECS12 and GCS09 (evidence/tenancy.md#commands-of-a-date)",
    evidence=Evidence.SPEC,
    severity=Severity.CRITICAL,
    srv="3.2",
    use_case="ECS12, GCS09",
    stimulus="the command from a network operator, with a genuine MAC",
    expectation="no response; 0x0200 unchanged",
    needs=("han", "update"),
)
def roles(dut: Dut) -> Finding:
    """A network operator is refused."""
    begin(dut)
    notes = Notes()
    given_date(dut, dut.start - 86400)
    command, response = set_date(dut, dut.start - 43200, "network_operator")
    notes.expect("response", None, response, command)
    served(dut, notes, dut.start - 86400, "0x0200")
    return notes.finding("refused")


@check(
    "SECMP0056-bad-mac",
    row="SECMP0056",
    title="A command with a wrong MAC changes nothing",
    roles=METERS,
    source="GBCS 4.0, 6 (evidence/messages.md#authentication-before-execution)",
    evidence=Evidence.SPEC,
    severity=Severity.CRITICAL,
    srv="3.2",
    use_case="ECS12, GCS09",
    stimulus="the command with one bit of its MAC changed",
    expectation="no response; 0x0200 unchanged",
    needs=("han", "update"),
)
def bad_mac(dut: Dut) -> Finding:
    """Not authenticated, not executed."""
    begin(dut)
    notes = Notes()
    given_date(dut, dut.start - 86400)
    when = parameters(dut, iso_2000(dut.start))
    command = bytearray(dut.command(USE_CASES[dut.role], when))
    command[-1] ^= 1
    notes.expect("response", None, dut.send(bytes(command)), bytes(command))
    served(dut, notes, dut.start - 86400, "0x0200")
    return notes.finding("refused")


@check(
    "SECMP0056-wrong-dates",
    row="SECMP0056",
    title="An impossible date is refused",
    roles=("esme",),
    source="GBCS 4.0, mapping row 75 (evidence/tenancy.md#a-date-without-wildcards)",
    evidence=Evidence.SPEC,
    srv="3.2",
    use_case="ECS12",
    stimulus="wildcard year, month 13, 31 February",
    expectation="a result other than success; 0x0200 unchanged",
    needs=("han", "update"),
)
def wrong_dates(dut: Dut) -> Finding:
    """Refused with any error, nothing changed."""
    begin(dut)
    notes = Notes()
    given_date(dut, dut.start - 86400)
    for octets in (
        "FFFF0101FF00000000800000",
        "07E60D01FF00000000800000",
        "07E6021FFF00000000800000",
    ):
        genuine = dut.command("ECS12", parameters(dut, iso_2000(dut.start)))
        payload = _payload(genuine, bytes.fromhex(octets))
        command = dut.command("ECS12", {"payload": payload.hex()})
        response = dut.send(command)
        codes = None
        if response is not None:
            codes = result(dut, dut.party().verify(response, command))
        notes.expect(f"{octets} taken", False, codes == [0], command)
    served(dut, notes, dut.start - 86400, "0x0200 after all three")
    return notes.finding("refused")


def _payload(command: bytes, octets: bytes) -> bytes:
    """The Access-Request of an ECS12 command, with another date."""
    at = command.index(b"\xd9\x20")
    end = command.index(b"\x09\x0c", at) + 2
    return command[at:end] + octets
