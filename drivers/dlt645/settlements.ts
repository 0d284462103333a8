/**
 * Monthly settlements: what the meter kept of its energies and demands at its settlement days.
 * DL/T 645-2007 tables A.1 and A.2: the last byte of their identifiers is the settlement, 01 the
 * latest, 0C the oldest.
 *
 * A settlement has no time of its own. Which number is that of the wanted month follows from the
 * settlement days (04 00 0B 01..03) and the meter's own clock; one that was changed since is past
 * finding out.
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

const KEPT = 12;
const DATE = '04000101';
const TIME = '04000102';
/** The first day is the month's own; where the meter has more, each of them counts as one. */
const FIRST_DAY = '04000B01';
const FURTHER_DAYS = ['04000B02', '04000B03'];

const MONTH = /^\d{4}-(0[1-9]|1[0-2])$/;
/** `DD hh`; the standard lets the day be 1 to 28. */
const SETTLEMENT_DAY = /^(0[1-9]|1\d|2[0-8]) ([01]\d|2[0-3])$/;

/** Asks for `di`, whose answer has the form of `item`. */
export type ReadAs = (di: string, item: Item, options: ReadOptions) => Promise<ItemAnswer>;

export interface SettlementDeps {
  readonly address: string;
  readonly model: MeterModel;
  readonly edition: Edition;
  readonly readAs: ReadAs;
}

/** `2026-11` and the next ones up to `last`. */
function monthsUntil(first: string, last: string): string[] {
  const months: string[] = [];
  const date = new Date(`${first}-01T00:00:00Z`);
  for (let month = first; month <= last && months.length <= KEPT; ) {
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
): number | null {
  const wanted = momentOf(month, days[0] ?? '');
  if (wanted > now) return null;
  const moments = monthsUntil(month, now.slice(0, 7)).flatMap((each) =>
    days.map((day) => momentOf(each, day)),
  );
  const number = moments.filter((moment) => moment >= wanted && moment <= now).length;
  return number <= KEPT ? number : null;
}

function momentOf(month: string, day: string): string {
  return `${month}-${day.replace(' ', 'T')}:00:00`;
}

/** Energies and demands, less 00 90: prepaid remainders, whose last byte means something else. */
const isSettled = (di: string | null) => di !== null && /^0[01](?!90)....00$/.test(di);

/** What settlements are counted by, as the meter tells it. */
function createCalendar({ address, edition }: SettlementDeps) {
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

  async function settlementDays(options: ReadOptions): Promise<string[]> {
    const first = await textOf(FIRST_DAY, options);
    if (first === null || !SETTLEMENT_DAY.test(first)) {
      throw new AmrError('METER_UNSUPPORTED', `meter ${address} has no settlement day`);
    }
    const days = [first];
    for (const di of FURTHER_DAYS) days.push(...(await furtherDay(di, options)));
    return [...new Set(days)];
  }

  async function meterTime(options: ReadOptions): Promise<string> {
    const date = await textOf(DATE, options);
    const time = await textOf(TIME, options);
    if (date !== null && time !== null) return `${date.slice(0, 10)}T${time}`;
    throw new AmrError('DATA_INVALID', `the clock of meter ${address} shows no time`);
  }

  return { settlementDays, meterTime };
}

/** The model's blocks and identifiers, each asked for as it stood at settlement `number`. */
function askerAt(number: number, { model, edition, readAs }: SettlementDeps): Asker {
  const last = number.toString(16).padStart(2, '0').toUpperCase();
  const past: Edition = {
    ...edition,
    readItem: (di, options) => {
      const item = edition.find(di);
      if (item === undefined) throw new AmrError('CONFIG_INVALID', `unknown identifier ${di}`);
      return readAs(di.slice(0, 6) + last, item, options);
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
  const numberNow = async () => settlementNumber(month, days, await meterTime(options));
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
  const { edition } = deps;

  async function readSettlement(
    month: string,
    registers: readonly Register[],
    options: ReadOptions,
  ): Promise<SettlementResult> {
    if (!MONTH.test(month)) throw new AmrError('CONFIG_INVALID', `"${month}" is no month`);
    const settled = registers.filter((register) => isSettled(edition.singleDi(register)));
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

  return { readSettlement };
}
