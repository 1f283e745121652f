"""Terms of the rows, worked out for one request."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, cast

from lxml import etree

from host_tools.duis.convert import ABSENT_MEANS, CONVERSIONS, Found, Value, moment, text_of
from host_tools.duis.document import Element, local
from host_tools.duis.errors import DuisError
from host_tools.duis.notation import Term
from host_tools.gbcs import times

__all__ = ["Facts", "Scope"]

_MOST_MARKS = 255  # definitions have an index of one octet
_ALERT_BITS = 256  # alert 81nn or 8Fnn is bit 255 - nn


@dataclass(frozen=True)
class Facts:
    """What a command holds beside the request.

    `counter` is that of its header; `user` and `device` are EUI-64s; `now` is the time of
    construction; `given` holds what the DCC fills in from its own knowledge; `twin` says that
    the meter has two elements; `memo` keeps what is worked out once for a request.
    """

    counter: int
    user: bytes
    device: bytes
    now: datetime
    given: Mapping[str, str] = field(default_factory=dict[str, str])
    twin: bool = False
    memo: dict[tuple[str, str], list[str]] = field(
        default_factory=dict[tuple[str, str], list[str]], compare=False, repr=False
    )


@lru_cache(maxsize=4096)
def _compiled(path: str) -> etree.XPath:
    return etree.XPath(path)


@dataclass(frozen=True)
class Scope:
    """Where terms are worked out: an element of the request, and its number in a list, from 1."""

    node: Element
    facts: Facts
    position: int = 1

    def find(self, path: str) -> list[Found]:
        """What an XPath finds: elements, attributes, or one number or text as text."""
        found = cast("Any", _compiled(path)(self.node, n=self.position))
        if isinstance(found, list):
            return cast("list[Found]", found)
        if isinstance(found, float):
            return [str(int(found))]
        return [str(found)]

    def holds(self, condition: str) -> bool:
        """Whether a condition holds; none always does."""
        if not condition:
            return True
        found = cast("Any", _compiled(condition)(self.node, n=self.position))
        return bool(found)

    def each(self, path: str, count: int = 0) -> Iterator[Scope]:
        """Scopes of what a list is made of: the elements of a path, or so many numbers."""
        if path:
            for index, item in enumerate(self.find(path), 1):
                if isinstance(item, str):
                    raise DuisError(f"{path} is no element")
                yield replace(self, node=item, position=index)
        elif count:
            for index in range(1, count + 1):
                yield replace(self, position=index)
        else:
            yield self

    def expand(self, terms: tuple[Term, ...]) -> Iterator[tuple[Term, Scope]]:
        """Terms that are there, each with its scope."""
        for term in terms:
            for scope in self.each(term.each, term.count):
                if scope.holds(term.when) and (self.facts.twin or not term.twin):
                    yield term, scope

    def choose(self, term: Term) -> Term:
        """The first of some alternatives whose condition holds."""
        for part in term.parts:
            if self.holds(part.when):
                return part
        raise DuisError("the request has none of what it may choose from")

    def scalar(self, term: Term) -> Value:
        """The value of a term that is no list; DuisError."""
        if term.kind == "<":
            return self.scalar(self.choose(term))
        if term.kind == "sum":
            return sum(int(scope.scalar(part)) for part, scope in self.expand(term.parts))
        if term.kind == "cat":
            return "".join(str(scope.scalar(part)) for part, scope in self.expand(term.parts))
        if term.kind == "pos":
            return self.position + term.plus
        if term.kind == "now":
            return times.seconds_2000(self.facts.now)
        if term.kind.startswith("#"):
            return self._header(term.kind)
        if term.kind == "literal":
            return term.text
        return self._called(term)

    def _header(self, kind: str) -> Value:
        facts = self.facts
        octets = {"#user": facts.user, "#device": facts.device}
        return octets[kind].hex() if kind in octets else facts.counter

    def _called(self, term: Term) -> Value:
        if term.text == "dcc":
            return self._given(*term.argument.split(","))
        if term.text == "alerts":
            return self._alerts(term.paths[0])
        if term.text == "marked":
            return self._marked(*term.paths)
        found = self.find(term.paths[0])
        if not found:
            if term.text in ABSENT_MEANS:
                found = [""]
            elif term.default is not None:
                return term.default
            else:
                raise DuisError(f"the request has no {term.paths[0]}")
        source = self._later(found[0], term.later) if term.later else found[0]
        try:
            value = CONVERSIONS[term.text](source, term.argument)
        except DuisError as error:
            raise DuisError(f"{term.paths[0]}: {error}") from None
        return value * term.times + term.plus if isinstance(value, int) else value

    def _given(self, name: str, *words: str) -> Value:
        """What the DCC fills in; a device type is one of the words, or its number.

        The word `octets` asks for the octets of a text, such as a number for the customer.
        """
        if name not in self.facts.given:
            raise DuisError(f"the DCC fills in {name}: give it with --dcc")
        value = self.facts.given[name]
        if name == "cin" and not re.fullmatch("[0-9]{4}", value):
            raise DuisError(f"cin {value[:40]!r} is not four digits")
        if words == ("octets",):
            return value.encode().hex()
        numbers = dict(word.split("=") for word in words)
        if numbers and value not in (*numbers, *numbers.values()):
            raise DuisError(f"{name} {value[:40]!r} is not one of {', '.join(numbers)}")
        return numbers.get(value, value)

    def _later(self, found: Found, path: str) -> str:
        seconds = self.find(path)
        if not seconds:
            raise DuisError(f"the request has no {path}")
        span = CONVERSIONS["int"](seconds[0], "")
        return (moment(text_of(found)) + timedelta(seconds=int(span))).isoformat()

    def _alerts(self, path: str) -> str:
        """256 bits of which alerts are configured, then 256 of which are enabled."""
        mask, action = ["0"] * _ALERT_BITS, ["0"] * _ALERT_BITS
        for item in self.find(path):
            if isinstance(item, str):
                continue
            bit = _ALERT_BITS - 1 - int(local(item)[-2:], 16)
            mask[bit] = "1"
            action[bit] = "1" if text_of(item) == "Enable" else "0"
        return "".join(mask + action)

    def _marked(self, of: str, key: str, chosen: str) -> str:
        """One bit for each definition, set for those that are named here."""
        wanted = {text_of(item) for item in self.find(chosen)}
        return "".join("1" if name in wanted else "0" for name in self._defined(of, key))

    def _defined(self, of: str, key: str) -> list[str]:
        """The keys of definitions, which are the same for all who name them."""
        memo = self.facts.memo
        if (of, key) not in memo:
            keys = [scope.find(key) for scope in self.each(of)]
            if len(keys) > _MOST_MARKS:
                raise DuisError(f"more than {_MOST_MARKS} of {of}")
            memo[of, key] = [text_of(found[0]) if found else "" for found in keys]
        return memo[of, key]
