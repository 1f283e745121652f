// A stand-in for the RP2040's boot ROM: the tables of RP2040 datasheet 2.8.3, whose functions are
// performed here. Each function of the ROM is `udf #n; bx lr`; n is its place in the list below.
// Floats are IEEE 754 here; the real ROM takes denormals for 0 and NaN for infinity.

const RAM = 0x20000000;
const FLASH = 0x10000000;
const STUBS = 0x100;
const FLOAT_TABLE = 0x400;
const DOUBLE_TABLE = 0x500;
const FUNCTIONS = 0x600;
const DATA = 0x700;
const SECTOR = 4096;
const NO_INTEGER = BigInt(0);

/**
 * Writes the ROM into `chip` and performs its functions. `flash` has erase(offset, count) and
 * program(offset, octets); `onBootLoader` is called for a reset into the USB boot loader.
 */
export function installRom(chip, flash, onBootLoader) {
  const { core } = chip;
  const r = core.registers;
  const view = new DataView(new ArrayBuffer(8));
  const words = { get: (n) => view.getUint32(n * 4, true), set: (n, v) => view.setUint32(n * 4, v, true) };

  const readBytes = (address, count) =>
    Uint8Array.from({ length: count }, (_, i) => chip.readUint8(address + i));
  // The memory of RAM or flash from `address` on, for reading; undefined elsewhere.
  const memory = (address, count) => {
    for (const [start, octets] of [[RAM, chip.sram], [FLASH, chip.flash]]) {
      const at = address - start;
      if (at >= 0 && at + count <= octets.length) return octets.subarray(at, at + count);
    }
    return undefined;
  };
  // The same for writing, in RAM only.
  const room = (address, count) => {
    const there = address >= RAM ? memory(address, count) : undefined;
    if (there) chip.ramChanges(address - RAM, count);
    return there;
  };
  const copy = () => {
    const [to, from, count] = r;
    const source = memory(from, count);
    const target = source && room(to, count);
    if (target) {
      target.set(source);
      return;
    }
    for (let i = 0; i < count; i++) chip.writeUint8(to + i, chip.readUint8(from + i));
  };
  const fill = () => {
    const target = room(r[0], r[2]);
    if (target) {
      target.fill(r[1]);
      return;
    }
    for (let i = 0; i < r[2]; i++) chip.writeUint8(r[0] + i, r[1] & 0xff);
  };
  const leadingZeros = () => { r[0] = Math.clz32(r[0]); };
  const nothing = () => {};
  const find = () => {
    for (let at = r[0]; chip.readUint16(at) !== 0; at += 4) {
      if (chip.readUint16(at) === (r[1] & 0xffff)) {
        r[0] = chip.readUint16(at + 2);
        return;
      }
    }
    r[0] = 0;
  };

  const named = {
    MC: copy, C4: copy, MS: fill, S4: fill,
    P3: () => { let n = 0; for (let v = r[0]; v; v &= v - 1) n++; r[0] = n; },
    R3: () => { let n = 0; for (let i = 0; i < 32; i++) n = (n << 1) | ((r[0] >>> i) & 1); r[0] = n; },
    L3: leadingZeros,
    T3: () => { r[0] = r[0] ? 31 - Math.clz32(r[0] & -r[0]) : 32; },
    IF: nothing, EX: nothing, FC: nothing, CX: nothing,
    RE: () => {
      for (let done = 0; done < r[1]; done += SECTOR) flash.erase(r[0] + done, SECTOR);
    },
    RP: () => flash.program(r[0], readBytes(r[1], r[2])),
    UB: onBootLoader,
  };

  // The tables of single and double precision have the same entries in the same order.
  const arithmetic = (wide) => {
    const size = wide ? 2 : 1; // registers of one value
    const get = (at = 0) => {
      words.set(0, r[at]);
      if (!wide) return view.getFloat32(0, true);
      words.set(1, r[at + 1]);
      return view.getFloat64(0, true);
    };
    const put = (value, at = 0) => {
      if (wide) view.setFloat64(0, value, true);
      else view.setFloat32(0, value, true);
      for (let i = 0; i < size; i++) r[at + i] = words.get(i);
    };
    const two = (operation) => () => put(operation(get(), get(size)));
    const one = (operation) => () => put(operation(get()));
    const clamp = (value, low, high) => (value < low ? low : value > high ? high : value);
    const toInteger = (low, high, scaled) => () => {
      const value = scaled ? get() * 2 ** (r[size] | 0) : get();
      r[0] = Number.isNaN(value) ? 0 : clamp(Math.floor(value), low, high);
    };
    const fromInteger = (signed, scaled) => () => {
      const value = signed ? r[0] | 0 : r[0];
      put(scaled ? value * 2 ** -(r[1] | 0) : value);
    };
    const toLong = (low, high, scaled) => () => {
      const value = Math.floor(scaled ? get() * 2 ** (r[size] | 0) : get());
      const whole = Number.isFinite(value) ? BigInt(value) : value > 0 ? high : value < 0 ? low : NO_INTEGER;
      const long = BigInt.asUintN(64, clamp(whole, low, high));
      r[0] = Number(long & 0xffffffffn);
      r[1] = Number(long >> 32n);
    };
    const fromLong = (signed, scaled) => () => {
      const long = (BigInt(r[1]) << 32n) | BigInt(r[0]);
      const value = Number(signed ? BigInt.asIntN(64, long) : long);
      put(scaled ? value * 2 ** -(r[2] | 0) : value);
    };
    const compare = () => { const [x, y] = [get(), get(size)]; return x < y ? -1 : x > y ? 1 : 0; };
    const i32 = [-(2 ** 31), 2 ** 31 - 1];
    const u32 = [0, 2 ** 32 - 1];
    const i64 = [-(2n ** 63n), 2n ** 63n - 1n];
    const u64 = [0n, 2n ** 64n - 1n];
    return [
      two((x, y) => x + y), two((x, y) => x - y), two((x, y) => x * y), two((x, y) => x / y),
      () => { r[0] = compare(); },
      () => { const c = compare(); core.N = c < 0; core.Z = c === 0; core.C = c >= 0; core.V = false; },
      one(Math.sqrt),
      toInteger(...i32, false), toInteger(...i32, true),
      toInteger(...u32, false), toInteger(...u32, true),
      fromInteger(true, false), fromInteger(true, true),
      fromInteger(false, false), fromInteger(false, true),
      one(Math.cos), one(Math.sin), one(Math.tan),
      () => { const x = get(); put(Math.sin(x)); put(Math.cos(x), size); },
      one(Math.exp), one(Math.log),
      () => { r[0] = compare(); },
      two(Math.atan2),
      fromLong(true, false), fromLong(true, true), fromLong(false, false), fromLong(false, true),
      toLong(...i64, false), toLong(...i64, true), toLong(...u64, false), toLong(...u64, true),
      () => { // to the other precision
        const value = get();
        if (wide) {
          view.setFloat32(0, value, true);
          r[0] = words.get(0);
        } else {
          view.setFloat64(0, value, true);
          r[0] = words.get(0);
          r[1] = words.get(1);
        }
      },
    ];
  };

  const performed = [];
  const rom = new DataView(chip.bootrom.buffer);
  const stub = (action) => {
    const at = STUBS + 4 * performed.length;
    rom.setUint16(at, 0xde00 | performed.length, true); // udf #n
    rom.setUint16(at + 2, 0x4770, true); // bx lr
    performed.push(action);
    return at | 1;
  };
  const code = (name) => name.charCodeAt(0) | (name.charCodeAt(1) << 8);
  const table = (at, entries) => {
    entries.forEach(([name, pointer], i) => {
      rom.setUint16(at + 4 * i, code(name), true);
      rom.setUint16(at + 4 * i + 2, pointer, true);
    });
  };

  rom.setUint32(0x10, 0x03017500 | 0x4d, true); // 'M', 'u', 1, version 3
  rom.setUint16(0x14, FUNCTIONS, true);
  rom.setUint16(0x16, DATA, true);
  rom.setUint16(0x18, stub(find), true);
  table(FUNCTIONS, Object.entries(named).map(([name, action]) => [name, stub(action)]));
  for (const [at, wide] of [[FLOAT_TABLE, false], [DOUBLE_TABLE, true]]) {
    const entries = arithmetic(wide);
    rom.setUint8(at - 2, entries.length);
    entries.forEach((action, i) => rom.setUint32(at + 4 * i, stub(action), true));
  }
  table(DATA, [['SF', FLOAT_TABLE], ['SD', DOUBLE_TABLE]]);

  chip.onBreak = (number) => {
    const at = r[15] - 2;
    if (at < STUBS || at >= FUNCTIONS) {
      throw new Error(`the firmware stopped at a breakpoint, ${at.toString(16)}`);
    }
    performed[number]();
  };
}
