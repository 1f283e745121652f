// Holds core.js against the core of rp2040js: random instructions on random registers and flags
// must leave the same registers, flags, memory and cycle count in both. node check_core.js COUNT
import { createRequire } from 'node:module';
import { makeRun } from './core.js';

const require = createRequire(new URL('../../build/pico_emulator/package.json', import.meta.url));
const { RP2040, ConsoleLogger, LogLevel } = require('rp2040js');

const CODE = 0x20000000;
const DATA = 0x20010000;
const INTERESTING = [0, 1, 2, 31, 32, 33, 255, 0x7fffffff, 0x80000000, 0xffffffff];
let seed = 20260521;
const random = (below) => {
  seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
  return Math.floor((seed / 2 ** 32) * below);
};

function makeChip() {
  const chip = new RP2040();
  chip.logger = new ConsoleLogger(LogLevel.Error, true);
  chip.core.VTOR = CODE;
  return chip;
}

/** Where rp2040js is not like the chip; ARMv6-M says what is right, and core.js does that. */
function knownFault(op, reg, carry) {
  const dp = op >> 6;
  const by = reg[(op >> 3) & 7] & 0xff;
  if (dp === 0b0100000011 || dp === 0b0100000100 || dp === 0b0100000111) {
    return by === 0 || by > 32 || dp === 0b0100000111; // C of LSRS, ASRS, RORS
  }
  if (dp === 0b0100000010) return by > 32; // C of LSLS
  if (dp === 0b0100000101 || dp === 0b0100000110) { // V and C of ADCS, SBCS with a carry
    return carry === (dp === 0b0100000101);
  }
  if (op >> 7 === 0b010001111 && ((op >> 3) & 15) === 14) return true; // BLX LR
  return op >> 11 === 24 && !!(op & (1 << ((op >> 8) & 7))); // STMIA always writes its base back
}

function state(chip) {
  const { core } = chip;
  const { registers, N, Z, C, V, cycles } = core;
  return JSON.stringify([[...registers], N, Z, C, V, cycles]);
}

const [mine, stock] = [makeChip(), makeChip()];
const run = makeRun(mine);
const count = Number(process.argv[2] ?? 200000);
let compared = 0;
for (let i = 0; i < count; i++) {
  let op = random(0x10000);
  if (op >> 11 >= 29 && op >> 11 !== 30) continue;
  const low = random(0x10000) | 0xd000;
  // Loads and stores go to memory: their base registers point there, at multiples of 4.
  const memory = (op >> 12 >= 5 && op >> 12 <= 9) || op >> 12 === 12;
  if ([0b10111110, 0b11011110, 0b11011111].includes(op >> 8)) continue; // BKPT, UDF, SVC
  if (op >> 8 === 0b10111111 || op === 0xb672 || op === 0xb662) continue; // hints, CPS
  if (op >> 8 === 0b01000111) { // BX, BLX; not to the program counter
    op &= 0xfff8;
    if (((op >> 3) & 15) === 15) continue;
  }
  // CMP of the program counter is unpredictable.
  if (op >> 8 === 0b01000101 && ((op & 0x87) === 0x87 || ((op >> 3) & 15) === 15)) continue;
  const registers = Array.from({ length: 13 }, () =>
    random(4) ? random(2 ** 32) : INTERESTING[random(INTERESTING.length)]);
  if (memory) {
    for (let r = 0; r < 8; r++) registers[r] = DATA + 4 * random(1024);
    if (op >> 12 === 5) registers[(op >> 6) & 7] = 4 * random(256);
    if (op >> 12 === 5 && ((op >> 3) & 7) === ((op >> 6) & 7)) continue;
  }
  const flags = random(16);
  if (knownFault(op, registers, !!(flags & 2))) continue;
  for (const chip of [mine, stock]) {
    const { core } = chip;
    core.registers.set(registers);
    core.SP = DATA + 0x2000;
    core.LR = CODE + 0x101;
    core.PC = CODE + 0x1000;
    core.APSR = (flags << 28) >>> 0;
    core.cycles = 0;
    chip.clock.nanosCounter = 0;
    chip.sramView.setUint16(0x1000, op, true);
    chip.sramView.setUint16(0x1002, low, true);
  }
  const before = state(stock);
  stock.core.cycles = 0;
  const took = stock.core.executeInstruction();
  // One instruction takes 8 ns or more: the clock passes 1 ns after the first.
  run(1);
  mine.core.cycles = Math.round(mine.clock.nanosCounter * (mine.clkSys / 1e9));
  stock.core.cycles = took;
  compared++;
  const memorySame = Buffer.compare(mine.sram.subarray(0x10000, 0x14000), stock.sram.subarray(0x10000, 0x14000)) === 0;
  if (state(mine) !== state(stock) || !memorySame) {
    console.log(`instruction ${op.toString(16)} ${low.toString(16)}\nbefore ${before}\n`
      + `rp2040js ${state(stock)}\ncore.js  ${state(mine)} ${memorySame ? '' : 'other memory'}`);
    process.exit(1);
  }
}
console.log(`${compared} instructions alike`);
