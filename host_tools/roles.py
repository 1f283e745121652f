"""The device roles that the firmware can play."""

__all__ = ["RESPONDERS", "ROLES"]

# Those that answer remote parties.
RESPONDERS = ("gpf", "gsme", "esme", "chf")
ROLES = (*RESPONDERS, "ihd", "ppmid")
