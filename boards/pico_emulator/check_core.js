// Holds core.js against the core of rp2040js: random instructions on random registers and flags
// must leave the same registers, flags, memory and cycle count in both. Then blocks.js against core.js:
// the same of random programs, with branches, loops, calls and code that changes. node check_core.js COUNT
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

/** A random instruction, and the half word after it; null for one that cannot be compared. */
function draw(registers) {
  let op = random(0x10000);
  if (op >> 11 >= 29 && op >> 11 !== 30) return null;
  const low = random(0x10000) | 0xd000;
  if ([0b10111110, 0b11011110, 0b11011111].includes(op >> 8)) return null; // BKPT, UDF, SVC
  if (op >> 8 === 0b10111111 || op === 0xb672 || op === 0xb662) return null; // hints, CPS
  if (op >> 8 === 0b01000111) { // BX, BLX; not to the program counter
    op &= 0xfff8;
    if (((op >> 3) & 15) === 15) return null;
  }
  // CMP of the program counter is unpredictable.
  if (op >> 8 === 0b01000101 && ((op & 0x87) === 0x87 || ((op >> 3) & 15) === 15)) return null;
  // Loads and stores go to memory: their base registers point there, at multiples of 4.
  if ((op >> 12 >= 5 && op >> 12 <= 9) || op >> 12 === 12) {
    for (let r = 0; r < 8; r++) registers[r] = DATA + 4 * random(1024);
    if (op >> 12 === 5) registers[(op >> 6) & 7] = 4 * random(256);
    if (op >> 12 === 5 && ((op >> 3) & 7) === ((op >> 6) & 7)) return null;
  }
  return [op, low];
}

const drawRegisters = () => Array.from({ length: 13 }, () =>
  random(4) ? random(2 ** 32) : INTERESTING[random(INTERESTING.length)]);
// N and Z together are no result of anything: blocks.js keeps one number for both.
const drawFlags = () => [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11][random(12)];

const sameMemory = (one, other) => Buffer.compare(
  one.sram.subarray(0x10000, 0x14000), other.sram.subarray(0x10000, 0x14000)) === 0;

const [mine, stock] = [makeChip(), makeChip()];
const { run } = makeRun(mine, Infinity);
const count = Number(process.argv[2] ?? 200000);
let compared = 0;
for (let i = 0; i < count; i++) {
  const registers = drawRegisters();
  const drawn = draw(registers);
  if (!drawn) continue;
  const [op, low] = drawn;
  const flags = drawFlags();
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
  if (state(mine) !== state(stock) || !sameMemory(mine, stock)) {
    console.log(`instruction ${op.toString(16)} ${low.toString(16)}\nbefore ${before}\n`
      + `rp2040js ${state(stock)}\ncore.js  ${state(mine)}`);
    process.exit(1);
  }
}
console.log(`${compared} instructions alike`);

// --- Programs ------------------------------------------------------------------------------------

const WFI = 0xbf30;

/** Instructions that leave R6 and R7 alone, where memory and the counter of a loop are, and the stack. */
function straight() {
  for (;;) {
    const kind = random(8);
    let op = random(0x10000);
    if (kind === 0) op = 0b01000110 << 8 | random(64); // MOV of high registers
    else if (kind <= 2) op = [12, 13, 14, 15, 16, 17][random(6)] << 11 | (random(0x800) & ~0x38) | 6 << 3; // [R6, #n]
    else if (kind === 3) op = [0xb400, 0xbc00][random(2)] | random(32); // PUSH, POP
    else if (kind === 4) op = (random(2) ? 0xc600 : 0xce00) | random(32); // STM, LDM of R6
    const group = op >> 11;
    if (group > 8 && ![4, 5, 9, 20, 21, 22].includes(group) && !(kind >= 1 && kind <= 4)) continue;
    if (group === 8 && op & 0x400) {
      const d = ((op >> 4) & 8) | (op & 7);
      if ((op & 0x300) === 0x300 || d >= 13 || d === 6 || d === 7 || ((op >> 3) & 15) >= 13) continue;
      return op;
    }
    if (group === 22 && kind !== 3 && ![2, 10].includes((op >> 8) & 15)) continue;
    if (op >> 6 === 0b1011101010) continue; // is none
    const target = [4, 6, 7, 9, 20, 21].includes(group) ? (op >> 8) & 7 : op & 7;
    const writes = kind < 3 || kind > 4;
    if (writes && target >= 6 && ![12, 14, 16].includes(group) && group !== 5) continue;
    return op;
  }
}

/** A program of half words: straight code, branches ahead, calls, at times a loop around it all. */
function drawProgram() {
  const length = 2 + random(24);
  const code = Array.from({ length }, straight);
  for (let i = 0; i < length - 2; i++) { // what compilers make most of
    if (!random(4)) code.splice(i, 2, 0x4280 | random(64), 0xd000 | random(14) << 8); // CMP; B
  }
  for (let i = 0; i < length - 1; i++) {
    const room = length - 1 - i;
    if (!random(4)) code[i] = 0xd000 | random(14) << 8 | (random(room) - 1 & 0xff); // to i + 1 .. end
    else if (!random(12)) code[i] = 0xe000 | random(room);
    else if (!random(12) && room > 2) {
      code[i] = 0xf000; // BL
      code[++i] = 0xf800 | random(room - 1);
    }
  }
  const loop = random(2) ? [0x3f01, 0xd100 | (-(length + 3) & 0xff)] : []; // SUBS R7, #1; BNE
  const called = code.some((op) => op === 0xf000);
  const pushed = code.some((op) => op >> 9 === 0xb400 >> 9);
  // BX LR, POP to PC: both to the end.
  const back = [[], called ? [] : [0x4770], pushed ? [] : [0xbd00 | random(64)]][random(3)];
  return [...code.map((op) => op & 0xffff), ...loop, ...back, WFI, WFI, WFI];
}

const [stepped, translated] = [makeChip(), makeChip()];
const pair = [[stepped, makeRun(stepped, Infinity)], [translated, makeRun(translated, 1)]];

/** Both execute from `start` on to WFI, and are compared; `end` is where returns go. */
function compare(code, start, end, registers, flags) {
  for (const [chip, { run: execute }] of pair) {
    const { core } = chip;
    core.registers.set(registers);
    core.SP = DATA + 0x2000;
    for (let at = 0; at < 0x800; at += 4) chip.writeUint32(core.SP + at, end | 1);
    core.LR = end | 1;
    core.PC = start;
    core.APSR = (flags << 28) >>> 0;
    core.waiting = false;
    core.eventRegistered = false;
    chip.clock.nanosCounter = 0;
    for (const [address, halves] of code) {
      if (address & 0x100) { // as the boot ROM does
        chip.ramChanges(address - CODE, 2 * halves.length);
        halves.forEach((op, i) => chip.sramView.setUint16(address - CODE + 2 * i, op, true));
      } else {
        halves.forEach((op, i) => chip.writeUint16(address + 2 * i, op));
      }
    }
    execute(1e6);
    core.cycles = Math.round(chip.clock.nanosCounter * (chip.clkSys / 1e9));
  }
  if (state(stepped) !== state(translated) || !sameMemory(stepped, translated)) {
    const text = code.map(([address, halves]) =>
      `${address.toString(16)}: ${halves.map((op) => op.toString(16)).join(' ')}`).join('; ');
    console.log(`program ${text}\nregisters ${registers} flags ${flags}\n`
      + `core.js   ${state(stepped)}\nblocks.js ${state(translated)}`);
    process.exit(1);
  }
}

const programs = Math.ceil(count / 10);
for (let i = 0; i < programs; i++) {
  const code = drawProgram();
  const start = CODE + 0x1000 + 0x100 * random(220);
  const registers = drawRegisters();
  for (let r = 0; r < 6; r++) if (!random(3)) registers[r] = registers[random(6)];
  registers[6] = DATA + 4 * random(1024);
  registers[7] = 1 + random(4);
  compare([[start, code]], start, start + 2 * (code.length - 1), registers, drawFlags());
}
// The target of a branch tells which flags are needed, and it changes: CMP, then ADCS.
const [from, to] = [CODE + 0x800, CODE + 0x900];
compare([[from, [0x3801, 0xe07d]], [to, [0x2800, WFI]]], from, to, drawRegisters(), drawFlags());
for (const op of [0x414a, 0x2800, 0x414a]) {
  compare([[to, [op, WFI]]], from, to, drawRegisters(), drawFlags());
}
const made = pair[1][1].blocks.made();
console.log(`${programs} programs alike, ${made} translations`);
if (made < programs) process.exit(1);
