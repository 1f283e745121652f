"""The device roles that the firmware can play."""

__all__ = ["RESPONDERS", "ROLES", "SLEEPY"]

# Those that answer remote parties.
RESPONDERS = ("gpf", "gsme", "esme", "chf")
ROLES = (*RESPONDERS, "ihd", "ppmid")
# Those whose radio is off between two polls.
SLEEPY = ("ppmid",)
