"""The notation of the rows that say what becomes of a request (docs/duis.md), read into terms.

A term is a value of the command. Text in backquotes is an XPath in the request.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

__all__ = ["Field", "Line", "NotationError", "Term", "parse_line"]

# Types of DLMS, then of ASN.1, without their sizes; `obis` is an octet-string written as a code.
_TYPES = frozenset(
    ("u", "i", "enum", "oct", "bits", "bool", "vis", "obis", "int", "time", "cert", "tag")
)
_WORD = re.compile(r"""[^\s`(){}\[\]<>|;]+""")
_GROUPS = {"{": "}", "[": "]", "<": ">", "(": ")"}
_VERBS = ("get", "set", "act", "date", "read", "send", "alerts")


class NotationError(ValueError):
    """A row is not written as the notation wants it."""


@dataclass(frozen=True)
class Term:
    """A value. `kind` is literal, call, sum, cat, now, pos, #..., or a bracket: { [ < (.

    `each` or `count` repeat it, `when` and `twin` say when it is there at all.
    """

    kind: str
    type: str = ""
    text: str = ""
    argument: str = ""
    paths: tuple[str, ...] = ()
    parts: tuple[Term, ...] = ()
    fields: tuple[Field, ...] = ()
    default: str | None = None
    times: int = 1
    plus: int = 0
    later: str = ""
    each: str = ""
    count: int = 0
    when: str = ""
    twin: bool = False


@dataclass(frozen=True)
class Field:
    """A named value of a GBZ command or of a record in it."""

    name: str
    term: Term


@dataclass(frozen=True)
class Line:
    """A part of a command: an access, a component, or (no verb) the whole ASN.1 content."""

    verb: str
    words: tuple[str, ...] = ()
    term: Term | None = None
    fields: tuple[Field, ...] = ()
    period: bool = False
    protected: tuple[tuple[str, bool], ...] = ()
    begin: Term | None = None
    repeat: int = 1
    each: str = ""
    count: int = 0
    when: str = ""


class _Text:
    """A line and a place in it."""

    def __init__(self, text: str) -> None:
        self.text, self.pos = text, 0

    def skip(self) -> str:
        while self.text[self.pos : self.pos + 1].isspace():
            self.pos += 1
        return self.text[self.pos : self.pos + 1]

    def accept(self, token: str) -> bool:
        self.skip()
        if self.text.startswith(token, self.pos):
            self.pos += len(token)
            return True
        return False

    def expect(self, token: str) -> None:
        if not self.accept(token):
            raise NotationError(f"expected {token!r} at {self.text[self.pos : self.pos + 40]!r}")

    def word(self) -> str:
        self.skip()
        found = _WORD.match(self.text, self.pos)
        if found is None:
            raise NotationError(f"expected a word at {self.text[self.pos : self.pos + 40]!r}")
        self.pos = found.end()
        return found[0]

    def until(self, token: str) -> str:
        end = self.text.find(token, self.pos)
        if end < 0:
            raise NotationError(f"no {token!r} after {self.text[self.pos : self.pos + 40]!r}")
        out, self.pos = self.text[self.pos : end], end + len(token)
        return out

    def path(self) -> str:
        self.expect("`")
        return self.until("`")

    def matches(self, pattern: str) -> re.Match[str] | None:
        self.skip()
        found = re.compile(pattern).match(self.text, self.pos)
        if found:
            self.pos = found.end()
        return found


def _terms(text: _Text, close: str) -> tuple[Term, ...]:
    out: list[Term] = []
    while not text.accept(close):
        out.append(_element(text))
    return tuple(out)


def _element(text: _Text) -> Term:
    each, count = "", 0
    if text.matches("each(?=`)"):
        each = text.path()
    else:
        found = text.matches(r"range\((\d+)\)")
        count = int(found[1]) if found else 0
    term = replace(_term(text), each=each, count=count)
    if text.matches("if(?=`)"):
        term = replace(term, when=text.path())
    if text.matches(r"twin\b"):
        term = replace(term, twin=True)
    return term


def _term(text: _Text) -> Term:
    first = text.skip()
    if first in _GROUPS:
        return _group(text, "")
    word = text.word()
    kind, colon, rest = word.partition(":")
    if colon and kind.rstrip("0123456789") in _TYPES:
        if not rest:
            return _group(text, kind)
        return replace(_scalar(text, rest), type=kind)
    return _scalar(text, word)


def _group(text: _Text, kind: str) -> Term:
    bracket = text.skip()
    text.expect(bracket)
    if bracket == "<":
        return Term("<", kind, parts=_choices(text))
    if bracket == "(":
        return Term("(", kind, fields=_fields(text, ")"))
    return Term(bracket, kind, parts=_terms(text, _GROUPS[bracket]))


def _choices(text: _Text) -> tuple[Term, ...]:
    out: list[Term] = []
    while True:
        when = text.path() if text.matches("if(?=`)") else ""
        out.append(replace(_term(text), when=when))
        if text.accept(">"):
            return tuple(out)
        text.expect("|")


def _scalar(text: _Text, word: str) -> Term:
    if word in ("sum", "cat"):
        text.expect("(")
        return Term(word, parts=_terms(text, ")"))
    at = re.fullmatch(r"pos([+-]\d+)?", word)
    if at:
        return Term("pos", plus=int(at[1] or 0))
    if word == "now" or word.startswith("#"):
        return Term(word)
    following = text.text[text.pos : text.pos + 1]
    if following in ("`", "("):
        return _call(text, word)
    return Term("literal", text="" if word == '""' else word)


def _call(text: _Text, name: str) -> Term:
    argument = text.until(")") if text.accept("(") else ""
    paths: list[str] = []
    while text.text[text.pos : text.pos + 1] == "`":
        paths.append(text.path())
    term = Term("call", text=name, argument=argument, paths=tuple(paths))
    changes = {"*": "times", "?": "default"}
    while (mark := text.text[text.pos : text.pos + 1]) in ("*", "+", "-", "?") and mark:
        text.pos += 1
        if mark == "+" and text.text[text.pos] == "`":
            term = replace(term, later=text.path())
            continue
        value = text.word()
        if mark == "?":
            term = replace(term, default=value)
        elif mark == "*":
            term = replace(term, **{changes[mark]: int(value)})
        else:
            term = replace(term, plus=int(mark + value))
    return term


def _fields(text: _Text, close: str) -> tuple[Field, ...]:
    """Fields up to a closing token; with none, up to the end of the line or a keyword."""
    out: list[Field] = []
    while not (close and text.accept(close)):
        name = " ".join(text.until("=").split())
        out.append(Field(name, _element(text)))
        if not text.accept(";") and not close:
            break
    return tuple(out)


def parse_line(source: str) -> Line:
    """One logical line of a row."""
    text = _Text(source)
    found = text.matches(rf"({'|'.join(_VERBS)})\b(?!:)")
    if found is None:
        term = _element(text)
        _end(text)
        return Line("", term=term)
    verb = found[1]
    if verb in ("get", "date") or verb == "read":
        words = [text.word()]
        while _more(text):
            words.append(text.word())
        return _rest(text, Line(verb, tuple(words)))
    if verb == "send":
        head = text.until(":").split(maxsplit=3)
        fields = _fields(text, "") if _more(text) else ()
        return _rest(text, Line(verb, tuple(head), fields=fields))
    if verb == "alerts":
        words = text.until("`").split(maxsplit=3)
        return Line(verb, tuple(words), each=text.until("`"))
    return _access(text, verb)


def _more(text: _Text) -> bool:
    return bool(text.skip()) and not re.match(
        r"(for|when)`|range\(|period\b|repeat\b|from\b", text.text[text.pos :]
    )


def _access(text: _Text, verb: str) -> Line:
    place = text.matches(r"\d+/[^\s{]*(?:\{[^}]*\}[^\s]*)?")
    if place is None:
        raise NotationError(f"no place in {text.text!r}")
    line = Line(verb, (place[0],))
    if text.matches(r"protected\b"):
        items: list[tuple[str, bool]] = []
        while _more(text):
            word = text.word()
            items.append((word, bool(text.matches(r"period\b"))))
        return replace(line, protected=tuple(items))
    if _more(text):
        line = replace(line, term=_element(text))
    return _rest(text, line)


def _rest(text: _Text, line: Line) -> Line:
    while text.skip():
        if text.matches(r"period\b"):
            line = replace(line, period=True)
        elif text.matches(r"from\b"):
            line = replace(line, begin=_term(text))
        elif found := text.matches(r"repeat (\d+)"):
            line = replace(line, repeat=int(found[1]))
        elif found := text.matches(r"range\((\d+)\)"):
            line = replace(line, count=int(found[1]))
        elif text.matches("for(?=`)"):
            line = replace(line, each=text.path())
        elif text.matches("when(?=`)"):
            line = replace(line, when=text.path())
        else:
            _end(text)
    return line


def _end(text: _Text) -> None:
    if text.skip():
        raise NotationError(f"what is {text.text[text.pos : text.pos + 40]!r}?")
