"""What the fuzzer drives: callables of octets, which raise for a finding and nothing else.

han       HAN frames, structured and torn, to the six roles, and answers to what they ask
commands  genuine commands changed anywhere and authenticated again, to the meters and the hub
decoder   messages changed anywhere, to the host's decoder and its printed form
link      lines of the bench link: verbs, documents, damaged text

Devices live for some inputs: what one of them does hangs on what came before.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fuzz.bench_link import BenchLink
from fuzz.commands import Commands
from fuzz.decoder import Decoder
from fuzz.han import Han

TARGETS: dict[str, Callable[[], Any]] = {
    "han": Han,
    "commands": Commands,
    "decoder": Decoder,
    "link": BenchLink,
}
