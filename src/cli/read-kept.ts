/** What a meter keeps besides the present values of its registers; one option of `amr read` each. */
import type { Clock } from '../core/clock.ts';
import type {
  ClockReading,
  DriverSession,
  EventsResult,
  FreezeResult,
  ProfileResult,
  ProfileSpan,
  ReadOptions,
  ReadResult,
} from '../core/driver.ts';
import { AmrError, toAmrError } from '../core/errors.ts';
import type { Register } from '../core/registers.ts';
import { repeatRead } from '../poll/repeat.ts';
import { repeatEvents, repeatProfile } from './read-kept-repeat.ts';

/** What the options ask for; one of them. */
export interface KeptOptions {
  readonly clock?: true;
  readonly events?: true;
  /** The day, `YYYY-MM-DD`. */
  readonly freeze?: string;
  /** The month, `YYYY-MM`. */
  readonly settlement?: string;
  readonly profile?: ProfileSpan;
}

/** What was read. `error` is why nothing was; those of single registers are in the result. */
export type Kept =
  | { readonly kind: 'clock'; readonly clock: ClockReading | null; readonly error?: AmrError }
  | { readonly kind: 'freeze' | 'settlement'; readonly result: FreezeResult }
  | { readonly kind: 'profile'; readonly result: ProfileResult }
  | { readonly kind: 'events'; readonly result: EventsResult };

export interface KeptDeps {
  readonly session: DriverSession;
  readonly registers: readonly Register[];
  /** Further tries of what got no answer. */
  readonly retries: number;
  readonly clock: Clock;
  /** The zone of the meter's wall time. */
  readonly zone: string;
  readonly signal: AbortSignal;
}

const KINDS = ['clock', 'events', 'freeze', 'settlement', 'profile'] as const;
/** These read registers, so that some must be named. */
const OF_REGISTERS: readonly string[] = ['freeze', 'settlement', 'profile'];

/** The option that was given, `null` where none was. Throws CONFIG_INVALID for what goes not together. */
export function keptKind(options: KeptOptions, words: readonly string[]): Kept['kind'] | null {
  const [kind = null, other] = KINDS.filter((one) => options[one] !== undefined);
  if (other !== undefined) {
    throw new AmrError('CONFIG_INVALID', `--${kind} and --${other} are two commands`);
  }
  const wantsRegisters = kind === null || OF_REGISTERS.includes(kind);
  if (wantsRegisters && words.length === 0) {
    const example = kind === null ? 'energy' : `--${kind} ... energy`;
    throw new AmrError('CONFIG_INVALID', `name a register to read, such as: amr read ${example}`);
  }
  if (!wantsRegisters && words.length > 0) {
    throw new AmrError(
      'CONFIG_INVALID',
      `--${kind} reads no registers: leave out ${words.join(' ')}`,
    );
  }
  return kind;
}

const lacking = (what: string) =>
  new AmrError('CONFIG_INVALID', `meters of this model keep no ${what} that can be read`);

async function readClock({ session, retries, ...rest }: KeptDeps): Promise<Kept> {
  if (session.readClock === undefined) throw lacking('clock');
  const { clock, zone, signal } = rest;
  for (let left = retries; ; left--) {
    try {
      const read = await session.readClock({ clock, zone, priority: 'on-demand', signal });
      return { kind: 'clock', clock: read };
    } catch (thrown) {
      const error = toAmrError(thrown);
      if (left === 0 || signal.aborted || !error.transient) {
        return { kind: 'clock', clock: null, error };
      }
    }
  }
}

/** Reads again what failed; the time of the first try that found one holds. */
async function repeatFreeze(
  { registers, retries }: KeptDeps,
  read: (wanted: readonly Register[]) => Promise<FreezeResult>,
): Promise<FreezeResult> {
  let frozenAt: string | null = null;
  const result = await repeatRead(registers, {
    retries,
    async read(wanted): Promise<ReadResult> {
      const freeze = await read(wanted);
      frozenAt ??= freeze.frozenAt;
      return freeze;
    },
  });
  return { ...result, frozenAt };
}

async function readFreeze(day: string, deps: KeptDeps, options: ReadOptions): Promise<Kept> {
  const { readDailyFreeze } = deps.session;
  if (readDailyFreeze === undefined) throw lacking('daily freeze');
  const result = await repeatFreeze(deps, (wanted) => readDailyFreeze(day, wanted, options));
  return { kind: 'freeze', result };
}

async function readSettlement(month: string, deps: KeptDeps, options: ReadOptions): Promise<Kept> {
  const { session } = deps;
  if (session.readSettlement === undefined) throw lacking('settlement');
  const { readSettlement } = session;
  const result = await repeatFreeze(deps, (wanted) => readSettlement(month, wanted, options));
  return { kind: 'settlement', result };
}

/** Reads what the options ask for. Throws CONFIG_INVALID where the driver cannot. */
export async function readKept(options: KeptOptions, deps: KeptDeps): Promise<Kept> {
  const { session, registers, retries, signal } = deps;
  const { freeze, settlement, profile, events } = options;
  const readOptions: ReadOptions = { priority: 'on-demand', signal };
  if (freeze !== undefined) return readFreeze(freeze, deps, readOptions);
  if (settlement !== undefined) return readSettlement(settlement, deps, readOptions);
  if (profile !== undefined) {
    if (session.readProfile === undefined) throw lacking('load profile');
    const { readProfile } = session;
    const result = await repeatProfile(profile, { ...readOptions, retries }, (span, own) =>
      readProfile(span, registers, own),
    );
    return { kind: 'profile', result };
  }
  if (events !== undefined) {
    if (session.readEvents === undefined) throw lacking('events');
    const result = await repeatEvents({ ...readOptions, retries }, session.readEvents);
    return { kind: 'events', result };
  }
  return readClock(deps);
}
