/**
 * From registers wanted to identifiers asked, and from their answers to one result. Both editions
 * of DL/T 645 ask this way; they differ in their identifiers and in the exchange.
 */
import type { ReadFailure, ReadOptions, ReadResult, RegisterValue } from '../../src/core/driver.ts';
import { AmrError } from '../../src/core/errors.ts';
import type { MeterModel } from '../../src/core/model.ts';
import type { Register } from '../../src/core/registers.ts';
import type { Item } from './items.ts';
import type { Refusals } from './refusals.ts';
import { type FieldValue, toRegisterValue } from './values.ts';

/** One identifier to ask, and the registers wanted from its answer. */
export interface Ask {
  readonly di: string;
  readonly registers: readonly Register[];
}

/** What the meter answered to one identifier. */
export interface ItemAnswer {
  /** The address in the answer: the real one where wildcards were asked. */
  readonly address: string;
  readonly values: readonly FieldValue[];
  /** Why there is no more of it, where the answer ended before it was whole. */
  readonly cutShort?: AmrError;
}

/** Asks once. Throws BUS_, PORT_, METER_ and FRAME_LENGTH errors. */
export type ReadItem = (di: string, options: ReadOptions) => Promise<ItemAnswer>;

/** What is particular to one edition, for one meter. */
export interface Edition {
  find(di: string): Item | undefined;
  /** The identifier that holds this register alone, `null` if none does. */
  singleDi(register: Register): string | null;
  readonly readItem: ReadItem;
}

export interface Asker {
  /** Blocks of the model first, then one by one; what fails is in `failures`. */
  read(registers: readonly Register[], options: ReadOptions): Promise<ReadResult>;
  /** The same for identifiers chosen by the caller. Rejects with BUS_ABORTED alone. */
  askAll(asks: readonly Ask[], options: ReadOptions): Promise<ReadResult>;
}

/** After this many silent identifiers and no answer at all, the meter counts as silent. */
const SILENCES = 2;

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
export function failureOf(thrown: unknown): AmrError {
  if (thrown instanceof AmrError && thrown.code !== 'BUS_ABORTED') return thrown;
  throw thrown;
}

function valuesFor(
  registers: readonly Register[],
  answered: readonly FieldValue[],
): RegisterValue[] {
  return answered.flatMap((one) => {
    const value = toRegisterValue(one);
    return value !== null && registers.some(({ id }) => id === value.register.id) ? [value] : [];
  });
}

/** What the answer left out: the meter has fewer tariffs or phases, or was interrupted. */
function absentFrom(
  { di, registers }: Ask,
  values: readonly RegisterValue[],
  cutShort: AmrError | undefined,
): ReadFailure[] {
  const absent = registers.filter(({ id }) => !values.some(({ register }) => register.id === id));
  if (absent.length === 0) return [];
  const names = absent.map(({ name }) => name).join(', ');
  const missing = () => new AmrError('METER_UNSUPPORTED', `the answer to ${di} has no ${names}`);
  return [{ registers: absent, error: cutShort ?? missing() }];
}

const isSilence = ({ code }: AmrError) => code.startsWith('BUS_') || code.startsWith('PORT_');

/** The error that makes further asking vain: the port is gone, or nothing answers at all. */
function hopelessBecause({ failures, isAlive }: Gathered): AmrError | null {
  const error = failures.at(-1)?.error;
  if (error === undefined) return null;
  if (error.code.startsWith('PORT_')) return error;
  const silences = failures.filter((failure) => isSilence(failure.error));
  return !isAlive && silences.length >= SILENCES ? error : null;
}

const refusedBefore = (di: string) =>
  new AmrError(
    'METER_UNSUPPORTED',
    `the meter has not answered ${di}; it is asked again a day later`,
    { context: { di } },
  );

/** Asks as `readItem` does, less what the meter has refused within the last day. */
export function remembering(readItem: ReadItem, refusals: Refusals): ReadItem {
  return async (di, options) => {
    if (refusals.has(di)) throw refusedBefore(di);
    try {
      return await readItem(di, options);
    } catch (thrown) {
      if (failureOf(thrown).code === 'METER_UNSUPPORTED') refusals.add(di);
      throw thrown;
    }
  };
}

/** Asks for one meter, and leaves out what it has refused within the last day. */
export function createAsker(model: MeterModel, edition: Edition, refusals: Refusals): Asker {
  const readItem = remembering(edition.readItem, refusals);

  /** Where the model does not say it, the table of identifiers does. */
  function singleAsk(register: Register): Ask {
    const di = model.registers[register.name] ?? edition.singleDi(register);
    return { di: String(di), registers: [register] };
  }

  /** Blocks first, where one answers two or more of the wanted registers; then one by one. */
  function planAsks(wanted: readonly Register[]): Ask[] {
    const asks: Ask[] = [];
    let left = wanted;
    for (const block of model.blocks) {
      const held = new Set((edition.find(block)?.fields ?? []).map(({ register }) => register?.id));
      const registers = left.filter(({ id }) => held.has(id));
      if (registers.length < 2 || refusals.has(block)) continue;
      asks.push({ di: block, registers });
      left = left.filter((register) => !registers.includes(register));
    }
    return [...asks, ...left.map(singleAsk)];
  }

  /** Asks once; gives what to ask instead where the meter refuses a block. */
  async function askOne(ask: Ask, options: ReadOptions, gathered: Gathered): Promise<Ask[]> {
    const wasRefused = refusals.has(ask.di);
    try {
      const answer = await readItem(ask.di, options);
      const values = valuesFor(ask.registers, answer.values);
      gathered.answeredAs = answer.address;
      gathered.isAlive = true;
      gathered.values.push(...values);
      gathered.failures.push(...absentFrom(ask, values, answer.cutShort));
      return [];
    } catch (thrown) {
      const error = failureOf(thrown);
      // What is remembered as refused was not asked, so it is no sign of life.
      gathered.isAlive ||= !isSilence(error) && !wasRefused;
      const isRefusedBlock = error.code === 'METER_UNSUPPORTED' && model.blocks.includes(ask.di);
      if (isRefusedBlock) return ask.registers.map(singleAsk);
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

  return { read: (registers, options) => askAll(planAsks(registers), options), askAll };
}
