# What few states hold: cluster responses as they are to be given, and what a device refuses.
from smets.compat import const
from smets.dlms import objects
from smets.document import (
    DocumentError,
    is_whole,
    items_of,
    members_of,
    number_of,
    octets_of,
    refuse,
    utf8_of,
    word_of,
)
from smets.zcl import published

_UNSIGNED_16 = const(0xFFFF)


def load_responses(device, value, path):
    """Take cluster responses that carry data."""
    for item, inner in items_of(value, path):
        members_of(item, inner, ("cluster", "command", "name", "fields"))
        cluster = number_of(item.get("cluster"), inner + ".cluster", _UNSIGNED_16)
        command = number_of(item.get("command"), inner + ".command", 0xFF)
        inner += ".fields"
        leaves = [_leaf(leaf, at) for leaf, at in items_of(item.get("fields", []), inner)]
        try:
            payload = published.encode(cluster, command, leaves)
        except ValueError as error:
            raise DocumentError(inner, str(error))
        device.zcl.publish(cluster, command, payload)


def _leaf(value, path):
    """A value in order: an integer, "0x..." as one, octets from {"hex"}, else text as it is."""
    if isinstance(value, dict):
        members_of(value, path, ("hex",))
        return octets_of(value.get("hex"), path + ".hex")
    if isinstance(value, str):
        if value[:2] == "0x":
            return number_of(value, path, 0xFFFFFFFF)
        utf8_of(value, path)
    elif not is_whole(value):
        refuse(path, value, "an integer, text or octets")
    return value


def load_faults(device, value, path, key_of):
    """Take the refusals of attributes, commands and objects; `key_of(item, path)` is a key."""
    members_of(value, path, ("zcl", "zcl_commands", "dlms"))
    for cluster, attributes in members_of(value.get("zcl", {}), path + ".zcl").items():
        inner = path + ".zcl." + cluster
        faults = device.zcl.faults.setdefault(number_of(cluster, inner, _UNSIGNED_16), {})
        for attribute, fault in members_of(attributes, inner).items():
            leaf = inner + "." + attribute
            faults[number_of(attribute, leaf, _UNSIGNED_16)] = number_of(fault, leaf, 0xFF)
    for item, inner in items_of(value.get("zcl_commands", []), path + ".zcl_commands"):
        members_of(item, inner, ("cluster", "command", "status"))
        cluster = number_of(item.get("cluster"), inner + ".cluster", _UNSIGNED_16)
        command = number_of(item.get("command"), inner + ".command", 0xFF)
        status = number_of(item.get("status"), inner + ".status", 0xFF)
        device.zcl.command_faults[(cluster, command)] = status
    for item, inner in items_of(value.get("dlms", []), path + ".dlms"):
        members_of(item, inner, ("op", "class", "obis", "attr", "result"))
        operations = (objects.GET, objects.SET, objects.ACTION)
        operation = operations[word_of(item.get("op"), inner + ".op", operations)]
        result = number_of(item.get("result"), inner + ".result", 0xFF)
        device.dlms.faults[(operation, key_of(item, inner))] = result
