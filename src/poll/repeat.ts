/** Reads again what failed and may succeed; the one place where retries are made at once. */
import type { ReadFailure, ReadResult, RegisterValue } from '../core/driver.ts';
import { type AmrError, toAmrError } from '../core/errors.ts';
import type { Register } from '../core/registers.ts';

export type RepeatedRead = ReadResult & { readonly attempts: number };

export const NOTHING_READ: RepeatedRead = { values: [], failures: [], attempts: 0 };

export interface Repetition {
  /** Further tries after the first. */
  readonly retries: number;
  readonly read: (wanted: readonly Register[]) => Promise<ReadResult>;
  /** Asked before every try; an error ends it, and is told only where nothing was tried yet. */
  readonly obstacle?: () => AmrError | null;
  /** What was read before: only the rest is asked. */
  readonly before?: RepeatedRead;
  /** Whether trying again at once may help. */
  readonly isHopeful?: (failure: ReadFailure) => boolean;
}

export const isTransient = ({ error }: ReadFailure) => error.transient;

/** Registers that have no value and no failure that lasts. */
export function leftOf(registers: readonly Register[], before: RepeatedRead): Register[] {
  const over = new Set([
    ...before.values.map(({ register }) => register),
    ...before.failures.filter((failure) => !isTransient(failure)).flatMap((one) => one.registers),
  ]);
  return registers.filter((register) => !over.has(register));
}

/** Asks once; what it rejects with is a failure of all that was wanted. */
export async function tryOnce(
  wanted: readonly Register[],
  read: (wanted: readonly Register[]) => Promise<ReadResult>,
): Promise<ReadResult> {
  try {
    return await read(wanted);
  } catch (thrown) {
    return { values: [], failures: [{ registers: wanted, error: toAmrError(thrown) }] };
  }
}

/** What is known after one more try, which asked for `wanted`. */
export function joined(
  before: RepeatedRead,
  wanted: readonly Register[],
  pass: ReadResult,
): RepeatedRead {
  const others = before.failures.flatMap(({ registers, error }) => {
    const unasked = registers.filter((register) => !wanted.includes(register));
    return unasked.length === 0 ? [] : [{ registers: unasked, error }];
  });
  const address = pass.address ?? before.address;
  return {
    values: [...before.values, ...pass.values],
    failures: [...others, ...pass.failures],
    attempts: before.attempts + 1,
    ...(address === undefined ? {} : { address }),
  };
}

function inOrder(registers: readonly Register[], values: readonly RegisterValue[]) {
  return values.toSorted((a, b) => registers.indexOf(a.register) - registers.indexOf(b.register));
}

/**
 * Reads all registers, then those whose failure is transient again; values come in the order of
 * the registers. Never rejects: what `read` throws is a failure of all it was asked for.
 */
export async function repeatRead(
  registers: readonly Register[],
  repetition: Repetition,
): Promise<RepeatedRead> {
  const { retries, read, obstacle = () => null, isHopeful = isTransient } = repetition;
  let result = repetition.before ?? NOTHING_READ;
  let wanted = leftOf(registers, result);
  for (let tries = 0; wanted.length > 0 && tries <= retries; tries++) {
    const error = obstacle();
    if (error !== null) {
      // What an earlier try met is the cause; that there is no other try is not.
      if (result.attempts > 0) break;
      const failures = [...result.failures, { registers: wanted, error }];
      return { ...result, failures };
    }
    result = joined(result, wanted, await tryOnce(wanted, read));
    wanted = result.failures
      .filter((failure) => isTransient(failure) && isHopeful(failure))
      .flatMap((failure) => failure.registers);
  }
  return { ...result, values: inOrder(registers, result.values) };
}
