// The Pico's flash of 2 MB, kept in an image file: each erase and program is in the file when the
// next instruction runs, so that the process may be killed between any two.
import { existsSync, openSync, readSync, writeSync } from 'node:fs';
import { read, starts } from './image.js';

const SIZE = 2 * 1024 * 1024;
const ERASE_NANOS = 45e6; // a sector, W25Q16JV data sheet 9.6, typical
const PROGRAM_NANOS = 4e5; // a page of 256 octets

/** Thrown after the flash operation at which power is to fail. */
export class PowerCut extends Error {}

export class Flash {
  /** Puts the firmware (UF2 or ELF) over the image; `cut` is the last operation, or 0. */
  constructor(firmware, path, cut) {
    this.bytes = new Uint8Array(SIZE).fill(0xff);
    this.cut = cut;
    this.operations = 0;
    this.tick = () => {};
    this.changed = () => {};
    const parts = read(firmware);
    const fresh = !existsSync(path);
    this.file = openSync(path, fresh ? 'w+' : 'r+');
    if (!fresh) readSync(this.file, this.bytes, 0, SIZE, 0);
    for (const [offset, octets] of parts) this.bytes.set(octets, offset);
    if (!starts(this.bytes)) throw new Error('the boot ROM finds no second stage with its checksum');
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
