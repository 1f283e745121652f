# engines: cpython unix
# A tenancy date that is not genuine: no response, and the stored date stays what it was.
import vectors
from testkit import raises

from smets import clock
from smets.devices import build
from smets.gbcs.session import Refused, Session

DATE = 700000000
GCS09 = 0x0072
ECS12 = 0x0022


def session(role):
    device = build(role)
    device.eui = vectors.DEVICE
    device.clock.set(710000000, clock.RELIABLE)
    return Session(device, vectors.keys())


def set_object():
    octets = vectors.h("090C 07DE 03 1B FF 0F 2D 20 00 8000 FF")
    key = vectors.key(1, (0, 0, 94, 44, 3, 2), 2)
    return vectors.access_request([(2, key, None, octets)])


def check_wrong_macs(role, good, date):
    """A command with a bit turned, each octet in turn, changes nothing; the genuine one does."""
    made = session(role)
    for index in range(len(good)):
        bad = bytearray(good)
        bad[index] ^= 1 << (index % 8)
        with raises(Refused):
            made.handle(bytes(bad))
    assert made.device.feature("tenancy").date == 0xFFFFFFFF, "unchanged"
    vectors.octets(made.handle(good))
    assert made.device.feature("tenancy").date == date, "and the genuine one is executed"


def test_g60_gcs09_with_a_wrong_mac():
    """spec: discarded, date unchanged, no response."""
    check_wrong_macs("gpf", vectors.command(GCS09, vectors.tenancy_set(DATE)), DATE)


def test_g60_ecs12_with_a_wrong_mac():
    """spec: discarded, date unchanged, no response."""
    check_wrong_macs("esme", vectors.command(ECS12, set_object()), 449250332)
