# A command that a SAPC does not support is not answered: an alert tells who sent it (ECS100).
from smets import clock, cosem_time
from smets.codec import Writer
from smets.features.alert_codes import ECS100, UNSUPPORTED
from smets.features.feature import Feature


class Unsupported(Feature):
    """Tells of commands whose use case the device does not have."""

    alerts = ((UNSUPPORTED, UNSUPPORTED),)

    def tell(self, originator: bytes, code: int, counter: bytes):
        """A party that the device knows has sent a command of this message code.

        project-choice: 8F85 tells of it, as the title of ECS100 says. Alternative, of other
        sources: that alert tells that a command was processed.
        """
        own = self.device.clock
        now = own.seconds if own.status != clock.INVALID else clock.UTC_INVALID
        writer = Writer(40)
        writer.put(b"\x02\x03\x12")
        writer.be(UNSUPPORTED, 2)
        writer.put(b"\x09\x0c")
        cosem_time.put(writer, now, cosem_time.STATUS_NOT_SPECIFIED)
        writer.put(b"\x09\x0a")
        writer.be(code, 2)
        writer.put(counter)
        self.device.alert(UNSUPPORTED, now, originator, ECS100, bytes(writer.view()))


FEATURE = Unsupported
