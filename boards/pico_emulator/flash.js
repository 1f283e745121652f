// The Pico's flash of 2 MB, kept in an image file: each erase and program is in the file when the
// next instruction runs, so that the process may be killed between any two.
import { existsSync, openSync, readFileSync, readSync, writeSync } from 'node:fs';

const SIZE = 2 * 1024 * 1024;
const XIP = 0x10000000;
const PT_LOAD = 1;
const ERASE_NANOS = 45e6; // a sector, W25Q16JV data sheet 9.6, typical
const PROGRAM_NANOS = 4e5; // a page of 256 octets

/** Thrown after the flash operation at which power is to fail. */
export class PowerCut extends Error {}

export class Flash {
  /** Puts the loadable segments of `elf` over the image; `cut` is the last operation, or 0. */
  constructor(elf, path, cut) {
    this.bytes = new Uint8Array(SIZE).fill(0xff);
    this.cut = cut;
    this.operations = 0;
    this.tick = () => {};
    this.changed = () => {};
    const fresh = !existsSync(path);
    this.file = openSync(path, fresh ? 'w+' : 'r+');
    if (!fresh) readSync(this.file, this.bytes, 0, SIZE, 0);
    const image = readFileSync(elf);
    const count = image.readUInt16LE(0x2c);
    for (let i = 0; i < count; i++) {
      const header = image.readUInt32LE(0x1c) + 32 * i;
      const [type, offset, , address, size] = [0, 4, 8, 12, 16].map((at) => image.readUInt32LE(header + at));
      if (type === PT_LOAD && size && address >= XIP) {
        this.bytes.set(image.subarray(offset, offset + size), address - XIP);
      }
    }
    writeSync(this.file, this.bytes, 0, SIZE, 0);
  }

  erase(offset, count) {
    this.bytes.fill(0xff, offset, offset + count);
    this.done(offset, count, ERASE_NANOS);
  }

  program(offset, octets) {
    octets.forEach((octet, i) => { this.bytes[offset + i] &= octet; });
    this.done(offset, octets.length, PROGRAM_NANOS * Math.ceil(octets.length / 256));
  }

  done(offset, count, nanos) {
    this.changed(offset, count);
    writeSync(this.file, this.bytes, offset, count, offset);
    this.operations++;
    if (this.operations === this.cut) throw new PowerCut();
    this.tick(nanos);
  }
}
