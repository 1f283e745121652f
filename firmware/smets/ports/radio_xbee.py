# The XBee link as the radio of a board: what runtime.py asks of a radio.
# device.json has its settings in `han`, see boards/xbee3.
from smets.ports import link_xbee, xbee_board


def open_radio(settings, machine):
    """The radio of a board; ValueError, KeyError if its settings make no sense."""
    return Radio(xbee_board.open_link(settings, machine))


class Radio:
    """A link (link_xbee.XBeeLink) and how it is."""

    def __init__(self, link):
        self.link = link

    def pump(self, device, ms: int):
        """Carry HAN frames between the air and a device, `ms` having passed."""
        link_xbee.pump(self.link, device, ms)

    def status(self) -> dict:
        """The answer to CTRL:RADIO."""
        link = self.link
        return {
            "joined": link.joined,
            "counts": link.counts,
            "errors": link.errors,
            "fault": link.fault,
            "noise": link.noise,
            "broken": link.broken,
        }
