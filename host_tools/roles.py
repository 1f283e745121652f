"""The device roles that the firmware can play."""

__all__ = ["RESPONDERS", "ROLES", "SLEEPY"]

# The roles that answer remote parties.
RESPONDERS = ("gpf", "gsme", "esme", "chf")
ROLES = (*RESPONDERS, "ihd", "ppmid")
# The roles whose radio is off between two polls.
SLEEPY = ("ppmid",)
