# HCALCS: a switch of auxiliary loads on the home network; it joins and tells its firmware version.
from smets.devices.tunnelled import Tunnelled
from smets.gbcs import use_cases
from smets.zcl import clusters, endpoints


class Hcalcs(Tunnelled):
    """A home area network connected auxiliary load control switch."""

    name = "HCALCS"
    letter = use_cases.HCALCS
    features = ("device_log", "firmware", "tunnel_server")
    endpoints = {endpoints.METER: (endpoints.LOAD_CONTROL_DEVICE, (clusters.TUNNELING,), ())}
