// Corrections of rp2040js 1.4.1 where it differs from the chip and the firmware notices it.
// Data sheet sections are those of the RP2040 datasheet.
import { randomBytes } from 'node:crypto';

const FIFO_STATUS = 0x50; // SIO, 2.3.1.7
const FIFO_WRITE = 0x54;
const FIFO_READ = 0x58;
const FRCE_OFF = 0x04; // PSM, 2.13.5
const PROC1 = 0x10000;
const RANDOMBIT = 0x1c; // ROSC, 2.17.8
const ROSC_STATUS = 0x18;
const ROSC_STABLE = 0x80001000;
const SSI_DATA = 0x60; // 4.10.13
const READ_UNIQUE_ID = 0x4b; // flash command: 4 dummy octets, then 8 of the id
const ADC_CS = 0x00; // 4.9.6
const ADC_ERR_STICKY = 0x400;

/** Changes `chip` in place; `uniqueId` has the 8 octets of its flash. */
export function patch(chip, uniqueId) {
  sleep(chip);
  vectors(chip);
  core1(chip);
  ringOscillator(chip);
  flashCommands(chip, uniqueId);
  adc(chip);
  outputsReadBack(chip);
}

/** Whether WFI ends at once, PRIMASK or not (ARMv6-M B1.5.18); a wake without cause is allowed. */
export function interruptPends(core) {
  return !!(core.pendingInterrupts & core.enabledInterrupts)
    || core.pendingPendSV || core.pendingSystick || core.pendingNMI;
}

// An interrupt that PRIMASK holds back wakes the core, and is taken when PRIMASK is 0 again; the
// package takes it at once, or sleeps for ever where it was there before WFI.
function sleep(chip) {
  const { core } = chip;
  core.setInterrupt = (irq, value) => {
    const bit = 1 << irq;
    if (!value) {
      core.pendingInterrupts &= ~bit;
    } else if (!(core.pendingInterrupts & bit)) {
      core.pendingInterrupts |= bit;
      core.interruptsUpdated = true;
      if (core.waiting && interruptPends(core)) core.waiting = false;
    }
  };
}

// Bit 0 of a vector says Thumb and is none of the PC's (ARMv6-M B1.5.6). The package leaves it there;
// our core.js would read the second half of a 32-bit instruction from an odd address then.
function vectors(chip) {
  const { core } = chip;
  const enter = core.exceptionEntry.bind(core);
  core.exceptionEntry = (number) => {
    enter(number);
    core.registers[15] &= ~1;
  };
}

// Core 1 never runs. Its boot ROM would say 0 when it comes out of reset, which a soft reset of
// MicroPython waits for.
function core1(chip) {
  const { sio } = chip;
  const inbox = [];
  const read = sio.readUint32.bind(sio);
  const write = sio.writeUint32.bind(sio);
  sio.readUint32 = (offset) => {
    if (offset === FIFO_STATUS) return (inbox.length ? 1 : 0) | 2;
    if (offset === FIFO_READ) return inbox.shift() ?? 0;
    return read(offset);
  };
  sio.writeUint32 = (offset, value) => {
    if (offset !== FIFO_WRITE && offset !== FIFO_STATUS) write(offset, value);
  };
  const psm = chip.peripherals[0x40010];
  const writePsm = psm.writeUint32.bind(psm);
  psm.writeUint32 = (offset, value) => {
    const held = psm.frceOff & PROC1;
    writePsm(offset, value);
    if (offset === FRCE_OFF && held && !(value & PROC1)) inbox.push(0);
  };
}

function ringOscillator(chip) {
  const rosc = chip.peripherals[0x40060];
  let pool = [];
  rosc.readUint32 = (offset) => {
    if (offset === ROSC_STATUS) return ROSC_STABLE;
    if (offset !== RANDOMBIT) return 0;
    if (!pool.length) pool = [...randomBytes(256)];
    return pool.pop() & 1;
  };
  rosc.writeUint32 = () => {};
}

function flashCommands(chip, uniqueId) {
  const ssi = chip.peripherals[0x18000];
  const write = ssi.writeUint32.bind(ssi);
  let answer = [];
  ssi.writeUint32 = (offset, value) => {
    if (offset === SSI_DATA) {
      if (answer.length) {
        ssi.dr0 = answer.shift();
        return;
      }
      ssi.dr0 = 0;
      if ((value & 0xff) === READ_UNIQUE_ID) answer = [0, 0, 0, 0, ...uniqueId];
    }
    write(offset, value);
  };
}

// The round robin takes the next channel's number; clearing ERR_STICKY clears it.
function adc(chip) {
  const { adc } = chip;
  Object.defineProperty(adc, 'activeChannel', {
    get: () => (adc.cs >> 12) & 7,
    set: (channel) => { adc.cs = (adc.cs & ~0x7000) | ((channel % adc.numChannels) << 12); },
  });
  const write = adc.writeUint32.bind(adc);
  adc.writeUint32 = (offset, value) => {
    if (offset === ADC_CS && adc.rawWriteValue & ADC_ERR_STICKY) adc.cs &= ~ADC_ERR_STICKY;
    write(offset, value);
  };
}

function outputsReadBack(chip) {
  for (const pin of chip.gpio) {
    pin.addListener((state) => { pin.setInputValue(state === 1 || state === 3); });
  }
}
