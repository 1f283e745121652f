"""The device roles that the firmware can play."""

__all__ = ["DISPLAYS", "JUDGED", "RESPONDERS", "ROLES", "SLEEPY"]

# The roles that answer remote parties.
RESPONDERS = ("gpf", "gsme", "esme", "chf", "ppmid", "sapc", "hcalcs")
DISPLAYS = ("ihd", "ppmid")
ROLES = (*dict.fromkeys((*RESPONDERS, *DISPLAYS)),)
# The roles whose radio is off between two polls.
SLEEPY = ("ppmid",)
# The roles that the conformance catalogue has checks for.
JUDGED = ("esme", "gsme", "gpf", "ihd", "ppmid")
