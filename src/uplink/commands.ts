import { abortable } from '../core/abort.ts';
import type { Clock } from '../core/clock.ts';
import { AmrError, toAmrError } from '../core/errors.ts';
import type { Reading, Stream } from '../core/reading.ts';
import { type Cmd, type CmdRes, CONTRACT_VERSION } from './contract.ts';
import type { Resends } from './resend.ts';
import type { Results } from './results.ts';

/**
 * Reads registers of a meter at once, ahead of every plan. Resolves with the reading, which is
 * stored then, also where the meter gave nothing and it is `missing`. Rejects with CONFIG_INVALID
 * for a meter or register that is not there, naming what is; with the signal's reason; with
 * GATEWAY_STOPPED and STORE_ errors.
 */
export type ReadNow = (
  meter: string,
  words: readonly string[],
  options: { readonly signal: AbortSignal },
) => Promise<Reading>;

export interface CommandDeps {
  readonly clock: Clock;
  /** The epoch under which rows are published. */
  readonly epoch: () => number;
  /** The highest number of this stream that may have been published. */
  readonly published: (stream: Stream) => number;
  readonly results: Results;
  readonly readNow: ReadNow;
  readonly resends: Resends;
  /** Commands under way end with it. */
  readonly signal: AbortSignal;
}

export interface Commands {
  /**
   * Carries the command out, or recalls what came of it where its id has come before. Never
   * rejects: what went wrong is in the answer.
   */
  answer(cmd: Cmd): Promise<CmdRes>;
}

type Outcome = Omit<CmdRes, 'v' | 'id' | 'op'>;
type Read = Extract<Cmd, { op: 'read' }>;
type Resend = Extract<Cmd, { op: 'resend' }>;

/** Reads that wait for their bus at the most; a headend that asks faster than meters answer is told. */
const MOST_READS = 8;

const expired = () => new AmrError('UPLINK_EXPIRED', 'there was no time for the command');

function outcomeOf(thrown: unknown): Outcome {
  const { code, message } = toAmrError(thrown);
  const error = { code, message };
  if (code === 'UPLINK_EXPIRED') return { state: 'expired', error };
  const isRefused = ['CONFIG_INVALID', 'UPLINK_BAD_MESSAGE', 'UPLINK_BUSY'].includes(code);
  return { state: isRefused ? 'refused' : 'failed', error };
}

/** Milliseconds that the command has from now on. */
function timeFor(cmd: Cmd, now: number): number {
  const untilExpiry =
    cmd.expires === undefined ? Number.POSITIVE_INFINITY : Date.parse(cmd.expires) - now;
  return cmd.op === 'read' ? Math.min(untilExpiry, cmd.deadline * 1000) : untilExpiry;
}

/** Runs `work`, whose signal aborts with UPLINK_EXPIRED after `ms`; so does the promise then. */
async function within<T>(
  ms: number,
  { clock, signal }: CommandDeps,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  if (ms <= 0) throw expired();
  const timeUp = new AbortController();
  const done = new AbortController();
  const timer = Number.isFinite(ms) ? clock.sleep(ms, done.signal) : new Promise<void>(() => {});
  timer.then(
    () => timeUp.abort(expired()),
    () => {},
  );
  const either = AbortSignal.any([signal, timeUp.signal]);
  try {
    return await abortable(work(either), either);
  } catch (thrown) {
    // What ended with the signal has the signal's reason, whatever it says of it.
    if (timeUp.signal.aborted) throw timeUp.signal.reason;
    if (signal.aborted) throw new AmrError('GATEWAY_STOPPED', 'the gateway was stopped');
    throw thrown;
  } finally {
    done.abort();
  }
}

function checkResend({ epoch, stream, from, to }: Resend, deps: CommandDeps): void {
  const refuse = (why: string) => new AmrError('UPLINK_BAD_MESSAGE', why);
  const present = deps.epoch();
  const published = deps.published(stream);
  if (epoch !== present) throw refuse(`the epoch is ${present}, numbers of ${epoch} are not valid`);
  if (from > to) throw refuse(`from ${from} to ${to} is no range`);
  if (to > published) throw refuse(`${stream} was published up to ${published}`);
}

export function createCommands(deps: CommandDeps): Commands {
  const { clock, results, readNow, resends } = deps;
  let reads = 0;

  const read = async ({ meter, registers }: Read, signal: AbortSignal): Promise<Outcome> => {
    if (reads >= MOST_READS) throw new AmrError('UPLINK_BUSY', `${reads} reads are under way`);
    reads += 1;
    try {
      const reading = await readNow(meter, registers, { signal });
      if (reading.quality !== 'missing') return { state: 'done', reading };
      const { cause: code = 'INTERNAL' } = reading;
      return { state: 'failed', error: { code, message: `meter ${meter} was not read` }, reading };
    } finally {
      reads -= 1;
    }
  };

  const resend = async (cmd: Resend, signal: AbortSignal): Promise<Outcome> => {
    checkResend(cmd, deps);
    const { stream, from, to } = cmd;
    return { state: 'done', resent: await resends.run({ stream, from, to }, signal) };
  };

  const perform = async (cmd: Cmd): Promise<CmdRes> => {
    const { id, op } = cmd;
    const outcome = await within(timeFor(cmd, clock.now()), deps, (signal) =>
      cmd.op === 'read' ? read(cmd, signal) : resend(cmd, signal),
    ).catch(outcomeOf);
    return { v: CONTRACT_VERSION, id, op, ...outcome };
  };

  return {
    answer(cmd) {
      const known = results.recall(cmd.id);
      if (known !== undefined) return known;
      const answer = perform(cmd);
      results.keep(cmd.id, answer);
      return answer;
    },
  };
}
