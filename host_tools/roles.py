"""The device roles that the firmware can play."""

__all__ = ["ROLES"]

ROLES = ("gpf", "gsme", "esme", "chf", "ihd", "ppmid")
