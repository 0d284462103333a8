import { describe, expect, it } from 'vitest';
import { concatBytes } from '../../../src/core/bytes.ts';
import { AmrError } from '../../../src/core/errors.ts';
import {
  answer,
  createRig,
  FIRST_MS,
  LATENCY_MS,
  NO_REPLY_AT,
  QUIET_MS,
  SENT_MS,
  TURNAROUND_MS,
} from './rig.ts';

describe('a bus', () => {
  it('has one exchange in flight and a pause between two', async () => {
    const { ask, line, bus, clock, sent } = createRig();
    const fates = [ask(1), ask(2)];
    line.onRequest((bytes) => line.hearAfter(100, answer(bytes[5] ?? 0, 7)));
    await clock.advance(1000);
    expect(sent()).toEqual([
      [1, 0],
      [2, 100 + TURNAROUND_MS],
    ]);
    expect(fates.map(({ frame }) => frame?.key)).toEqual([1, 2]);
    expect(bus.counters).toMatchObject({ exchanges: 2, answered: 2, timeouts: 0 });
  });

  it('serves the higher priority first', async () => {
    const { ask, line, clock, sent } = createRig();
    ask(1, { priority: 'backfill' });
    ask(2, { priority: 'backfill' });
    ask(3, { priority: 'billing' });
    ask(4, { priority: 'control' });
    line.onRequest((bytes) => line.hearAfter(100, answer(bytes[5] ?? 0)));
    await clock.advance(1000);
    expect(sent().map(([key]) => key)).toEqual([1, 4, 3, 2]);
  });

  it('passes over the frame of another and takes its own behind it', async () => {
    const { ask, line, bus, clock } = createRig();
    const fate = ask(1);
    line.hearAfter(100, answer(9, 3));
    line.hearAfter(200, answer(1, 7));
    await clock.advance(1000);
    expect(fate.frame).toEqual({ key: 1, value: 7 });
    expect(bus.counters.foreignFrames).toBe(1);
  });

  it('takes one of two glued frames and counts the other', async () => {
    const { ask, line, bus, clock } = createRig();
    const fate = ask(1);
    line.hearAfter(100, concatBytes(answer(9, 3), answer(1, 7), answer(1, 8)));
    await clock.advance(1000);
    expect(fate.frame).toEqual({ key: 1, value: 7 });
    expect(bus.counters.foreignFrames).toBe(2);
  });

  it('says so when only frames of others came', async () => {
    const { ask, line, bus, clock } = createRig();
    const fate = ask(1);
    line.hearAfter(100, answer(9, 3));
    await clock.advance(1000);
    expect(fate.code).toBe('BUS_FOREIGN_REPLY');
    expect(bus.counters).toMatchObject({ foreignFrames: 1, strayBytes: 7, answered: 0 });
  });

  it('waits for silence when bytes come between two exchanges', async () => {
    const { ask, line, clock, sent } = createRig({ turnaroundMs: 50 });
    ask(1);
    ask(2);
    line.hearAfter(100, answer(1));
    line.hearAfter(120, answer(9));
    line.hearAfter(140, answer(9));
    await clock.advance(300);
    expect(sent()).toEqual([
      [1, 0],
      [2, 190],
    ]);
  });
});

describe('an aborted exchange', () => {
  it('never leaves while it waits for the line', async () => {
    const { ask, clock, sent } = createRig();
    const abort = new AbortController();
    ask(1);
    const fate = ask(2, { signal: abort.signal });
    await clock.advance(10);
    abort.abort();
    await clock.advance(10_000);
    expect(fate).toEqual({ frame: null, code: 'BUS_ABORTED', at: 10 });
    expect(sent().map(([key]) => key)).toEqual([1]);
  });

  it('ends at once, and the next waits until its answer could have come and gone', async () => {
    const { ask, line, clock, sent } = createRig();
    const abort = new AbortController();
    const fate = ask(1, { signal: abort.signal });
    const next = ask(2);
    await clock.advance(100);
    abort.abort();
    await clock.advance(0);
    expect(fate).toEqual({ frame: null, code: 'BUS_ABORTED', at: 100 });
    line.hearAfter(200, answer(1, 7));
    await clock.advance(10_000);
    expect(sent().at(-1)).toEqual([2, NO_REPLY_AT + QUIET_MS]);
    expect(next.code).toBe('BUS_NO_REPLY');
  });

  it('holds the line for as long as a slow answer may take, without calling that a jam', async () => {
    const { ask, line, clock, sent } = createRig({ latencyMs: 20_000 });
    const abort = new AbortController();
    ask(1, { signal: abort.signal });
    const next = ask(2);
    await clock.advance(100);
    abort.abort();
    line.onRequest(() => line.hear(answer(2, 8)));
    await clock.advance(60_000);
    expect(sent().at(-1)).toEqual([2, SENT_MS + FIRST_MS + 20_000 + QUIET_MS]);
    expect(next.frame).toEqual({ key: 2, value: 8 });
  });

  it('is called aborted whatever the reason given', async () => {
    const { ask, clock } = createRig();
    const reasons = [new AmrError('GATEWAY_STOPPED', 'stop'), new Error('stop'), 'stop'];
    const aborts = reasons.map(() => new AbortController());
    const fates = aborts.map(({ signal }, index) => ask(index, { signal }));
    await clock.advance(10);
    aborts.forEach((abort, index) => {
      abort.abort(reasons[index]);
    });
    await clock.advance(0);
    expect(fates.map(({ code }) => code)).toEqual(reasons.map(() => 'BUS_ABORTED'));
  });

  it('ends at once though it is given up in the moment in which it leaves', async () => {
    const { ask, clock, sent } = createRig();
    const abort = new AbortController();
    const fate = ask(1, { signal: abort.signal, onSent: () => abort.abort() });
    await clock.advance(10_000);
    expect(fate).toEqual({ frame: null, code: 'BUS_ABORTED', at: 0 });
    expect(sent()).toEqual([[1, 0]]);
  });

  it('gives up the wait for silence too', async () => {
    const { ask, clock, sent } = createRig();
    const abort = new AbortController();
    ask(1);
    const fate = ask(2, { signal: abort.signal });
    await clock.advance(NO_REPLY_AT + 10);
    abort.abort();
    await clock.advance(1000);
    expect(fate).toMatchObject({ code: 'BUS_ABORTED', at: NO_REPLY_AT + 10 });
    expect(sent()).toEqual([[1, 0]]);
  });
});

describe('a bus whose port is gone', () => {
  it('fails every exchange with the port error, at once and without writing', async () => {
    const { ask, line, bus, clock, sent } = createRig();
    line.setFault(new AmrError('PORT_BUSY', 'taken'));
    const fates = [ask(1), ask(2)];
    await clock.advance(0);
    expect(fates.map(({ code, at }) => [code, at])).toEqual([
      ['PORT_BUSY', 0],
      ['PORT_BUSY', 0],
    ]);
    expect(sent()).toEqual([]);
    expect(bus.counters.exchanges).toBe(0);
  });

  it('fails at once when the write is refused', async () => {
    const { ask, line, clock } = createRig();
    line.refuseWrite(new AmrError('PORT_LOST', 'unplugged'));
    const fate = ask(1);
    await clock.advance(0);
    expect(fate).toEqual({ frame: null, code: 'PORT_LOST', at: 0 });
  });

  it('ends the exchange at once with the reason when the port goes', async () => {
    const { ask, line, bus, clock } = createRig();
    const fate = ask(1);
    await clock.advance(10);
    line.setFault(new AmrError('PORT_LOST', 'unplugged'));
    await clock.advance(0);
    expect(fate).toEqual({ frame: null, code: 'PORT_LOST', at: 10 });
    expect(bus.counters).toMatchObject({ exchanges: 1, answered: 0, timeouts: 0 });
  });

  it('gives up the exchange though the port is back within the same moment', async () => {
    const { ask, line, clock, sent } = createRig();
    const fate = ask(1);
    const next = ask(2);
    await clock.advance(10);
    line.setFault(new AmrError('PORT_LOST', 'unplugged'));
    line.setFault(null);
    line.onRequest(() => line.hear(answer(2)));
    await clock.advance(10_000);
    expect(fate).toEqual({ frame: null, code: 'PORT_LOST', at: 10 });
    // The meter has the request and may answer all the same.
    expect(sent()).toEqual([
      [1, 0],
      [2, NO_REPLY_AT + QUIET_MS],
    ]);
    expect(next.frame?.key).toBe(2);
  });
});

describe('a bus that hears nothing', () => {
  const SILENT_MS = NO_REPLY_AT + QUIET_MS;

  it('opens the port anew after ten exchanges, and not again for ten minutes', async () => {
    const { ask, line, bus, clock } = createRig();
    for (let key = 0; key < 1000; key++) ask(key);
    await clock.advance(9 * SILENT_MS + NO_REPLY_AT - 1);
    expect(line.restarts).toHaveLength(0);
    await clock.advance(1);
    expect(line.restarts).toHaveLength(1);
    expect(line.restarts[0]).toMatchObject({ code: 'PORT_LOST' });
    await clock.advance(599_999);
    expect(line.restarts).toHaveLength(1);
    await clock.advance(2 * SILENT_MS);
    expect(line.restarts).toHaveLength(2);
    expect(bus.counters).toMatchObject({ restarts: 2 });
  });

  it('opens it anew again where a byte came in between', async () => {
    const { ask, line, clock } = createRig();
    for (let key = 0; key < 30; key++) ask(key);
    await clock.advance(10 * SILENT_MS);
    expect(line.restarts).toHaveLength(1);
    line.hearAfter(SENT_MS + LATENCY_MS, Uint8Array.of(0));
    await clock.advance(12 * SILENT_MS);
    expect(line.restarts).toHaveLength(2);
  });

  it('does not blame the port for exchanges that were aborted', async () => {
    const { ask, line, clock } = createRig();
    for (let key = 0; key < 15; key++) {
      const abort = new AbortController();
      ask(key, { signal: abort.signal });
      await clock.advance(100);
      abort.abort();
      await clock.advance(SILENT_MS);
    }
    expect(line.restarts).toHaveLength(0);
  });

  it('lets the port be as soon as any byte came, be it noise', async () => {
    const { ask, line, clock } = createRig();
    for (let key = 0; key < 18; key++) ask(key);
    line.hearAfter(8 * SILENT_MS + SENT_MS + LATENCY_MS, Uint8Array.of(0));
    await clock.advance(20 * SILENT_MS);
    expect(line.restarts).toHaveLength(0);
  });
});
