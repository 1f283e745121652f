// UART1 of the chip on a socket, at the speed that its baud rate registers say, by the chip's own time.
import { Socket } from 'node:net';

const BITS = 10; // of an octet: start, eight, stop
const HELD = 4096; // octets that wait for the chip; a line that is longer asleep loses the rest
const FIFO = 32;

export class Uart {
  /** `wake` is called when octets come. */
  constructor(descriptor, wake) {
    this.waiting = [];
    this.socket = new Socket({ fd: descriptor, readable: true, writable: true });
    this.socket.on('data', (octets) => {
      for (const octet of octets) if (this.waiting.length < HELD) this.waiting.push(octet);
      wake();
    });
    this.socket.on('error', () => {});
  }

  /** Wires a chip that starts: what was under way is lost. */
  connect(chip) {
    this.chip = chip;
    this.uart = chip.uart[1];
    this.waiting.length = 0;
    this.due = 0;
    // The package says for ever that the transmitter is idle, and the chip would do nothing else. What is sent
    // here leaves at once, so that nobody waits for that.
    this.uart.checkInterrupts = () => {
      chip.setInterrupt(this.uart.irq, !!(this.uart.interruptStatus & this.uart.interruptMask));
    };
    this.uart.onByte = (octet) => this.socket.write(Uint8Array.of(octet));
  }

  /** Lets the chip hear what its line has brought by now. */
  feed() {
    const { uart, waiting } = this;
    if (!waiting.length || !uart.enabled) return;
    const now = this.chip.clock.nanos;
    const octet = (BITS * 1e9) / uart.baudRate;
    this.due = Math.max(this.due, now - FIFO * octet);
    while (waiting.length && this.due <= now && !uart.rxFIFO.full) {
      uart.feedByte(waiting.shift());
      this.due += octet;
    }
  }
}
