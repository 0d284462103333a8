/** What the demo shows: a live table on a terminal, a line for each reading elsewhere. */
import { styleText } from 'node:util';
import type { Reading } from '../core/reading.ts';
import { table } from './output.ts';

/** Columns of the table: register and heading. */
const COLUMNS = [
  ['1-0:1.8.0', 'import kWh'],
  ['1-0:1.8.1', 'T1'],
  ['1-0:1.8.2', 'T2'],
  ['1-0:32.7.0', 'U L1 V'],
  ['1-0:16.7.0', 'P kW'],
] as const;

export interface DemoFigures {
  readonly due: number;
  readonly read: number;
  readonly delivered: number;
  readonly duplicates: number;
  readonly waiting: number;
}

function cell(reading: Reading | undefined, register: string): string {
  const value = reading?.values[register];
  return typeof value === 'string' ? value : '-';
}

/** Hours, minutes and seconds of an instant as it was written. */
const timeOf = (instant: string) => instant.slice(11, 19);

function row(meter: string, reading: Reading | undefined): string[] {
  const values = COLUMNS.map(([register]) => cell(reading, register));
  if (reading === undefined) return [meter, '', ...COLUMNS.map(() => ''), 'waiting'];
  return [meter, timeOf(reading.slot), ...values, reading.cause ?? reading.quality];
}

export function demoTable(
  meters: readonly string[],
  latest: ReadonlyMap<string, Reading>,
  figures: DemoFigures,
): string[] {
  const header = ['meter', 'slot', ...COLUMNS.map(([, heading]) => heading), 'quality'];
  const { due, read, delivered, duplicates, waiting } = figures;
  return [
    ...table(
      header,
      meters.map((meter) => row(meter, latest.get(meter))),
    ),
    '',
    `due ${due}   read ${read}   delivered ${delivered}   duplicates ${duplicates}   waiting for the headend ${waiting}`,
  ];
}

/** One reading as one line, for pipes and logs. */
export function demoLine(reading: Reading): string {
  const values = COLUMNS.map(([register, heading]) => `${heading} ${cell(reading, register)}`);
  return `${timeOf(reading.readAt)} ${reading.meter} slot ${timeOf(reading.slot)} ${reading.quality} ${values.join(' ')}`;
}

/** Draws over what it drew before. */
export function createScreen(out: NodeJS.WriteStream): { draw(lines: readonly string[]): void } {
  let drawn = 0;
  return {
    draw(lines) {
      const [header = '', ...rest] = lines;
      const up = drawn === 0 ? '' : `\x1b[${drawn}A`;
      const text = [styleText('bold', header), ...rest].map((line) => `\x1b[2K${line}\n`).join('');
      out.write(up + text);
      drawn = lines.length;
    },
  };
}
