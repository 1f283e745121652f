"""What the MMC schema leaves open: one constant for each choice, with the alternatives.

No output of the DCC's software is public. Each document names in a comment the choices that it
rests on (`note`), unless NOTES is False.
"""

from __future__ import annotations

SCHEMA_VERSION = "5.4"

# Whether a document names, in a comment, which of its parts are a choice.
NOTES = True

# What isFromGSME is for a time that is the GPF's own. Alternative: None leaves it out.
NOT_FROM_GSME: str | None = "false"

# Whether a snapshot or log that is not there (ZCL NOT_FOUND) makes MessageSuccess false. On the
# wire it is an answer with no entries. Alternative: True.
NOT_FOUND_FAILS = False

# Whether COSEMDebug lists the accesses that succeeded, too. Alternative: True.
DEBUG_LISTS_SUCCESS = False

# The decimal places of gas where a response has neither multiplier nor divisor: as the other
# gas reads of the same meter have it. The value is the divisor.
GAS_DIVISOR = 1000

# Whether the time of a sample is the end of its interval. Alternative: True, one interval later.
SAMPLE_TIME_IS_END = False

# The unit of a counter (DLMS unit 255): the schema's text is free.
COUNT = "count"

# Names of pieces of a response that only the user can decrypt, in GBCSData.
ENCRYPTED_NAME = "encrypted part %d"

# The text of an event or alert whose code has no public name.
NO_NAME = "code %04X"

NOTED = {
    "isFromGSME": "isFromGSME of a time that is the GPF's own is written as false",
    "not found": "a log or snapshot that is not there counts as a success without entries",
    "debug": "DebugInfo lists what failed, not what succeeded",
    "gas": "gas without multiplier and divisor is read in thousandths of a cubic metre",
    "sample": "the time of a sample is the start of its interval",
    "count": "the word for a counter's unit is free in the schema",
    "encrypted": "the cut and the names of encrypted pieces are not public",
    "text": "the words for an event or alert are those of public tables",
    "request": "several requests have this message code, and none was given: the first of them",
}
