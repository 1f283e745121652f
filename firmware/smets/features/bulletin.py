# What meters tell a display beside their registers: the active price and its rate, a supplier's
# message, whom to call, events. Asked for again and again, and taken when a meter tells it. The
# messages of a gas meter are those of its proxy. What takes them is in bulletin_takes.py.
from smets.compat import const
from smets.features.feature import Feature
from smets.features.readings import ACTIVE_PRICE
from smets.features.tenancy.cleared import ELECTRICITY
from smets.zcl import clusters, commands, frame
from smets.zcl.client import Request

# Seconds until price and message are asked for again.
# project-choice: as often as its registers are read. Alternative: as often as electricity.
_EACH = const(60)
_EACH_GAS = const(600)
_HOUR = const(3600)  # until it is asked again whom to call; twice that, where a proxy is silent


class Bulletin(Feature):
    """Fills the readings of meters, and the messages of the household."""

    def __init__(self, device):
        super().__init__(device)
        self._due = {}  # fuel -> uptime; ~fuel: of whom to call
        self.last = {}  # fuel -> (number, start, text) of the supplier's message

    def tick(self):
        """See Feature."""
        if self.device.awake:
            for meter in self.device.feature("pairing").meters.values():
                self._ask(meter)

    def _ask(self, meter):
        device, electricity = self.device, meter.fuel == ELECTRICITY
        beside = meter.found.get(clusters.TIME)
        if beside is None or device.uptime < self._due.get(meter.fuel, 0):
            return
        self._due[meter.fuel] = device.uptime + (_EACH if electricity else _EACH_GAS)
        asked = ((clusters.PRICE, commands.GET_CURRENT_PRICE, b"\x00"),)
        asked += ((clusters.MESSAGING, commands.GET_LAST_MESSAGE, b""),)
        for cluster, command, payload in asked:
            to = (meter.eui, beside)
            request = Request(to, cluster, command, payload, self._on_answer)
            device.feature("pairing").ask(request)

    def _meter(self, eui: bytes):
        for meter in self.device.feature("pairing").meters.values():
            if meter.eui == eui:
                return meter
        return None

    def _on_answer(self, request, answer):
        meter = self._meter(request.to[0])
        if meter is None:
            return
        due, uptime = self._due, self.device.uptime
        if answer is None:
            if meter.fuel != ELECTRICITY:
                due[meter.fuel] = uptime + 2 * _HOUR
            return
        if uptime >= due.get(~meter.fuel, 0):
            from smets.features import contact

            due[~meter.fuel] = uptime + _HOUR
            contact.ask(self.device, meter)
        if answer.cluster_specific:
            self._take(meter, request.cluster, answer)
        elif request.cluster == clusters.PRICE:
            meter.readings.drop(clusters.PRICE, ACTIVE_PRICE)

    def told(self, frame_in) -> bool:
        """Take what a meter tells by itself; False where it is nothing of that."""
        meter = self._meter(frame_in.source)
        if meter is None:
            return False
        message = frame.parse(frame_in.payload)
        if not (message.from_server and message.cluster_specific):
            return False
        return self._take(meter, frame_in.cluster, message)

    def _take(self, meter, cluster: int, message) -> bool:
        from smets.features import bulletin_takes

        return bulletin_takes.take(self, meter, cluster, message)


FEATURE = Bulletin
