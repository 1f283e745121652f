# Common to IHD and PPMID: what they are made of, and where they are clients.
from smets.devices.base import Device
from smets.zcl import clusters, endpoints


class Display(Device):
    """A display of one home: at most one electricity and one gas meter."""

    shows = True
    features = ("pairing", "tenancy_display", "hub_time", "polling", "bulletin", "sampled_data")
    endpoints = {
        endpoints.DISPLAY: (
            endpoints.DISPLAY_DEVICE,
            (),
            (
                clusters.TIME,
                clusters.METERING,
                clusters.PRICE,
                clusters.PREPAYMENT,
                clusters.MESSAGING,
                clusters.DEVICE_MANAGEMENT,
            ),
        )
    }
