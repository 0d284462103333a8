import { describe, expect, it } from 'vitest';
import { readContent } from '../../../drivers/dlt645/exchange.ts';
import { findItem, findRow, type Item, TABLES } from '../../../drivers/dlt645/items.ts';
import { createDlt645Slave } from '../../../drivers/dlt645/sim.ts';
import type { Dlt645SlaveOptions } from '../../../drivers/dlt645/sim-functions.ts';
import { sampleIdentifiers } from '../../../drivers/dlt645/tables/patterns.ts';
import { decodeItem, type FieldValue } from '../../../drivers/dlt645/values.ts';
import { toHex } from '../../../src/core/bytes.ts';
import { formatDecimal } from '../../../src/core/decimal.ts';
import { createDisplay } from '../../../src/sim/load.ts';
import { createVirtualClock } from '../../support/virtual-clock.ts';
import { options } from './fake-bus.ts';
import { LENGTHS } from './lengths.ts';
import { createSimBus } from './sim-bus.ts';

/*
 * The driver reads, and the simulated meter answers, every identifier of the driver's tables. The
 * two know nothing of each other but the bytes; what the meter says that it showed is the truth.
 */
const ADDRESS = '123456789012';

/** What the simulated meter refuses although the driver knows of it. */
const REFUSED: readonly (readonly [pattern: RegExp, why: string])[] = [
  [/^040[46]0[0-3]FE$/, 'nobody sets 254 screens, nor 254 steps'],
];

type Told = Readonly<Record<string, string | null>>;

function createSimulated(
  more: Partial<Dlt645SlaveOptions> = {},
  kind: 'single' | 'three' = 'three',
) {
  // At noon on a Sunday the panels give more than the shop takes.
  const clock = createVirtualClock(Date.parse('2026-11-22T12:30:00+08:00'));
  const place = { kind, seed: 1, zone: 'Asia/Shanghai', solar: true } as const;
  const display = createDisplay({ clock, ...place });
  display.memory?.freeze();
  display.memory?.freeze();
  display.memory?.freeze();
  let told: Told = {};
  const slave = createDlt645Slave({
    address: ADDRESS,
    display,
    freezeSeparators: true,
    onAnswer(_, values) {
      if (!('x_follow_up' in values)) told = values;
    },
    ...more,
  });
  const bus = createSimBus(slave);
  return {
    async read(di: string) {
      const form = /^06..0001$/.test(di) ? { count: 1, from: '2026-11-22 00:00' } : {};
      const { content } = await readContent(bus, ADDRESS, di, options, form);
      return { content, told };
    },
  };
}

/** The meter keeps four tariffs, so that the last to ask for is the fourth. */
const keptTariff = (di: string) => di.replace(/^(0[01]0.|0405..)3F/, '$104');

const isRefused = (di: string) => REFUSED.some(([pattern]) => pattern.test(di));

const SAMPLES = TABLES.flatMap((table) => table.rows())
  .flatMap(sampleIdentifiers)
  .map(keptTariff);
const IDENTIFIERS = [...new Set(SAMPLES)].filter((di) => findRow(di)?.access !== 'W');
const ANSWERED = IDENTIFIERS.filter((di) => !isRefused(di));

/** Total and four tariffs where the table has room for 64. */
const TARIFFS_KEPT = 5;
const ENERGIES_FROZEN = 8 * 4 * TARIFFS_KEPT;
const DEMANDS_FROZEN = 2 * 8 * TARIFFS_KEPT;

/** The whole content in bytes; several where the standard leaves it open, 0 where it says nothing. */
function lengthsOf(di: string): readonly number[] {
  // Time, energies, demands and powers, a separator between each two of the twelve.
  if (/^05(?!04)..FF/.test(di)) return [5 + ENERGIES_FROZEN + DEMANDS_FROZEN + 24 + 11];
  if (/^0504FF/.test(di)) return [5 + 4 + 4 + 2];
  const [, ...lengths] = LENGTHS.find(([pattern]) => pattern.test(di)) ?? [/$/];
  const isOfTariffs = /^0[01]..FF|^05(?!04)..0[1-9A]/.test(di);
  return isOfTariffs ? lengths.map((length) => (length / 64) * TARIFFS_KEPT) : lengths;
}

const digitsOf = (text: string) => text.replace(/\D/g, '');

/** As much of a full date and time as the layout has. */
function timeDigits(shown: string, layout: string): string {
  const digits = digitsOf(shown);
  if (digits.length !== 14) return digits;
  const [from, length] = layout.startsWith('YY') ? [0, layout.length + 2] : [4, layout.length];
  return digits.slice(from, from + length);
}

/** The same text for the same value, however many zeros are in front. */
function plainly(shown: string, { format }: FieldValue['field']): string {
  if (format.kind === 'time') return timeDigits(shown, format.layout);
  if (format.kind === 'bits') return String(BigInt(shown));
  return format.kind === 'text' ? shown : shown.replace(/^(-?)0+(?=\w)/, '$1');
}

interface Read {
  readonly text: string | null;
  readonly field: FieldValue['field'];
}

/** Values and the moments behind them, in the order of the bytes. */
function readsOf({ field, value, at }: FieldValue): Read[] {
  const text = value === null || typeof value === 'string' ? value : formatDecimal(value);
  if (at === undefined || field.time === undefined) return [{ text, field }];
  return [
    { text, field },
    { text: at, field: { ...field, format: field.time } },
  ];
}

/** The driver reads date, weekday and time as one, the meter shows them apart. */
function shownIn(told: Told): (string | null)[] {
  const { x_clock_date: date, x_clock_weekday: weekday, x_clock_time: time } = told;
  return date == null ? Object.values(told) : [`${date} weekday ${weekday} ${time ?? ''}`];
}

const NOT_SET = /^9+$/;
const ZEROS = /^(0x)?[0.:]+$/;

/** What never happened is zeros, which are a number where the item is one. */
function agrees(shown: string | null | undefined, { text, field }: Read, isEvent: boolean) {
  if (shown === undefined) return false;
  if (shown === null) return text === null || (isEvent && ZEROS.test(text));
  if (text === null) return field.format.kind === 'time' && NOT_SET.test(shown);
  return plainly(text, field) === plainly(shown, field);
}

/** A quantity has the same words in its name on both sides, and each has words of its own besides. */
const QUANTITY = /^(x_)?(energy|demand|power|voltage|current)_(?!limit)/;
const OWN_WORDS = ['x', 'max', 'rise', 'before', 'after', 'at', 'end'];

function isNamedAlike(name: string | undefined, { field }: Read): boolean {
  if (name === undefined || !QUANTITY.test(name)) return true;
  const words = field.name.split('_');
  return name.split('_').every((word) => OWN_WORDS.includes(word) || words.includes(word));
}

/** What differs between what was read and what was shown, in words; empty where nothing does. */
function differences(item: Item, content: Uint8Array, told: Told): string[] {
  const reads = decodeItem(item, content).flatMap(readsOf);
  const shown = shownIn(told);
  const names = Object.keys(told);
  const isEvent = /^(03|1)/.test(item.di);
  const wrong = reads.flatMap((read, index) =>
    agrees(shown[index], read, isEvent) && isNamedAlike(names[index], read)
      ? []
      : [`${item.di} ${read.field.name}: read ${read.text}, shown ${names[index]} ${shown[index]}`],
  );
  return reads.length === shown.length
    ? wrong
    : [...wrong, `${item.di}: read ${reads.length}, shown ${shown.length}`];
}

/** All identifiers read: what is wrong with any of them, and how much was compared. */
async function readAll(identifiers: readonly string[]) {
  const meter = createSimulated();
  const wrong: string[] = [];
  const empty: string[] = [];
  let [values, negative] = [0, 0];
  for (const di of identifiers) {
    const item = findItem(di);
    if (item === undefined) throw new Error(`${di} is not listed`);
    const { content, told } = await meter.read(di);
    const lengths = lengthsOf(di);
    if (lengths[0] !== 0 && !lengths.includes(content.length)) {
      wrong.push(`${di}: ${content.length} bytes in place of ${lengths.join(' or ')}`);
    }
    if (item.carries === undefined) wrong.push(...differences(item, content, told));
    values += Object.keys(told).length;
    negative += Object.values(told).filter((shown) => shown?.startsWith('-')).length;
    if (Object.values(told).every((shown) => shown === null)) empty.push(di);
  }
  return { wrong, empty, values, negative };
}

describe('the simulated DL/T 645-2007 meter under the driver', () => {
  it('answers every identifier of the tables with what it shows, at its length', async () => {
    const { wrong, empty, values, negative } = await readAll(ANSWERED);
    expect(wrong).toEqual([]);
    // Of some kinds there never was an event; of others only the tenth may be missing.
    expect(empty.filter((di) => !di.endsWith('0A'))).toEqual([
      '03120201',
      '03120401',
      '03120501',
      '03120601',
      '03300101',
      '03300301',
    ]);
    expect(empty.length).toBeLessThan(30);
    expect([ANSWERED.length, values]).toEqual([1203, 11847]);
    expect(negative).toBeGreaterThan(50);
  });

  it('refuses nothing but what it has a reason for', async () => {
    const meter = createSimulated();
    const refused = IDENTIFIERS.filter(isRefused);
    for (const di of refused) {
      await expect(meter.read(di)).rejects.toMatchObject({ code: 'METER_UNSUPPORTED' });
    }
    expect([refused.length, REFUSED.length]).toEqual([6, 1]);
  });

  it('leaves no separators between the parts of a freeze unless it is told to', async () => {
    const [plain, separated] = [createSimulated({ freezeSeparators: false }), createSimulated()];
    for (const di of ['0500FF01', '0506FF3E', '0504FFFE']) {
      const [without, with_] = [await plain.read(di), await separated.read(di)];
      expect(with_.told).toEqual(without.told);
      expect([...with_.content.filter((byte) => byte !== 0xaa)]).toEqual([...without.content]);
      expect(with_.content.length - without.content.length).toBe(di.startsWith('0504') ? 2 : 11);
    }
  });
});

describe('the simulated single-phase meter under the driver', () => {
  it('shows what it has and refuses the rest', async () => {
    const meter = createSimulated({}, 'single');
    const wrong: string[] = [];
    let answered = 0;
    for (const di of ANSWERED) {
      const item = findItem(di);
      const read = await meter.read(di).catch((thrown) => {
        expect(thrown).toMatchObject({ code: 'METER_UNSUPPORTED' });
        return null;
      });
      if (item === undefined || read === null) continue;
      answered += 1;
      if (item.carries === undefined) wrong.push(...differences(item, read.content, read.told));
    }
    expect(wrong).toEqual([]);
    expect([answered, ANSWERED.length - answered]).toEqual([580, 623]);
  });
});

describe('a long answer of the simulated meter under the driver', () => {
  const DAY_TABLES = '03300501';

  it('goes on as far as the meter remembers, and leaves what came', async () => {
    const whole = await createSimulated().read(DAY_TABLES);
    expect(whole.content).toHaveLength(682);
    for (const forgetsAfter of [0, 1, 2]) {
      const meter = createSimulated({ forgetsAfter });
      // 200 bytes less the identifier, and less the number of the frame behind the first one.
      const came = whole.content.subarray(0, 196 + forgetsAfter * 195);
      const partial = toHex(came).replaceAll(' ', '').toLowerCase();
      await expect(meter.read(DAY_TABLES)).rejects.toMatchObject({ context: { partial } });
    }
    const enough = await createSimulated({ forgetsAfter: 3 }).read(DAY_TABLES);
    expect(enough.content).toEqual(whole.content);
  });
});
