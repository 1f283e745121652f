// The waves at the ADC's inputs: JSON {"channels": [[section, ...], ...]}, channels in the order of
// ADC0 on. A section holds from `from` seconds after power-on until the next one:
// {"from": 0, "mean": 2048, "amplitude": 1000, "hertz": 50, "degrees": 0, "harmonics": [[3, 20, 0]]}
// mean and amplitude in codes; a harmonic is [order, amplitude, degrees].
import { readFileSync } from 'node:fs';

const TURN = 2 * Math.PI;
const FULL = 4095;

function code(section, seconds) {
  const { mean = 0, amplitude = 0, hertz = 50, degrees = 0, harmonics = [] } = section;
  let value = mean;
  for (const [order, peak, shift] of [[1, amplitude, degrees], ...harmonics]) {
    value += peak * Math.sin(TURN * (order * hertz * seconds + shift / 360));
  }
  return Math.min(FULL, Math.max(0, Math.round(value)));
}

/** Makes `chip` convert the wave in `path`; inputs that it does not name stay at 0. */
export function connectWave(chip, path) {
  const { channels } = JSON.parse(readFileSync(path, 'utf8'));
  channels.forEach((sections, channel) => {
    Object.defineProperty(chip.adc.channelValues, channel, {
      get: () => {
        const seconds = chip.clock.nanos / 1e9;
        return code(sections.findLast((section) => section.from <= seconds) ?? {}, seconds);
      },
    });
  });
}
