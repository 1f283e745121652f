# Recorded samples: write what a sampler delivers to a file, and play such a file back.
# File: "SMR1", phases (1 octet), 3 octets 0, rate in mHz (4), microvolts a code (4), then frames:
# a 12-bit ADC code of 2 octets a phase; all little endian; FFFF where nothing was measured.
import struct
from array import array

from smets.compat import const
from smets.ports.sampler import Sampler, SamplerError

_HEADER = "<4sB3xII"
_HEADER_SIZE = const(16)
_MAGIC = b"SMR1"
_MISSING = const(0xFFFF)


class Recording:
    """Writes a recording; `take` is a sink for the samples of one or three phases."""

    def __init__(self, path: str, sampler: Sampler):
        """Make the file `path` for a sampler of ADC codes."""
        if sampler.readings:
            raise SamplerError("readings are not recorded")
        self._phases = sampler.phases
        self._stride = sampler.stride
        self._rate = sampler.rate_mhz
        self._part = 0
        self._frame = array("H", [0] * self._phases)
        self._file = open(path, "wb")
        header = struct.pack(_HEADER, _MAGIC, self._phases, self._rate, sampler.uv)
        self._file.write(header)

    def take(self, length: int, codes, start: int, count: int):
        """Write a chunk; see Sampler.poll."""
        self._part += length * self._rate
        frames = self._part // 1000000
        self._part %= 1000000
        frame = self._frame
        if count:
            frames = count
        for index in range(frames):
            at = start + index * self._stride
            for phase in range(self._phases):
                frame[phase] = codes[at + phase] & 0xFFF if count else _MISSING
            self._file.write(frame)

    def close(self):
        """End the recording."""
        self._file.close()


class ReplaySampler(Sampler):
    """Plays a recording once, or in a `loop`; after its end nothing is measured.

    Samples go straight from the file to the buffer, so the machine must be little endian, as all
    that MicroPython runs on are.
    """

    def __init__(self, path: str, loop: bool = False, frames: int = 256):
        """Open `path`; SamplerError if it is no recording. `frames` is the size of the buffer."""
        self._file = open(path, "rb")
        header = self._file.read(_HEADER_SIZE)
        if len(header) != _HEADER_SIZE or header[:4] != _MAGIC:
            raise SamplerError("not a recording")
        _magic, self.phases, self.rate_mhz, self.uv = struct.unpack(_HEADER, header)
        if self.phases not in (1, 3) or self.rate_mhz == 0 or self.uv == 0:
            raise SamplerError("bad header")
        self.stride = self.phases
        self._loop = loop
        self._frames = frames
        self._codes = array("H", [0] * (frames * self.phases))
        self._view = memoryview(self._codes)
        self._part = 0

    def poll(self, passed: int, sink):
        """See Sampler."""
        while passed > 0:
            length = min(passed, max(self._frames * 1000000 // self.rate_mhz, 1))
            passed -= length
            self._part += length * self.rate_mhz
            wanted = min(self._part // 1000000, self._frames)
            self._part %= 1000000
            if wanted:
                self._play(length, wanted, sink)
            else:
                sink(length, self._codes, 0, 0)

    def _play(self, length: int, wanted: int, sink):
        got = self._read(wanted)
        # Runs of frames that are there, or are not, share the time by their number.
        start = spent = 0
        while start < got:
            there = self._codes[start * self.phases] != _MISSING
            end = start + 1
            while end < got and (self._codes[end * self.phases] != _MISSING) == there:
                end += 1
            share = length * end // wanted - spent
            sink(share, self._codes, start * self.phases, end - start if there else 0)
            spent += share
            start = end
        if spent < length:
            sink(length - spent, self._codes, 0, 0)

    def _read(self, wanted: int) -> int:
        phases = self.phases
        done = 0
        rewound = False
        while done < wanted:
            octets = self._file.readinto(self._view[done * phases : wanted * phases])
            frames = octets // (2 * phases)
            done += frames
            if frames:
                rewound = False
            elif self._loop and not rewound:
                self._file.seek(_HEADER_SIZE)
                rewound = True
            else:
                break
        return done

    def close(self):
        """Close the file."""
        self._file.close()
