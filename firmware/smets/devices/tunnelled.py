# A device whose alerts go through its tunnel once there is one (features/tunnel.py).
from smets.devices.base import Device


class Tunnelled(Device):
    """`tunnel_by` names the feature that has the tunnel."""

    tunnel_by = "tunnel_server"

    @property
    def tunnels(self) -> bool:
        """Whether alerts wait for the tunnel: the bench link leaves them to it.

        They stay in `alerts` up to a tick, as a change that is taken back takes its alert back.
        """
        tunnel = self.feature(self.tunnel_by)
        return bool(tunnel and tunnel.takes_alerts)
