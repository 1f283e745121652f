# Cluster responses that carry data, as templates: what a state may hold under zcl_commands.
# A template is a list of leaves: octets of an unsigned integer, i and octets for a signed one,
# s an octet string with its length, t one that may be given as text, h4 four octets as they are;
# what follows * repeats, what follows ? may be left out.
from binascii import unhexlify

from smets.zcl import clusters, commands, types

_SNAPSHOT = "4 4 1 1 1 4 1 "

# cluster -> command -> template
TEMPLATES = {
    clusters.PRICE: {
        commands.PUBLISH_PRICE: "4 t 4 4 1 2 1 1 4 2 4 ? h19",  # then what GB ignores
        commands.PUBLISH_BILLING_PERIOD: "4 4 4 3 1 1",
    },
    clusters.METERING: {
        commands.PUBLISH_SNAPSHOT: _SNAPSHOT + "6 1 6 6 6 6 1 6 6 6 6",
        commands.GET_SAMPLED_DATA_RESPONSE: "2 4 1 2 2 * 3",
        commands.SUPPLY_STATUS_RESPONSE: "4 4 4 1",
        commands.START_SAMPLING_RESPONSE: "2",
    },
    clusters.PREPAYMENT: {
        commands.PUBLISH_PREPAY_SNAPSHOT: _SNAPSHOT + "i4 4 4 4 i4 i4",
        commands.CHANGE_PAYMENT_MODE_RESPONSE: "1 4 4 4",
        commands.CONSUMER_TOP_UP_RESPONSE: "1 i4 1 i4",
        commands.PUBLISH_TOP_UP_LOG: "1 1 * t i4 4",
        commands.PUBLISH_DEBT_LOG: "1 1 * 4 4 1 4",
    },
    clusters.CALENDAR: {
        commands.PUBLISH_DAY_PROFILE: "4 4 4 1 1 1 1 1 * 2 1",
        commands.PUBLISH_WEEK_PROFILE: "4 4 4 1 1 1 1 1 1 1 1",
        commands.PUBLISH_SEASONS: "4 4 4 1 1 * h4 1",
        commands.PUBLISH_SPECIAL_DAYS: "4 4 4 4 1 1 1 1 * h4 1",
    },
    clusters.DEVICE_MANAGEMENT: {
        commands.REPORT_EVENT_CONFIGURATION: "1 1 * 2 1",
    },
    clusters.EVENTS: {
        commands.PUBLISH_EVENT_LOG: "2 1 1 1 * 1 2 4 s",
        commands.CLEAR_EVENT_LOG_RESPONSE: "1",
    },
}


def encode(cluster: int, command: int, leaves) -> bytes:
    """The payload of a response from its values in order; ValueError where they do not fit.

    Values are integers; octets or their hexadecimal text for s and h4; octets or text for t.
    """
    template = TEMPLATES.get(cluster, {}).get(command)
    if template is None:
        raise ValueError("no response %02X of cluster %04X is known" % (command, cluster))
    head, _, group = template.partition("*")
    head, _, tail = head.partition("?")
    kinds = head.split()
    group = group.split()
    if len(leaves) > len(kinds):
        kinds.extend(tail.split())
    while group and len(kinds) < len(leaves):
        kinds.extend(group)
    if len(kinds) != len(leaves):
        raise ValueError("%d values, expected %d" % (len(leaves), len(kinds)))
    payload = bytearray()
    for kind, value in zip(kinds, leaves):
        payload.extend(_encode_leaf(kind, value))
    return bytes(payload)


def _encode_leaf(kind: str, value) -> bytes:
    if kind[0] in "sth":
        if isinstance(value, str):
            value = _octets(kind, value)
        if kind[0] != "h":
            return types.encode(types.OCTET_STRING, value)
        if not isinstance(value, (bytes, bytearray)) or len(value) != int(kind[1:]):
            raise ValueError("not %s octets" % kind[1:])
        return bytes(value)
    first = types.INT8 if kind[0] == "i" else types.UINT8
    return types.encode(first + int(kind[-1]) - 1, value)


def _octets(kind: str, text: str) -> bytes:
    # The code of a top-up has 20 digits: 40 of them are these in hexadecimal.
    if kind == "t" and not (len(text) == 40 and text.isdigit()):
        return text.encode()
    try:
        return unhexlify(text)
    except ValueError:
        raise ValueError("not hexadecimal")
