# ATM90E32AS metering IC over SPI: RMS of up to three phases, read once a second.
# SPI mode 3: a read bit and 10 bits of address in 2 octets, then 2 octets of data, MSB first.
#
# Its RMS registers settle over many cycles: they give averages and slow events, not 200 ms sags.
# A transfer is believed only if the chip repeats the word in LastSPIData; whatever does not check
# is missing, never 0. A chip that lost its power, and so its settings, is set up again.
from array import array

from smets.compat import const
from smets.ports.sampler import Sampler, SamplerError

_METER_EN = const(0x00)
_PL_CONST_H = const(0x31)
_PL_CONST_L = const(0x32)
_M_MODE0 = const(0x33)
_M_MODE1 = const(0x34)
_UGAIN_A = const(0x61)  # B and C are 4 and 8 above
_SOFT_RESET = const(0x70)
_LAST_SPI_DATA = const(0x78)
_CFG_REG_ACC_EN = const(0x7F)
_URMS_A = const(0xD9)  # B and C follow; 0.01 V
_URMS_A_LSB = const(0xE9)  # its upper octet: 1/256 of 0.01 V

_READ = const(0x80)
_RESET_KEY = const(0x789A)
_UNLOCK_KEY = const(0x55AA)
_LOCK = const(0x0000)
# 50 Hz, three phases and four wires (3P4W), all phases in the sums.
_M_MODE0_50HZ = const(0x0185)
_M_MODE1_VALUE = const(0x0000)  # gain 1 of the current channels
_PL_CONST_H_VALUE = const(0x0861)  # 3200 impulses/kWh
_PL_CONST_L_VALUE = const(0xC468)

_MISSING = const(-1)
_INTERVAL_MS = const(1000)  # of readings, and of the steps of the set-up

_RESET = const(0)  # to be reset
_SETUP = const(1)  # was reset, waits
_RUN = const(2)


class Atm90e32Sampler(Sampler):
    """Readings in mV. `spi` has write_readinto(out, in); `select(0)` selects the chip."""

    readings = True
    uv = 1000

    def __init__(self, spi, select, phases: int = 3, gains=(0x8000, 0x8000, 0x8000)):
        """`gains` are UgainA to UgainC, from calibration (0x8000 is 1)."""
        if phases not in (1, 3) or len(gains) < phases:
            raise SamplerError("1 or 3 phases, a gain for each")
        self.phases = self.stride = phases
        self.rate_mhz = 1000000 // _INTERVAL_MS
        self.resets = 0  # how often the chip was set up, for diagnosis
        self._spi = spi
        self._select = select
        select(1)
        self._out = bytearray(4)
        self._in = bytearray(4)
        self._values = array("i", [_MISSING] * phases)
        settings = [
            (_METER_EN, 1),
            (_PL_CONST_H, _PL_CONST_H_VALUE),
            (_PL_CONST_L, _PL_CONST_L_VALUE),
            (_M_MODE0, _M_MODE0_50HZ),
            (_M_MODE1, _M_MODE1_VALUE),
        ]
        for phase in range(phases):
            settings.append((_UGAIN_A + 4 * phase, gains[phase]))
        self._settings = settings
        self._state = _RESET
        self._pending = 0  # ms not delivered yet
        self._due = 0  # ms of the present interval, so that late polls do not add up

    def poll(self, passed: int, sink):
        """See Sampler; does something once a second."""
        self._pending += passed
        self._due += passed
        if self._due < _INTERVAL_MS and self._state != _RESET:
            return
        self._due %= _INTERVAL_MS
        count = 0
        if self._state == _RESET:
            self._write(_SOFT_RESET, _RESET_KEY)
            self._due = 0
            self._state = _SETUP
        elif self._state == _SETUP:
            self.resets += 1
            self._state = _RUN if self._set_up() else _RESET
        elif self._read(_METER_EN) != 1:
            # The chip is absent, or lost its settings.
            self._state = _RESET
        else:
            for phase in range(self.phases):
                self._values[phase] = self._voltage(phase)
            count = 1
        length = self._pending
        self._pending = 0
        sink(length, self._values, 0, count)

    def _set_up(self) -> bool:
        self._write(_CFG_REG_ACC_EN, _UNLOCK_KEY)
        for register, value in self._settings:
            self._write(register, value)
        self._write(_CFG_REG_ACC_EN, _LOCK)
        for register, value in self._settings:
            if self._read(register) != value:
                return False
        return True

    def _voltage(self, phase: int) -> int:
        high = self._read(_URMS_A + phase)
        low = self._read(_URMS_A_LSB + phase)
        if high == _MISSING or low == _MISSING:
            return _MISSING
        # 1/256 of 0.01 V each, to mV, rounded.
        return (((high << 8) + (low >> 8)) * 10 + 128) >> 8

    def _read(self, register: int) -> int:
        # The register, or -1 if the chip does not confirm the word.
        value = self._transfer(_READ, register, 0)
        if self._transfer(_READ, _LAST_SPI_DATA, 0) != value:
            return _MISSING
        return value

    def _write(self, register: int, value: int):
        self._transfer(0, register, value)

    def _transfer(self, flag: int, register: int, value: int) -> int:
        out = self._out
        out[0] = flag | register >> 8
        out[1] = register & 0xFF
        out[2] = value >> 8
        out[3] = value & 0xFF
        self._select(0)
        try:
            self._spi.write_readinto(out, self._in)
        finally:
            self._select(1)
        return self._in[2] << 8 | self._in[3]


def from_config(spi: int = 0, select: int = 17, **options) -> Atm90e32Sampler:
    """The chip on SPI bus `spi`, its select on pin `select`; `options` as of Atm90e32Sampler."""
    from machine import SPI, Pin

    bus = SPI(spi, baudrate=200000, polarity=1, phase=1)
    return Atm90e32Sampler(bus, Pin(select, Pin.OUT, value=1), **options)
