# ESP-NOW as MicroPython documents it, and as ports/esp32/modespnow.c does it: for tests of
# ports/radio_espnow. A radio hears what others send to its address or to all on its channel.
# Messages wait in a ring buffer; what does not fit is dropped, and nobody is told.
ALL = b"\xff" * 6
MAX_DATA_LEN = 250
_HEAD = 8 + 6  # octets of the ring buffer around a message: its header and the MAC address

radios = []


class WLAN:
    def __init__(self, interface):
        self.up = False
        self.channel = 1
        self.connected = True

    def active(self, wanted):
        self.up = wanted

    def disconnect(self):
        self.connected = False

    def config(self, channel):
        if self.connected:
            raise OSError("the access point has the channel")
        self.channel = channel


class ESPNow:
    def __init__(self, wlan, mac):
        self.wlan = wlan
        self.mac = mac
        self.size = self._next_size = 526
        self.on = False
        self.peers = []
        self.waiting = []
        self.dropped = 0
        self.full = 0  # sends for which its buffers are full
        self.disorder = False
        radios.append(self)

    def config(self, rxbuf):
        self._next_size = rxbuf

    def active(self, wanted):
        if wanted and not self.on:
            self.size = self._next_size
            self.disorder = False
            self.waiting = []
        if not wanted:
            self.peers = []
        self.on = wanted

    def _check(self):
        if not self.on:
            raise OSError("ESP_ERR_ESPNOW_NOT_INIT")

    def add_peer(self, mac):
        self._check()
        if mac in self.peers:
            raise OSError("ESP_ERR_ESPNOW_EXIST")
        self.peers.append(mac)

    def send(self, mac, message, sync=True):
        self._check()
        if not self.wlan.up:
            raise OSError("ESP_ERR_ESPNOW_IF")
        if mac not in self.peers:
            raise OSError("ESP_ERR_ESPNOW_NOT_FOUND")
        if not 0 < len(message) <= MAX_DATA_LEN:
            raise OSError("ESP_ERR_ESPNOW_ARG")
        if self.full:
            self.full -= 1
            raise OSError("ESP_ERR_ESPNOW_NO_MEM")
        for radio in radios:
            near = radio.wlan.up and radio.wlan.channel == self.wlan.channel
            if radio is not self and radio.on and near and mac in (ALL, radio.mac):
                radio._hear(self.mac, bytes(message))
        return True

    def _hear(self, mac, message):
        used = sum(_HEAD + len(other) for _, other in self.waiting)
        if _HEAD + len(message) >= self.size - used:
            self.dropped += 1
        else:
            self.waiting.append((mac, message))

    def recv(self, timeout):
        self._check()
        if self.disorder:
            raise ValueError("ESPNow.recv(): buffer error")
        if not self.waiting:
            assert timeout == 0, "it would wait"
            return (None, None)
        return list(self.waiting.pop(0))
