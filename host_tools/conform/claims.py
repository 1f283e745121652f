"""What a device under test claims to be, and which checks follow from that."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from host_tools.conform.model import Check
from host_tools.schemas import SchemaProblem, parse_document
from host_tools.versions.names import Version, VersionError, parse_spec, parse_version

__all__ = ["Claims", "read_claims"]

_TEXTS = ("manufacturer", "model", "firmware_version", "specification", "gbcs")


@dataclass(frozen=True)
class Claims:
    """The claims of a device; with none, every check of its role applies."""

    manufacturer: str = ""
    model: str = ""
    firmware_version: str = ""
    specification: str = ""  # as DCC systems print it, such as "CHTS V1.6"
    gbcs: str = ""  # such as "4.2"
    use_cases: frozenset[str] | None = field(default=None)  # None: the device does not say

    def versions(self) -> dict[str, Version]:
        """Claimed versions by name of the specification."""
        known: dict[str, Version] = {}
        if self.specification:
            name, version = parse_spec(self.specification)
            known[name] = version
        if self.gbcs:
            known["GBCS"] = parse_version(self.gbcs)
        return known

    def why_not(self, check: Check) -> str:
        """Why a check does not apply to these claims, or nothing.

        `since` of a check may name several versions with commas: reaching one is enough.
        """
        claimed = self.versions()
        wanted = [parse_spec(part) for part in check.since.split(",") if part.strip()]
        known = [(name, version) for name, version in wanted if name in claimed]
        if not known or any(claimed[name] >= version for name, version in known):
            return ""
        name, version = known[0]
        return f"from {name} {version} on; claimed is {name} {claimed[name]}"

    def to_json(self) -> dict[str, Any]:
        """For the identity block."""
        said: dict[str, Any] = {name: getattr(self, name) for name in _TEXTS}
        return {name: value for name, value in said.items() if value}


def read_claims(path: Path) -> Claims:
    """Read a claims file; SchemaProblem for a wrong one, OSError for a missing one."""
    try:
        return _claims(parse_document(path.read_bytes()))
    except VersionError as error:
        raise SchemaProblem((), str(error), str(path)) from error
    except SchemaProblem as error:
        raise SchemaProblem(error.path, error.what, str(path)) from None


def _claims(document: object) -> Claims:
    if not isinstance(document, dict):
        raise SchemaProblem((), "is not an object")
    members = cast("dict[str, object]", document)
    texts: dict[str, str] = {}
    use_cases: frozenset[str] | None = None
    for name, value in members.items():
        if name in _TEXTS:
            if not isinstance(value, str):
                raise SchemaProblem((name,), "is not text")
            texts[name] = value
        elif name == "use_cases":
            items = cast("list[object]", value) if isinstance(value, list) else [None]
            if not all(isinstance(item, str) for item in items):
                raise SchemaProblem((name,), "is not a list of texts")
            use_cases = frozenset(cast("list[str]", items))
        else:
            raise SchemaProblem((name,), f"unknown; known are {', '.join(_TEXTS)}, use_cases")
    claims = Claims(**texts, use_cases=use_cases)
    claims.versions()
    return claims
