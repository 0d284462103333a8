/** Which identifiers a meter has refused: not asked for a day, then once more. */
import type { SessionDeps } from '../../src/core/driver.ts';

/** A meter may be given another parameter set; a day later it is worth another question. */
const KEPT_MS = 24 * 3_600_000;
/** Of the newest; a meter that refuses more than this has the wrong model. */
const MOST = 128;
const KEY = 'dlt645.refused';

export interface Refusals {
  /** True for an identifier that was refused within the last day. */
  has(di: string): boolean;
  add(di: string): void;
}

/** For questions that are asked too seldom to remember their refusal. */
export const FORGETFUL: Refusals = { has: () => false, add: () => undefined };

/** `DI@seconds`, joined by spaces. */
function parse(text: string | null): Map<string, number> {
  const entries = [...(text ?? '').matchAll(/([0-9A-F]{4,8})@(\d{1,12})/g)];
  return new Map(entries.map(([, di = '', seconds]) => [di, Number(seconds) * 1000]));
}

export function createRefusals({ clock, notes }: SessionDeps): Refusals {
  const refused = parse(notes.recall(KEY));
  const isFresh = (at: number) => Math.abs(clock.now() - at) < KEPT_MS;
  return {
    has: (di) => isFresh(refused.get(di) ?? Number.NEGATIVE_INFINITY),
    add(di) {
      refused.delete(di);
      refused.set(di, clock.now());
      const kept = [...refused].filter(([, at]) => isFresh(at)).slice(-MOST);
      notes.note(KEY, kept.map(([one, at]) => `${one}@${Math.floor(at / 1000)}`).join(' '));
    },
  };
}
