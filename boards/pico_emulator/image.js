// What a file of firmware puts where in the flash: the UF2 that a Pico's boot loader takes, or the ELF of a build.
import { readFileSync } from 'node:fs';

const XIP = 0x10000000;
const PT_LOAD = 1;

// The file, its blocks and the chip's family: github.com/microsoft/uf2; RP2040 datasheet 2.8.4.2.
const BLOCK = 512;
const PAGE = 256;
const FIRST_MAGIC = 0x0a324655;
const SECOND_MAGIC = 0x9e5d5157;
const LAST_MAGIC = 0x0ab16f30;
const FAMILY_PRESENT = 0x2000;
const RP2040 = 0xe48bff56;

const BOOT2 = 252; // octets of the second stage, whose checksum follows (RP2040 datasheet 2.8.1.3.1)

/** Returns what lies in the flash as [offset, octets]; an Error says what is wrong with the file. */
export function read(path) {
  const file = readFileSync(path);
  const parts = file.length >= 4 && file.readUInt32LE(0) === FIRST_MAGIC ? uf2(file) : elf(file);
  if (!parts.length) throw new Error(`${path} has nothing for the flash of an RP2040`);
  return parts;
}

function uf2(file) {
  const parts = new Map();
  if (file.length % BLOCK) throw new Error(`UF2 of ${file.length} octets, no whole number of blocks`);
  const count = file.length / BLOCK;
  for (let at = 0; at < file.length; at += BLOCK) {
    const [first, second, flags, address, size, number, total, family] =
      Array.from({ length: 8 }, (_, i) => file.readUInt32LE(at + 4 * i));
    const wrong = (what) => { throw new Error(`UF2 block ${at / BLOCK}: ${what}`); };
    if (first !== FIRST_MAGIC || second !== SECOND_MAGIC || file.readUInt32LE(at + BLOCK - 4) !== LAST_MAGIC) {
      wrong('no magic numbers');
    }
    if (!(flags & FAMILY_PRESENT) || family !== RP2040) wrong(`not for an RP2040 (family ${family.toString(16)})`);
    if (size !== PAGE || address % PAGE || address < XIP) wrong(`${size} octets for ${address.toString(16)}`);
    if (total !== count || number >= total || parts.has(number)) wrong(`number ${number} of ${total}`);
    parts.set(number, [address - XIP, file.subarray(at + 32, at + 32 + PAGE)]);
  }
  return [...parts.values()];
}

function elf(file) {
  const parts = [];
  const count = file.readUInt16LE(0x2c);
  for (let i = 0; i < count; i++) {
    const header = file.readUInt32LE(0x1c) + 32 * i;
    const [type, offset, , address, size] = [0, 4, 8, 12, 16].map((at) => file.readUInt32LE(header + at));
    if (type === PT_LOAD && size && address >= XIP) parts.push([address - XIP, file.subarray(offset, offset + size)]);
  }
  return parts;
}

/** Whether the chip starts from this flash: the boot ROM does so only if the CRC of the second stage is right. */
export function starts(flash) {
  let crc = 0xffffffff;
  for (const octet of flash.subarray(0, BOOT2)) {
    crc ^= octet << 24;
    for (let bit = 0; bit < 8; bit++) crc = crc < 0 ? (crc << 1) ^ 0x04c11db7 : crc << 1;
  }
  return new DataView(flash.buffer, flash.byteOffset).getInt32(BOOT2, true) === (crc | 0);
}
