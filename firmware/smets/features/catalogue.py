# Which module of smets.features each feature is in. A device names its features; what is not
# named here is in the module of its own name.
_MODULES = {
    "events": "event_logs",
    "mirror": "gas_mirror",
    "prepayment": "prepayment.feature",
    "profile_data": "profile",
    "tenancy": "tenancy_server",
    "time": "time_server",
    "voltage": "voltage.feature",
}


def module_of(name: str) -> str:
    """The dotted name of the module that a feature is in."""
    return "smets.features." + _MODULES.get(name, name)


def feature_of(name: str):
    """The class of a feature; ImportError where there is none."""
    return __import__(module_of(name), None, None, ("FEATURE",)).FEATURE
