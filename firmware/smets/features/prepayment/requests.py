# Requests of a PPMID to its meter: one at a time, its answer, and the PPMID's own log.
# Payloads and results as GBCS has them for PECS01 to PECS03.
from smets import record
from smets.codec import Reader
from smets.compat import const
from smets.document import ANYTHING, refuse
from smets.features.feature import Feature
from smets.features.prepayment.codes import (
    ACCEPTED,
    ANSWERED,
    DIGITS,
    EMERGENCY,
    NO_ANSWER,
    NO_METER,
    PECS01,
    PECS02,
    PECS03,
    SUPPLY,
    TOP_UP,
    WAITING,
)
from smets.features.tenancy import machine
from smets.features.tenancy.cleared import ELECTRICITY, SERVICE_LOG, SHARED, TOP_UPS
from smets.ports.store_error import StoreError
from smets.zcl import client as zcl
from smets.zcl import clusters, commands, frame

STATES = ("waiting", "answered", "no answer", "no meter")

# The requests: name, message code, cluster, command, payload (the token comes behind it).
_ROWS = (
    ("top_up", PECS01, clusters.PREPAYMENT, commands.CONSUMER_TOP_UP, b"\x02\x14"),
    (
        "emergency_credit",
        PECS02,
        clusters.PREPAYMENT,
        commands.SELECT_AVAILABLE_EMERGENCY_CREDIT,
        b"\0\0\0\0\x02",
    ),
    ("enable_supply", PECS03, clusters.METERING, commands.LOCAL_CHANGE_SUPPLY, b"\x02"),
)
_TOP_UP_ANSWER = (TOP_UP, commands.CONSUMER_TOP_UP_RESPONSE)

# The own log has an entry for each request and one for each answer.
_ASKED = const(0)
_ANSWER = const(1)
_NO_VALUE = -0x80000000

_ENTRY = record.Table(
    "request",
    (
        ("message", record.U16, 0),
        ("what", record.U8, _ASKED),
        ("state", record.U8, WAITING),
        ("result", record.U8, 0),
        ("value", record.I32, _NO_VALUE),
        ("balance", record.I32, _NO_VALUE),
    ),
    "that request is left out of the log",
)
_PAID = record.Table(
    "top-up",
    (("value", record.I32, _NO_VALUE), ("digits", record.up_to(DIGITS), b"")),
    "that top-up is left out",
)


def _bare(text: str) -> str:
    return text.replace(" ", "").replace("-", "")


def check_utrn(value, path: str):
    """Compare a value with the text of a UTRN, blanks and dashes apart; DocumentError."""
    digits = _bare(value) if isinstance(value, str) else ""
    if len(digits) != DIGITS or not all("0" <= char <= "9" for char in digits):
        refuse(path, value, "a UTRN of 20 digits")


class Request:
    """A request and its outcome; amounts in the meter's money, or None."""

    def __init__(self, kind: int, uptime: int):
        self.kind = kind
        self.uptime = uptime  # when it was made, or answered
        self.state = WAITING
        self.result = 0  # result type of a top-up, else a status of ZCL
        self.value: int | None = None
        self.balance: int | None = None

    @property
    def accepted(self) -> bool:
        """Whether the meter did it."""
        accepted = ACCEPTED if self.kind == TOP_UP else (frame.SUCCESS,)
        return self.state == ANSWERED and self.result in accepted


class Requests(Feature):
    """The last request to the electricity meter, by a person at the keys or a host.

    The vault keeps what was asked and answered, as far as the tenancy lets it.
    """

    # A restart does not repeat them.
    actions = {
        "top_up": ("top_up", check_utrn),
        "emergency_credit": ("emergency_credit", ANYTHING),
        "enable_supply": ("enable_supply", ANYTHING),
    }

    def __init__(self, device):
        super().__init__(device)
        rules = device.feature("tenancy_display")
        rules.listeners.append(self._on_tenancy)
        self._vault = rules.vault
        self.last: Request | None = None
        self._digits = b""
        self.storage_errors = 0

    def top_up(self, digits):
        """Send the 20 digits of a UTRN: text that `check_utrn` takes, or ASCII octets."""
        if isinstance(digits, str):
            digits = _bare(digits).encode()
        self._ask(TOP_UP, digits)

    def emergency_credit(self, value=None):
        """Ask for the emergency credit; see `enable_supply`."""
        self._ask(EMERGENCY)

    def enable_supply(self, value=None):
        """Ask for the supply; `value` means nothing. ValueError while a request is under way."""
        self._ask(SUPPLY)

    def _ask(self, kind: int, digits=b""):
        if self.busy():
            raise ValueError("the last request is not answered yet")
        self.device.feature("sleep").wake_up()
        _, message, cluster, command, payload = _ROWS[kind]
        self.last = request = Request(kind, self.device.uptime)
        self._digits = digits
        if not self._send(cluster, command, payload + digits):
            request.state = NO_METER
        self._log(message, _ASKED, request)

    def _send(self, cluster: int, command: int, payload: bytes) -> bool:
        pairing = self.device.feature("pairing")
        meter = pairing.meters.get(ELECTRICITY)
        if meter is None or clusters.METERING not in meter.found:
            return False
        there = meter.found.setdefault(cluster, meter.found[clusters.METERING])
        to = (meter.eui, there)
        pairing.ask(zcl.Request(to, cluster, command, payload, self._on_answer))
        return True

    def busy(self) -> bool:
        """See Feature: an answer is waited for."""
        return self.last is not None and self.last.state == WAITING

    def _on_answer(self, _, answer):
        request = self.last
        if request is None or not self.busy():
            return None
        if answer is None:
            request.state = NO_ANSWER
        else:
            status = zcl.refusal(answer)
            if status is None and (request.kind, answer.command) == _TOP_UP_ANSWER:
                self._on_top_up(request, answer)
            elif status is None or request.kind == TOP_UP and status in ACCEPTED:
                return False  # it does not tell the outcome of the request
            else:
                request.result = status
            request.state = ANSWERED
        request.uptime = self.device.uptime
        self._log(_ROWS[request.kind][1], _ANSWER, request)
        if request.kind == TOP_UP and request.accepted:
            self._put(ELECTRICITY, TOP_UPS, _PAID.pack((_money(request.value), self._digits)))
        if answer is not None:
            # The balance and the supply have changed.
            self.device.feature("polling").again(ELECTRICITY)
        return None

    def _on_top_up(self, request, answer):
        reader = Reader(answer.payload)
        result = reader.u8("ResultType")
        value = _signed(reader.le(4, "TopUpValue"))
        reader.u8("Source")
        balance = _signed(reader.le(4, "CreditRemaining"))
        reader.finish("ConsumerTopUpResponse")
        request.result, request.value, request.balance = result, value, balance

    def _log(self, message: int, what: int, request):
        money = [_money(request.value), _money(request.balance)]
        entry = [message, what, request.state, request.result] + money
        self._put(SHARED, SERVICE_LOG, _ENTRY.pack(entry))

    def _put(self, scope: int, item: int, data: bytes):
        try:
            self._vault.entries.put(scope, item, self.device.clock.seconds, data)
        except StoreError:
            self.storage_errors += 1

    def log(self) -> list:
        """The own log, as far as it may be shown: (UTC, message code, state, result, value,
        balance) of each answer, and with state WAITING of what was asked.
        """
        found = []
        for when, data in self._vault.entries.get(SHARED, SERVICE_LOG):
            try:
                message, what, state, result, value, balance = _ENTRY.unpack(data)
            except record.RecordError:
                continue
            state = WAITING if what == _ASKED and state != NO_METER else state
            found.append((when, message, state, result, _amount(value), _amount(balance)))
        return found

    def summary(self) -> dict:
        """See Feature: the last request, and the log."""
        request = self.last
        last = None
        if request is not None:
            last = {
                "request": _ROWS[request.kind][0],
                "state": STATES[request.state],
                "result": request.result,
                "accepted": request.accepted,
                "value": request.value,
                "balance": request.balance,
            }
        try:
            log = [list(entry) for entry in self.log()]
        except StoreError:
            log = []
        return {"requests": {"last": last, "log": log}}

    def _on_tenancy(self, event, scope, date):
        if event in (machine.STARTED, machine.APPLIED) and not self.busy():
            self.last = None  # of the former tenant


FEATURE = Requests


def _signed(value: int) -> int:
    return value - (1 << 32) if value >> 31 else value


def _money(value) -> int:
    return _NO_VALUE if value is None else value


def _amount(value: int):
    return None if value == _NO_VALUE else value
