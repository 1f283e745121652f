// Cortex-M0+ at a usable speed: the instructions that compiled code consists of, straight on the
// memory arrays; the core of rp2040js executes the others, takes exceptions and owns all state.
// Source: ARMv6-M Architecture Reference Manual, A6.7. Cycle counts are those of rp2040js.

import { makeBlocks, PAGE } from './blocks.js';

const RAM = 0x20000000;
const FLASH = 0x10000000;
const END = 0x20042000; // of RAM, where the stack of core 0 begins
const OFTEN = 40; // visits after which code is translated

/**
 * Returns `run(until)`, which executes until the clock shows `until` ns or the core waits, with its
 * blocks and `stackUsed()`. Code is translated when it was visited `often` times (up to 255; Infinity: never).
 */
export function makeRun(chip, often = OFTEN) {
  const { core, clock, sram, flash } = chip;
  const reg = core.registers;
  const ram16 = new Uint16Array(sram.buffer);
  const ram32 = new Uint32Array(sram.buffer);
  const flash16 = new Uint16Array(flash.buffer);
  const flash32 = new Uint32Array(flash.buffer);
  const ramSize = sram.length;
  const flashSize = flash.length;
  const blocks = makeBlocks(chip);
  const { found, place, timing, marked, written } = blocks;
  let cycles = 0;

  const misaligned = (address) => {
    const pc = (reg[15] - 2).toString(16);
    throw new Error(`hard fault: misaligned access to ${address.toString(16)} at ${pc}`);
  };
  const count = (address) => {
    cycles += core.cyclesIO(address);
  };
  const read32 = (address) => {
    if (address & 3) misaligned(address);
    if (address - RAM >>> 0 < ramSize) {
      cycles++;
      return ram32[(address - RAM) >> 2];
    }
    if (address - FLASH >>> 0 < flashSize) {
      cycles++;
      return flash32[(address - FLASH) >> 2];
    }
    count(address);
    return chip.readUint32(address);
  };
  const read16 = (address) => {
    if (address & 1) misaligned(address);
    if (address - RAM >>> 0 < ramSize) {
      cycles++;
      return ram16[(address - RAM) >> 1];
    }
    if (address - FLASH >>> 0 < flashSize) {
      cycles++;
      return flash16[(address - FLASH) >> 1];
    }
    count(address);
    return chip.readUint16(address);
  };
  const read8 = (address) => {
    if (address - RAM >>> 0 < ramSize) {
      cycles++;
      return sram[address - RAM];
    }
    if (address - FLASH >>> 0 < flashSize) {
      cycles++;
      return flash[address - FLASH];
    }
    count(address);
    return chip.readUint8(address);
  };
  const write32 = (address, value) => {
    if (address & 3) misaligned(address);
    if (address - RAM >>> 0 < ramSize) {
      cycles++;
      ram32[(address - RAM) >> 2] = value;
      if (marked[(address - RAM) >> PAGE]) written(address - RAM);
      return;
    }
    cycles += core.cyclesIO(address, true);
    chip.writeUint32(address, value >>> 0);
  };
  const write16 = (address, value) => {
    if (address & 1) misaligned(address);
    if (address - RAM >>> 0 < ramSize) {
      cycles++;
      ram16[(address - RAM) >> 1] = value;
      if (marked[(address - RAM) >> PAGE]) written(address - RAM);
      return;
    }
    cycles += core.cyclesIO(address, true);
    chip.writeUint16(address, value & 0xffff);
  };
  const write8 = (address, value) => {
    if (address - RAM >>> 0 < ramSize) {
      cycles++;
      sram[address - RAM] = value;
      if (marked[(address - RAM) >> PAGE]) written(address - RAM);
      return;
    }
    cycles += core.cyclesIO(address, true);
    chip.writeUint8(address, value & 0xff);
  };
  const setNZ = (value) => {
    core.N = value < 0;
    core.Z = value === 0;
  };
  const addWithCarry = (x, y, carry) => {
    const wide = (x >>> 0) + (y >>> 0) + carry;
    const result = wide | 0;
    core.N = result < 0;
    core.Z = result === 0;
    core.C = wide > 0xffffffff;
    core.V = (~(x ^ y) & (x ^ result)) < 0;
    return result;
  };
  const holds = (condition) => {
    switch (condition) {
      case 0: return core.Z;
      case 1: return !core.Z;
      case 2: return core.C;
      case 3: return !core.C;
      case 4: return core.N;
      case 5: return !core.N;
      case 6: return core.V;
      case 7: return !core.V;
      case 8: return core.C && !core.Z;
      case 9: return !core.C || core.Z;
      case 10: return core.N === core.V;
      case 11: return core.N !== core.V;
      case 12: return !core.Z && core.N === core.V;
      default: return core.Z || core.N !== core.V;
    }
  };
  // Shifts by a register; each returns the result and sets C (unchanged by a shift of nothing).
  const shiftByRegister = (kind, value, amount) => {
    if (amount === 0) return value;
    switch (kind) {
      case 2: // LSL
        core.C = amount <= 32 && ((value >>> (32 - amount)) & 1) === 1;
        return amount < 32 ? value << amount : 0;
      case 3: // LSR
        core.C = amount <= 32 && ((value >>> (amount - 1)) & 1) === 1;
        return amount < 32 ? value >>> amount : 0;
      case 4: // ASR
        core.C = ((value >> Math.min(amount - 1, 31)) & 1) === 1;
        return value >> Math.min(amount, 31);
      default: { // ROR
        const turn = amount & 31;
        const result = turn ? (value >>> turn) | (value << (32 - turn)) : value;
        core.C = result < 0;
        return result;
      }
    }
  };
  // Data processing, 010000: false where rp2040js shall do it.
  const process = (op) => {
    const d = op & 7;
    const m = reg[(op >> 3) & 7] | 0;
    const n = reg[d] | 0;
    const kind = (op >> 6) & 15;
    let result;
    switch (kind) {
      case 0: result = n & m; break;
      case 1: result = n ^ m; break;
      case 2: case 3: case 4: case 7: result = shiftByRegister(kind, n, m & 0xff) | 0; break;
      case 5: reg[d] = addWithCarry(n, m, core.C ? 1 : 0); return;
      case 6: reg[d] = addWithCarry(n, ~m, core.C ? 1 : 0); return;
      case 8: setNZ(n & m); return;
      case 9: reg[d] = addWithCarry(~m, 0, 1); return;
      case 10: addWithCarry(n, ~m, 1); return;
      case 11: addWithCarry(n, m, 0); return;
      case 12: result = n | m; break;
      case 13: result = Math.imul(n, m); break;
      case 14: result = n & ~m; break;
      default: result = ~m;
    }
    reg[d] = result;
    setNZ(result);
  };
  const push = (op) => {
    let address = reg[13];
    if (op & 0x100) address -= 4;
    for (let i = 0; i < 8; i++) if (op & (1 << i)) address -= 4;
    reg[13] = address;
    address = reg[13];
    if (address - RAM >>> 0 >= ramSize) throw new Error(`hard fault: stack at ${address.toString(16)}`);
    let slot = (address - RAM) >> 2;
    for (let i = 0; i < 8; i++) {
      if (op & (1 << i)) {
        ram32[slot++] = reg[i];
        cycles++;
      }
    }
    if (op & 0x100) ram32[slot] = reg[14];
  };
  const pop = (op) => {
    let slot = (reg[13] - RAM) >> 2;
    for (let i = 0; i < 8; i++) {
      if (op & (1 << i)) {
        reg[i] = ram32[slot++];
        cycles++;
      }
    }
    const to = op & 0x100 ? ram32[slot++] : 0;
    reg[13] = (slot << 2) + RAM;
    if (op & 0x100) {
      core.BXWritePC(to);
      cycles += 2;
    }
  };

  /** One instruction; 0 where rp2040js has to execute it, else the cycles it took. */
  const step = (op, pc) => {
    cycles = 1;
    switch (op >> 11) {
      case 0: { // LSLS immediate
        const value = reg[(op >> 3) & 7];
        const by = (op >> 6) & 31;
        const result = (value << by) | 0;
        if (by) core.C = ((value >>> (32 - by)) & 1) === 1;
        reg[op & 7] = result;
        setNZ(result);
        break;
      }
      case 1: { // LSRS immediate
        const value = reg[(op >> 3) & 7];
        const by = (op >> 6) & 31;
        const result = by ? (value >>> by) | 0 : 0;
        core.C = ((value >>> (by ? by - 1 : 31)) & 1) === 1;
        reg[op & 7] = result;
        setNZ(result);
        break;
      }
      case 2: { // ASRS immediate
        const value = reg[(op >> 3) & 7] | 0;
        const by = (op >> 6) & 31 || 32;
        const result = value >> Math.min(by, 31);
        core.C = ((value >> (by - 1)) & 1) === 1;
        reg[op & 7] = result;
        setNZ(result);
        break;
      }
      case 3: { // ADDS, SUBS of a register or three bits
        const right = op & 0x400 ? (op >> 6) & 7 : reg[(op >> 6) & 7];
        const left = reg[(op >> 3) & 7];
        reg[op & 7] = op & 0x200 ? addWithCarry(left, ~right, 1) : addWithCarry(left, right, 0);
        break;
      }
      case 4: // MOVS
        reg[(op >> 8) & 7] = op & 0xff;
        core.N = false;
        core.Z = (op & 0xff) === 0;
        break;
      case 5: // CMP
        addWithCarry(reg[(op >> 8) & 7], ~(op & 0xff), 1);
        break;
      case 6: // ADDS
        reg[(op >> 8) & 7] = addWithCarry(reg[(op >> 8) & 7], op & 0xff, 0);
        break;
      case 7: // SUBS
        reg[(op >> 8) & 7] = addWithCarry(reg[(op >> 8) & 7], ~(op & 0xff), 1);
        break;
      case 8: {
        if (!(op & 0x400)) {
          process(op);
          break;
        }
        const m = (op >> 3) & 15;
        const d = ((op >> 4) & 8) | (op & 7);
        if ((op & 0x300) === 0x300) { // BX, BLX
          const to = reg[m];
          reg[15] = pc + 2;
          if (op & 0x80) {
            reg[14] = (pc + 2) | 1;
            reg[15] = to & ~1;
          } else {
            core.BXWritePC(to);
          }
          return 2;
        }
        const value = m === 15 ? pc + 4 : reg[m];
        if ((op & 0x300) === 0x100) { // CMP
          addWithCarry(reg[d], ~value, 1);
          break;
        }
        if (d >= 13) return 0;
        reg[d] = (op & 0x300) === 0 ? reg[d] + value : value; // ADD, MOV
        break;
      }
      case 9: // LDR literal
        reg[(op >> 8) & 7] = read32((((pc + 4) & ~3) >>> 0) + ((op & 0xff) << 2));
        break;
      case 10:
      case 11: {
        const address = (reg[(op >> 3) & 7] + reg[(op >> 6) & 7]) >>> 0;
        const t = op & 7;
        switch ((op >> 9) & 7) {
          case 0: write32(address, reg[t]); break;
          case 1: write16(address, reg[t]); break;
          case 2: write8(address, reg[t]); break;
          case 3: reg[t] = (read8(address) << 24) >> 24; break;
          case 4: reg[t] = read32(address); break;
          case 5: reg[t] = read16(address); break;
          case 6: reg[t] = read8(address); break;
          default: reg[t] = (read16(address) << 16) >> 16;
        }
        break;
      }
      case 12: // STR
        write32((reg[(op >> 3) & 7] + ((op >> 4) & 0x7c)) >>> 0, reg[op & 7]);
        break;
      case 13: // LDR
        reg[op & 7] = read32((reg[(op >> 3) & 7] + ((op >> 4) & 0x7c)) >>> 0);
        break;
      case 14: // STRB
        write8((reg[(op >> 3) & 7] + ((op >> 6) & 31)) >>> 0, reg[op & 7]);
        break;
      case 15: // LDRB
        reg[op & 7] = read8((reg[(op >> 3) & 7] + ((op >> 6) & 31)) >>> 0);
        break;
      case 16: // STRH
        write16((reg[(op >> 3) & 7] + ((op >> 5) & 0x3e)) >>> 0, reg[op & 7]);
        break;
      case 17: // LDRH
        reg[op & 7] = read16((reg[(op >> 3) & 7] + ((op >> 5) & 0x3e)) >>> 0);
        break;
      case 18: // STR, of the stack
        write32(reg[13] + ((op & 0xff) << 2), reg[(op >> 8) & 7]);
        break;
      case 19: // LDR, of the stack
        reg[(op >> 8) & 7] = read32(reg[13] + ((op & 0xff) << 2));
        break;
      case 20: // ADR
        reg[(op >> 8) & 7] = ((pc + 4) & ~3) + ((op & 0xff) << 2);
        break;
      case 21: // ADD of the stack pointer
        reg[(op >> 8) & 7] = reg[13] + ((op & 0xff) << 2);
        break;
      case 22:
      case 23:
        switch ((op >> 8) & 15) {
          case 0: // ADD, SUB to the stack pointer
            reg[13] += op & 0x80 ? -((op & 0x7f) << 2) : (op & 0x7f) << 2;
            break;
          case 2: { // SXTH, SXTB, UXTH, UXTB
            const value = reg[(op >> 3) & 7];
            const kind = (op >> 6) & 3;
            reg[op & 7] = kind === 0 ? (value << 16) >> 16 : kind === 1 ? (value << 24) >> 24
              : kind === 2 ? value & 0xffff : value & 0xff;
            break;
          }
          case 4: case 5: push(op); break;
          case 12: reg[15] = pc + 2; pop(op); return cycles;
          case 13: pop(op); return cycles;
          default: return 0;
        }
        break;
      case 24: { // STMIA
        const base = (op >> 8) & 7;
        let address = reg[base];
        for (let i = 0; i < 8; i++) {
          if (op & (1 << i)) {
            write32(address, reg[i]);
            address += 4;
          }
        }
        reg[base] = address;
        break;
      }
      case 25: { // LDMIA
        const base = (op >> 8) & 7;
        let address = reg[base];
        for (let i = 0; i < 8; i++) {
          if (op & (1 << i)) {
            reg[i] = read32(address);
            address += 4;
          }
        }
        if (!(op & (1 << base))) reg[base] = address;
        break;
      }
      case 26:
      case 27: // B, where a condition holds
        if ((op & 0xf00) >= 0xe00) return 0;
        if (holds((op >> 8) & 15)) {
          reg[15] = pc + 4 + (((op << 24) >> 24) << 1);
          return 2;
        }
        break;
      case 28: // B
        reg[15] = pc + 4 + (((op << 21) >> 21) << 1);
        return 2;
      case 30: { // BL
        const low = chip.readUint16(pc + 2);
        if ((low & 0xd000) !== 0xd000) return 0;
        const sign = (op << 21) >> 31; // 0 or -1
        const i1 = ((low >> 13) ^ sign ^ 1) & 1;
        const i2 = ((low >> 11) ^ sign ^ 1) & 1;
        const offset =
          (sign << 24) | (i1 << 23) | (i2 << 22) | ((op & 0x3ff) << 12) | ((low & 0x7ff) << 1);
        reg[14] = (pc + 4) | 1;
        reg[15] = pc + 4 + offset;
        return 3;
      }
      default:
        return 0;
    }
    reg[15] = pc + 2;
    return cycles;
  };

  const visits = new Uint8Array(found.length);
  let deepest = END;
  const run = (until) => {
    const nanos = 1e9 / chip.clkSys;
    let next = 0; // where the instructions executed one by one go on
    while (!core.waiting && clock.nanosCounter < until) {
      if (core.interruptsUpdated) core.checkForInterrupts();
      const sp = reg[13];
      if (sp < deepest && sp >= RAM) deepest = sp;
      const pc = reg[15];
      const at = place(pc) >> 1;
      let block = at < 0 ? null : found[at];
      if (block === undefined && pc !== next && ++visits[at] === often) {
        visits[at] = 0;
        block = found[at] = blocks.translate(pc);
      }
      if (block) {
        const alarm = clock.nextAlarm;
        const end = alarm !== null && alarm.nanos < until ? alarm.nanos : until;
        timing.budget = (end - clock.nanosCounter) / nanos;
        timing.shown = timing.more = 0;
        const took = block();
        clock.nanosCounter += (took + timing.more - timing.shown) * nanos;
        next = 0;
      } else {
        let op;
        if (pc - FLASH >>> 0 < flashSize) op = flash16[(pc - FLASH) >> 1];
        else if (pc - RAM >>> 0 < ramSize) op = ram16[(pc - RAM) >> 1];
        else op = chip.readUint16(pc);
        const took = step(op, pc) || core.executeInstruction();
        clock.nanosCounter += took * nanos;
        next = pc + 2;
      }
      const alarm = clock.nextAlarm;
      if (alarm !== null && alarm.nanos <= clock.nanosCounter) clock.tick(0);
    }
  };
  /** The most octets of the stack that were in use at the end of a stretch, since this was asked last. */
  const stackUsed = () => {
    const used = END - deepest;
    deepest = END;
    return used;
  };
  return { run, blocks, stackUsed };
}
