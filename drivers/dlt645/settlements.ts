/**
 * Monthly settlements: what the meter kept of its energies and demands at its settlement days.
 *
 *   2007 := the last byte of an identifier of tables A.1 and A.2: 01 the latest, 0C the oldest
 *   1997 := DI1: 90 91 A0 A1 at present, 94 95 A4 A5 of the last month, 98 99 A8 A9 before that
 *
 * A settlement has no time of its own. Which number is that of the wanted month follows from the
 * settlement days and the meter's own clock; one that was changed since is past finding out.
 */
import type {
  FreezeResult,
  ReadFailure,
  ReadOptions,
  SettlementResult,
} from '../../src/core/driver.ts';
import { AmrError } from '../../src/core/errors.ts';
import type { MeterModel } from '../../src/core/model.ts';
import type { Register } from '../../src/core/registers.ts';
import { type Asker, createAsker, type Edition, failureOf, type ItemAnswer } from './ask.ts';
import type { Item } from './items.ts';
import { FORGETFUL } from './refusals.ts';

/** Where an edition keeps its settlements, and what they are counted by. */
export interface SettlementItems {
  readonly kept: number;
  readonly date: string;
  readonly time: string;
  /** This day is the month's own; where the meter has more, each of them counts as one. */
  readonly firstDay: string;
  readonly furtherDays: readonly string[];
  /** What `di` held so many settlements ago; `null` for what is never settled. */
  past(di: string, number: number): string | null;
}

const hexByte = (number: number) => number.toString(16).padStart(2, '0').toUpperCase();

export const SETTLEMENTS_2007: SettlementItems = {
  kept: 12,
  date: '04000101',
  time: '04000102',
  firstDay: '04000B01',
  furtherDays: ['04000B02', '04000B03'],
  // Energies and demands, less 00 90: prepaid remainders, whose last byte means something else.
  past: (di, number) => (/^0[01](?!90)....00$/.test(di) ? di.slice(0, 6) + hexByte(number) : null),
};

const MONTH = /^\d{4}-(0[1-9]|1[0-2])$/;
/** `DD hh`; the standard lets the day be 1 to 28. */
const SETTLEMENT_DAY = /^(0[1-9]|1\d|2[0-8]) ([01]\d|2[0-3])$/;

/** Asks for `di`, whose answer has the form of `item`. */
export type ReadAs = (di: string, item: Item, options: ReadOptions) => Promise<ItemAnswer>;

export interface SettlementDeps {
  readonly address: string;
  readonly model: MeterModel;
  readonly edition: Edition;
  readonly items: SettlementItems;
  readonly readAs: ReadAs;
}

/** `2026-11` and the next ones up to `last`. */
function monthsUntil(first: string, last: string, most: number): string[] {
  const months: string[] = [];
  const date = new Date(`${first}-01T00:00:00Z`);
  for (let month = first; month <= last && months.length <= most; ) {
    months.push(month);
    date.setUTCMonth(date.getUTCMonth() + 1);
    month = date.toISOString().slice(0, 7);
  }
  return months;
}

/**
 * How many settlements back the one of `month` is, `null` where the meter has not settled yet or
 * keeps it no more. `days` are `DD hh`, that of the month first; `now` is `YYYY-MM-DDTHH:mm:ss`.
 * Exported for its test.
 */
export function settlementNumber(
  month: string,
  days: readonly string[],
  now: string,
  kept = SETTLEMENTS_2007.kept,
): number | null {
  const wanted = momentOf(month, days[0] ?? '');
  if (wanted > now) return null;
  const moments = monthsUntil(month, now.slice(0, 7), kept).flatMap((each) =>
    days.map((day) => momentOf(each, day)),
  );
  const number = moments.filter((moment) => moment >= wanted && moment <= now).length;
  return number <= kept ? number : null;
}

function momentOf(month: string, day: string): string {
  return `${month}-${day.replace(' ', 'T')}:00:00`;
}

/** What settlements are counted by, as the meter tells it. */
function createCalendar({ address, edition, items }: SettlementDeps) {
  async function textOf(di: string, options: ReadOptions): Promise<string | null> {
    const { values } = await edition.readItem(di, options);
    const value = values[0]?.value;
    return typeof value === 'string' ? value : null;
  }

  async function furtherDay(di: string, options: ReadOptions): Promise<string[]> {
    try {
      const day = await textOf(di, options);
      return day !== null && SETTLEMENT_DAY.test(day) ? [day] : [];
    } catch (thrown) {
      if (thrown instanceof AmrError && thrown.code === 'METER_UNSUPPORTED') return [];
      throw thrown;
    }
  }

  /** The month's own, `DD hh`. Throws METER_UNSUPPORTED where there is none. */
  async function firstDay(options: ReadOptions): Promise<string> {
    const first = await textOf(items.firstDay, options);
    if (first !== null && SETTLEMENT_DAY.test(first)) return first;
    throw new AmrError('METER_UNSUPPORTED', `meter ${address} has no settlement day`);
  }

  async function settlementDays(options: ReadOptions): Promise<string[]> {
    const days = [await firstDay(options)];
    for (const di of items.furtherDays) days.push(...(await furtherDay(di, options)));
    return [...new Set(days)];
  }

  async function meterTime(options: ReadOptions): Promise<string> {
    const date = await textOf(items.date, options);
    const time = await textOf(items.time, options);
    if (date !== null && time !== null) return `${date.slice(0, 10)}T${time}`;
    throw new AmrError('DATA_INVALID', `the clock of meter ${address} shows no time`);
  }

  return { firstDay, settlementDays, meterTime };
}

/** The model's blocks and identifiers, each asked for as it stood at settlement `number`. */
function askerAt(number: number, { model, edition, items, readAs }: SettlementDeps): Asker {
  const past: Edition = {
    ...edition,
    readItem: (di, options) => {
      const item = edition.find(di);
      const past = items.past(di, number);
      if (item !== undefined && past !== null) return readAs(past, item, options);
      throw new AmrError('CONFIG_INVALID', `${di} is of no settlement`);
    },
  };
  return createAsker(model, past, FORGETFUL);
}

function neverSettled(registers: readonly Register[]): ReadFailure[] {
  return registers.map((register) => ({
    registers: [register],
    error: new AmrError('METER_UNSUPPORTED', `no settlement holds ${register.name}`),
  }));
}

/** Rejects with DATA_FREEZE_ABSENT where the meter holds no settlement of the month. */
async function readHeld(
  { month, settled }: { month: string; settled: readonly Register[] },
  deps: SettlementDeps,
  options: ReadOptions,
): Promise<FreezeResult> {
  const { settlementDays, meterTime } = createCalendar(deps);
  const absent = () =>
    new AmrError('DATA_FREEZE_ABSENT', `meter ${deps.address} holds no settlement of ${month}`);
  const days = await settlementDays(options);
  const numberNow = async () =>
    settlementNumber(month, days, await meterTime(options), deps.items.kept);
  const number = await numberNow();
  if (number === null) throw absent();
  const read = await askerAt(number, deps).read(settled, options);
  if (read.values.length === 0) return { ...read, frozenAt: null };
  const frozenAt = momentOf(month, days[0] ?? '');
  // A demand reached behind it proves that this is a later settlement than counted.
  if (read.values.some(({ at }) => at != null && at > frozenAt)) throw absent();
  // With every settlement all others move on by a number, perhaps while they were read.
  if ((await numberNow()) !== number) throw absent();
  return { ...read, frozenAt };
}

export function createSettlements(deps: SettlementDeps) {
  const { edition, items } = deps;

  function isSettled(register: Register): boolean {
    const di = edition.singleDi(register);
    return di !== null && items.past(di, 1) !== null;
  }

  async function readSettlement(
    month: string,
    registers: readonly Register[],
    options: ReadOptions,
  ): Promise<SettlementResult> {
    if (!MONTH.test(month)) throw new AmrError('CONFIG_INVALID', `"${month}" is no month`);
    const settled = registers.filter(isSettled);
    const others = registers.filter((register) => !settled.includes(register));
    try {
      const held = await readHeld({ month, settled }, deps, options);
      const failures = [...held.failures, ...neverSettled(others)];
      return { ...held, failures, isTimeDerived: true };
    } catch (thrown) {
      const failures = [{ registers, error: failureOf(thrown) }];
      return { values: [], failures, frozenAt: null, isTimeDerived: true };
    }
  }

  /**
   * What the meter settled at this time, `YYYY-MM-DDTHH:mm:ss` or its beginning; `null` where it
   * settles at another one or never. Throws BUS_, PORT_ and METER_EXCEPTION errors.
   */
  async function readSettledAt(
    time: string,
    registers: readonly Register[],
    options: ReadOptions,
  ): Promise<SettlementResult | null> {
    const month = time.slice(0, 7);
    try {
      const day = await createCalendar(deps).firstDay(options);
      // Freezes of a day are of its first moment.
      const isThen = day.endsWith(' 00') && momentOf(month, day).startsWith(time);
      return isThen ? await readSettlement(month, registers, options) : null;
    } catch (thrown) {
      if (failureOf(thrown).code === 'METER_UNSUPPORTED') return null;
      throw thrown;
    }
  }

  return { readSettlement, readSettledAt };
}
