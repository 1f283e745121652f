// Runs the real firmware of a Raspberry Pi Pico; its USB serial is the socket --fd, and its UART1 the socket
// --uart where there is one.
// Standard input takes `cut N`: power fails after the n-th flash operation from then on (0: not); `stack`: the most
// octets of the stack in use since the last time. With --trace FILE (wires.js): `press N MS` holds the key at GPN down
// for so long, by the chip's clock; `answers N` has something at the I2C address N, decimal; `silent` has nothing there
// any more. Each is answered on standard output, when it is done, by a line `done` or `done N`, which is the answer.
// A line `reset` comes each time the chip starts anew.
import { createHash } from 'node:crypto';
import { createRequire } from 'node:module';
import { Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { makeRun } from './core.js';
import { Flash, PowerCut } from './flash.js';
import { interruptPends, patch } from './patches.js';
import { installRom } from './rom.js';
import { Uart } from './uart.js';
import { connectWave } from './wave.js';
import { Wires } from './wires.js';

const require = createRequire(new URL('../../build/pico_emulator/package.json', import.meta.url));
const { RP2040, USBCDC, ConsoleLogger, LogLevel } = require('rp2040js');

const VECTORS = 0x10000100; // after boot2, which the flash of the emulator does not need to run
const AHEAD = 20e6; // ns that a busy core may run ahead of wall time
const STEP = 1e6; // ns between looks at the clock on the wall
const TURN = 4; // ms before input and output get their turn
const HELD = 16384; // octets that wait for the host before the device has to
const WATCHDOG_TIMER = 1;
const WATCHDOG_FORCE = 2;

const { values: options } = parseArgs({
  options: {
    firmware: { type: 'string' },
    flash: { type: 'string' },
    fd: { type: 'string' },
    uart: { type: 'string' },
    cut: { type: 'string', default: '0' },
    adc: { type: 'string' },
    pace: { type: 'string', default: 'wall' },
    trace: { type: 'string' },
  },
});
// The chip's time follows one of these: the clock on the wall; that clock while it is idle, and its own cycles
// while it is busy; nothing (a sleep takes no time).
const PACES = ['wall', 'busy', 'none'];
const pace = options.pace;
if (!PACES.includes(pace)) powerOff(2, `--pace is one of ${PACES.join(', ')}, not ${pace}`);
let flash;
try {
  flash = new Flash(options.firmware, options.flash, Number(options.cut));
} catch (error) {
  powerOff(2, error.message);
}
const uniqueId = createHash('sha256').update(options.flash).digest().subarray(0, 8);

const wires = options.trace ? new Wires(options.trace) : null;

class Reset extends Error {}

/** The host's side of the USB serial: what came from it, and what goes to it. */
class Link {
  constructor(descriptor) {
    this.input = Buffer.alloc(0);
    this.onInput = () => {};
    this.onDrained = () => {};
    this.socket = new Socket({ fd: descriptor, readable: true, writable: true });
    this.socket.on('data', (octets) => {
      this.input = Buffer.concat([this.input, octets]);
      if (this.input.length > HELD) this.socket.pause();
      this.onInput();
    });
    this.socket.on('close', () => powerOff(0, 'the serial line is gone'));
    this.socket.on('error', () => {});
  }

  /** Takes up to `count` octets of the input. */
  take(count) {
    const octets = new Uint8Array(this.input.subarray(0, count));
    this.input = this.input.subarray(octets.length);
    if (this.input.length <= HELD) this.socket.resume();
    return octets;
  }

  get full() {
    return this.socket.writableLength > HELD;
  }

  send(octets) {
    this.socket.write(octets, () => this.onDrained());
  }
}

/** One run of the chip from reset to reset. */
class Chip {
  constructor(link, reason, scratch) {
    const chip = new RP2040();
    this.chip = chip;
    chip.logger = new ConsoleLogger(LogLevel.Error, true);
    chip.flash = flash.bytes;
    chip.flash16 = new Uint16Array(flash.bytes.buffer);
    chip.flashView = new DataView(flash.bytes.buffer);
    flash.tick = (nanos) => chip.clock.tick(nanos);
    installRom(chip, flash, () => powerOff(0, 'the USB boot loader was entered'));
    patch(chip, uniqueId);
    if (wires) wires.connect(chip);
    if (options.adc) connectWave(chip, options.adc);
    this.connect(link);
    if (uart) uart.connect(chip);
    const watchdog = chip.peripherals[0x40058];
    watchdog.reason = reason;
    watchdog.scratchData.set(scratch);
    watchdog.onWatchdogTrigger = () => {
      watchdog.timer.enable = false;
      throw new Reset();
    };
    chip.core.VTOR = VECTORS;
    chip.core.reset();
    const { run, blocks, stackUsed } = makeRun(chip);
    this.run = run;
    this.stackUsed = stackUsed;
    flash.changed = blocks.forget;
    this.began = performance.now();
  }

  // The stock serial class enumerates the device; its queue of 512 octets is not used.
  connect(link) {
    const usb = this.chip.usbCtrl;
    const serial = new USBCDC(usb);
    let wanted = 0;
    const feed = () => {
      if (!wanted || !link.input.length) return;
      const chunk = link.take(wanted);
      wanted = 0;
      usb.endpointReadDone(serial.outEndpoint, chunk);
    };
    usb.onEndpointRead = (endpoint, size) => {
      if (endpoint !== serial.outEndpoint) return;
      wanted = size;
      feed();
    };
    serial.onSerialData = (octets) => {
      // What the device did before it answered is in the trace when the host has the answer.
      if (wires) wires.flush();
      link.send(octets);
    };
    // A packet to the host counts as taken once there is room for the next.
    const ready = usb.indicateBufferReady.bind(usb);
    let kept = false;
    usb.indicateBufferReady = (endpoint, out) => {
      if (!out && endpoint === serial.inEndpoint && link.full) kept = true;
      else ready(endpoint, out);
    };
    link.onDrained = () => {
      if (!kept || link.full) return;
      kept = false;
      ready(serial.inEndpoint, false);
      wake();
    };
    link.onInput = () => {
      feed();
      wake();
    };
  }

  /** Runs for a turn; returns the ms to sleep after it, or Infinity for until something comes. */
  turn() {
    const { core, clock } = this.chip;
    const began = performance.now();
    for (let now = began; now - began < TURN; now = performance.now()) {
      const wall = pace === 'none' ? Infinity : (now - this.began) * 1e6;
      if (uart) uart.feed();
      if (core.waiting && interruptPends(core)) core.waiting = false;
      if (!core.waiting) {
        const ahead = clock.nanos - wall - AHEAD;
        if (ahead > 0 && pace === 'wall') return (ahead + AHEAD / 2) / 1e6;
        if (ahead > 0) this.began -= ahead / 1e6;
        this.run(clock.nanos + STEP);
      } else if (clock.nextAlarm && clock.nextAlarm.nanos <= wall) {
        clock.tick(Math.max(0, clock.nextAlarm.nanos - clock.nanos));
      } else if (pace !== 'none') {
        if (wall > clock.nanos) clock.tick(wall - clock.nanos);
        return clock.nextAlarm ? (clock.nextAlarm.nanos - clock.nanos) / 1e6 : Infinity;
      } else {
        return Infinity;
      }
    }
    return 0;
  }
}

let link;
let uart;
let board;
let timer;
let immediate;

function wake() {
  clearTimeout(timer);
  timer = undefined;
  immediate ??= setImmediate(go);
}

function go() {
  immediate = undefined;
  let pause = 0;
  try {
    pause = board.turn();
    if (wires) wires.flush();
  } catch (error) {
    if (error instanceof PowerCut) powerOff(0, `power cut after flash operation ${flash.operations}`);
    if (!(error instanceof Reset)) powerOff(70, error.stack);
    process.stdout.write('reset\n');
    const { scratchData, reason } = board.chip.peripherals[0x40058];
    const { clock, core } = board.chip;
    process.stderr.write(`emulator: reset ${reason === WATCHDOG_TIMER ? 'by the watchdog' : 'as asked for'} `
      + `after ${(clock.nanos / 1e9).toFixed(3)} s, PC ${core.PC.toString(16)}\n`);
    board = new Chip(link, reason === WATCHDOG_TIMER ? WATCHDOG_TIMER : WATCHDOG_FORCE, scratchData);
  }
  if (pause === 0) wake();
  else if (pause < Infinity && immediate === undefined) timer = setTimeout(go, pause);
}

function powerOff(status, why) {
  process.stderr.write(`emulator: ${why}\n`);
  process.exit(status);
}

const done = (answer = '') => process.stdout.write(`done${answer}\n`);

createInterface({ input: process.stdin }).on('line', (line) => {
  const [word, number, ms] = line.split(' ');
  if (word === 'press') {
    wires.press(Number(number), Number(ms), () => done());
    wake();
    return;
  }
  if (word === 'answers') wires.there.add(Number(number));
  if (word === 'silent') wires.there.clear();
  if (word === 'cut') flash.cut = Number(number) ? flash.operations + Number(number) : 0;
  done(word === 'stack' ? ` ${board.stackUsed()}` : '');
});
link = new Link(Number(options.fd));
if (options.uart) uart = new Uart(Number(options.uart), wake);
board = new Chip(link, 0, new Uint32Array(8));
wake();
