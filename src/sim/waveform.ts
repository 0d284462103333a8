import { decimal, formatDecimal } from '../core/decimal.ts';
import { SHOWN } from '../core/slave.ts';
import { type PhasesOf, phaseCount } from './phases.ts';
import { between } from './random.ts';

/** How long voltages, frequency and waveforms stay as they are. */
export const STEADY_MS = 10_000;
const HARMONIC_ORDERS = 21;

/** Of the fundamental, hundredths of a percent; the register has no room for 100.00. */
const FUNDAMENTAL = 9999;

interface Wave {
  readonly distortion: string;
  readonly harmonic: string;
  /** Hundredths of a percent of the third harmonic, at most; the rest follows from it. */
  readonly third: number;
  readonly salt: number;
}

const WAVES: readonly Wave[] = [
  { ...names('voltage'), third: 150, salt: 11 },
  { ...names('current'), third: 900, salt: 12 },
];

function names(wave: 'voltage' | 'current') {
  return {
    distortion: SHOWN[`${wave}Distortion`],
    harmonic: SHOWN[`${wave}Harmonic`],
  };
}

interface Moment extends PhasesOf {
  readonly at: number;
}

/** Content of order 1 to 21 in hundredths of a percent: odd orders fall off, even ones are small. */
function contentOf(wave: Wave, order: number, { seed, at, phase }: Moment & { phase: number }) {
  if (order === 1) return FUNDAMENTAL;
  const most = order % 2 === 0 ? 12 : Math.trunc((wave.third * 3) / order);
  const moment = Math.floor(at / STEADY_MS);
  return between(Math.trunc(most / 2), most, seed, wave.salt, phase, order, moment);
}

const percent = (hundredths: number) => formatDecimal(decimal(hundredths, 2));

/** Distortion and harmonics of every phase; the distortion is the root of the squares' sum. */
export function showWaveforms(moment: Moment): Map<string, string> {
  const shown = new Map<string, string>();
  for (let phase = 1; phase <= phaseCount(moment.kind); phase++) {
    for (const wave of WAVES) {
      let squares = 0;
      for (let order = 1; order <= HARMONIC_ORDERS; order++) {
        const content = contentOf(wave, order, { ...moment, phase });
        if (order > 1) squares += content * content;
        shown.set(`${wave.harmonic}_l${phase}_${order}`, percent(content));
      }
      shown.set(`${wave.distortion}_l${phase}`, percent(Math.round(Math.sqrt(squares))));
    }
  }
  return shown;
}
