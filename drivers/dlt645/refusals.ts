/**
 * Which identifiers a meter has refused: not asked for a day, then once more.
 *
 *   note  := of (" " entry)*
 *   of    := address "/" model         of another meter the whole note is nothing
 *   entry := DI "@" seconds
 */
import type { MeterSetup, SessionDeps } from '../../src/core/driver.ts';

/** A meter may be given another parameter set; a day later it is worth another question. */
const KEPT_MS = 24 * 3_600_000;
/** Of the newest; a meter that refuses more than this has the wrong model. */
const MOST = 128;
const KEY = 'dlt645.refused';

export interface Refusals {
  /** True for an identifier that was refused within the last day. */
  has(di: string): boolean;
  /** Kept once the meter has given a value: what refuses everything may be another device. */
  add(di: string): void;
  /** The meter has given something other than a refusal. */
  answered(): void;
}

/** For questions that are asked too seldom to remember their refusal. */
export const FORGETFUL: Refusals = {
  has: () => false,
  add: () => undefined,
  answered: () => undefined,
};

function parse(text: string | null, of: string): Map<string, number> {
  if (!text?.startsWith(`${of} `)) return new Map();
  const entries = [...text.slice(of.length).matchAll(/ ([0-9A-F]{4,8})@(\d{1,12})(?= |$)/g)];
  return new Map(entries.map(([, di = '', seconds]) => [di, Number(seconds) * 1000]));
}

export function createRefusals(
  { address, model }: MeterSetup,
  { clock, notes }: SessionDeps,
): Refusals {
  const of = `${address}/${model.model}`;
  const refused = parse(notes.recall(KEY), of);
  const pending = new Map<string, number>();
  let hasAnswered = refused.size > 0;
  const isFresh = (at: number) => Math.abs(clock.now() - at) < KEPT_MS;

  function keep(entries: Iterable<readonly [string, number]>): void {
    for (const [di, at] of entries) {
      refused.delete(di);
      refused.set(di, at);
    }
    const kept = [...refused].filter(([, at]) => isFresh(at)).slice(-MOST);
    const texts = kept.map(([di, at]) => `${di}@${Math.floor(at / 1000)}`);
    notes.note(KEY, [of, ...texts].join(' '));
  }

  return {
    has: (di) => isFresh(refused.get(di) ?? Number.NEGATIVE_INFINITY),
    add(di) {
      if (hasAnswered) keep([[di, clock.now()]]);
      else pending.set(di, clock.now());
    },
    answered() {
      hasAnswered = true;
      if (pending.size > 0) keep(pending);
      pending.clear();
    },
  };
}
