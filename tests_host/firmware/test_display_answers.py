# engines: cpython unix
# What a display makes of answers that do not fit: apart, since all roles fill a board's heap.

from display_air import EUIS, Air

from smets.features.tenancy import cleared
from smets.zcl import clusters


def test_values_of_another_type_are_not_available():
    """public report 13: whatever type a peer gives an attribute, the display goes on."""
    from smets.screen.linked import LinkedScreen

    air = Air()
    air.run(120)
    esme = air.devices["esme"]
    assert air.display.summary()["electricity"]["register"] is not None
    for cluster in (clusters.METERING, clusters.PREPAYMENT, clusters.PRICE, clusters.TIME):
        values = esme.zcl.attributes.setdefault(cluster, {})
        asked = list(range(0x0020)) + [0x0100, 0x0207, 0x0211, 0x0221]
        for attribute in asked + [0x0231, 0x0300, 0x0301, 0x0302, 0x0400, 0x0617]:
            for octets in (
                b"\x42\x02ab",
                b"\x41\xff",
                b"\x27" + b"\xff" * 7 + b"\x7f",
                b"\x39" + bytes(4),
            ):
                values[attribute] = octets
        air.run(60)
        shown = air.display.summary()["electricity"]
        assert (
            cluster != clusters.METERING or shown["register"] is None and shown["supply"] is None
        )
        assert cluster != clusters.PREPAYMENT or shown["balance"] is None
        LinkedScreen(air.display, "128x64").take(["next"] * 4, 1000)
    assert air.display.ignored["type"] > 0


class Asked:
    """The request that an answer is for."""

    def __init__(self, eui):
        self.to = (eui, 1)


def test_history_that_does_not_fit_is_not_kept():
    """public report 17: another interval, a start between half hours, another log, days ahead."""
    from smets.zcl import frame

    air = Air()
    air.run(120)
    display = air.display
    now = display.clock.seconds
    half = now // 1800 * 1800 - 7200

    def samples(log=0, start=half, kind=0, interval=1800, count=2):
        body = log.to_bytes(2, "little") + start.to_bytes(4, "little") + bytes((kind,))
        body += interval.to_bytes(2, "little") + count.to_bytes(2, "little")
        answer = frame.parse(b"\x09\x01\x07" + body + b"\x05\x00\x00" * count)
        display.feature("sampled_data")._on_samples(Asked(EUIS["esme"]), answer)
        return display.feature("sampled_data").counted(cleared.ELECTRICITY, cleared.PROFILE)[0]

    before = samples(start=half - 86400)
    for wrong in (
        {"interval": 60},
        {"start": half + 7},
        {"log": 7777},
        {"kind": 1},
        {"start": half + 86400 * 365},
        {"log": 1, "start": half, "interval": 1800},
    ):
        assert samples(**wrong) == before, wrong
    assert samples() == before + 2, "a record ahead of the clock would have stopped these"
