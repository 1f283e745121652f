# Which module of smets.features each feature is in. A device names its features; what is not
# named here is in the module of its own name.
from smets.features.feature import Feature

_MODULES = {
    "events": "events_server",
    "gas_account": "gas.money",
    "gas_defaults": "gas.defaults",
    "gas_logs": "gas.logs",
    "gas_network": "gas.network",
    "gas_register": "gas.register",
    "gas_valve": "gas.valve",
    "logs": "consumption_logs",
    "mirror": "gas_mirror",
    "prepayment": "prepayment.feature",
    "profile_data": "profile",
    "requests": "prepayment.requests",
    "tenancy": "tenancy_server",
    "tenancy_display": "tenancy.display",
    "time": "time_server",
    "voltage": "voltage.feature",
}


def feature_of(name: str):
    """The class of a feature; ImportError where there is none."""
    module = "smets.features." + _MODULES.get(name, name)
    return __import__(module, None, None, ("FEATURE",)).FEATURE


def those_with(features, method: str) -> list:
    """The features that define a method of their own."""
    none = getattr(Feature, method)
    return [each for each in features if getattr(each.__class__, method) is not none]
