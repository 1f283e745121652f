"""ASN.1 responses with names: the decoder gives elements by type, GBCS 13 their order.

Where an answer is either data or a response code, `responseCode` is 0 with the data. One entry of
`details` is one certificate cell, or a role without any.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias, cast

from host_tools.gbcs.message import Message
from host_tools.gbcs.tree import Node

Named: TypeAlias = "dict[str, Any]"

_ROLES = ("Root", "Recovery", "Supplier", "NetworkOperator", "ACB", "TransCoS", "", "")
ROLES = {number: name for number, name in enumerate((*_ROLES, "LoadController")) if name}
DEVICE_TYPES = ("GSME", "ESME", "CHF", "GPF", "HCALCS", "PPMID", "Type2")
# By the number of the bit in the key usage.
_USAGES = {0: "DigitalSigning", 4: "KeyAgreement", 5: "KeyCertSign"}

_CREDENTIALS = {
    0: "success",
    5: "badCertificate",
    10: "noTrustAnchor",
    17: "insufficientMemory",
    25: "trustAnchorNotFound",
    30: "resourcesBusy",
    127: "other",
}
_JOIN: dict[int, str] = dict(
    enumerate(
        (
            "success",
            "invalidMessageCodeForJoinMethodAndRole",
            "invalidJoinMethodAndRole",
            "incompatibleWithExistingEntry",
            "deviceLogFull",
            "writeFailure",
            "keyAgreementNoResources",
            "keyAgreementUnknownIssuer",
            "keyAgreementUnsupportedSuite",
            "keyAgreementBadMessage",
            "keyAgreementBadKeyConfirm",
            "invalidOrMissingCertificate",
            "noPartnerLinkKeyReceived",
            "noCBKEResponse",
        )
    )
)
_UNJOIN = {0: "success", 1: "otherDeviceNotInDeviceLog", 2: "otherFailure"}
_ACTIVATION = {0: "success", 1: "noImageHeld", 2: "hashMismatch", 3: "activationFailure"}
_CERTIFICATE = {
    0: "success",
    1: "invalidKeyUsage",
    2: "noCertificateHeld",
    3: "certificateRetrievalFailure",
}
_REQUEST = {
    0: "success",
    1: "invalidKeyUsage",
    2: "keyPairGenerationFailed",
    3: "cRProductionFailed",
}
_STORED: dict[int, str] = dict(
    enumerate(
        (
            "success",
            "invalidCertificate",
            "wrongDeviceIdentity",
            "invalidKeyUsage",
            "noCorrespondingKeyPairGenerated",
            "wrongPublicKey",
            "certificateStorageFailed",
            "privateKeyChangeFailed",
        )
    )
)
_STATUS: dict[int, dict[int, str]] = {
    **dict.fromkeys((0x0008, 0x011B, 0x00CB, 0x0124), _CREDENTIALS),
    **dict.fromkeys(range(0x0102, 0x010A), _CREDENTIALS),
    **dict.fromkeys((0x0126, 0x0127), _CREDENTIALS),
    **dict.fromkeys((0x000D, 0x000E, 0x00AB, 0x00AF, 0x008C), _JOIN),
    **dict.fromkeys((0x000F, 0x0010), _UNJOIN),
    **dict.fromkeys((0x0012, 0x00CA), _ACTIVATION),
    0x000A: _REQUEST,
    0x000B: _STORED,
    0x000C: _CERTIFICATE,
}
CLOCK = ("reliable", "invalid", "unreliable")


def status_name(code: int, value: int) -> str:
    """The ASN1Status of a response code of a message code's command."""
    return _STATUS.get(code, {}).get(value, "notKnown")


def named(message: Message) -> Named:
    """The members of an ASN.1 response or alert; {} where there are none for its message code."""
    node = message.tree.find("payload")
    if node is None or not node.children:
        return {}
    reader = _READERS.get(message.header.message_code)
    try:
        return reader(node.children[0], message.envelope.data) if reader else {}
    except (AttributeError, LookupError, TypeError, ValueError):
        return {}  # elements of another form than those of the use case


def _single(node: Node, data: bytes) -> Named:
    return {"responseCode": node.value}


def _data_or_code(node: Node, data: bytes) -> Named:
    if isinstance(node.value, int):
        return {"responseCode": node.value}
    return {"responseCode": 0, "octets": data[node.offset : node.offset + node.length]}


def _activated(node: Node, data: bytes) -> Named:
    if len(node.children) < 2:
        return {}  # accepted, for later
    first, second = node.children[:2]
    return {"activateImageResponseCode": first.value, "firmwareVersion": second.value}


def _activation_alert(node: Node, data: bytes) -> Named:
    # {alert code, execution time, counter, outcome {code, version}}
    leaves = [leaf for leaf in node.walk() if not leaf.children]
    numbers = [leaf.value for leaf in leaves if isinstance(leaf.value, int)]
    times = [leaf.value for leaf in leaves if "GeneralizedTime" in leaf.text]
    octets = [leaf.value for leaf in leaves if "OCTET STRING" in leaf.text]
    return {
        "alertTime": times[0] if times else None,
        "counter": numbers[-2] if len(numbers) > 1 else None,
        "activateImageResponseCode": numbers[-1] if numbers else None,
        "firmwareVersion": octets[-1] if octets else None,
    }


def _firmware(node: Node, data: bytes) -> Named:
    version = node.children[0].value if node.children else None
    return {"firmwareVersion": version, "responseCode": _last_number(node)}


def _last_number(node: Node) -> int | None:
    numbers = [child.value for child in node.children if isinstance(child.value, int)]
    return numbers[-1] if numbers else None


def _log(node: Node, data: bytes) -> Named:
    code = node.children[0].value if node.children else node.value
    entries = node.children[1].children if len(node.children) > 1 else []
    return {"responseCode": code, "deviceLogEntries": [_entry(entry) for entry in entries]}


def _entry(node: Node) -> Named:
    return {"deviceID": node.children[0].value, "deviceType": node.children[1].value}


def _restored(node: Node, data: bytes) -> Named:
    outcomes = [
        {**_entry(item.children[0]), "joinResponseCode": item.children[1].value}
        for item in node.children
    ]
    return {"restoreOutcomes": outcomes}


def _clock(node: Node, data: bytes) -> Named:
    time, status = (child.value for child in node.children[:2])
    known = isinstance(status, int) and 0 <= status < len(CLOCK)
    return {"deviceTime": time, "deviceTimeStatus": CLOCK[cast("int", status)] if known else None}


def _cell(items: list[Node]) -> Named:
    """Key usage, and perhaps the cell usage, among the members of a cell."""
    found: Named = {}
    for item in items:
        if "BIT STRING" in item.text and isinstance(item.value, str) and "1" in item.value:
            found["usage"] = _USAGES.get(item.value.index("1"))
        elif isinstance(item.value, int) and "usage" in found:
            found["prepayment"] = item.value == 1
    return found


def _credentials(node: Node, data: bytes) -> Named:
    details: list[Named] = []
    for party in node.children:
        role: Named = {"role": party.children[0].value, "status": party.children[1].value}
        cells: list[Node] = []
        for item in party.children[2:]:
            if item.children:
                cells = item.children
            else:
                role["currentSeqNumber"] = item.value
        if not cells:
            details.append(role)
        for cell in cells:
            octets = [item.value for item in cell.children if "OCTET STRING" in item.text]
            ids = dict(zip(("subjectUniqueID", "subjectKeyIdentifier"), octets, strict=False))
            details.append({**role, "cell": _cell(cell.children), **ids})
    return {"details": details}


_REPLACED = (
    "existingSubjectUniqueID",
    "existingSubjectKeyID",
    "replacingSubjectUniqueID",
    "replacingSubjectKeyID",
)


def _outcome(node: Node, data: bytes) -> Named:
    if len(node.children) < 2:
        return {}  # accepted, for later
    return {"executionOutcome": _executed(node.children[1])}


def _outcome_alert(node: Node, data: bytes) -> Named:
    # The outcome is the only element of four with two sequences at its end.
    for item in node.walk():
        if len(item.children) == 4 and item.children[2].children and item.children[3].children:
            return {"executionOutcome": _executed(item)}
    return {}


def _executed(node: Node) -> Named:
    counter, mode, changes, outcomes = node.children[:4]
    return {
        "authorisingRemotePartySeqNumber": counter.value,
        "credentialsReplacementMode": mode.value,
        "remotePartySeqNumberChanges": [_change(item) for item in changes.children],
        "replacementOutcomes": [_replacement(item) for item in outcomes.children],
    }


def _change(node: Node) -> Named:
    found: Named = {"role": node.children[0].value, "floorSeqNumber": node.children[1].value}
    if len(node.children) > 2:
        specialist = [{"seqNumber": item.children[-1].value} for item in node.children[2].children]
        found["specialist"] = specialist
    return found


def _replacement(node: Node) -> Named:
    cell, status, *ids = node.children
    place = {"role": cell.children[0].value, **_cell(cell.children[1:])}
    values = zip(_REPLACED, (item.value for item in ids), strict=False)
    return {"cell": place, "status": status.value, **dict(values)}


_READERS: dict[int, Callable[[Node, bytes], Named]] = {
    **dict.fromkeys((0x0008, 0x011B), _credentials),
    **dict.fromkeys((0x000A, 0x000C), _data_or_code),
    **dict.fromkeys((0x000B, 0x000D, 0x000E, 0x000F, 0x0010, 0x00AB, 0x00AF), _single),
    0x0012: _activated,
    0x0013: _log,
    0x007F: _clock,
    0x008C: _restored,
    0x00CA: _activation_alert,
    **dict.fromkeys((0x00CB, 0x0124), _outcome_alert),
    **dict.fromkeys((*range(0x0102, 0x010A), 0x0126, 0x0127), _outcome),
    0x0129: _firmware,
}
