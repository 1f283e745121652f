# engines: cpython unix
# UDP multicast on the loopback interface: real sockets, and the network that comes and goes.
import os
import time

from link_wire import KEY
from testkit import raises

from smets.ports.link_frames import Link
from smets.ports.radio_udp import Multicast
from smets.zcl.han_frame import HanFrame


class Device:
    def __init__(self, number, medium):
        self.eui = b"\x00" * 7 + bytes((number,))
        self.awake = True
        self.outbox = []
        self.got = []
        self.link = Link(medium, KEY, b"\x00\x01")

    def receive(self, frame):
        self.got.append(frame)


class Wlan:
    up = False

    def isconnected(self):
        return self.up

    def ifconfig(self):
        return ("127.0.0.1", "255.0.0.0", "", "")


def free_port():
    """A port that the other engine, and another run, hardly has."""
    return 20000 + (int(time.time() * 1000) + os.urandom(1)[0] * 97) % 20000


def run(devices, until, seconds=5):
    """Pump until it is so."""
    for _ in range(seconds * 100):
        for device in devices:
            device.link.pump(device, 10)
        if until():
            return
        time.sleep(0.01)
    raise AssertionError([device.link.status() for device in devices])


def test_devices_in_one_group_hear_each_other():
    port = free_port()
    devices = [Device(n, Multicast("239.83.77.69", port, "127.0.0.1")) for n in range(1, 4)]
    stranger = Device(9, Multicast("239.83.77.70", port, "127.0.0.1"))
    run(devices, lambda: all(device.link.status()["joined"] for device in devices), 1)
    for device in devices:
        for other in devices:
            if device is not other:
                for octet in range(3):
                    payload = bytes((octet,)) * (85 * octet)
                    device.outbox.append(HanFrame(device.eui, other.eui, 1, 2, 0x0702, payload))
    run(devices + [stranger], lambda: all(len(device.got) == 6 for device in devices))
    for device in devices:
        for other in devices:
            got = [len(frame.payload) for frame in device.got if frame.source == other.eui]
            assert got == ([] if device is other else [0, 85, 170])
    run(devices, lambda: not any(device.link.status()["waiting"] for device in devices))


def test_the_group_is_joined_when_there_is_a_network_and_again():
    port = free_port()
    wlan = Wlan()
    a = Device(1, Multicast("239.83.77.69", port, "0.0.0.0", wlan))
    b = Device(2, Multicast("239.83.77.69", port, "127.0.0.1"))
    a.outbox.append(HanFrame(a.eui, b.eui, 1, 2, 0x0702, b"early"))
    for _ in range(5):
        a.link.pump(a, 10)
        b.link.pump(b, 10)
    assert not a.link.status()["joined"] and b.link.status()["joined"]
    wlan.up = True
    # Its own address is the loopback interface's, to which this machine sends multicast by route.
    a.link.pump(a, 1000)
    assert a.link.status()["joined"]
    b.outbox.append(HanFrame(b.eui, a.eui, 1, 2, 0x0702, b"hello"))
    run([a, b], lambda: len(a.got) == 1)
    wlan.up = False
    a.link.pump(a, 10)
    assert not a.link.status()["joined"]
    wlan.up = True
    a.link.pump(a, 1000)
    assert a.link.status()["joined"]


def test_no_address():
    for wrong in ("239.1.1", "x", "239.1.1.256"):
        with raises(ValueError):
            Multicast(wrong, 1, "127.0.0.1")
