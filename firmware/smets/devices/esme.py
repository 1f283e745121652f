# ESME: an electricity meter, answering DLMS use cases from its objects. It measures energy and
# voltage by half hours of UTC; on the HAN it is an energy service interface.
from smets.devices.tunnelled import Tunnelled
from smets.gbcs import table_esme, use_cases
from smets.zcl import clusters, endpoints


class Esme(Tunnelled):
    """An electricity smart metering equipment."""

    name = "ESME"
    letter = use_cases.ESME
    tables = (table_esme.ROWS,)
    # Time passes for the register first: others ask it what was drawn.
    features = (
        "register",
        "load_limit",
        "demand",
        "tariff",
        "clock",
        "tenancy",
        "event_log",
        "logs",
        "events",
        "voltage",
        "profile_data",
        "prepayment",
        "dated",
        "meter_logs",
        "device_log",
        "causes",
        "proportional",
        "controllers",
        "announce",
        "hub_clock",
        "prices",
        "household",
        "tunnel_server",
    )
    endpoints = {
        endpoints.ESI: (
            endpoints.ESI_DEVICE,
            (
                clusters.BASIC,
                clusters.PRICE,
                clusters.METERING,
                clusters.MESSAGING,
                clusters.PREPAYMENT,
                clusters.CALENDAR,
                clusters.DEVICE_MANAGEMENT,
                clusters.EVENTS,
                clusters.TUNNELING,
            ),
            (),
        )
    }

    def default_of(self, object_key):
        """See Device. Loaded when something is asked for that nothing has set."""
        from smets.dlms import defaults

        return defaults.of(object_key, self.eui)
