/**
 * What a meter does not give, learned from its refusals and kept for a day.
 *
 *   note    := entry (" " entry)*
 *   entry   := refused | barrier | limit
 *   refused := table ":" address "+" registers "@" seconds    refused when asked alone
 *   barrier := table ":" address "/" registers "@" seconds    no request may hold both sides of it
 *   limit   := "limit:" registers "@" seconds                 as many at once and no more
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

export function createHoles({ clock, notes }: SessionDeps): Holes {
  const learned = parseNote(notes.recall(KEY));
  const isFresh = (at: number) => Math.abs(clock.now() - at) < KEPT_MS;
  const facts = () =>
    [...learned].flatMap(([entry, at]) => (isFresh(at) ? (parseFact(entry) ?? []) : []));

  function learn(entry: string): void {
    learned.delete(entry);
    learned.set(entry, clock.now());
    const kept = [...learned].filter(([, at]) => isFresh(at)).slice(-MOST);
    learned.clear();
    for (const [one, at] of kept) learned.set(one, at);
    notes.note(KEY, kept.map(([one, at]) => `${one}@${Math.floor(at / 1000)}`).join(' '));
  }

  const entryOf = ({ table, address, registers }: Range, mark: '+' | '/') =>
    `${table}:${address}${mark}${registers}`;

  return {
    isRefused: (range) => isFresh(learned.get(entryOf(range, '+')) ?? Number.NEGATIVE_INFINITY),
    refuse: (range) => learn(entryOf(range, '+')),
    isBarred: (table, from, to) =>
      facts().some((fact) => !('limit' in fact) && fact.table === table && liesIn(fact, from, to)),
    bar: (range) => learn(entryOf(range, '/')),
    limit: () => Math.min(125, ...facts().flatMap((fact) => ('limit' in fact ? fact.limit : []))),
    lower: (limit) => learn(`limit:${limit}`),
  };
}
