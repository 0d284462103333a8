/** Reads again what failed and may succeed; the one place where retries are made. */
import type { ReadFailure, ReadResult, RegisterValue } from '../core/driver.ts';
import { type AmrError, toAmrError } from '../core/errors.ts';
import type { Register } from '../core/registers.ts';

export type RepeatedRead = ReadResult & { readonly attempts: number };

export interface Repetition {
  /** Further tries after the first. */
  readonly retries: number;
  readonly read: (wanted: readonly Register[]) => Promise<ReadResult>;
  /** Asked before every try; an error ends it, and is told only where nothing was tried yet. */
  readonly obstacle?: () => AmrError | null;
}

const isHopeful = ({ error }: ReadFailure) => error.transient;

/** What a read that rejected leaves behind: all that was wanted, not read. */
async function passOf(
  wanted: readonly Register[],
  read: (wanted: readonly Register[]) => Promise<ReadResult>,
): Promise<ReadResult> {
  try {
    return await read(wanted);
  } catch (thrown) {
    return { values: [], failures: [{ registers: wanted, error: toAmrError(thrown) }] };
  }
}

/**
 * Reads all registers, then those whose failure is transient again; values come in the order of
 * the registers. Never rejects: what `read` throws is a failure of all it was asked for.
 */
export async function repeatRead(
  registers: readonly Register[],
  { retries, read, obstacle = () => null }: Repetition,
): Promise<RepeatedRead> {
  const values: RegisterValue[] = [];
  const final: ReadFailure[] = [];
  let hopeful: ReadFailure[] = [];
  let address: string | undefined;
  let wanted = registers;
  let attempts = 0;
  while (wanted.length > 0 && attempts <= retries) {
    const error = obstacle();
    if (error !== null) {
      // What an earlier try met is the cause; that there is no other try is not.
      if (attempts === 0) final.push({ registers: wanted, error });
      break;
    }
    const pass = await passOf(wanted, read);
    attempts += 1;
    values.push(...pass.values);
    final.push(...pass.failures.filter((failure) => !isHopeful(failure)));
    hopeful = pass.failures.filter(isHopeful);
    address = pass.address ?? address;
    wanted = hopeful.flatMap((failure) => failure.registers);
  }
  const failures = [...final, ...hopeful];
  values.sort((a, b) => registers.indexOf(a.register) - registers.indexOf(b.register));
  return { values, failures, attempts, ...(address === undefined ? {} : { address }) };
}
