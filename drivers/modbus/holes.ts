/**
 * What a meter does not give, learned from its refusals and kept for a day.
 *
 *   note    := entry (" " entry)*
 *   entry   := refused | barrier | limit
 *   refused := table ":" address "+" registers "@" seconds    refused when asked alone
 *   barrier := table ":" address "/" registers "@" seconds    no request may hold both sides of it
 *   limit   := "limit:" registers "@" seconds                 as many at once and no more
 *
 * Whoever refuses everything is rather another device than this meter: until the meter has once
 * answered, a refusal holds for no longer than its read, and nothing is noted.
 */
import type { SessionDeps } from '../../src/core/driver.ts';
import { endOf, type Range, type RegisterTable } from './reading-plan.ts';

/** A meter may be given other firmware; a day later it is worth another question. */
const KEPT_MS = 24 * 3_600_000;
/** Of the newest; a meter that refuses more than this has the wrong model. */
const MOST = 128;
const KEY = 'modbus.holes';

export interface Holes {
  /** True for a range that was refused alone within the last day. */
  isRefused(range: Range): boolean;
  refuse(range: Range): void;
  /** True where a request may not hold both the register before `from` and that at `to`. */
  isBarred(table: RegisterTable, from: number, to: number): boolean;
  /** Of no registers where two ranges that touch may not be asked together. */
  bar(range: Range): void;
  /** Registers that the meter gives at once, as far as that is known. */
  limit(): number;
  lower(limit: number): void;
  /** True where asking is most likely vain: it is refused, or was the last time by a meter that never answered. */
  isVain(range: Range): boolean;
  /** A read is over; `hasAnswered` where registers came in it. */
  settle(hasAnswered: boolean): void;
  /** Another device is there than the one that all this was learned of. */
  forget(): void;
}

const ENTRY = /^(?:(holding|input):(\d{1,5})[+/](\d{1,3})|limit:(\d{1,3}))$/;

/** Registers that no request may go across, or the most in one. */
type Fact = Range | { readonly limit: number };

function parseFact(entry: string): Fact | null {
  const match = ENTRY.exec(entry);
  if (match === null) return null;
  const [, table, address, registers, limit] = match;
  if (limit !== undefined) return { limit: Number(limit) };
  return {
    table: table === 'holding' ? 'holding' : 'input',
    address: Number(address),
    registers: Number(registers),
  };
}

/** When each was learned, milliseconds. */
function parseNote(text: string | null): Map<string, number> {
  const learned = new Map<string, number>();
  for (const entry of (text ?? '').split(' ')) {
    const [fact = '', seconds = ''] = entry.split('@');
    if (parseFact(fact) !== null) learned.set(fact, Number(seconds) * 1000);
  }
  return learned;
}

/** Anything of the barrier lies between, or it is the very seam. */
const liesIn = (barrier: Range, from: number, to: number) =>
  barrier.registers === 0
    ? barrier.address >= from && barrier.address <= to
    : barrier.address < to && endOf(barrier) > from;

const NEVER = Number.NEGATIVE_INFINITY;

const entryOf = ({ table, address, registers }: Range, mark: '+' | '/') =>
  `${table}:${address}${mark}${registers}`;

export function createHoles({ clock, notes }: SessionDeps): Holes {
  const learned = parseNote(notes.recall(KEY));
  /** Refused by a meter that has never answered. */
  const doubtful = new Set<string>();
  let isProven = notes.recall(KEY) !== null;
  const isFresh = (at: number) => Math.abs(clock.now() - at) < KEPT_MS;
  const facts = () =>
    [...learned].flatMap(([entry, at]) => (isFresh(at) ? (parseFact(entry) ?? []) : []));
  const isRefused = (range: Range) => isFresh(learned.get(entryOf(range, '+')) ?? NEVER);

  function note(): void {
    const entries = [...learned].map(([entry, at]) => `${entry}@${Math.floor(at / 1000)}`);
    if (isProven && entries.length > 0) notes.note(KEY, entries.join(' '));
  }

  function learn(entry: string): void {
    learned.delete(entry);
    learned.set(entry, clock.now());
    const kept = [...learned].filter(([, at]) => isFresh(at)).slice(-MOST);
    learned.clear();
    for (const [one, at] of kept) learned.set(one, at);
    note();
  }

  return {
    isRefused,
    refuse: (range) => learn(entryOf(range, '+')),
    isBarred: (table, from, to) =>
      facts().some((fact) => !('limit' in fact) && fact.table === table && liesIn(fact, from, to)),
    bar: (range) => learn(entryOf(range, '/')),
    limit: () => Math.min(125, ...facts().flatMap((fact) => ('limit' in fact ? fact.limit : []))),
    lower: (limit) => learn(`limit:${limit}`),
    isVain: (range) => isRefused(range) || doubtful.has(entryOf(range, '+')),
    settle(hasAnswered) {
      if (isProven) return;
      if (hasAnswered) {
        isProven = true;
        doubtful.clear();
        note();
        return;
      }
      for (const entry of learned.keys()) doubtful.add(entry);
      learned.clear();
    },
    forget() {
      learned.clear();
      doubtful.clear();
      isProven = false;
      notes.note(KEY, null);
    },
  };
}
