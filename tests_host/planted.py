# Features that a test plants in a device, or in object models of its own.
from smets.dlms.objects import Served
from smets.features.feature import Feature


def plant(registry, **members):
    """Add a feature with these members: what it declares, and functions for its methods."""
    feature = Feature(None)
    for name, value in members.items():
        setattr(feature, name, value)
    registry.add("planted%d" % len(registry.features), feature)
    return feature


def plant_command(registry, cluster, side, command, execute):
    """Let `execute(call)` carry a command out."""
    plant(registry, commands=((cluster, side, command),), execute=execute)


class Hooked(Served):
    """An object whose operations are functions of a test."""

    def __init__(self, **operations):
        for name, function in operations.items():
            setattr(self, "invoke" if name == "action" else name, function)

    def fits(self, value, further=False):
        """Whatever a state says may be loaded."""


def plant_object(registry, text, **operations):
    """Add an object with these operations; for others it stays a value."""

    def find(key, operation):
        return Hooked(**operations) if operation in operations else None

    return plant(registry, objects=(text,), find=find)
