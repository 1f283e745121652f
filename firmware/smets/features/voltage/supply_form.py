# The form (smets/document.py) of the supply that a bench describes: the options of each sampler
# of smets/ports, and waves (smets/ports/wave.py).
from smets.document import ANYTHING, BOOLEAN, TEXT, DocumentError, check, items_of, word_of

_PERMILLE = (0, 10000)
_MS = (0, 0xFFFFFFFFFFFF)
_KINDS = ("dropout", "interruption", "sag", "swell")


def _check_row(value, forms, path):
    rows = items_of(value, path)
    if len(rows) != len(forms):
        raise DocumentError(path, "%d items, expected %d" % (len(rows), len(forms)))
    for (item, inner), form in zip(rows, forms):
        check(item, form, inner)


def _check_event(value, path):
    items_of(value, path)
    kind = word_of(value[0] if value else None, path + "[0]", _KINDS)
    _check_row(value, (ANYTHING, _MS, _MS) + (_PERMILLE,) * (kind > 1), path)


def _check_harmonic(value, path):
    _check_row(value, ((1, 100), _PERMILLE), path)


_FORMS = {
    "path": TEXT,
    "sampler": ANYTHING,
    "phases?": (1, 3),
    "waves?": [
        {
            "mv?": (0, 1000000),
            "mhz?": (1, 1000000),
            "harmonics?": [_check_harmonic, 100],
            "offset?": (-4096, 4096),
            "noise?": (0, 65535),
            "seed?": (0, 65536),
            "events?": [_check_event],
        },
        3,
    ],
    "rate_mhz?": (1, 1000000000),
    "uv?": (1, 10000000),
    "frames?": (1, 65536),
    "loop?": BOOLEAN,
    "rate?": (1, 500000),
    "items?": (0, 16384),
    "spi?": (0, 7),
    "select?": (0, 63),
    "gains?": [(0, 65535), 3],
}
# Sampler -> what it is told; a supply in virtual time has none.
_SIMULATED = "phases? waves?"
_SAMPLERS = {
    "atm90e32": "phases? spi? select? gains?",
    "replay": "path loop? frames?",
    "rp2": "phases? rate? uv? items?",
    "sim": _SIMULATED + " rate_mhz? uv? frames?",
    "sim-readings": _SIMULATED + " rate_mhz?",
}


def check_supply(value, path: str):
    """Compare a described supply with the form of its sampler; DocumentError."""
    names = _SIMULATED
    if isinstance(value, dict) and "sampler" in value:
        word_of(value["sampler"], path + ".sampler", sorted(_SAMPLERS))
        names = "sampler " + _SAMPLERS[value["sampler"]]
    check(value, {name: _FORMS[name] for name in names.split()}, path)
    phases = value.get("phases", 1)
    if phases == 2:
        raise DocumentError(path + ".phases", "2 is not 1 or 3")
    if len(value.get("waves", (0,))) not in (1, phases):
        raise DocumentError(path + ".waves", "not one for all phases, or one for each")
