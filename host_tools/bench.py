"""The bench link, host side: a client that talks over a transport, and the transports by name."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any, cast

from host_tools.gbcs import gbt
from host_tools.gbcs.errors import DecodeError
from host_tools.transports import (
    HEAP,
    BenchError,
    ProcessTransport,
    SerialTransport,
    Silence,
    TcpTransport,
    Transport,
    micropython,
    open_port,
    open_transport,
)

__all__ = [
    "AT_REPL",
    "NOT_SENT",
    "DAY",
    "HEAP",
    "BenchClient",
    "BenchError",
    "ProcessTransport",
    "Refusal",
    "SerialTransport",
    "Silence",
    "TcpTransport",
    "Transport",
    "Unsent",
    "micropython",
    "open_port",
    "open_transport",
]

DEFAULT_TIMEOUT = 60.0
DAY = 86400  # the longest time, in seconds, that one CTRL:ADVANCE may ask for
# Numbers have up to nine digits: so many users of a line may each begin with one of their own.
_NUMBERS = 10_000
# A line that comes back as it was sent is answered within so many seconds, or not at all.
_ECHO_PATIENCE = 2.0
AT_REPL = "the board is at its REPL"
_USERS = 90_000
# How a LOG:ERROR begins that tells of a command which did not reach the device.
NOT_SENT = "not sent: "


class Unsent(BenchError):
    """What is in front of the device does not carry this command; the text says why."""


class Refusal(Exception):
    """The device rightly gives no response; the text is its reason."""


def _octets(event: str, body: str) -> bytes:
    try:
        return bytes.fromhex(body)
    except ValueError:
        raise BenchError(f"{event}: not hexadecimal: {body[:80]}") from None


class BenchClient:
    """Talks to one device: commands in, responses out; what else it says goes to `on_frame` (HAN
    frames) and `on_alert` (GBCS alerts).
    """

    def __init__(
        self,
        transport: Transport,
        on_frame: Callable[[bytes], None] | None = None,
        timeout: float = DEFAULT_TIMEOUT,
        on_alert: Callable[[bytes], None] | None = None,
    ) -> None:
        self.transport = transport
        self.timeout = timeout
        self.on_frame = on_frame
        self.on_alert = on_alert
        # Is given each line as it goes: "to device" or "from device", and the line.
        self.on_line: Callable[[str, str], None] | None = None
        # A line outlives its users: an answer that an earlier one did not wait for has another n.
        apart = not isinstance(transport, ProcessTransport)
        self._number = secrets.randbelow(_USERS) * _NUMBERS if apart else 0
        # An earlier user may have left the beginning of a line, which spoils the first of ours.
        self._fresh = apart
        self._sent = ""
        self._block = 0

    def __enter__(self) -> BenchClient:
        return self

    def __exit__(self, *details: object) -> None:
        self.transport.close()

    def control(self, verb: str, document: Any = None) -> dict[str, Any]:
        """Send a CTRL event and return its answer; BenchError with the device's words if not."""
        text = "" if document is None else json.dumps(document, separators=(",", ":"))
        number = self._send(f"CTRL:{verb}", len(text), text)
        event, body = self._answer(number)
        if event != "CTRL:OK":
            raise BenchError(f"{verb}: {body}")
        return self._document(verb, body)

    def _document(self, verb: str, body: str) -> dict[str, Any]:
        document: object = None
        with suppress(ValueError, RecursionError):
            document = json.loads(body or "{}")
        if not isinstance(document, dict):
            raise BenchError(f"{verb}: the answer is no JSON object: {body[:80]}")
        return cast("dict[str, Any]", document)

    def advance(self, seconds: int) -> None:
        """Let time pass, a day at most in one line: others on it have their turn in between."""
        while seconds > DAY:
            self.control("ADVANCE", {"seconds": DAY})
            seconds -= DAY
        self.control("ADVANCE", {"seconds": seconds})

    def restart(self) -> None:
        """Restart a board, as its reset pin would. There is no answer; the port may go away."""
        self._send("CTRL:RESET", 0, "")

    def link(self, block: int) -> dict[str, Any]:
        """Cut messages over `block` octets into blocks, both ways; with 0 all go whole."""
        answer = self.control("LINK", {"block": block})
        self._block = block
        return answer

    def respond(self, command: bytes) -> bytes:
        """The response to a GBCS command; Refusal where the device gives none."""
        if 0 < self._block < len(command):
            event, body = self._send_blocks(command)
        else:
            number = self._send("GBCS:DATA", len(command), command.hex().upper())
            event, body = self._answer(number)
        if event == "GBCS:DATA":
            return _octets(event, body)
        if event == "GBCS:NONE":
            raise Refusal(body)
        raise Unsent(body) if body.startswith(NOT_SENT) else BenchError(body)

    def try_respond(self, command: bytes) -> bytes | None:
        """The response to a GBCS command, or None where the device gives none."""
        try:
            return self.respond(command)
        except Refusal:
            return None

    def pass_by(self, message: bytes) -> None:
        """Let a GPF see a message between a remote party and its gas meter pass the hub."""
        number = self._send("GBCS:PASS", len(message), message.hex().upper())
        event, body = self._answer(number)
        if event != "GBCS:OK":
            raise BenchError(body)

    def frame(self, octets: bytes) -> None:
        """Deliver a HAN frame to the device."""
        number = self._send("ZCL:FRAME", len(octets), octets.hex().upper())
        event, body = self._answer(number)
        if event != "ZCL:OK":
            raise BenchError(body)

    def listen(self, seconds: float) -> None:
        """Hand on what the device says by itself; BenchError where the link ends meanwhile."""
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            try:
                line = self._get(left)
            except Silence:
                return
            head, _, rest = line.partition("#")
            self._hand_on(head, rest.partition(":")[2])

    def _send_blocks(self, command: bytes) -> tuple[str, str]:
        """Send a command in blocks; the answer to the last one."""
        event, body = "", ""
        for index, block in enumerate(gbt.split(command, self._block)):
            if index and event != "GBCS:BLOCK":
                break  # an error
            number = self._send("GBCS:BLOCK", len(block), block.hex().upper())
            event, body = self._answer(number)
        return event, body

    def _send(self, event: str, length: int, body: str) -> int:
        self._number += 1
        self._sent = f"{event}#{self._number}:{length}:{body}"
        self._put()
        return self._number

    def _put(self) -> None:
        if self.on_line is not None:
            self.on_line("to device", self._sent)
        self.transport.send(self._sent)

    def _get(self, timeout: float) -> str:
        line = self.transport.receive(timeout)
        if self.on_line is not None:
            self.on_line("from device", line)
        return line

    def _answer(self, number: int) -> tuple[str, str]:
        """The answer to event `number`; what comes before it by itself is handed on.

        A response in blocks is joined, and returned as if it had come whole.
        """
        deadline = time.monotonic() + self.timeout
        noise = ""
        blocks = gbt.Assembler()
        while True:
            try:
                line = self._get(max(0.0, deadline - time.monotonic()))
            except BenchError as error:
                # A line that is no event may be the last output of a device that fails.
                what = str(error)
                if isinstance(error, Silence):
                    what = f"no line from the device within {self.timeout:g} s"
                raise BenchError(self._silence(what, noise)) from error
            if line.endswith(self._sent):  # the line comes back: something else reads it
                if ">>>" in line:
                    raise BenchError(self._silence("", AT_REPL))
                deadline = min(deadline, time.monotonic() + _ECHO_PATIENCE)
                noise = AT_REPL
                continue
            head, _, rest = line.partition("#")
            text, _, rest = rest.partition(":")
            if self._hand_on(head, rest):  # with a number of the device's own
                continue
            if self._fresh and head == "LOG:ERROR":
                self._fresh = False
                self._put()
            elif text == str(number) and head.partition(":")[0] in ("GBCS", "ZCL", "CTRL", "LOG"):
                self._fresh = False
                answer = self._joined(head, rest, blocks)
                if answer is not None:
                    return answer
            elif head == "LOG:ERROR":
                raise BenchError(rest.partition(":")[2])
            elif noise != AT_REPL:
                noise = line.strip() or noise

    def _silence(self, what: str, noise: str) -> str:
        """Why no answer came, as far as the line tells."""
        port = self.transport.name if isinstance(self.transport, SerialTransport) else "PORT"
        if noise == AT_REPL:
            return (
                f"{AT_REPL}: smets doctor {port} --fix starts its device (Ctrl-D there and its "
                "button do, too); what it gets it sends back"
            )
        if noise:
            return f"{what}; it said: {noise}"
        if self._fresh and port != "PORT":
            return f"{what}: smets doctor {port} says why; a board at its raw REPL says nothing"
        return what

    def _hand_on(self, head: str, rest: str) -> bool:
        """Give a line that the device says by itself to whom it is for; whether it is one."""
        takers = {"ZCL:FRAME": self.on_frame, "GBCS:ALERT": self.on_alert}
        if head not in takers:
            return False
        taker = takers[head]
        if taker is not None:
            taker(_octets(head, rest.partition(":")[2]))
        return True

    def _joined(self, head: str, rest: str, blocks: gbt.Assembler) -> tuple[str, str] | None:
        """An answer as a whole; None while blocks of it are to come."""
        length, _, body = rest.partition(":")
        whole = len(body) // 2 if head in ("GBCS:DATA", "GBCS:BLOCK") else len(body)
        if length != str(whole):
            raise BenchError(f"{head} broke off: {whole} of {length}")
        if head != "GBCS:BLOCK":
            return head, body
        block = _octets(head, body)
        if gbt.acknowledged(block) is not None:
            return head, body
        try:
            message = blocks.take(block)
        except DecodeError as error:
            raise BenchError(f"{head}: {error}") from error
        return None if message is None else ("GBCS:DATA", message.hex().upper())
