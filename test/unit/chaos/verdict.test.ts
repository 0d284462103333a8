import { describe, expect, it } from 'vitest';
import type { Reading } from '../../../src/core/reading.ts';
import type { Entry } from '../../chaos/entry.ts';
import { numberOf } from '../../chaos/entry.ts';
import {
  type Arrival,
  type Bounds,
  type Evidence,
  gapsIn,
  judge,
  quantile,
} from '../../chaos/verdict.ts';

const BASE = Date.parse('2026-11-23T00:00:00Z');
const instant = (ms: number) => new Date(BASE + ms).toISOString();

const BOUNDS: Bounds = {
  lost: 0,
  untold: [],
  duplicates: 5,
  firstPollMs: 3000,
  gapMs: 5000,
  isGapExact: false,
  isSound: true,
  hasTrueTime: true,
};

/** The reading of slot `index`, under the number after it. */
function row(index: number, extra: Partial<Reading> = {}, epoch = 7): Entry {
  const reading: Reading = {
    meter: 'm1',
    kind: 'interval',
    slot: instant(1000 * index),
    readAt: instant(1000 * index + 20),
    source: 'poll',
    quality: 'good',
    values: { '1-0:1.8.0': `${index}.50` },
    ...extra,
  };
  return { epoch, stream: 'live', seq: index + 1, body: JSON.stringify(reading) };
}

const rows = (count: number) => Array.from({ length: count }, (_, index) => row(index));

function event(type: string, detail: Record<string, unknown>, seq = 1): Entry {
  const body = JSON.stringify({ at: instant(0), type, severity: 'alarm', detail });
  return { epoch: 8, stream: 'event', seq, body };
}

const arrive = (entries: readonly Entry[], lateMs = 100): Arrival[] =>
  entries.map((entry, index) => ({ ...entry, at: BASE + 1000 * index + 20 + lateMs }));

/** Ten readings that were all read and all arrived. */
function evidence(extra: Partial<Evidence> = {}): Evidence {
  const committed = rows(10);
  return {
    committed,
    arrivals: arrive(committed),
    kept: [],
    check: 'ok',
    heads: [],
    lives: [{ firstPollMs: 1200, longestGapMs: 1000, due: 10 }],
    meters: 1,
    breaks: 1,
    complaints: [],
    wasShown: () => true,
    wasEverShown: () => true,
    ...extra,
  };
}

const complaintsOf = (extra: Partial<Evidence>, bounds: Partial<Bounds> = {}) =>
  judge(evidence(extra), { ...BOUNDS, ...bounds }).complaints;

const without = (entries: readonly Entry[], ...seqs: number[]) =>
  entries.filter(({ seq }) => !seqs.includes(seq));

describe('the verdict', () => {
  it('has no complaint where everything arrived once', () => {
    expect(judge(evidence(), BOUNDS)).toEqual({
      due: 10,
      read: 10,
      delivered: 10,
      lost: 0,
      named: 0,
      duplicated: 0,
      lateP99Ms: 100,
      firstPollMs: 1200,
      complaints: [],
    });
  });

  it('counts what did not arrive as lost', () => {
    const arrivals = arrive(without(rows(10), 10));
    const outcome = judge(evidence({ arrivals }), BOUNDS);
    expect(outcome).toMatchObject({ lost: 1, named: 0, delivered: 9 });
    expect(outcome.complaints).toEqual(['lost without a word: 7 live 10', '1 lost, 0 allowed']);
  });

  it('counts nothing as lost that is still in the store', () => {
    const arrivals = arrive(without(rows(10), 10));
    expect(judge(evidence({ arrivals, kept: [row(9)] }), BOUNDS)).toMatchObject({
      lost: 0,
      complaints: [],
    });
  });

  it('knows a reading again under another number', () => {
    const moved = { ...row(9), epoch: 8, seq: 1 };
    const arrivals = arrive([...without(rows(10), 10), moved]);
    expect(complaintsOf({ arrivals })).toEqual([]);
  });

  it.each([
    ['a lost tail', event('store.tail-lost', { epoch: 7, stream: 'live', from: 10, to: 12 })],
    ['a damaged row', event('store.row-damaged', { stream: 'live', seq: 10 })],
    ['a drop', event('store.dropped', { stream: 'live', from: 1, to: 10, unsent: 1 })],
  ])('takes %s as a name', (_, told) => {
    const arrivals = arrive([...without(rows(10), 10), told]);
    expect(judge(evidence({ arrivals }), { ...BOUNDS, lost: 1 })).toMatchObject({
      lost: 1,
      named: 1,
      complaints: [],
    });
  });

  it.each([
    ['another stream', event('store.tail-lost', { epoch: 7, stream: 'curve', from: 10, to: 10 })],
    ['an older epoch', event('store.tail-lost', { epoch: 6, stream: 'live', from: 10, to: 10 })],
    ['other numbers', event('store.dropped', { stream: 'live', from: 1, to: 9, unsent: 9 })],
    ['another happening', event('store.disk-full', { stream: 'live', from: 10, to: 10 })],
  ])('does not take an event of %s as a name', (_, told) => {
    const arrivals = arrive([...without(rows(10), 10), told]);
    expect(complaintsOf({ arrivals }, { lost: 1 })).toEqual(['lost without a word: 7 live 10']);
  });

  it('takes a higher number, or the head of a birth, as the name of a gap', () => {
    const gap = arrive(without(rows(10), 4));
    expect(complaintsOf({ arrivals: gap }, { lost: 1 })).toEqual([]);
    const tail = arrive(without(rows(10), 10));
    const heads = [{ epoch: 7, stream: 'live' as const, seq: 10 }];
    expect(complaintsOf({ arrivals: tail, heads }, { lost: 1 })).toEqual([]);
    expect(complaintsOf({ arrivals: gap })).toEqual(['1 lost, 0 allowed']);
  });

  it('forgives silence only about numbers that nobody was told of', () => {
    const arrivals = arrive(without(rows(10), 9, 10));
    const untold = [numberOf(row(9))];
    expect(complaintsOf({ arrivals }, { lost: 2, untold })).toEqual([
      'lost without a word: 7 live 9',
    ]);
  });

  it('wants gaps to be those of the lost readings and no others', () => {
    const arrivals = arrive(without(rows(10), 4));
    expect(complaintsOf({ arrivals }, { lost: 1, isGapExact: true })).toEqual([]);
    const committed = without(rows(10), 4);
    expect(complaintsOf({ arrivals, committed }, { lost: 1, isGapExact: true })).toEqual([
      'gaps of numbers without a loss: 7 live 4',
    ]);
    const tail = arrive(without(rows(10), 10));
    expect(complaintsOf({ arrivals: tail }, { lost: 1, isGapExact: true })).toContain(
      'losses without a gap: 7 live 10',
    );
  });

  it('complains of a number with two contents', () => {
    const other = { ...row(20), seq: 3 };
    const arrivals = arrive([...rows(10), other]);
    expect(complaintsOf({ arrivals })).toEqual(['numbers used twice: 7 live 3']);
  });

  it('complains of two contents of one reading', () => {
    const other = { ...row(2, { values: { '1-0:1.8.0': '9.99' } }), seq: 11 };
    expect(complaintsOf({ arrivals: arrive([...rows(10), other]) })).toEqual([
      `two contents of m1 interval ${BASE + 2000} 0`,
    ]);
    const again = { ...row(2, { rev: 1, values: { '1-0:1.8.0': '9.99' } }), seq: 11 };
    expect(complaintsOf({ arrivals: arrive([...rows(10), again]) })).toEqual([]);
  });

  it('complains of a reading that changed on the way, or that no meter has shown', () => {
    const committed = [...rows(9), row(9, { values: { '1-0:1.8.0': '9.51' } })];
    expect(complaintsOf({ committed })).toEqual([`altered: m1 interval ${BASE + 9000} 0`]);
    const wasShown = ({ seq }: Arrival) => seq !== 5;
    expect(complaintsOf({ wasShown })).toEqual([`never shown: m1 interval ${BASE + 4000} 0`]);
    expect(complaintsOf({ wasShown }, { hasTrueTime: false })).toEqual([]);
    expect(complaintsOf({ wasEverShown: wasShown }, { hasTrueTime: false })).toHaveLength(1);
  });

  it('bounds the duplicates by the breaks', () => {
    const arrivals = arrive([...rows(10), ...rows(6)]);
    expect(judge(evidence({ arrivals, breaks: 2 }), BOUNDS)).toMatchObject({
      duplicated: 6,
      complaints: [],
    });
    expect(complaintsOf({ arrivals })).toEqual(['6 duplicates, 5 allowed']);
  });

  it('complains of slots that are neither read nor missing', () => {
    const life = { firstPollMs: 1200, longestGapMs: 1000 };
    expect(complaintsOf({ lives: [{ ...life, due: 12 }] })).toEqual([]);
    expect(complaintsOf({ lives: [{ ...life, due: 15 }] })).toEqual([
      '3 slots are not accounted for',
    ]);
  });

  it('complains of a slow start, of a stand-still and of a damaged database', () => {
    const lives = [{ firstPollMs: 3001, longestGapMs: 5001, due: 10 }];
    expect(complaintsOf({ lives })).toEqual([
      'first poll after 3001 ms',
      'no meter was asked for 5001 ms',
    ]);
    expect(complaintsOf({ check: 'malformed' })).toEqual(['the database is malformed']);
    expect(complaintsOf({ check: 'malformed' }, { isSound: false })).toEqual([]);
  });

  it('passes on what others have found, and does not praise silence', () => {
    expect(complaintsOf({ complaints: ['exit code 1'] })).toEqual(['exit code 1']);
    const nothing = { committed: [], arrivals: [], lives: [] };
    expect(complaintsOf(nothing)).toEqual(['nothing was read']);
  });
});

describe('gapsIn', () => {
  it('lists the numbers below the highest known one, by epoch and stream', () => {
    const arrivals = arrive([row(1), row(3), event('x', {}, 2)]);
    expect(gapsIn({ arrivals, heads: [{ epoch: 7, stream: 'live', seq: 5 }] })).toEqual([
      { epoch: 7, stream: 'live', seq: 1 },
      { epoch: 7, stream: 'live', seq: 3 },
      { epoch: 7, stream: 'live', seq: 5 },
      { epoch: 8, stream: 'event', seq: 1 },
    ]);
  });
});

describe('quantile', () => {
  it('finds the value in any order', () => {
    const values = Array.from({ length: 100 }, (_, index) => 99 - index);
    expect([quantile(values, 0.5), quantile(values, 0.99), quantile([], 0.5)]).toEqual([
      50,
      99,
      null,
    ]);
  });
});
