// Translates stretches of Thumb code that run often into JavaScript functions: registers and flags are
// local variables there, and flags that nothing reads are not computed. A function does what core.js
// does for the same instructions, in as many cycles; check_core.js holds the two together.
// Source: ARMv6-M Architecture Reference Manual, A6.7.

const RAM = 0x20000000;
const FLASH = 0x10000000;
export const PAGE = 8; // bits of an address within a page: what is written there drops its translations
const MOST = 120; // instructions of a translation
const SKIP = 128; // octets between two of them: literals
const AHEAD = 8; // instructions that are looked at for whether flags are needed
const WRITES = 50; // times that a page may be written under its translations

const NZ = 1;
const C = 2;
const V = 4;
const ALL = NZ | C | V;

// The flags that each condition reads, and its JavaScript.
const CONDITIONS = [
  [NZ, 'nz === 0'], [NZ, 'nz !== 0'], [C, 'c'], [C, '!c'], [NZ, 'nz < 0'], [NZ, 'nz >= 0'],
  [V, 'v'], [V, '!v'], [C | NZ, 'c && nz !== 0'], [C | NZ, '!c || nz === 0'],
  [NZ | V, '(nz < 0) === v'], [NZ | V, '(nz < 0) !== v'],
  [NZ | V, 'nz !== 0 && (nz < 0) === v'], [NZ | V, 'nz === 0 || (nz < 0) !== v'],
];
// The same right after CMP x, y.
const COMPARED = [
  'x === y', 'x !== y', 'x >>> 0 >= y >>> 0', 'x >>> 0 < y >>> 0', null, null, null, null,
  'x >>> 0 > y >>> 0', 'x >>> 0 <= y >>> 0', 'x >= y', 'x < y', 'x > y', 'x <= y',
];

const r = (n) => `r${n}`;
const bits = (op) => [0, 1, 2, 3, 4, 5, 6, 7].filter((n) => op & (1 << n));

/** An instruction: `text(live)` is its JavaScript, where only flags of `live` need be set. */
function instruction(parts) {
  return { sets: 0, uses: 0, cycles: 1, size: 2, ends: false, ...parts };
}

const add = (d, x, y) => instruction({
  sets: ALL,
  text: (live) => `x = ${x}; y = ${y}; z = x + y | 0;`
    + (live & C ? 'c = z >>> 0 < x >>> 0;' : '')
    + (live & V ? 'v = (~(x ^ y) & (x ^ z)) < 0;' : '')
    + (live & NZ ? 'nz = z;' : '') + (d === null ? '' : `${r(d)} = z;`),
});
const subtract = (d, x, y) => instruction({
  sets: ALL,
  compares: d === null ? [x, y] : undefined,
  text: (live) => (d === null && !live ? '' : `x = ${x}; y = ${y}; z = x - y | 0;`
    + (live & C ? 'c = x >>> 0 >= y >>> 0;' : '')
    + (live & V ? 'v = ((x ^ y) & (x ^ z)) < 0;' : '')
    + (live & NZ ? 'nz = z;' : '') + (d === null ? '' : `${r(d)} = z;`)),
});
const withCarry = (d, x, y) => instruction({
  sets: ALL,
  uses: C,
  text: (live) => `x = ${x}; y = ${y}; w = (x >>> 0) + (y >>> 0) + (c ? 1 : 0); z = w | 0;`
    + (live & C ? 'c = w > 0xffffffff;' : '')
    + (live & V ? 'v = (~(x ^ y) & (x ^ z)) < 0;' : '')
    + (live & NZ ? 'nz = z;' : '') + `${r(d)} = z;`,
});
const logical = (d, value, keep = true) => instruction({
  sets: NZ,
  text: (live) => (live & NZ ? `nz = ${value};${keep ? `${r(d)} = nz;` : ''}`
    : keep ? `${r(d)} = ${value};` : ''),
});
const move = (d, value) => instruction({ text: () => `${r(d)} = ${value};` });

function shift(op) {
  const [d, m, by] = [op & 7, r((op >> 3) & 7), (op >> 6) & 31];
  const kind = op >> 11;
  if (kind === 0 && by === 0) return logical(d, m);
  const last = kind === 0 ? 32 - by : by ? by - 1 : 31; // the bit that goes into C
  const value = kind === 0 ? `x << ${by}`
    : kind === 1 ? (by ? `x >>> ${by} | 0` : '0') : `x >> ${by || 31}`;
  return instruction({
    sets: NZ | C,
    text: (live) => `x = ${m};${live & C ? `c = (x >>> ${last} & 1) === 1;` : ''}`
      + `z = ${value};${live & NZ ? 'nz = z;' : ''}${r(d)} = z;`,
  });
}

// By a register: C stays as it was where the amount is 0.
function shiftByRegister(op) {
  const [d, m, kind] = [r(op & 7), r((op >> 3) & 7), (op >> 6) & 15];
  const [value, carry] = {
    2: ['y < 32 ? x << y : 0', 'y <= 32 && (x >>> 32 - y & 1) === 1'],
    3: ['y < 32 ? x >>> y | 0 : 0', 'y <= 32 && (x >>> y - 1 & 1) === 1'],
    4: ['x >> (y < 31 ? y : 31)', '(x >> (y < 32 ? y - 1 : 31) & 1) === 1'],
    7: ['x >>> (y & 31) | x << (32 - y & 31)', 'z < 0'],
  }[kind];
  return instruction({
    sets: NZ | C,
    uses: C,
    text: (live) => `x = ${d}; y = ${m} & 0xff; z = x;`
      + `if (y !== 0) { z = ${value};${live & C ? `c = ${carry};` : ''} }`
      + `${live & NZ ? 'nz = z;' : ''}${d} = z;`,
  });
}

function process(op) {
  const [d, m] = [op & 7, r((op >> 3) & 7)];
  const n = r(d);
  switch ((op >> 6) & 15) {
    case 0: return logical(d, `${n} & ${m}`);
    case 1: return logical(d, `${n} ^ ${m}`);
    case 2: case 3: case 4: case 7: return shiftByRegister(op);
    case 5: return withCarry(d, n, m);
    case 6: return withCarry(d, n, `~${m}`);
    case 8: return logical(d, `${n} & ${m}`, false);
    case 9: return subtract(d, '0', m);
    case 10: return subtract(null, n, m);
    case 11: return add(null, n, m);
    case 12: return logical(d, `${n} | ${m}`);
    case 13: return logical(d, `Math.imul(${n}, ${m})`);
    case 14: return logical(d, `${n} & ~${m}`);
    default: return logical(d, `~${m}`);
  }
}

// Memory: what lies in RAM at once, the rest by functions of the translator.
const ARRAYS = { 8: 'ram8', 16: 'ram16', 32: 'ram32' };
const SHIFTS = { 8: 0, 16: 1, 32: 2 };
const aligned = (size) => (size === 8 ? '' : ` && (a & ${size / 8 - 1}) === 0`);
const load = (t, size, address, extend = (value) => value) => `a = ${address} | 0; o = a - ${RAM} >>> 0;`
  + `x = o < ramSize${aligned(size)} ? ${ARRAYS[size]}[o >> ${SHIFTS[size]}] : get${size}(a, CYCLES);`
  + `${t} = ${extend('x')};`;
const store = (t, size, address) => `a = ${address} | 0; o = a - ${RAM} >>> 0;`
  + `if (o < ramSize${aligned(size)}) {`
  + ` ${ARRAYS[size]}[o >> ${SHIFTS[size]}] = ${t}; if (marked[o >> ${PAGE}]) written(o); }`
  + ` else put${size}(a, ${t}, CYCLES);`;
const memory = (text) => instruction({ cycles: 2, text: () => text });

function byRegister(op) {
  const t = r(op & 7);
  const address = `${r((op >> 3) & 7)} + ${r((op >> 6) & 7)}`;
  switch ((op >> 9) & 7) {
    case 0: return memory(store(t, 32, address));
    case 1: return memory(store(t, 16, address));
    case 2: return memory(store(t, 8, address));
    case 3: return memory(load(t, 8, address, (x) => `${x} << 24 >> 24`));
    case 4: return memory(load(t, 32, address));
    case 5: return memory(load(t, 16, address));
    case 6: return memory(load(t, 8, address));
    default: return memory(load(t, 16, address, (x) => `${x} << 16 >> 16`));
  }
}

function several(op, loads) {
  const base = (op >> 8) & 7;
  const list = bits(op);
  const text = list.map((n, i) => (loads ? load('y', 32, `b + ${4 * i}`).replace('y = x;', `${r(n)} = x;`)
    : store(r(n), 32, `b + ${4 * i}`))).join('\n');
  const back = loads && op & (1 << base) ? '' : `${r(base)} = b + ${4 * list.length} | 0;`;
  return instruction({ cycles: 1 + list.length, text: () => `b = ${r(base)};${text}${back}` });
}

function push(op) {
  const list = [...bits(op), ...(op & 0x100 ? [14] : [])];
  const text = list.map((n, i) => `ram32[o + ${i}] = ${r(n)};`).join('');
  return instruction({
    cycles: 1 + bits(op).length,
    text: () => `r13 = r13 - ${4 * list.length} | 0; o = stack(r13);${text}`,
  });
}

function pop(op) {
  const list = bits(op);
  const text = list.map((n, i) => `${r(n)} = ram32[o + ${i}];`).join('');
  const down = `r13 = r13 + ${4 * (list.length + (op & 0x100 ? 1 : 0))} | 0;`;
  if (!(op & 0x100)) {
    return instruction({ cycles: 1 + list.length, text: () => `o = stack(r13);${text}${down}` });
  }
  return instruction({
    cycles: 3 + list.length,
    ends: true,
    leaves: 'BX',
    text: () => `o = stack(r13);${text}t = ram32[o + ${list.length}];${down}`,
  });
}

function special(op, pc) {
  const m = (op >> 3) & 15;
  const d = ((op >> 4) & 8) | (op & 7);
  const value = m === 15 ? `${pc + 4 | 0}` : r(m);
  switch ((op >> 8) & 3) {
    case 3:
      if (op & 7 || m === 15) return null;
      if (!(op & 0x80)) return instruction({ cycles: 2, ends: true, leaves: 'BX', text: () => `t = ${value};` });
      return instruction({
        cycles: 2, ends: true, leaves: 'PC', text: () => `t = ${value}; r14 = ${pc + 2 | 1};`,
      });
    case 1:
      return d === 15 || m === 15 ? null : subtract(null, r(d), value);
    case 0:
      if (d === 15) return instruction({ cycles: 2, ends: true, leaves: 'PC', text: () => `t = ${pc + 4 | 0} + ${value};` });
      return move(d, d === 13 ? `${r(d)} + ${value} & ~3` : `${r(d)} + ${value} | 0`);
    default:
      if (d === 15) return instruction({ cycles: 2, ends: true, leaves: 'PC', text: () => `t = ${value};` });
      return move(d, d === 13 ? `${value} & ~3` : value);
  }
}

function various(op) {
  const [d, m] = [r(op & 7), r((op >> 3) & 7)];
  const set = (value) => instruction({ text: () => `x = ${m}; ${d} = ${value};` });
  switch ((op >> 8) & 15) {
    case 0: return move(13, `r13 ${op & 0x80 ? '-' : '+'} ${(op & 0x7f) << 2} | 0`);
    case 2:
      return set(['x << 16 >> 16', 'x << 24 >> 24', 'x & 0xffff', 'x & 0xff'][(op >> 6) & 3]);
    case 4: case 5: return push(op);
    case 10:
      switch ((op >> 6) & 3) {
        case 0: return set('x << 24 | x << 8 & 0xff0000 | x >> 8 & 0xff00 | x >>> 24');
        case 1: return set('x << 8 & 0xff00ff00 | x >> 8 & 0xff00ff');
        case 3: return set('(x << 24 | x << 8 & 0xff0000) >> 16');
        default: return null;
      }
    case 12: case 13: return pop(op);
    default: return null;
  }
}

/** The instruction at `pc`; null where core.js or rp2040js has to execute it. `word` reads memory. */
function decode(op, pc, half, word) {
  const low = op & 0xff;
  const high = (op >> 8) & 7;
  const three = (n) => r((op >> n) & 7);
  switch (op >> 11) {
    case 0: case 1: case 2: return shift(op);
    case 3: {
      const right = op & 0x400 ? `${(op >> 6) & 7}` : three(6);
      return (op & 0x200 ? subtract : add)(op & 7, three(3), right);
    }
    case 4: return logical(high, `${low}`);
    case 5: return subtract(null, r(high), `${low}`);
    case 6: return add(high, r(high), `${low}`);
    case 7: return subtract(high, r(high), `${low}`);
    case 8: return op & 0x400 ? special(op, pc) : process(op);
    case 9: {
      const at = ((pc + 4) & ~3) + (low << 2);
      const value = word(at);
      return value === undefined ? null
        : instruction({ cycles: 2, literal: at, text: () => `${r(high)} = ${value | 0};` });
    }
    case 10: case 11: return byRegister(op);
    case 12: return memory(store(r(op & 7), 32, `${three(3)} + ${(op >> 4) & 0x7c}`));
    case 13: return memory(load(r(op & 7), 32, `${three(3)} + ${(op >> 4) & 0x7c}`));
    case 14: return memory(store(r(op & 7), 8, `${three(3)} + ${(op >> 6) & 31}`));
    case 15: return memory(load(r(op & 7), 8, `${three(3)} + ${(op >> 6) & 31}`));
    case 16: return memory(store(r(op & 7), 16, `${three(3)} + ${(op >> 5) & 0x3e}`));
    case 17: return memory(load(r(op & 7), 16, `${three(3)} + ${(op >> 5) & 0x3e}`));
    case 18: return memory(store(r(high), 32, `r13 + ${low << 2}`));
    case 19: return memory(load(r(high), 32, `r13 + ${low << 2}`));
    case 20: return move(high, `${((pc + 4) & ~3) + (low << 2)}`);
    case 21: return move(high, `r13 + ${low << 2} | 0`);
    case 22: case 23: return various(op);
    case 24: return several(op, false);
    case 25: return several(op, true);
    case 26: case 27: {
      const condition = (op >> 8) & 15;
      if (condition >= 14) return null;
      return instruction({
        uses: CONDITIONS[condition][0], condition, target: pc + 4 + ((op << 24 >> 24) << 1),
      });
    }
    case 28:
      return instruction({ cycles: 2, ends: true, target: pc + 4 + ((op << 21 >> 21) << 1) });
    case 30: {
      const second = half(pc + 2);
      if ((second & 0xd000) !== 0xd000) return null;
      const sign = op << 21 >> 31;
      const i1 = ((second >> 13) ^ sign ^ 1) & 1;
      const i2 = ((second >> 11) ^ sign ^ 1) & 1;
      const offset =
        (sign << 24) | (i1 << 23) | (i2 << 22) | ((op & 0x3ff) << 12) | ((second & 0x7ff) << 1);
      return instruction({
        cycles: 3, size: 4, ends: true, calls: pc + 4 + offset, text: () => `r14 = ${pc + 4 | 1};`,
      });
    }
    default: return null;
  }
}

/**
 * The translations of a chip's code: `found`, by half of the `place` of an address, undefined where
 * there is none yet and null where there can be none; `translate(pc)`; `forget(offset, count)` after
 * flash changed, `written(offset)` after a page of RAM did that is `marked`; `timing`, see there.
 */
export function makeBlocks(chip) {
  const { core, clock, sram, flash } = chip;
  const ramSize = sram.length;
  const flashSize = flash.length;
  const ram16 = new Uint16Array(sram.buffer);
  const flash16 = new Uint16Array(flash.buffer);
  const flash32 = new Int32Array(flash.buffer);
  const ram32 = new Int32Array(sram.buffer);
  // Memory is numbered on: the flash, then RAM.
  const place = (address) => (address - FLASH >>> 0 < flashSize ? address - FLASH
    : address - RAM >>> 0 < ramSize ? flashSize + address - RAM : -1);
  const pages = (flashSize + ramSize) >> PAGE;
  const found = new Array((flashSize + ramSize) >> 1).fill(undefined);
  const heads = new Map(); // page -> places of the translations that depend on it
  const writes = new Uint8Array(pages);
  const marked = new Uint8Array(ramSize >> PAGE); // pages of RAM with translations
  // Cycles of the present function that the clock shows already; cycles beyond what it counts; how
  // many it may take before it looks for interrupts and alarms.
  const timing = { shown: 0, more: 0, budget: 0 };

  const half = (address) => {
    const at = place(address);
    return at < 0 ? 0 : at < flashSize ? flash16[at >> 1] : ram16[(at - flashSize) >> 1];
  };
  const word = (address) => {
    const at = place(address);
    return at < 0 ? undefined : at < flashSize ? flash32[at >> 2] : ram32[(at - flashSize) >> 2];
  };

  const drop = (page) => {
    for (const at of heads.get(page) ?? []) found[at >> 1] = undefined;
    heads.delete(page);
    if (page << PAGE >= flashSize) marked[page - (flashSize >> PAGE)] = 0;
  };
  // RAM at this offset was written.
  const written = (offset) => {
    const page = (flashSize + offset) >> PAGE;
    if (writes[page] < 255) writes[page]++;
    drop(page);
  };
  const forget = (offset, count) => {
    for (let page = offset >> PAGE; page <= (offset + count - 1) >> PAGE; page++) drop(page);
  };

  // Peripherals see the time at which they are asked.
  const show = (cycles) => {
    const now = cycles + timing.more;
    clock.nanosCounter += (now - timing.shown) * (1e9 / chip.clkSys);
    timing.shown = now;
  };
  const check = (address, size) => {
    if (address & (size - 1)) throw new Error(`hard fault: misaligned access to ${(address >>> 0).toString(16)}`);
  };
  const far = (address, cycles, write) => {
    timing.more += core.cyclesIO(address, write) - 1;
    show(cycles);
  };
  const get32 = (a, cycles) => {
    check(a, 4);
    const o = a - FLASH >>> 0;
    if (o < flashSize) return flash32[o >> 2];
    far(a, cycles, false);
    return chip.readUint32(a >>> 0) | 0;
  };
  const get16 = (a, cycles) => {
    check(a, 2);
    const o = a - FLASH >>> 0;
    if (o < flashSize) return flash16[o >> 1];
    far(a, cycles, false);
    return chip.readUint16(a >>> 0);
  };
  const get8 = (a, cycles) => {
    const o = a - FLASH >>> 0;
    if (o < flashSize) return flash[o];
    far(a, cycles, false);
    return chip.readUint8(a >>> 0);
  };
  const put32 = (a, value, cycles) => {
    check(a, 4);
    far(a, cycles, true);
    chip.writeUint32(a >>> 0, value >>> 0);
  };
  const put16 = (a, value, cycles) => {
    check(a, 2);
    far(a, cycles, true);
    chip.writeUint16(a >>> 0, value & 0xffff);
  };
  const put8 = (a, value, cycles) => {
    far(a, cycles, true);
    chip.writeUint8(a >>> 0, value & 0xff);
  };
  const stack = (address) => {
    const o = address - RAM >>> 0;
    if (o >= ramSize || o & 3) throw new Error(`hard fault: stack at ${(address >>> 0).toString(16)}`);
    return o >> 2;
  };

  const environment = {
    core, reg: core.registers, ram8: sram, ram16, ram32, ramSize, marked, written, timing,
    get8, get16, get32, put8, put16, put32, stack,
  };
  const names = Object.keys(environment);

  const at = (pc) => (writes[place(pc) >> PAGE] < WRITES ? decode(half(pc), pc, half, word) : null);

  // The instructions from `pc` on, in the order of their addresses; where control goes on after them.
  const gather = (pc) => {
    const code = [];
    const targets = new Set();
    let next = pc;
    let previous = 0;
    while (code.length < MOST) {
      const one = place(next) < 0 ? null : at(next);
      if (!one) break;
      one.pc = next;
      code.push(one);
      next += one.size;
      if (one.target > one.pc) targets.add(one.target);
      previous = next;
      if (!one.ends) continue;
      const later = [...targets].filter((target) => target >= next);
      if (!later.length) return { code, end: undefined };
      next = Math.min(...later);
      if (next - previous > SKIP) return { code, end: undefined };
    }
    const last = code[code.length - 1];
    return { code, end: last && last.ends ? undefined : next };
  };

  // Flags that the code at `pc` may read.
  let translations = 0;
  let looked = []; // where the present translation looked for that
  const needed = (pc) => {
    let open = ALL;
    let needs = 0;
    for (let i = 0; i < AHEAD && open; i++) {
      const one = place(pc) < 0 ? null : at(pc);
      if (!one) break;
      looked.push(pc);
      needs |= one.uses & open;
      open &= ~one.sets;
      if (one.condition !== undefined || one.leaves) break;
      pc = one.calls ?? one.target ?? pc + one.size;
    }
    return needs | open;
  };

  const translate = (pc) => {
    const { code, end } = gather(pc);
    looked = [];
    if (!code.length) return null;
    const index = new Map(code.map((one, i) => [one.pc, i]));
    const inside = (one) => one.target > one.pc && index.has(one.target);
    const loops = code.some((one) => one.target === pc);

    // Whether flags may have changed before an instruction; which are needed after it.
    let changed = loops ? code.reduce((all, one) => all | one.sets, 0) : 0;
    for (const one of code) {
      one.changed = changed;
      changed |= one.sets;
    }
    const leaving = (target) => (target === undefined ? ALL : needed(target));
    let after = end === undefined ? 0 : leaving(end) & changed;
    for (let i = code.length - 1; i >= 0; i--) {
      const one = code[i];
      const fused = one.condition !== undefined && i > 0 && code[i - 1].compares
        && code[i - 1].pc + 2 === one.pc && COMPARED[one.condition]
        && !code.some((other) => inside(other) && other.target === one.pc);
      one.fused = fused ? code[i - 1].compares : undefined;
      let live = one.ends ? 0 : after;
      if (one.leaves) live |= ALL & one.changed;
      else if (one.calls !== undefined) live |= leaving(one.calls) & one.changed;
      else if (one.target === pc) live |= ALL & one.changed;
      else if (one.target !== undefined) {
        live |= inside(one) ? code[index.get(one.target)].before : leaving(one.target) & one.changed;
      }
      one.live = live;
      one.before = (live & ~one.sets) | (fused ? 0 : one.uses);
      after = one.before;
    }

    // Registers: those that the text names are local; those that it sets are written back.
    let text = '';
    let cycles = 0; // since the count in `n`
    const count = () => (cycles ? `n += ${cycles};` : '');
    // BACKnEND stands for writing registers and the flags of n back: which ones is known at the end.
    const exit = (to, mask, flags) => `BACK${mask & flags}END reg[15] = ${to}; return n;`;
    const exchange = (flags) => `BACK${flags}END core.BXWritePC(t); return n;`;
    const flagsBack = (mask) => (mask & NZ ? 'core.N = nz < 0; core.Z = nz === 0;' : '')
      + (mask & C ? 'core.C = c;' : '') + (mask & V ? 'core.V = v;' : '');
    const labels = [...new Set(code.filter(inside).map((one) => one.target))].sort((a, b) => a - b);
    for (const [i, one] of code.entries()) {
      if (labels.includes(one.pc)) {
        // Another path ends here.
        text += `${i && code[i - 1].ends ? '' : count()} }\n`;
        cycles = 0;
      }
      if (one.text) {
        text += `${one.text(one.live).replaceAll('CYCLES', `n + ${cycles + one.cycles}`)}\n`;
      }
      if (one.condition !== undefined) {
        const [x, y] = one.fused ?? [];
        const holds = one.fused
          ? COMPARED[one.condition].replace('x', `(${x})`).replace('y', `(${y})`)
          : CONDITIONS[one.condition][1];
        text += `if (${holds}) { n += ${cycles + 2};${jump(one, pc, inside, exit, leaving)} }\n`;
        cycles += 1;
      } else if (one.ends) {
        cycles += one.cycles;
        text += count();
        cycles = 0;
        if (one.leaves === 'BX') {
          text += `${exchange(one.changed)}\n`;
        } else if (one.leaves) {
          text += `${exit('t & ~1', ALL, one.changed)}\n`;
        } else if (one.calls !== undefined) {
          text += `${exit(one.calls, leaving(one.calls), one.changed)}\n`;
        } else {
          text += `${jump(one, pc, inside, exit, leaving)}\n`;
        }
      } else {
        cycles += one.cycles;
      }
    }
    if (end !== undefined) {
      text += count() + exit(end, leaving(end), changed);
    }
    const registers = [...new Set(text.match(/\br\d+\b/g) ?? [])];
    const set = registers.filter((name) => new RegExp(`\\b${name} = `).test(text));
    const back = set.map((name) => `reg[${name.slice(1)}] = ${name};`).join('');
    text = text.replace(/BACK(\d)END/g, (_, mask) => back + flagsBack(Number(mask)));
    const first = code[0].before;
    const source = `return function () {
let n = 0, a = 0, b = 0, o = 0, t = 0, w = 0, x = 0, y = 0, z = 0;
let nz = ${first & NZ ? 'core.Z ? 0 : core.N ? -1 : 1' : '0'};
let c = ${first & C ? 'core.C' : 'false'}, v = ${first & V ? 'core.V' : 'false'};
${registers.map((name) => `let ${name} = reg[${name.slice(1)}] | 0;`).join('\n')}
top: for (;;) {
${[...labels].reverse().map((label) => `L${label}: {`).join(' ')}
${text}
}
}`;
    const made = new Function(...names, source)(...names.map((name) => environment[name]));
    const here = place(pc);
    const read = code.flatMap((one) => [one.pc, one.pc + one.size - 1, one.literal ?? one.pc]);
    const depends = new Set([...read, ...looked].map((each) => place(each) >> PAGE));
    for (const page of depends) {
      if (!heads.has(page)) heads.set(page, []);
      heads.get(page).push(here);
      if (page << PAGE >= flashSize) marked[page - (flashSize >> PAGE)] = 1;
    }
    translations++;
    return made;
  };

  // To a label ahead, to the beginning as long as there is time, or away.
  const jump = (one, pc, inside, exit, leaving) => {
    if (inside(one)) return `break L${one.target};`;
    if (one.target === pc) {
      return `if (n + timing.more < timing.budget && !core.interruptsUpdated) continue top;${exit(pc, ALL, one.changed)}`;
    }
    return exit(one.target, leaving(one.target), one.changed);
  };

  // Writes of others: the boot ROM writes many octets at once; DMA and instructions of rp2040js write few.
  chip.ramChanges = (offset, count) => {
    for (let page = offset >> PAGE; page <= (offset + count - 1) >> PAGE; page++) {
      if (marked[page]) written(page << PAGE);
    }
  };
  for (const name of ['writeUint8', 'writeUint16', 'writeUint32']) {
    const write = chip[name].bind(chip);
    chip[name] = (address, value) => {
      const offset = address - RAM >>> 0;
      if (offset < ramSize && marked[offset >> PAGE]) written(offset);
      write(address, value);
    };
  }
  return { found, place, translate, forget, written, marked, timing, made: () => translations };
}
