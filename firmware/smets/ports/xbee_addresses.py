# Addresses of an XBee network: which module a device has, and which 16-bit address a module has.
# The network gives out 16-bit addresses at random; in our ZDP frames the low end of an EUI-64
# stands for them (zcl.discovery), so both ways the address of interest is translated.
from smets.compat import const
from smets.zcl import discovery

UNKNOWN = const(0xFFFE)
# Below are addresses of single nodes. As an address of interest: nodes whose receiver is on.
ALWAYS_ON = const(0xFFFD)

_NETWORKS = const(16)  # 16-bit addresses remembered

# Where a ZDP payload holds the address of interest: after the sequence number, and the status.
_ASKED = const(1)
_TOLD = const(2)
_INTEREST = {
    discovery.SIMPLE_DESC: _ASKED,
    discovery.ACTIVE_EP: _ASKED,
    discovery.MATCH_DESC: _ASKED,
    discovery.SIMPLE_DESC | discovery.RESPONSE: _TOLD,
    discovery.ACTIVE_EP | discovery.RESPONSE: _TOLD,
    discovery.MATCH_DESC | discovery.RESPONSE: _TOLD,
}


class Addresses:
    """Addresses of the peers; `peers` is {EUI-64 of a device: EUI-64 of its module}."""

    def __init__(self, peers):
        self._module_of = dict(peers)
        self._device_of = {}
        for device in self._module_of:
            self._device_of[self._module_of[device]] = device
        self._networks = []  # [EUI-64 of a module, 16-bit address], the oldest first

    def module_of(self, device: bytes) -> bytes:
        """EUI-64 of a device's module; its own if the table of peers does not have it."""
        return self._module_of.get(device, device)

    def device_of(self, module: bytes) -> bytes:
        """EUI-64 of a module's device."""
        return self._device_of.get(module, module)

    def network_of(self, module: bytes) -> int:
        """16-bit address of a module, or UNKNOWN."""
        for known, network in self._networks:
            if known == module:
                return network
        return UNKNOWN

    def module_at(self, network: int) -> bytes | None:
        """EUI-64 of the module at a 16-bit address, or None."""
        for known, at in self._networks:
            if at == network:
                return known
        return None

    def learn(self, module: bytes, network: int):
        """Remember the 16-bit address of a module; other addresses are not kept."""
        if network >= ALWAYS_ON:
            return
        # Two modules never have one address: the older word is out of date.
        self._networks = [
            entry for entry in self._networks if entry[0] != module and entry[1] != network
        ]
        if len(self._networks) >= _NETWORKS:
            self._networks.pop(0)
        self._networks.append((module, network))

    def forget(self, module: bytes):
        """Forget the 16-bit address of a module that could not be reached."""
        self._networks = [entry for entry in self._networks if entry[0] != module]

    def clear(self):
        """Forget all 16-bit addresses: the network is another one."""
        self._networks = []


def zdo_out(frame, own: int, theirs: int) -> bytes:
    """The payload of a ZDO frame for the air; `own` and `theirs` are 16-bit addresses."""
    payload = frame.payload
    at = _INTEREST.get(frame.cluster, 0)
    if at == _TOLD:
        return _replace(payload, at, _low(frame.source), own)
    if at == _ASKED:
        if theirs == UNKNOWN:
            if frame.cluster != discovery.MATCH_DESC:
                return payload
            # Any node may answer; from then on its address is known.
            theirs = ALWAYS_ON
        return _replace(payload, at, _low(frame.destination), theirs)
    return payload


def zdo_in(frame, own_eui: bytes, own: int, theirs: int) -> bytes:
    """The payload of a ZDO frame from the air."""
    at = _INTEREST.get(frame.cluster, 0)
    if at == _ASKED:
        return _replace(frame.payload, at, own, _low(own_eui))
    if at == _TOLD:
        return _replace(frame.payload, at, theirs, _low(frame.source))
    return frame.payload


def _low(eui):
    return discovery.address_of(eui)


def _replace(payload, at, old, new):
    if payload[at : at + 2] != old.to_bytes(2, "little"):
        return payload
    return payload[:at] + new.to_bytes(2, "little") + payload[at + 2 :]
