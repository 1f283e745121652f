# RP2040 and RP2350: the ADC runs free, its FIFO goes through DMA into a ring, nothing interrupts.
# RP2040 data sheet 2.5 (DMA), 4.9 (ADC); RP2350 data sheet 12.4, 12.6. Input: GPIO26 (ADC0), three
# phases GPIO26 to 28, each biased to half of ADC_AVDD. Isolated low-voltage source only.
#
# A pause of the program (garbage collection) loses nothing until the ring has nearly gone round:
# with the default rings after 448 ms at 4,000 samples a second with one phase, 224 ms with three.
# A longer one is noticed by the transfer count and delivered as time without samples.
#
# RP2040-E11: the ADC's differential non-linearity has steps of some 10 codes at 512, 1536, 2560
# and 3584. By a model of it (test_sampler_rp2) 230 V read 1.9 V low at 0.25 V a code; with `uv`
# calibrated at nominal voltage 200 to 260 V are within 0.3 V. RP2350 is much better.
from array import array

from smets.compat import const
from smets.ports.sampler import Sampler, SamplerError

_CS = const(0x00)  # ADC registers
_FCS = const(0x08)
_FIFO = const(0x0C)
_DIV = const(0x10)
_CS_EN = const(0x1)
_CS_START_MANY = const(0x8)
_CS_ERR_STICKY = const(0x400)  # write 1 to clear
_CS_RROBIN = const(16)  # bit of channel 0
_FCS_EN = const(0x1)
_FCS_DREQ_EN = const(0x8)
_FCS_UNDER = const(0x400)  # write 1 to clear
_FCS_OVER = const(0x800)  # write 1 to clear
_FCS_LEVEL = const(0xF0000)
_FCS_THRESH = const(24)

_CLOCK = const(48000000)  # clk_adc, Hz
_SHORTEST = const(96)  # ADC clocks of one conversion
_HALF_WORD = const(1)  # DMA transfer size
# Transfers of one start: 28 bits, all that RP2350 has, and small integers on 32-bit ports.
_TRANSFERS = const(0x0FFFFFFF)
_REARM = const(0x00100000)  # start again with fewer left: every 18.6 hours at 4,000 a second

# chip: (ADC registers, DMA request of the ADC)
_CHIPS = {"RP2040": (0x4004C000, 36), "RP2350": (0x400A0000, 48)}


class Hardware:
    """The parts of MicroPython's rp2 port that the driver uses; tests put a model in its place."""

    def __init__(self):
        import sys

        import machine
        import rp2
        import uctypes

        board = getattr(sys.implementation, "_machine", "")
        self.chip = "RP2350" if "RP2350" in board else "RP2040"
        self.mem32 = machine.mem32
        self.dma = rp2.DMA
        self.addressof = uctypes.addressof
        # This resets and enables the ADC and takes the pin from its digital input.
        self.open_pin = machine.ADC


class Rp2Sampler(Sampler):
    """One phase on ADC0, or three on ADC0 to ADC2.

    Three phases are converted in turn with ADC3 as a fourth whose codes are not used, so that
    a ring of a power of two holds whole frames. Call `poll` before the ring has gone round.
    """

    def __init__(
        self, hardware, phases: int = 1, rate: int = 4000, uv: int = 250000, items: int = 0
    ):
        """`rate` samples a second and phase; `items` of the ring, a power of two of 64 to 16384.

        The ring takes 4 octets an item; 0 items stands for 2048 with one phase, 4096 with three.
        """
        if phases not in (1, 3):
            raise SamplerError("1 or 3 phases")
        items = items or (2048 if phases == 1 else 4096)
        if items not in (64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384):
            raise SamplerError("ring is not a power of two")
        self.phases = phases
        self.stride = 1 if phases == 1 else 4
        self.rate_mhz = rate * 1000
        self.uv = uv
        divider = _CLOCK * 256 // (rate * self.stride) - 256
        if not (_SHORTEST - 1) << 8 <= divider <= 0xFFFFFF:
            raise SamplerError("rate")
        self._divider = divider
        self._mem32 = hardware.mem32
        base, request = _CHIPS[hardware.chip]
        # Made once: they are not small integers on a 32-bit port.
        self._cs, self._fcs, self._fifo = base + _CS, base + _FCS, base + _FIFO
        self._div = base + _DIV
        for channel in range(phases):
            hardware.open_pin(channel)
        # DMA wraps in a ring that is aligned to its size: there is one in twice as much.
        self._items = items
        self._most = items - items // 8  # what DMA does not reach while it is being summed
        self.codes = array("H", bytes(4 * items))
        address = hardware.addressof(self.codes)
        pad = -address % (2 * items)
        self._first = pad // 2
        self._address = address + pad
        self._dma = hardware.dma()
        size_bits = 1
        while 1 << size_bits < 2 * items:
            size_bits += 1
        self._control = self._dma.pack_ctrl(
            size=_HALF_WORD,
            inc_read=False,
            inc_write=True,
            ring_sel=True,
            ring_size=size_bits,
            treq_sel=request,
            irq_quiet=True,
        )
        self._next = 0  # item of the ring that is read next
        self._count = _TRANSFERS  # transfers that were left when it was written
        self._start()

    def poll(self, passed: int, sink):
        """See Sampler."""
        left = self._dma.count
        cs = self._mem32[self._cs]
        fcs = self._mem32[self._fcs]
        fresh = self._count - left
        if fcs & _FCS_OVER or fresh > self._most:
            # Items were lost, so the phase of the next one is unknown: start over.
            self._start()
            sink(passed, self.codes, 0, 0)
            return
        fresh -= fresh % self.stride
        start = self._next
        self._count -= fresh
        self._next = (start + fresh) % self._items
        if cs & _CS_ERR_STICKY:
            # Some conversion failed, and its code stands among the others.
            self._mem32[self._cs] = self._running()
            sink(passed, self.codes, 0, 0)
        else:
            self._deliver(passed, start, fresh, sink)
        if left < _REARM:
            self._start()

    def _deliver(self, passed: int, start: int, fresh: int, sink):
        stride = self.stride
        before_end = min(fresh, self._items - start)
        length = passed
        if before_end < fresh:
            length = passed * before_end // fresh
        sink(length, self.codes, self._first + start, before_end // stride)
        if before_end < fresh:
            sink(passed - length, self.codes, self._first, (fresh - before_end) // stride)

    def _running(self) -> int:
        mask = 0 if self.stride == 1 else 0xF << _CS_RROBIN
        return _CS_EN | _CS_START_MANY | _CS_ERR_STICKY | mask

    def _start(self):
        mem32 = self._mem32
        mem32[self._cs] = _CS_EN  # channel 0 next, no conversion after the present one
        self._dma.active(False)
        mem32[self._fcs] = _FCS_EN | _FCS_OVER | _FCS_UNDER
        while mem32[self._fcs] & _FCS_LEVEL:
            mem32[self._fifo]
        mem32[self._fcs] = _FCS_EN | _FCS_DREQ_EN | 1 << _FCS_THRESH
        mem32[self._div] = self._divider
        self._next = 0
        self._count = _TRANSFERS
        self._dma.config(
            read=self._fifo,
            write=self._address,
            count=_TRANSFERS,
            ctrl=self._control,
            trigger=True,
        )
        mem32[self._cs] = self._running()

    def close(self):
        """Stop sampling and give the DMA channel back."""
        self._mem32[self._cs] = _CS_EN
        self._dma.active(False)
        self._dma.close()


def from_config(**options) -> Rp2Sampler:
    """The sampler on this board; `options` as of Rp2Sampler."""
    return Rp2Sampler(Hardware(), **options)
