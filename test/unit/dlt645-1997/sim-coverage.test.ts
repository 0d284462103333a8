import { describe, expect, it } from 'vitest';
import { read1997Item } from '../../../drivers/dlt645/v1997/exchange.ts';
import { ITEMS_1997 } from '../../../drivers/dlt645/v1997/items.ts';
import { createSlave1997 } from '../../../drivers/dlt645/v1997/sim.ts';
import type { FieldValue } from '../../../drivers/dlt645/values.ts';
import { formatDecimal } from '../../../src/core/decimal.ts';
import { createDisplay } from '../../../src/sim/load.ts';
import { createVirtualClock } from '../../support/virtual-clock.ts';
import { createSimBus } from '../dlt645/sim-bus.ts';
import { METER, options } from './wire.ts';

/*
 * The driver reads, and the simulated meter answers, every identifier of the driver's tables. The
 * two know nothing of each other but the bytes; what the meter says that it showed is the truth.
 */

/** What the simulated meter refuses although the driver knows of it. */
const REFUSED: readonly (readonly [pattern: RegExp, why: string])[] = [
  [/^(9[014589A]|[AB][014589])[1-6][5-E]$/, 'it has four tariffs'],
  [/^9FFF$|^[9AB][014589]FF$/, 'how blocks of blocks are parted no real meter has shown'],
];
const isRefused = (di: string) => REFUSED.some(([pattern]) => pattern.test(di));

type Told = Readonly<Record<string, string | null>>;

function createSimulated(kind: 'single' | 'three' = 'three') {
  // At noon on a Sunday the panels give more than the shop takes.
  const clock = createVirtualClock(Date.parse('2026-11-22T12:30:00+08:00'));
  const display = createDisplay({ clock, kind, seed: 1, zone: 'Asia/Shanghai', solar: true });
  let told: Told = {};
  const slave = createSlave1997({
    address: METER,
    display,
    onAnswer(_, values) {
      told = values;
    },
  });
  const station = { bus: createSimBus(slave), address: METER, options };
  return async (di: string) => {
    const { values } = await read1997Item(station, di);
    return { values, told };
  };
}

const IDENTIFIERS = [...ITEMS_1997.values()].filter((item) => item.carries === undefined);
const ANSWERED = IDENTIFIERS.filter(({ di }) => !isRefused(di));

/** The same text for the same value: digits alone, less the zeros in front of a number. */
function plainly(shown: string, { format }: FieldValue['field']): string {
  if (format.kind === 'bits') return String(BigInt(shown));
  if (format.kind === 'time') return shown.replace(/\D/g, '');
  return shown.replace(/^0+(?=\d)/, '');
}

/** The date and the time of a clock are shown in full, and a weekday goes with the date. */
function timeAsRead(shown: string, { name }: FieldValue['field']): string {
  if (name !== 'x_clock_date') return shown;
  return `${shown} ${new Date(`${shown}T00:00:00Z`).getUTCDay()}`;
}

function agrees(shown: string | null | undefined, { field, value }: FieldValue): boolean {
  if (shown === undefined || shown === null || value === null) return shown === value;
  const read = typeof value === 'string' ? value : formatDecimal(value);
  return plainly(read, field) === plainly(timeAsRead(shown, field), field);
}

/** Months and tariffs are in the names of the tables, and words of freezes. */
const wordsOf = (name: string) =>
  name.split('_').filter((word) => !/^(x|s\d|freeze|daily)$/.test(word));

function isNamedAlike(name: string | undefined, { field }: FieldValue): boolean {
  return name !== undefined && wordsOf(name).join(' ') === wordsOf(field.name).join(' ');
}

/** What differs between what was read and what was shown, in words; empty where nothing does. */
function differences(di: string, values: readonly FieldValue[], told: Told): string[] {
  const names = Object.keys(told);
  const count =
    names.length === values.length ? [] : [`${di}: read ${values.length}, shown ${names.length}`];
  const wrong = values.flatMap((one, index) => {
    const name = names[index];
    const shown = told[name ?? ''];
    const isRight = agrees(shown, one) && isNamedAlike(name, one);
    return isRight ? [] : [`${di} ${one.field.name}: shown ${name} ${shown}`];
  });
  return [...count, ...wrong];
}

describe('the simulated DL/T 645-1997 meter under the driver', () => {
  it('answers every identifier of the tables with what it shows', async () => {
    const read = createSimulated();
    const wrong: string[] = [];
    const empty: string[] = [];
    let compared = 0;
    for (const { di } of ANSWERED) {
      const { values, told } = await read(di);
      wrong.push(...differences(di, values, told));
      compared += values.length;
      if (values.every(({ value }) => value === null)) empty.push(di);
    }
    expect(wrong).toEqual([]);
    // Of some demands none was ever reached.
    expect(empty.filter((di) => !/^B[014589]/.test(di))).toEqual([]);
    expect(empty).toHaveLength(45);
    expect([IDENTIFIERS.length, ANSWERED.length, compared]).toEqual([1374, 625, 942]);
  });

  it('refuses nothing but what it has a reason for', async () => {
    const read = createSimulated();
    const refused = IDENTIFIERS.filter(({ di }) => isRefused(di));
    for (const { di } of refused) {
      await expect(read(di)).rejects.toMatchObject({ code: 'METER_UNSUPPORTED' });
    }
    expect([refused.length, REFUSED.length]).toEqual([749, 2]);
  });

  it('shows of a single phase what it has and refuses the rest', async () => {
    const read = createSimulated('single');
    const wrong: string[] = [];
    let answered = 0;
    for (const { di } of ANSWERED) {
      const found = await read(di).catch((thrown) => {
        expect(thrown).toMatchObject({ code: 'METER_UNSUPPORTED' });
        return null;
      });
      if (found === null) continue;
      answered += 1;
      wrong.push(...differences(di, found.values, found.told));
    }
    expect(wrong).toEqual([]);
    expect([answered, ANSWERED.length - answered]).toEqual([283, 342]);
  });
});
