"""What the DUIS leaves open, or is not public: one constant for each choice (project-choice).

The meaning of most response codes is not public. The codes named here are of the schema, and their
meaning is that of this gateway alone; docs/dcc.md has the table. Alternatives: any other of them.
"""

from __future__ import annotations

SCHEMA_VERSION = "5.4"
GBCS_VERSION = "4.2"  # of a PreCommand: that of the release

# Codes whose meaning the DCC's published texts do not give.
NOT_VALID = "E100"  # the document is not valid under the DUIS schema, or at odds with itself
NOT_SIGNED = "E1000"  # its XML signature is missing, wrong, or of another than its originator
SAME_ID = "E1001"  # another request had this RequestID before
NOT_MADE = "E1003"  # no command can be made of it, such as for what its body lacks
FAULT = "E1011"  # the gateway failed at it: its stderr has the fault
KNOWN_DEVICE = "E120201"  # 12.2 for a device that is in the inventory
BAD_SCHEDULE = "E050101"  # 5.1 with dates that are none
NO_SCHEDULE = {"5.2": "E050201", "5.3": "E050301"}  # of a schedule that the user has not
OPT_IN_TYPE = "E080601"  # 8.6 for a device that is of another type
NO_RESPONSE = "E081301"  # 8.13 with what is no response of a device that verifies
NOT_LOCAL = "E081302"  # 8.13, and no command for local delivery waits for a response
OTHER_RESPONSE = "E081303"  # 8.13 with a response to another command
# 11.1 and 11.4: where no device of the list can get the image, and where some cannot.
NO_UPDATE = {"11.1": "E110101", "11.4": "E110401"}
SOME_UPDATED = {"11.1": "W110101", "11.4": "W110401"}

# What a user is told who returned a response (8.13): it is taken, and is not posted to the user,
# who has it. Alternative: I0.
RETURNED = "I99"
# Devices that 11.1 and 11.4 are for. Alternatives: a SAPC in 11.1, too; a PPMID alone in 11.4.
UPDATED = {"11.1": ("ESME", "GSME"), "11.4": ("PPMID", "HCALCS")}
# States of a device that gets an image. Alternative: those of ASKED.
READY = ("Commissioned",)
# The answers of 12.1, to any address: a region of the DCC's communications service providers, and
# elements of the schema's DSPWANMatrixResponse. A bench is at no address, and its links are always
# there. Alternatives: any other answers, one for each region.
WAN_MATRIX: tuple[tuple[str, dict[str, str]], ...] = (
    (
        "Unknown",
        {
            "CoverageAvailability": "true",
            "WANTechnology": "bench link",
            "ConnectivityLikelihood": "High",
        },
    ),
)

# Seconds for which a command waits for the link of its device before it is answered with E20.
# The DCC's own times are not public. Alternative: 0, at once.
LINK_PATIENCE_S = 60
# Seconds for which a device may take to answer before E21. Alternative: any number.
ANSWER_PATIENCE_S = 60
# Seconds between two tries to post to a listener: the first, doubled up to the last. A post is
# never given up; one that the listener calls bad (400) is not repeated. Alternative: give up.
FIRST_RETRY_S = 0.5
LAST_RETRY_S = 30.0

# States of a device in which it may be asked. Alternative: Commissioned alone.
ASKED = ("Pending", "Whitelisted", "InstalledNotCommissioned", "Commissioned", "Recovered")
# What becomes of a hub by the status updates 8.14.1 to 8.14.4. Alternatives: any other states.
HUB_STATUS = {
    "8.14.1": "Commissioned",
    "8.14.2": "InstalledNotCommissioned",
    "8.14.3": "Withdrawn",
    "8.14.4": "Decommissioned",
}
# The state of a device that was notified (12.2). Alternative: Whitelisted.
NOTIFIED = "Pending"
