# GBCS:PASS of the bench link: a message between a remote party and a gas meter passes the hub, of
# which a GPF is a part. Apart from the link, so that other roles do not carry it in memory.
from smets.codec import DecodeError
from smets.document import refuse


def take(device, data):
    """Show a message to a device; DocumentError where it is none, or taps nothing off."""
    tap = device.feature("tap_off")
    try:
        if tap:
            tap.passed(data)
        else:
            refuse("PASS", device.name, "a device that taps messages off")
    except DecodeError as error:
        refuse("PASS", "%d octets" % len(data), "a message: %s" % error)
