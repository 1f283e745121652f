"""The schemas of STATE.json, KEYS.json and PARTIES.json, and validation with exact places.

The documents `*.schema.json` beside this file are JSON Schema draft 2020-12. What a schema
cannot say (calendar dates, rows of a compact-array, the same object twice) is checked by
`host_tools.schemas.meaning`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from host_tools.gbcs.times import parse_iso
from host_tools.schemas import meaning
from host_tools.schemas.problem import SchemaProblem
from host_tools.textfile import decode_text

if TYPE_CHECKING:
    from jsonschema import Draft202012Validator, ValidationError

__all__ = ["NAMES", "SchemaProblem", "read_document", "schema", "schema_text", "validate"]

NAMES = ("state", "keys", "parties")


def schema_text(which: str) -> str:
    """The schema document as it is in the package; ValueError for a name not in NAMES."""
    if which not in NAMES:
        raise ValueError(f"no schema {which!r}: {', '.join(NAMES)}")
    file = resources.files(__name__).joinpath(f"{which}.schema.json")
    return file.read_text(encoding="utf-8")


@cache
def schema(which: str) -> dict[str, Any]:
    """The schema as JSON values."""
    return json.loads(schema_text(which))


# jsonschema takes long to import, and many a command needs no document.
def _pattern(
    validator: object, pattern: str, instance: object, schema: dict[str, Any]
) -> Iterator[ValidationError]:
    from jsonschema import ValidationError

    # Python's "$" also matches before a final newline; the whole text has to match.
    if isinstance(instance, str) and not re.fullmatch(pattern, instance):
        yield ValidationError(f"{instance!r} does not match {pattern!r}")


def _utc_time(validator: object, name: str, instance: object, schema: dict[str, Any]) -> Any:
    from jsonschema import ValidationError

    if name == "utc-time" and isinstance(instance, str):
        try:
            parse_iso(instance)
        except ValueError as error:
            yield ValidationError(str(error))


def _is_integer(checker: object, instance: object) -> bool:
    return isinstance(instance, int) and not isinstance(instance, bool)


@cache
def _validator(which: str) -> Draft202012Validator:
    from jsonschema import Draft202012Validator
    from jsonschema import validators as jsonschema_validators

    # 1.0 is an integer to JSON Schema; a state holds no floats at all.
    types = Draft202012Validator.TYPE_CHECKER.redefine("integer", _is_integer)
    extend = cast("Callable[..., type[Draft202012Validator]]", jsonschema_validators.extend)
    own = extend(
        Draft202012Validator, {"pattern": _pattern, "format": _utc_time}, type_checker=types
    )
    return own(schema(which))


def validate(document: object, which: str) -> None:
    """Check a document against the schema `which`; raises SchemaProblem naming path and fault.

    The first fault in document order is the one reported.
    """
    validator = cast("Any", _validator(which))
    errors = cast("Iterable[ValidationError]", validator.iter_errors(document))
    try:
        first = min(errors, key=_rank, default=None)
        if first is not None:
            raise SchemaProblem(tuple(first.absolute_path), _explain(first))
        meaning.check(document, which)
    except RecursionError:
        raise SchemaProblem((), "nested too deeply") from None


def _rank(error: ValidationError) -> tuple[list[tuple[int, str]], int]:
    # An unknown member says more than what it makes missing; ill-typed members say the most.
    path = [
        (part, "") if isinstance(part, int) else (0, str(part)) for part in error.absolute_path
    ]
    order = {"additionalProperties": 0, "propertyNames": 0, "required": 2}
    return path, order.get(str(error.validator), 1)


_KINDS = {
    dict: "an object",
    list: "a list",
    str: "text",
    bool: "true or false",
    int: "an integer",
    float: "a number with a fraction",
    type(None): "null",
}
_TYPE_NAMES = {
    "object": "an object",
    "array": "a list",
    "string": "text",
    "integer": "an integer",
    "boolean": "true or false",
    "null": "null",
}


def _shown(value: object) -> str:
    text = json.dumps(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _explain(error: ValidationError) -> str:  # noqa: C901 - one case a rule of JSON Schema
    rule = cast("Any", error.validator_value)
    value = cast("Any", error.instance)
    own = cast("dict[str, Any]", error.schema)
    match error.validator:
        case "type":
            names: list[str] = [rule] if isinstance(rule, str) else rule
            wanted = " or ".join(_TYPE_NAMES[name] for name in names)
            return f"is {_KINDS[type(value)]}, expected {wanted}"
        case "additionalProperties":
            known = own.get("properties", {})
            return f"unknown member {_shown(next(name for name in value if name not in known))}"
        case "required":
            return f"member {_shown(next(name for name in rule if name not in value))} is missing"
        case "enum":
            return f"{_shown(value)} is not one of {', '.join(cast('list[str]', rule))}"
        case "minimum":
            return f"{value} is below {rule}"
        case "maximum":
            return f"{value} is above {rule}"
        case "pattern":
            return _explain_pattern(own, cast("str", value))
        case "anyOf":
            return str(own["x-any-of"])
        case "const":
            return f"{_shown(value)} is not {own.get('x-what', _shown(rule))}"
        case "minLength":
            return "is empty"
        case "minItems" | "maxItems":
            bound = "at least" if error.validator == "minItems" else "at most"
            return f"has {len(value)} items, expected {bound} {rule}"
        case "minProperties":
            return "is empty"
        case "not":
            return "is not allowed with this type"
        case _:
            return error.message


def _explain_pattern(own: dict[str, Any], value: str) -> str:
    digits = own.get("x-hex-digits")
    if digits is None:
        return f"{_shown(value)} is not {own['x-what']}"
    wrong = re.search("[^0-9A-Fa-f]", value)
    if wrong:  # the value itself may be a secret
        return f"character {wrong.start() + 1} is not a hex digit"
    if len(value) != digits:
        return f"{len(value)} hex digits, expected {digits}"
    return "is not an uncompressed point: it must begin with 04"


def read_document(path: Path, which: str) -> object:
    """Read and validate a JSON file; SchemaProblem and OSError name what is wrong and where."""
    data = path.read_bytes()
    try:
        document = parse_document(data)
        validate(document, which)
    except SchemaProblem as error:
        raise SchemaProblem(error.path, error.what, str(path)) from None
    return document


def parse_document(data: bytes) -> object:
    """Read JSON strictly: UTF-8, no member twice, no NaN; raises SchemaProblem."""
    try:
        return json.loads(decode_text(data), object_pairs_hook=_members, parse_constant=_refuse)
    except UnicodeDecodeError as error:
        raise SchemaProblem((), f"not UTF-8 at octet {error.start}") from None
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise SchemaProblem((), f"not JSON at {where}: {error.msg}") from None
    except RecursionError:
        raise SchemaProblem((), "nested too deeply") from None


def _members(pairs: list[tuple[str, object]]) -> dict[str, object]:
    members = dict(pairs)
    if len(members) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise SchemaProblem((), f"member {_shown(twice)} occurs twice in one object")
    return members


def _refuse(name: str) -> object:
    raise SchemaProblem((), f"{name} is not JSON")
