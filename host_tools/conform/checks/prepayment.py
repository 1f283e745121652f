"""Prepayment at the ESME: the balance, what a PPMID asks of it, and what is logged of that."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from host_tools.conform.dut import Dut
from host_tools.conform.model import Evidence, Family, Finding, Severity, check
from host_tools.conform.probe import Notes, ask, log_rows, read
from host_tools.conform.words import SUCCESS, AccessResult, text
from host_tools.example import ELECTRICITY_STATE, EUIS
from host_tools.gbcs import crypto
from host_tools.gbcs.times import from_seconds_2000, iso, iso_2000
from host_tools.gbcs.zcl_ids import (
    CONSUMER_TOP_UP,
    CREDIT_REMAINING,
    LOCAL_CHANGE_SUPPLY,
    METERING,
    PREPAYMENT,
    SELECT_AVAILABLE_EMERGENCY_CREDIT,
)
from host_tools.utrn import make_token, originator_counter, token_for

POUND = 100_000  # thousandths of a penny
_OTHER_REASON = 250
_PRICE, _DRAW = 28_620, 500  # of a kWh in thousandths of a penny; Wh each half hour
_HALF_HOUR = 1800
_NEEDS = ("state", "inputs", "han", "clock")
_BALANCE = "GBCS 4.0, {} (evidence/prepayment.md#one-balance"
_EMERGENCY = "GBCS 4.0, {} (evidence/prepayment.md#emergency-credit"
_PECS = "GBCS 4.0, PECS01 to PECS03 (evidence/prepayment.md#pecs-use-cases)"
_TOKENS = "evidence/prepayment.md#form-of-a-token, evidence/prepayment.md#a-token-counts-once"
_TOP_UP = f"GBCS 0.8.1, 14; GBCS 4.0, PECS01 ({_TOKENS}, evidence/prepayment.md#result-types)"


def entry(
    name: str,
    title: str,
    source: str,
    stimulus: str,
    expectation: str,
    evidence: Evidence = Evidence.SPEC,
    alternatives: tuple[str, ...] = (),
    use_case: str = "",
    srv: str = "",
    family: Family = Family.HAN,
    severity: Severity = Severity.MAJOR,
    needs: tuple[str, ...] = (),
) -> Callable[[Callable[[Dut], Finding]], Callable[[Dut], Finding]]:
    """Enter a check of an ESME with an account."""
    return check(
        f"GBCS-prepay-{name}",
        row="GBCS",
        title=title,
        roles=("esme",),
        source=source,
        evidence=evidence,
        severity=severity,
        family=family,
        stimulus=stimulus,
        expectation=expectation,
        srv=srv,
        use_case=use_case,
        needs=(*_NEEDS, *needs),
        alternatives=alternatives,
    )


def prepaid(dut: Dut, **settings: Any) -> None:
    """A meter in prepayment mode at 10:10, which obeys the PPMID of the example home alone."""
    now = {"time": iso(from_seconds_2000(dut.start)), "status": "reliable"}
    account = {"mode": "prepayment", "ppmid": EUIS["ppmid"], **settings}
    dut.fresh({"clock": now, "zcl": ELECTRICITY_STATE}, draw=_DRAW, prepayment=account)


def balance(dut: Dut) -> int:
    """What ECS82 tells of the account."""
    _, _, message = dut.ask("ECS82")
    return cast("int", message.dlms.data[0].value)


def codes(dut: Dut, use_case: str, counter: int | None = None, **params: Any) -> list[int]:
    """The results of a command of the supplier."""
    _, _, message = dut.ask(use_case, params, counter=counter)
    return [AccessResult(code) for _, code in message.dlms.results]


def frame(command: int, body: bytes) -> bytes:
    """A command of a cluster, from client to server."""
    return bytes((0x01, 0x51, command)) + body


TOP_UP = (PREPAYMENT, CONSUMER_TOP_UP)
EMERGENCY = (PREPAYMENT, SELECT_AVAILABLE_EMERGENCY_CREDIT)
SUPPLY = (METERING, LOCAL_CHANGE_SUPPLY)


def request(dut: Dut, what: tuple[int, int], body: bytes, role: str = "ppmid") -> bytes:
    """What a PPMID gets for a request, without the sequence number; nothing for no answer."""
    answers = ask(dut, what[0], frame(what[1], body), role)
    return answers[0][:1] + answers[0][2:] if answers else b""


def emergency(dut: Dut) -> int:
    """Ask for emergency credit: the status of the Default Response, -1 for another answer."""
    return _status(request(dut, EMERGENCY, b"\0\0\0\0\x02"), EMERGENCY)


def supply(dut: Dut, wanted: int = 2) -> int:
    """Ask for the supply: the status of the Default Response, -1 for another answer."""
    return _status(request(dut, SUPPLY, bytes((wanted,))), SUPPLY)


def _status(answer: bytes, what: tuple[int, int]) -> int:
    good = len(answer) == 4 and answer[1] == 0x0B and answer[2] == what[1]
    return answer[3] if good else -1


def top_up(dut: Dut, digits: str, role: str = "ppmid") -> bytes:
    """The answer to ConsumerTopUp."""
    return request(dut, TOP_UP, b"\x02\x14" + digits.encode(), role)


def token(dut: Dut, pennies: int, counter: int) -> str:
    """A token of the supplier for the meter."""
    parties = dut.stage.keys.parties()
    return token_for(parties, bytes.fromhex(dut.eui), pennies, counter)


def logged(dut: Dut) -> list[str]:
    """The message codes in the event log, oldest first."""
    window = {"from": iso_2000(dut.start - 3600), "to": iso_2000(dut.start + 3600)}
    _, _, message = dut.ask("ECS35a", window)
    rows = log_rows(message)
    return [text(row[2]) for row in cast("list[list[object]]", rows) if len(row) > 2]


@entry(
    "consumption",
    "Consumption lowers the balance",
    _BALANCE.format("ECS82") + ", evidence/prepayment.md#money)",
    "10 pounds; 0.5 kWh each half hour at 28.620 pence",
    "an hour costs 28.620 pence, to a penny",
    use_case="ECS82",
    srv="4.18",
    family=Family.INTERNAL,
    severity=Severity.CRITICAL,
)
def consumption(dut: Dut) -> Finding:
    """The account is charged with energy times price."""
    prepaid(dut, balance=10 * POUND)
    dut.advance(_HALF_HOUR)
    notes, before = Notes(), balance(dut)
    dut.advance(2 * _HALF_HOUR)
    cost = before - balance(dut)
    fair = abs(cost - _PRICE * 2 * _DRAW // 1000) <= 1000
    notes.expect("what an hour costs is within a penny of its price", True, fair, f"cost {cost}")
    return notes.finding(f"an hour cost {cost / 1000:.3f} pence")


@entry(
    "one-account",
    "The home is told the balance that the supplier is told",
    _BALANCE.format("ECS04a and ECS82") + ")",
    "ECS04a lowers a balance of 10 pounds by 3; ECS82, and a read of 0x0001",
    "7 pounds twice",
    use_case="ECS04a, ECS82",
    srv="1.5, 4.18",
    family=Family.SRV,
)
def one_account(dut: Dut) -> Finding:
    """There is one balance."""
    prepaid(dut, balance=10 * POUND)
    notes = Notes()
    notes.expect("results", [SUCCESS], codes(dut, "ECS04a", MeterBalance=-3 * POUND), "ECS04a")
    notes.expect("balance", 7 * POUND, balance(dut), "ECS82")
    seen = read(dut, PREPAYMENT, CREDIT_REMAINING, role="ppmid")[CREDIT_REMAINING].value
    notes.expect("CreditRemaining", 7 * POUND, seen, "Read Attributes 0x0001")
    return notes.finding("both 7 pounds")


@entry(
    "emergency-remote",
    "Emergency credit by the supplier: success whenever it is active afterwards",
    _EMERGENCY.format("ECS09") + ")",
    "ECS09 with 5 pounds of credit; with none; again",
    "250, then 0, then 0",
    use_case="ECS09",
    srv="2.5",
    family=Family.SRV,
)
def emergency_remote(dut: Dut) -> Finding:
    """GBCS gives the rule."""
    prepaid(dut, balance=5 * POUND)
    notes = Notes()
    notes.expect("with credit", [_OTHER_REASON], codes(dut, "ECS09"), "ECS09, 5 pounds")
    dut.set_inputs(prepayment={"balance": 0})
    notes.expect("without", [SUCCESS], codes(dut, "ECS09"), "ECS09, no credit")
    notes.expect("again", [SUCCESS], codes(dut, "ECS09"), "ECS09, active already")
    return notes.finding("as the rule says")


@entry(
    "emergency",
    "A PPMID activates emergency credit when it is needed, not before",
    _EMERGENCY.format("PECS02") + ", evidence/prepayment.md#commands-of-a-ppmid)",
    "PECS02 with 5 pounds of credit, and with none; then PECS03",
    "refused; then success, and the supply can be switched on",
    use_case="PECS02, PECS03",
    severity=Severity.CRITICAL,
)
def emergency_home(dut: Dut) -> Finding:
    """PECS02."""
    prepaid(dut, balance=5 * POUND)
    notes = Notes()
    refused = emergency(dut)
    notes.expect("refused with a status", True, refused > 0, f"PECS02, 5 pounds: {refused}")
    dut.set_inputs(prepayment={"balance": 0})
    notes.expect("PECS02 without credit", 0, emergency(dut))
    notes.expect("PECS03 then", 0, supply(dut))
    return notes.finding("refused, then given")


@entry(
    "supply",
    "A PPMID can switch the supply on, only on, and only if there is credit",
    _PECS,
    "PECS03 without credit; ECS04a adds 5 pounds; LocalChangeSupply 00, 01 and 02",
    "a refusal each, then success for 02 alone",
    use_case="PECS03",
    severity=Severity.CRITICAL,
)
def supply_home(dut: Dut) -> Finding:
    """PECS03."""
    prepaid(dut, balance=0)
    notes = Notes()
    without = supply(dut)
    notes.expect("without credit refused", True, without > 0, f"PECS03: status {without}")
    codes(dut, "ECS04a", MeterBalance=5 * POUND)
    for wanted in (0, 1):
        status = supply(dut, wanted)
        notes.expect(
            f"status {wanted:02} refused", True, status > 0, f"LocalChangeSupply {wanted}"
        )
    notes.expect("02 with credit", 0, supply(dut))
    return notes.finding("on alone, with credit alone")


@entry(
    "log",
    "What a PPMID asked for is in the event log under its message code",
    _PECS,
    "PECS01 with a wrong token, PECS02 and PECS03, without credit; ECS35a",
    "entries with 0116, 0117, 0118, in this order",
    use_case="PECS01, PECS02, PECS03, ECS35a",
    srv="6.13",
)
def log(dut: Dut) -> Finding:
    """The codes were allocated solely for that."""
    prepaid(dut, balance=0)
    notes = Notes()
    top_up(dut, "0" * 20)
    emergency(dut)
    supply(dut)
    kept = [code for code in logged(dut) if code in ("0116", "0117", "0118")]
    notes.expect("message codes", ["0116", "0117", "0118"], kept, "ECS35a")
    return notes.finding("three entries")


@entry(
    "top-up-wrong",
    "A wrong token adds nothing, and the answer says so",
    "RTDS 4.5.0, NA_PCS01 (evidence/prepayment.md#consumertopupresponse)",
    "PECS01 with 20 digits that are no token",
    "ResultType no acceptance, value 0, source 02, the balance as it was",
    use_case="PECS01",
)
def top_up_wrong(dut: Dut) -> Finding:
    """The answer's layout, with a token that no meter takes."""
    prepaid(dut, balance=2 * POUND)
    notes = Notes()
    answer = top_up(dut, "0" * 19 + "1")
    notes.expect("a ConsumerTopUpResponse", (True, 12), (answer[1:2] == b"\x03", len(answer)))
    refused = answer[2:3] not in (b"\x00", b"\x10", b"\x11", b"\x12")
    notes.expect("refused", True, refused, "PECS01, 0...01")
    remains = (2 * POUND).to_bytes(4, "little").hex().upper()
    notes.expect("value, source, credit", "0000000002" + remains, text(answer[3:]))
    notes.expect("balance", 2 * POUND, balance(dut), "ECS82")
    return notes.finding("nothing added")


@entry(
    "top-up",
    "A token is credit, once",
    _TOP_UP,
    "PECS01 with a token of 5 pounds, again, a digit changed, and of 60 pounds (50 at most)",
    "result types 00, 02 (duplicate), 01 (invalid), 06 (too large); the balance rises by 5 pounds",
    use_case="PECS01",
    severity=Severity.CRITICAL,
)
def top_up_home(dut: Dut) -> Finding:
    """The customer types a token."""
    prepaid(dut, balance=2 * POUND, max_credit=50 * POUND)
    digits = token(dut, 500, 1)
    wrong = digits[:-1] + str((int(digits[-1]) + 1) % 10)
    notes = Notes()
    for expected, what, item in (
        (0x00, "a token", digits),
        (0x02, "the same again", digits),
        (0x01, "its check digit changed", wrong),
        (0x06, "one of 60 pounds", token(dut, 6000, 2)),
    ):
        answer = top_up(dut, item)
        notes.expect(f"result type of {what}", expected, answer[2] if len(answer) > 2 else None)
    notes.expect("balance", 7 * POUND, balance(dut), "ECS82")
    return notes.finding("accepted once")


@entry(
    "top-up-remote",
    "A token used at home is used up for the supplier, too",
    _TOP_UP,
    "PECS01 with a token of 5 pounds, the same by CS01a, another by CS01a",
    "an error, then success; the balance rises by 5 and by 7 pounds",
    use_case="PECS01, CS01a",
    srv="2.2",
    severity=Severity.CRITICAL,
)
def top_up_remote(dut: Dut) -> Finding:
    """One account, one cache of counters."""
    prepaid(dut, balance=2 * POUND)
    notes = Notes()
    first, other = token(dut, 500, 21), token(dut, 700, 22)
    top_up(dut, first)
    for counter, digits, good in ((21, first, False), (22, other, True)):
        (result,) = codes(
            dut,
            "CS01a",
            originator_counter(counter),
            PrepaymentCredit=digits.encode().hex(),
        )
        what = "success" if good else "an error"
        notes.expect(
            f"CS01a with counter {counter}: {what}", good, result == 0, f"result {result}"
        )
    notes.expect("balance", 14 * POUND, balance(dut), "ECS82")
    return notes.finding("used up once")


@entry(
    "top-up-other",
    "A token of another counter, meter or supplier adds nothing",
    _TOP_UP,
    "CS01a with a token whose counter is not the command's, with one for another meter, and with "
    "one that another key made",
    "an error each, and the balance as it was",
    use_case="CS01a",
    srv="2.2",
    severity=Severity.CRITICAL,
)
def top_up_other(dut: Dut) -> Finding:
    """The MAC binds counter, meter and supplier."""
    prepaid(dut, balance=2 * POUND)
    notes = Notes()
    parties = dut.stage.keys.parties()
    supplier, meter = parties.party("supplier"), bytes.fromhex(dut.eui)
    ordinary = crypto.shared_secret(supplier.agreement_key, parties.device(meter).ka_public)
    gas = bytes.fromhex(EUIS["gsme"])
    for counter, what, digits in (
        (31, "another counter", token(dut, 500, 32)),
        (33, "another meter", token_for(parties, gas, 500, 33)),
        (34, "another key", make_token(500, 34, ordinary, supplier.id, meter)),
    ):
        (result,) = codes(
            dut,
            "CS01a",
            originator_counter(counter),
            PrepaymentCredit=digits.encode().hex(),
        )
        notes.expect(f"{what}: an error", True, result != 0, f"CS01a: result {result}")
    notes.expect("balance", 2 * POUND, balance(dut), "ECS82")
    return notes.finding("refused")


@entry(
    "stranger",
    "Who may act on the meter from home",
    "no text was found (evidence/prepayment.md#who-may-act-from-home)",
    "PECS02 from an IHD that the meter knows of, no credit left",
    "refused as not authorized",
    Evidence.PROJECT_CHOICE,
    ("refused as not authorized", "refused otherwise", "carried out"),
    use_case="PECS02",
)
def stranger(dut: Dut) -> Finding:
    """Only the PPMID."""
    prepaid(dut, balance=0)
    status = _status(request(dut, EMERGENCY, b"\0\0\0\0\x02", "ihd"), EMERGENCY)
    names: dict[object, str] = {0x7E: "refused as not authorized", 0: "carried out"}
    names.setdefault(status, "refused otherwise")
    return Notes().choice(names, status, "status for an IHD")


@entry(
    "power-cut",
    "The account outlasts a power cut",
    _BALANCE.format("ECS82") + ")",
    "10 pounds; ECS04a takes 3; a power cut; ECS82",
    "7 pounds",
    use_case="ECS82, ECS04a",
    srv="1.5, 4.18",
    family=Family.INTERNAL,
    severity=Severity.CRITICAL,
    needs=("power",),
)
def power_cut(dut: Dut) -> Finding:
    """Credit is money."""
    prepaid(dut, balance=10 * POUND)
    codes(dut, "ECS04a", MeterBalance=-3 * POUND)
    dut.cut_power()
    notes = Notes()
    notes.expect("balance", 7 * POUND, balance(dut), "ECS82 after the cut")
    return notes.finding("7 pounds")
