# engines: cpython unix
# Frames for another device, at meters and hubs: none takes one, whatever is in it. What is for
# everybody gets an answer where it asks which endpoints there are, and changes nothing.
from han_addresses import (
    check_frames_for_another_device,
    check_frames_for_everybody,
    check_frames_for_the_device_itself,
)

ROLES = ("gsme", "gpf", "chf", "esme")


def test_frames_for_another_device():
    """spec: nobody answers or takes them, and they are counted."""
    for role in ROLES:
        check_frames_for_another_device(role)


def test_frames_for_everybody():
    """spec: nothing may be broadcast but questions which endpoints there are."""
    for role in ROLES:
        check_frames_for_everybody(role)


def test_frames_for_the_device_itself():
    """The control of both."""
    for role in ROLES:
        check_frames_for_the_device_itself(role)
