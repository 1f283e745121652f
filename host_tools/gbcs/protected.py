"""Data protection (class 30): the encrypted structure in responses and alerts, GBCS 8.5."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from host_tools.gbcs import axdr, dlms
from host_tools.gbcs.checks import Check, opener
from host_tools.gbcs.errors import DecodeError
from host_tools.gbcs.reader import Reader
from host_tools.gbcs.tree import Node, sheltered
from host_tools.keys import KeyRing

_HEAD = b"\x31\x00\x00\x00\x00"


@dataclass
class Protected:
    """A protected block: who it is between, where it is, and what it holds if it was opened."""

    originator: bytes
    recipient: bytes
    counter: int
    offset: int
    ciphered: bytes
    value: axdr.Value | None = None
    node: Node | None = None


def find(value: axdr.Value) -> Iterator[Protected]:
    """The protected blocks inside a value: {array of protection parameters, octet-string}."""
    for item in value.walk():
        block = _match(item)
        if block is not None:
            yield block


def _match(value: axdr.Value) -> Protected | None:
    if value.type != "structure" or len(value.items) != 2:
        return None
    parameters, ciphered = value.items
    if parameters.type != "array" or len(parameters.items) != 1:
        return None
    octets = ciphered.octets
    if not octets.startswith(_HEAD) or len(octets) < len(_HEAD) + 12:
        return None
    inner = parameters.items[0]
    if inner.type != "structure" or len(inner.items) != 2 or len(inner.items[1].items) != 5:
        return None
    transaction, originator, recipient, _, _ = (item.octets for item in inner.items[1].items)
    if len(transaction) != 9 or transaction[0] != 4 or len(originator) != 8 or len(recipient) != 8:
        return None
    counter = int.from_bytes(transaction[1:], "big")
    start = ciphered.offset + ciphered.length - len(octets)
    return Protected(originator, recipient, counter, start, octets)


def open_block(block: Protected, ring: KeyRing, name: str, faults: list[DecodeError]) -> Check:
    """Decrypt a block in place and decode its content; what is wrong with that is a fault."""
    secret = ring.secret(block.originator, block.recipient)
    if secret is None:
        pair = f"{block.originator.hex().upper()} x {block.recipient.hex().upper()}"
        return Check(name, None, f"no keys for {pair}")
    unlock = opener(secret, block.originator, block.counter, block.recipient)
    body = block.ciphered[len(_HEAD) :]
    plaintext = unlock(body[:-12], body[-12:])
    if plaintext is None:
        return Check(name, False, "wrong tag")
    space = f"the plaintext of {name}"
    reader = Reader(plaintext, space=space, faults=faults)
    block.node = Node("decrypted", 0, len(plaintext), space=space)
    with sheltered(reader, block.node):
        value = axdr.read(reader, "protected data")
        block.node = dlms.value_node("decrypted", value, reader)
        reader.finish("the protected data")
        block.value = value
    return Check(name, True)
