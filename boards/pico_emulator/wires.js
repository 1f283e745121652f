// What is wired to the chip: a panel on SPI or I2C, whose traffic goes into a file, and keys.
//
// A line of the file is one of these; numbers are hexadecimal:
//   pins LEVELS      the levels of GP0 to GP29 from now on, a bit each; of those that the chip drives
//   spi1 OCTETS      sent on that bus
//   i2c0 ADDRESS OCTETS    written to an address that acknowledges
//   i2c0 ADDRESS     nobody has acknowledged that address
import { openSync, writeSync } from 'node:fs';

const LOW = 0; // states of rp2040js' pins that the chip drives
const HIGH = 1;
const LONG = 4096; // octets of a line
const APART = 100; // ms of the chip's time between one key and the next

/** The wires of a board, which outlive the resets of its chip. */
export class Wires {
  constructor(path) {
    this.file = openSync(path, 'a');
    this.lines = [];
    this.bus = '';
    this.octets = [];
    this.there = new Set(); // I2C addresses that acknowledge
    this.held = new Set(); // pins of keys that are down
    this.ends = new Set(); // what ends their presses
  }

  /** Listens to a chip that has just come out of its reset. */
  connect(chip) {
    this.chip = chip;
    // The time that keys are held for went with the chip.
    this.held.clear();
    for (const end of [...this.ends]) end();
    this.levels = 0;
    for (const pin of chip.gpio) {
      pin.addListener((state) => {
        if (state === LOW || state === HIGH) this.level(pin.index, state === HIGH);
        else if (this.held.has(pin.index)) pin.setInputValue(false);
      });
    }
    chip.spi.forEach((spi, number) => {
      // It takes the time that the bus takes: DMA empties the other FIFO meanwhile.
      const done = chip.clock.createAlarm(() => spi.completeTransmit(0));
      spi.onTransmit = (value) => {
        this.octet(`spi${number}`, value);
        done.schedule((spi.dataBits / spi.clockFrequency) * 1e9);
      };
    });
    chip.i2c.forEach((i2c, number) => {
      let bus;
      i2c.onConnect = (address) => {
        bus = `i2c${number} ${address.toString(16)}`;
        const there = this.there.has(address);
        if (!there) this.say(bus);
        i2c.completeConnect(there);
      };
      i2c.onWriteByte = (value) => {
        this.octet(bus, value);
        i2c.completeWrite(true);
      };
      i2c.onStop = () => {
        this.end();
        i2c.completeStop();
      };
    });
  }

  level(index, high) {
    const levels = high ? this.levels | (1 << index) : this.levels & ~(1 << index);
    if (levels === this.levels) return;
    this.levels = levels;
    this.say(`pins ${(levels >>> 0).toString(16)}`);
  }

  octet(bus, value) {
    if (this.bus !== bus || this.octets.length >= LONG) this.end();
    this.bus = bus;
    this.octets.push(value);
  }

  end() {
    if (this.octets.length) this.lines.push(`${this.bus} ${Buffer.from(this.octets).toString('hex')}\n`);
    this.octets = [];
  }

  say(line) {
    this.end();
    this.lines.push(`${line}\n`);
  }

  /** Writes what was heard. */
  flush() {
    if (!this.lines.length) return;
    writeSync(this.file, this.lines.join(''));
    this.lines = [];
  }

  /**
   * Holds the key of a pin down for so many ms of the chip's time, or until its reset; calls `after` when the next one
   * may come.
   */
  press(index, ms, after) {
    const { chip } = this;
    this.held.add(index);
    chip.gpio[index].setInputValue(false);
    const release = () => {
      this.held.delete(index);
      chip.gpio[index].setInputValue(true);
    };
    const end = () => {
      this.ends.delete(end);
      after();
    };
    this.ends.add(end);
    chip.clock.createAlarm(release).schedule(ms * 1e6);
    chip.clock.createAlarm(end).schedule((ms + APART) * 1e6);
  }
}
