"""Two paths to one truth: an MMC document against what `smets parse --json` says of the message.

The places and conversions are those of the published facts (RTDS_DIR/../spec/mmc_map.json), read
and carried out here; nothing of `host_tools.mmc` is. `judge` returns how many values agree, and
what does not.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import zip_longest
from pathlib import Path
from typing import Any, NamedTuple

_STEP = re.compile(r"\.(\d+)|\[(\d+)\]|\[(\*|\d+:\d+)\]|/([^/\[]+)")
# What the schema wants where everything failed.
SHELLS = {
    "Gas",
    "Electricity",
    "ElectricitySupplierAlertEventSettings",
    "ElectricityNetworkOperatorAlertEventSettings",
    "GasSupplierAlertEventSettings",
}
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")

# Text, None for nothing, or a list of (path below, text).
Rule = Callable[["Found", str], Any]


class Facts:
    """The map of the facts."""

    def __init__(self, path: Path) -> None:
        found = json.loads(path.read_text(encoding="utf-8"))
        self.use_cases: dict[str, Any] = found["use_cases"]

    def rules(self, use_case: str, message: Message) -> list[Any] | None:
        """The rules that fit a message; None where the facts have none."""
        entry = self.use_cases.get(use_case, {})
        if "variants" not in entry:
            return entry.get("rules")
        for variant in entry["variants"]:
            columns = int(variant["when"].split()[0])
            place = variant["rules"][0][0].partition("[")[0]
            rows = message.root(place)
            if rows and len(inner(rows)) and len(inner(inner(rows)[0])) == columns:
                return variant["rules"]
        return []


class Message:
    """What `smets parse --json` says of a response and of its command, by place."""

    def __init__(self, response: Any, command: Any) -> None:
        self.response = response
        self.places: dict[str, Any] = {}
        content = response["content"]
        if response["protocol"] == "DLMS":
            self._dlms(content, command["content"], list(response.get("protected", [])))
        elif response["protocol"] == "GBZ":
            self._gbz(content)

    def _dlms(self, content: Any, asked: Any, opened: list[Any]) -> None:
        for n, (item, data, result) in enumerate(
            zip(asked["items"], content["data"], content["results"], strict=True)
        ):
            if result["result"] != 0:
                continue
            self.places[f"{item['class']}/{item['obis']}/{item['attr']}"] = data
            if item["class"] == 30 and opened:
                # The command's own list says what is in the block.
                objects = asked["data"][n]["value"][0]["value"]
                values = opened.pop(0)["value"]
                for entry, value in zip(objects, values, strict=True):
                    number, obis, attribute = (part["value"] for part in entry["value"][:3])
                    octets = bytes.fromhex(obis)
                    name = "{}-{}:{}.{}.{}.{}".format(*octets)
                    self.places[f"{number}/{name}/{attribute}"] = value

    def _gbz(self, content: Any) -> None:
        for component in content.get("components", []):
            frame = component.get("frame")
            if frame is None:
                continue
            for item in frame.get("attributes", []):
                if item.get("status", "0x00") == "0x00" and item["value"] is not None:
                    self.places[f"{frame['cluster']}/{item['id']}"] = item["value"]
            if "fields" in frame:
                place = f"{frame['cluster']}<{frame['command']}"
                self.places.setdefault(place, []).append(frame["fields"])

    def root(self, place: str) -> Any:
        return self.places.get(place)

    def find(self, wire: str) -> Iterator[tuple[tuple[int, ...], Any, list[Any]]]:
        """Each (indexes, value, values passed on the way) of a place of the facts."""
        root = next((p for p in sorted(self.places, key=len, reverse=True) if fits(p, wire)), None)
        if root is not None:
            steps = list(_STEP.finditer(wire[len(root) :]))
            yield from follow(self.places[root], steps, (), [])


def fits(place: str, wire: str) -> bool:
    return wire.startswith(place) and wire[len(place) : len(place) + 1] in ("", ".", "[", "/")


def inner(value: Any) -> Any:
    return value["value"] if isinstance(value, dict) and "type" in value else value


def follow(
    value: Any, steps: list[re.Match[str]], at: tuple[int, ...], way: list[Any]
) -> Iterator[tuple[tuple[int, ...], Any, list[Any]]]:
    if not steps:
        yield at, value, way
        return
    step, rest, held = steps[0], steps[1:], inner(value)
    way = [*way, held]
    if step[4] is not None:
        if isinstance(held, dict) and step[4] in held:
            yield from follow(held[step[4]], rest, at, way)
    elif isinstance(held, list) and step[3] is not None:
        first, last = (0, len(held)) if step[3] == "*" else map(int, step[3].split(":"))
        for n, item in enumerate(held[first:last]):
            yield from follow(item, rest, (*at, n), way)
    elif isinstance(held, list):
        index = int(step[1] if step[1] is not None else step[2])
        if index < len(held):
            yield from follow(held[index], rest, at, way)


class Found(NamedTuple):
    """A value at a place: as parse has it, without its type, and where."""

    value: Any
    held: Any
    message: Message
    at: tuple[int, ...]
    way: list[Any]

    @property
    def octets(self) -> bytes:
        """Octets of hexadecimal or, of a gas device, of text."""
        if isinstance(self.held, dict):
            return bytes.fromhex(self.held["hex"])
        typed = isinstance(self.value, dict)
        if typed or re.fullmatch("([0-9A-F]{2})*", self.held):
            return bytes.fromhex(self.held)
        return self.held.encode()

    @property
    def is_text(self) -> bool:
        """Whether it is text already, not octets."""
        typed = isinstance(self.value, dict)
        return not typed or self.value.get("type") in ("visible-string", "utf8-string")


def iso(seconds: int) -> str:
    return (datetime(2000, 1, 1) + timedelta(seconds=seconds)).isoformat() + "Z"


def plain(value: Decimal) -> str:
    text = format(value, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def pairs(text: str) -> dict[str, str]:
    return dict(pair.split("=") for pair in text.split(","))


def number(found: Found, rest: str) -> str:
    held = found.held
    return str(int(held, 16) if isinstance(held, str) and held.startswith("0x") else int(held))


def text(found: Found, rest: str) -> str | None:
    plainly = isinstance(found.held, str) and found.is_text
    out = found.held if plainly else found.octets.decode("latin-1")
    cut = {"first 13": slice(13), "rest": slice(13, None), "of the first 8 octets": slice(8)}
    return out.rstrip("\0")[cut.get(rest, slice(None))] or None


def hexadecimal(digits: int) -> Rule:
    def convert(found: Found, rest: str) -> str | None:
        if isinstance(found.held, int):
            return f"{found.held:0{digits}X}"
        if isinstance(found.held, str) and found.held.startswith("0x"):
            return found.held[2:]
        return found.octets.hex().upper() or None

    return convert


def eui(found: Found, rest: str) -> str | None:
    raw = found.octets[-8:] if rest.startswith("of the last") else found.octets
    return "-".join(f"{octet:02X}" for octet in raw) if len(raw) == 8 and any(raw) else None


def moment(found: Found, rest: str) -> str | None:
    raw = found.octets
    year = int.from_bytes(raw[:2], "big")
    if year == 0xFFFF:
        return None
    return f"{year:04d}-{raw[2]:02d}-{raw[3]:02d}T{raw[5]:02d}:{raw[6]:02d}:{raw[7]:02d}Z"


def day(found: Found, rest: str) -> str:
    raw = found.octets
    return f"{int.from_bytes(raw[:2], 'big'):04d}-{raw[2]:02d}-{raw[3]:02d}"


def time(found: Found, rest: str) -> str:
    return "{:02d}:{:02d}:{:02d}Z".format(*found.octets[:3])


def gas(found: Found, rest: str) -> str | None:
    names = (rest or "0x0702/0x0301 0x0702/0x0302").split()
    factor, divisor = (found.message.root(name) for name in names)
    if (factor is None) != (divisor is None):
        return None  # one of them failed: the value cannot be told
    return plain(Decimal(found.held) * (factor or 1) / (divisor or 1000))


def digits(found: Found, rest: str) -> str:
    return plain(Decimal(found.held) / 10 ** (found.message.root(rest) >> 4))


def sample_time(found: Found, rest: str) -> str:
    fields = found.way[-2]
    interval = fields["SampleRequestInterval"]
    step = 86400 if interval == 65535 else interval
    return iso(fields["SampleStartTime"] + found.at[-1] * step)


def bit(found: Found, rest: str) -> str:
    place, _, named = rest.partition(" ")
    return pairs(named)[str(found.held >> int(place) & 1)]


def ranged(found: Found, rest: str) -> str | None:
    bounds, _, less = rest.partition(" minus ")
    first, last = map(int, bounds.split(".."))
    return str(found.held - int(less or 0)) if first <= found.held <= last else None


def date(found: Found, gas_form: bool) -> list[tuple[str, str]]:
    raw = found.octets
    year = 1900 + raw[0] if gas_form else int.from_bytes(raw[:2], "big")
    missing = raw[0] == 255 if gas_form else year == 0xFFFF
    rest = raw[1:4] if gas_form else raw[2:5]
    values = [None if missing else year, *(None if octet == 255 else octet for octet in rest)]
    out = []
    for name, value in zip(("Year", "Month", "DayOfMonth", "DayOfWeek"), values, strict=True):
        part = f"/Gas{name}WithWildcards" if gas_form else f"/{name}"
        if name == "DayOfMonth" and value in (0xFE, 0xFD) and not gas_form:
            last = "LastDayOfMonth" if value == 0xFE else "SecondLastDayOfMonth"
            out.append((f"{part}/{last}", ""))
        elif value is None:
            prefix = "Gas" if gas_form and name == "DayOfMonth" else ""
            out.append((f"{part}/{prefix}NonSpecified{name}", ""))
        else:
            out.append((f"{part}/Specified{name}", str(value)))
    return out


def weekdays(found: Found, rest: str) -> list[tuple[str, str]]:
    named = [name for name, flag in zip(_DAYS, found.held, strict=False) if flag == "1"]
    return [("/DayOfWeekApplicability/DayOfWeekID", name) for name in named] or [("", "")]


def special_days(found: Found, rest: str) -> list[tuple[str, str]]:
    days = [n for n, flag in enumerate(found.held, 1) if flag == "1"]
    return [("/SpecialDayApplicability/SpecialDayID", str(n)) for n in days] or [("", "")]


def band(found: Found) -> tuple[str, list[int]]:
    held = found.held
    bits = held if re.fullmatch("[01]{32}", held) else f"{int(held[:8], 16):032b}"
    first = {"11101": 27, "11110": 35}.get(bits[:5], 0)
    flags = enumerate(reversed(bits[5:]))
    name = "Upper" if bits[:5] == "11111" else "Lower"
    return name, [first + n for n, flag in flags if flag == "1"]


def channels(found: Found, rest: str) -> list[tuple[str, str]]:
    return [(f"/Channel{n}", "") for n in band(found)[1]] or [("", "")]


def channel(found: Found, rest: str) -> list[tuple[str, str]]:
    name, numbers = band(found)
    return [(f"/Operating{name}BandSubGHzChannel/Channel{numbers[0]}", "")]


def switch(found: Found, rest: str) -> str | None:
    actions = {0x11: "On", 0x12: "Off", 0x20: "Revert to calendar control"}
    actions[0] = "Entry relates to a Message from an HC ALCS"
    return str(found.held >> 8) if rest == "number" else actions.get(found.held & 255)


def clock(found: Found, rest: str) -> str:
    return "invalid" if found.held & 1 else "unreliable" if found.held & 2 else "reliable"


RULES: dict[str, Rule] = {
    "int": number,
    "money": number,
    "const": lambda found, rest: rest,
    "bool": lambda found, rest: "true" if found.held else "false",
    "map": lambda found, rest: pairs(rest).get(str(found.held).lower()),
    "text": text,
    "string": text,
    "hex": hexadecimal(0),
    "hex4": hexadecimal(4),
    "hex8": hexadecimal(8),
    "octet": lambda found, rest: str(found.octets[0]),
    "eui": eui,
    "utc": lambda found, rest: iso(found.held),
    "cosem_datetime": moment,
    "cosem_plain_date": day,
    "cosem_time": time,
    "cosem_date": lambda found, rest: date(found, False),
    "zigbee_date": lambda found, rest: date(found, True),
    "minutes": lambda found, rest: f"{found.held // 60:02d}:{found.held % 60:02d}:00Z",
    "gas": gas,
    "digits": digits,
    "hundredths": lambda found, rest: plain(Decimal(found.held) / 100),
    "sample_time": sample_time,
    "bit": bit,
    "minus": lambda found, rest: str(-(found.held >> 4)),
    "range": ranged,
    "weekdays": weekdays,
    "special_days": special_days,
    "channels": channels,
    "channel": channel,
    "switch": switch,
    "clock_status": clock,
}


def alert_bits(
    document: dict[str, list[str]], start: str, found: Found, high: str
) -> list[tuple[str, str]]:
    """What each code that the document has an element for must say."""
    held = found.held
    bits = held if len(held) == 256 else f"{int(held, 16):0256b}"
    out = []
    for name in document:
        code = re.fullmatch(re.escape(start) + rf"(/\w+/x{high}([0-9A-F]{{2}}))", name)
        if code:
            word = "Enable" if bits[255 - int(code[2], 16)] == "1" else "Disable"
            out.append((code[1], word))
    return out


def judge(
    document: dict[str, list[str]], rules: list[Any], message: Message
) -> tuple[int, list[str]]:
    """How many values of a document agree with the facts, and what does not.

    `document` has the texts of each path below the Rsp element, indexes left out, in order.
    """
    expected: dict[str, list[tuple[tuple[int, ...], str]]] = {}
    passed_over: set[str] = set()
    for wire, path, rule, _ in rules:
        bare = re.sub(r"\[[^\]]*\]", "", path)
        word, _, rest = rule.partition(" ")
        if wire is None or (word not in RULES and word != "alert_bits"):
            passed_over.add(bare)
            continue
        for at, value, way in message.find(wire):
            found = Found(value, inner(value), message, at, way)
            if found.held is None:
                continue
            if word == "alert_bits":
                made: Any = alert_bits(document, bare, found, rest)
            else:
                made = RULES[word](found, rest)
            for sub, told in made if isinstance(made, list) else [("", made)]:
                if told is not None:
                    expected.setdefault(bare + sub, []).append((place(path, at), told))
    return compare(document, expected, passed_over)


def place(path: str, at: tuple[int, ...]) -> tuple[int, ...]:
    """The indexes of a path in its order: fixed ones, and those of the rows."""
    rows, out = list(at), []
    for mark in re.findall(r"\[(\*\*|\*|\d+)\]", path):
        take = {"*": 1, "**": 2}.get(mark, 0)
        out += rows[:take] if take else [int(mark)]
        rows = rows[take:]
    return tuple(out)


def compare(
    document: dict[str, list[str]],
    expected: dict[str, list[tuple[tuple[int, ...], str]]],
    passed_over: set[str],
) -> tuple[int, list[str]]:
    good, wrong = 0, []
    for path in sorted({*document, *expected}):
        if any(path == name or path.startswith(f"{name}/") for name in passed_over):
            continue
        theirs = [told for _, told in sorted(expected.get(path, []), key=lambda pair: pair[0])]
        ours = document.get(path, [])
        if path in SHELLS and ours == [""] and not theirs:
            continue
        if ours == theirs:
            good += len(ours)
            continue
        pair = zip_longest(ours, theirs, fillvalue="nothing")
        first = next((one, other) for one, other in pair if one != other)
        wrong.append(f"{path}: {first[0]!r}, not {first[1]!r}")
    return good, wrong


# Elements of answers in ASN.1 whose text is a name for a number.
NAMES = {
    "ASN1Status",
    "RemotePartyRole",
    "CertificateUsage",
    "CertificateType",
    "DeviceType",
    "CredentialsReplacementMode",
}


def judge_asn1(
    document: dict[str, list[str]], response: Any, octets: bytes
) -> tuple[int, list[str]]:
    """How many values of a document are in an answer in ASN.1, and which are not."""
    there = set(scalars(response["content"]))
    if isinstance(response["content"], list):
        there.add("0")  # what there is data of has succeeded, and has no code of its own
    good, wrong = 0, []
    for path, texts in document.items():
        if path.rpartition("/")[2] in NAMES:
            continue
        for told in texts:
            forms = {told, told.replace("-", ""), re.sub("[-:T]", "", told)}
            try:
                raw = base64.b64decode(told, validate=True)
            except ValueError:
                raw = b""
            if forms & there or raw.hex().upper() in there or (len(raw) > 100 and raw in octets):
                good += 1
            else:
                wrong.append(f"{path}: {told!r} is not in the message")
    return good, wrong


def scalars(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for item in value.values():
            yield from scalars(item)
    elif isinstance(value, list):
        for item in value:
            yield from scalars(item)
    elif value is not None:
        yield str(value)


def leaves(element: Any) -> dict[str, list[str]]:
    """The texts of each path below an element, indexes left out; attributes as `@name`."""
    found: dict[str, list[str]] = {}

    def visit(item: Any, path: str) -> None:
        for name, told in item.items() if path else ():
            found.setdefault(f"{path}/@{name}", []).append(told)
        children = [child for child in item if isinstance(child.tag, str)]
        if path and not children:
            found.setdefault(path, []).append(item.text or "")
        for child in children:
            name = child.tag.rpartition("}")[2]
            visit(child, f"{path}/{name}" if path else name)

    visit(element, "")
    return found
