/**
 * Freezes: snapshots that the meter took by itself, number 1 being the latest. DL/T 645-2007 annex
 * A (05). Every one has its own time, which decides whether it is the wanted one.
 *
 *   identifier := 05 kind group number
 *   group      := 00 the time, 01..08 energies, 09 0A maximum demands, 10 powers
 */
import type {
  FreezeKind,
  FreezeResult,
  ReadFailure,
  ReadOptions,
  WantedFreeze,
} from '../../src/core/driver.ts';
import { AmrError } from '../../src/core/errors.ts';
import type { Register } from '../../src/core/registers.ts';
import { type Ask, type Asker, failureOf, type ReadItem, remembering } from './ask.ts';
import { findItem } from './items.ts';
import type { Refusals } from './refusals.ts';

/** DI2, and how many the meter keeps. Daily ones are in no clause, but in every State Grid meter. */
const KINDS: Readonly<Record<FreezeKind, { readonly di2: string; readonly kept: number }>> = {
  daily: { di2: '06', kept: 62 },
  timed: { di2: '00', kept: 12 },
  instant: { di2: '01', kept: 3 },
};

const TIME = '00';
const GROUPS = ['01', '02', '03', '04', '05', '06', '07', '08', '09', '0A', '10'];
const DAY_MS = 86_400_000;

interface FreezeId {
  readonly kind: FreezeKind;
  readonly number: number;
}

export interface FreezeDeps {
  readonly address: string;
  readonly readItem: ReadItem;
  readonly askAll: Asker['askAll'];
  readonly refusals: Refusals;
  /** Of a meter without daily freezes; `null` where it settles at another time than this. */
  readonly readSettledAt: (
    time: string,
    registers: readonly Register[],
    options: ReadOptions,
  ) => Promise<FreezeResult | null>;
}

function freezeDi({ kind, number }: FreezeId, group: string): string {
  const digits = number.toString(16).padStart(2, '0').toUpperCase();
  return `05${KINDS[kind].di2}${group}${digits}`;
}

function diOf(register: Register, freeze: FreezeId): string | undefined {
  const holds = (di: string) =>
    findItem(di)?.fields.some((field) => field.register?.id === register.id);
  return GROUPS.map((group) => freezeDi(freeze, group)).find(holds);
}

/** Registers that share an identifier become one ask. */
function asksFor(registers: readonly Register[], freeze: FreezeId): Ask[] {
  const byDi = new Map<string, Register[]>();
  for (const register of registers) {
    const di = diOf(register, freeze);
    if (di !== undefined) byDi.set(di, [...(byDi.get(di) ?? []), register]);
  }
  return [...byDi].map(([di, some]) => ({ di, registers: some }));
}

function neverFrozen(registers: readonly Register[], kind: FreezeKind): ReadFailure[] {
  return registers
    .filter((register) => diOf(register, { kind, number: 1 }) === undefined)
    .map((register) => ({
      registers: [register],
      error: new AmrError('METER_UNSUPPORTED', `no ${kind} freeze holds ${register.name}`),
    }));
}

/** Whole days from the one to the other, both `YYYY-MM-DD`. */
const daysBetween = (from: string, to: string) => (Date.parse(to) - Date.parse(from)) / DAY_MS;

interface TimedId {
  readonly number: number;
  readonly time: string | null;
}

/** Freezes that may still be the wanted one: from `low` on, below `high`. */
interface Range {
  low: number;
  high: number;
}

/** One daily freeze a day tells how far away the wanted one is; others are sought by halves. */
function nextGuess(wanted: WantedFreeze, { number, time }: TimedId, { low, high }: Range): number {
  if (wanted.kind !== 'daily' || time === null) return Math.floor((low + high) / 2);
  const guess = number + daysBetween(wanted.at.slice(0, 10), time.slice(0, 10));
  return Math.max(low, Math.min(guess, high - 1));
}

export function createFreezes(deps: FreezeDeps) {
  const { address, readItem, askAll } = deps;
  const readLatest = remembering(readItem, deps.refusals);
  const absent = ({ kind, at }: WantedFreeze) =>
    new AmrError('DATA_FREEZE_ABSENT', `meter ${address} holds no ${kind} freeze of ${at}`);

  /**
   * `YYYY-MM-DDTHH:mm:ss`, `null` where the meter has no freeze of this number. One that refuses the
   * latest has none of the kind, for a day; one that refuses an older one has fewer.
   */
  async function timeOf(freeze: FreezeId, options: ReadOptions): Promise<string | null> {
    const isLatest = freeze.number === 1;
    try {
      const { values } = await (isLatest ? readLatest : readItem)(freezeDi(freeze, TIME), options);
      const time = values[0]?.value;
      return typeof time === 'string' ? `${time.replace(' ', 'T')}:00` : null;
    } catch (thrown) {
      if (!isLatest && failureOf(thrown).code === 'METER_UNSUPPORTED') return null;
      throw thrown;
    }
  }

  /** The number of the wanted freeze; older ones have higher numbers. Throws DATA_FREEZE_ABSENT. */
  async function search(wanted: WantedFreeze, options: ReadOptions): Promise<number> {
    const { kind, at } = wanted;
    const { kept } = KINDS[kind];
    const range: Range = { low: 1, high: kept + 1 };
    let number = 1;
    while (range.low < range.high) {
      const time = await timeOf({ kind, number }, options);
      if (time?.startsWith(at)) return number;
      if (time === null || time < at) range.high = number;
      else range.low = number + 1;
      number = nextGuess(wanted, { number, time }, range);
    }
    throw absent(wanted);
  }

  /** Throws METER_UNSUPPORTED where the meter has no freezes of the kind, DATA_FREEZE_ABSENT. */
  async function readHeld(
    wanted: WantedFreeze,
    registers: readonly Register[],
    options: ReadOptions,
  ): Promise<FreezeResult> {
    const { kind, at } = wanted;
    const number = await search(wanted, options);
    const read = await askAll(asksFor(registers, { kind, number }), options);
    const result = { ...read, failures: [...read.failures, ...neverFrozen(registers, kind)] };
    if (read.values.length === 0) return { ...result, frozenAt: null };
    // With every new freeze all others move on by a number: the time read last vouches.
    const frozenAt = await timeOf({ kind, number }, options);
    if (!frozenAt?.startsWith(at)) throw absent(wanted);
    return { ...result, frozenAt };
  }

  /** Daily freezes are in no clause: at its settlement day a meter without them has the same. */
  async function readElsewhere(
    { kind, at }: WantedFreeze,
    registers: readonly Register[],
    options: ReadOptions,
  ): Promise<FreezeResult | null> {
    return kind === 'daily' ? await deps.readSettledAt(at, registers, options) : null;
  }

  async function readFreeze(
    wanted: WantedFreeze,
    registers: readonly Register[],
    options: ReadOptions,
  ): Promise<FreezeResult> {
    const failed = (thrown: unknown): FreezeResult => ({
      values: [],
      failures: [{ registers, error: failureOf(thrown) }],
      frozenAt: null,
    });
    try {
      return await readHeld(wanted, registers, options);
    } catch (thrown) {
      if (failureOf(thrown).code !== 'METER_UNSUPPORTED') return failed(thrown);
      try {
        return (await readElsewhere(wanted, registers, options)) ?? failed(thrown);
      } catch (other) {
        return failed(other);
      }
    }
  }

  return { readFreeze };
}
