/** What the driver does for one meter: which identifiers to ask, and what their answers mean. */
import type { Bus } from '../../src/core/bus.ts';
import type {
  DriverSession,
  FreezeResult,
  ReadFailure,
  ReadOptions,
  ReadResult,
  RegisterValue,
} from '../../src/core/driver.ts';
import { AmrError } from '../../src/core/errors.ts';
import type { MeterModel } from '../../src/core/model.ts';
import type { Register } from '../../src/core/registers.ts';
import { readItem } from './exchange.ts';
import { DAILY_FREEZES, freezeDi, freezeTimeDi, ITEMS, singleDi } from './items.ts';
import type { FieldValue } from './values.ts';

/** One identifier to ask, and the registers wanted from its answer. */
interface Ask {
  readonly di: string;
  readonly registers: readonly Register[];
}

/** After this many silent identifiers and no answer at all, the meter counts as silent. */
const SILENCES = 2;

/**
 * Blocks first, where one answers two or more of the wanted registers; then one by one.
 * Exported for its test.
 */
export function planAsks(
  wanted: readonly Register[],
  model: MeterModel,
  refused: ReadonlySet<string>,
): Ask[] {
  const asks: Ask[] = [];
  let left = wanted;
  for (const block of model.blocks) {
    const held = new Set((ITEMS.get(block)?.fields ?? []).map(({ register }) => register?.id));
    const registers = left.filter(({ id }) => held.has(id));
    if (registers.length < 2 || refused.has(block)) continue;
    asks.push({ di: block, registers });
    left = left.filter((register) => !registers.includes(register));
  }
  return [...asks, ...left.map((register) => singleAsk(register, model))];
}

/** Where the model does not say it, the table of identifiers does. */
function singleAsk(register: Register, model: MeterModel): Ask {
  const di = model.registers[register.name] ?? singleDi(register);
  return { di: String(di), registers: [register] };
}

/** Registers that share an identifier become one ask. */
function freezeAsks(registers: readonly Register[], number: number): Ask[] {
  const byDi = new Map<string, Register[]>();
  for (const register of registers) {
    const di = freezeDi(register, number);
    if (di !== null) byDi.set(di, [...(byDi.get(di) ?? []), register]);
  }
  return [...byDi].map(([di, some]) => ({ di, registers: some }));
}

function neverFrozen(registers: readonly Register[]): ReadFailure[] {
  return registers
    .filter((register) => freezeDi(register, 1) === null)
    .map((register) => ({
      registers: [register],
      error: new AmrError('METER_UNSUPPORTED', `no daily freeze holds ${register.name}`),
    }));
}

function valuesFor(
  registers: readonly Register[],
  answered: readonly FieldValue[],
): RegisterValue[] {
  return answered.flatMap(({ field: { register }, value, flags }) =>
    register !== null && typeof value !== 'string' && registers.some(({ id }) => id === register.id)
      ? [{ register, value, flags }]
      : [],
  );
}

/** What the block answer left out: the meter has fewer tariffs or phases than were wanted. */
function absentFrom({ di, registers }: Ask, values: readonly RegisterValue[]): ReadFailure[] {
  const absent = registers.filter(({ id }) => !values.some(({ register }) => register.id === id));
  if (absent.length === 0) return [];
  const names = absent.map(({ name }) => name).join(', ');
  const error = new AmrError('METER_UNSUPPORTED', `the answer to ${di} has no ${names}`);
  return [{ registers: absent, error }];
}

/** What one or several asks have brought so far. */
interface Gathered {
  readonly values: RegisterValue[];
  readonly failures: ReadFailure[];
  answeredAs: string | undefined;
  /** The meter has said something, be it a refusal. */
  isAlive: boolean;
}

function toResult({ values, failures, answeredAs }: Gathered): ReadResult {
  return answeredAs === undefined
    ? { values, failures }
    : { values, failures, address: answeredAs };
}

/** An abort is the caller's own doing and ends the read; all else is a failure of the ask. */
function failureOf(thrown: unknown): AmrError {
  if (thrown instanceof AmrError && thrown.code !== 'BUS_ABORTED') return thrown;
  throw thrown;
}

export function createSession(bus: Bus, address: string, model: MeterModel): DriverSession {
  const refusedBlocks = new Set<string>();

  /** Asks once; gives what to ask instead where the meter refuses a block. */
  async function askOne(ask: Ask, options: ReadOptions, gathered: Gathered): Promise<Ask[]> {
    try {
      const answer = await readItem(bus, address, ask.di, options);
      const values = valuesFor(ask.registers, answer.values);
      gathered.answeredAs = answer.address;
      gathered.isAlive = true;
      gathered.values.push(...values);
      gathered.failures.push(...absentFrom(ask, values));
      return [];
    } catch (thrown) {
      const error = failureOf(thrown);
      gathered.isAlive ||= !isSilence(error);
      if (error.code === 'METER_UNSUPPORTED' && model.blocks.includes(ask.di)) {
        refusedBlocks.add(ask.di);
        return ask.registers.map((register) => singleAsk(register, model));
      }
      gathered.failures.push({ registers: ask.registers, error });
      return [];
    }
  }

  /** Asks in order; gives up where nothing answers, so that a dead meter costs little. */
  async function askAll(asks: readonly Ask[], options: ReadOptions): Promise<ReadResult> {
    const gathered: Gathered = {
      values: [],
      failures: [],
      answeredAs: undefined,
      isAlive: false,
    };
    const queue = [...asks];
    for (let ask = queue.shift(); ask !== undefined; ask = queue.shift()) {
      queue.unshift(...(await askOne(ask, options, gathered)));
      const error = hopelessBecause(gathered);
      if (error !== null) {
        gathered.failures.push(...queue.splice(0).map(({ registers }) => ({ registers, error })));
      }
    }
    return toResult(gathered);
  }

  /** The wall time of daily freeze `number`, `null` where the meter has none of that number. */
  async function freezeTime(number: number, options: ReadOptions): Promise<string | null> {
    const { values } = await readItem(bus, address, freezeTimeDi(number), options);
    const time = values[0]?.value;
    return typeof time === 'string' ? `${time.replace(' ', 'T')}:00` : null;
  }

  const absent = (day: string) =>
    new AmrError('DATA_FREEZE_ABSENT', `meter ${address} holds no freeze of ${day}`);

  /** Which freeze must be of this day: the latest tells how many days back it is. */
  async function freezeNumber(day: string, options: ReadOptions): Promise<number> {
    const latest = await freezeTime(1, options);
    const number = latest === null ? 0 : 1 + daysBetween(day, latest.slice(0, 10));
    if (number < 1 || number > DAILY_FREEZES) throw absent(day);
    return number;
  }

  async function readDailyFreeze(
    day: string,
    registers: readonly Register[],
    options: ReadOptions,
  ): Promise<FreezeResult> {
    try {
      const number = await freezeNumber(day, options);
      const read = await askAll(freezeAsks(registers, number), options);
      const result = { ...read, failures: [...read.failures, ...neverFrozen(registers)] };
      if (read.values.length === 0) return { ...result, frozenAt: null };
      // At midnight every freeze moves on by a number: the time read last vouches for the day.
      const frozenAt = await freezeTime(number, options);
      if (!frozenAt?.startsWith(day)) throw absent(day);
      return { ...result, frozenAt };
    } catch (thrown) {
      return { values: [], failures: [{ registers, error: failureOf(thrown) }], frozenAt: null };
    }
  }

  return {
    read: (registers, options) => askAll(planAsks(registers, model, refusedBlocks), options),
    readDailyFreeze,
  };
}

const isSilence = ({ code }: AmrError) => code.startsWith('BUS_') || code.startsWith('PORT_');

const daysBetween = (from: string, to: string) => (Date.parse(to) - Date.parse(from)) / 86_400_000;

/** The error that makes further asking vain: the port is gone, or nothing answers at all. */
function hopelessBecause({ failures, isAlive }: Gathered): AmrError | null {
  const error = failures.at(-1)?.error;
  if (error === undefined) return null;
  if (error.code.startsWith('PORT_')) return error;
  return !isAlive && failures.length >= SILENCES ? error : null;
}
