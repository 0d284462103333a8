import { getEventListeners } from 'node:events';
import pino from 'pino';
import { describe, expect, it } from 'vitest';
import { createPipelinedBus } from '../../../src/bus/pipelined.ts';
import type { Exchange } from '../../../src/core/bus.ts';
import { concatBytes } from '../../../src/core/bytes.ts';
import { AmrError, toAmrError } from '../../../src/core/errors.ts';
import { createFakeLine } from '../../support/fake-line.ts';
import {
  answerOf,
  createNumberedFramer,
  type NumberedFrame,
  numberedExchange,
} from '../../support/numbered.ts';
import { createVirtualClock } from '../../support/virtual-clock.ts';

const FIRST_MS = 500;
const LATENCY_MS = 40;
const NO_REPLY_AT = FIRST_MS + LATENCY_MS;

interface Fate {
  value: number | null;
  code: string | null;
  at: number | null;
}

function createRig(inFlight = 4) {
  const clock = createVirtualClock();
  const line = createFakeLine(clock, { kind: 'modbus-tcp' });
  const bus = createPipelinedBus(
    { name: 'tcp', latencyMs: LATENCY_MS, inFlight },
    { line, clock, log: pino({ level: 'silent' }) },
  );
  function ask(number: number, options: Partial<Exchange<NumberedFrame>> = {}): Fate {
    const fate: Fate = { value: null, code: null, at: null };
    const end = (some: Partial<Fate>) => Object.assign(fate, some, { at: clock.monotonic() });
    void bus.exchange({ ...numberedExchange(number), ...options }).then(
      ({ value }) => end({ value }),
      (thrown: unknown) => end({ code: toAmrError(thrown).code }),
    );
    return fate;
  }
  return {
    clock,
    line,
    bus,
    ask,
    sent: () => line.sent.map(({ at, bytes }) => [bytes[1], at]),
  };
}

const lost = () => new AmrError('PORT_LOST', 'reset by the other side');

describe('a Modbus TCP bus', () => {
  it('has as many exchanges under way as it is set to, and the next as one ends', async () => {
    const { ask, line, bus, clock, sent } = createRig(2);
    const fates = [ask(1), ask(2), ask(3)];
    line.hearAfter(100, answerOf(2, 20));
    line.hearAfter(200, concatBytes(answerOf(3, 30), answerOf(1, 10)));
    await clock.advance(1000);
    expect(sent()).toEqual([
      [1, 0],
      [2, 0],
      [3, 100],
    ]);
    expect(fates.map(({ value, at }) => [value, at])).toEqual([
      [10, 200],
      [20, 100],
      [30, 200],
    ]);
    expect(bus.counters).toMatchObject({ exchanges: 3, answered: 3, timeouts: 0 });
  });

  it('has one under way where it is set to one, without a pause, highest priority first', async () => {
    const { ask, line, clock, sent } = createRig(1);
    line.onRequest((bytes) => line.hearAfter(10, answerOf(bytes[1] ?? 0)));
    ask(1);
    ask(2, { priority: 'backfill' });
    ask(3, { priority: 'control', gapMs: () => 50, quietMs: 50 });
    await clock.advance(1000);
    expect(sent()).toEqual([
      [1, 0],
      [3, 10],
      [2, 20],
    ]);
  });

  it('puts an answer together that comes in pieces, with the framer of the first', async () => {
    const { ask, line, clock } = createRig();
    const fates = [ask(1), ask(2)];
    const bytes = concatBytes(answerOf(2, 20), answerOf(1, 10));
    bytes.forEach((byte, index) => {
      line.hearAfter(10 + index, Uint8Array.of(byte));
    });
    await clock.advance(100);
    expect(fates.map(({ value, at }) => [value, at])).toEqual([
      [10, 15],
      [20, 12],
    ]);
  });

  it('gives an exchange up at its deadline, and its late answer to nobody', async () => {
    const { ask, line, bus, clock } = createRig();
    const first = ask(1);
    await clock.advance(100);
    const second = ask(2);
    line.hearAfter(NO_REPLY_AT - 50, answerOf(1, 10));
    line.hearAfter(NO_REPLY_AT - 40, answerOf(2, 20));
    line.hearAfter(NO_REPLY_AT - 30, answerOf(9, 90));
    await clock.advance(1000);
    expect(first).toEqual({ value: null, code: 'BUS_NO_REPLY', at: NO_REPLY_AT });
    expect(second).toEqual({ value: 20, code: null, at: NO_REPLY_AT + 60 });
    expect(bus.counters).toMatchObject({
      timeouts: 1,
      foreignFrames: 1,
      lateFrames: 1,
      strayBytes: 3,
    });
  });

  it('ends each at its own deadline, be it before that of an earlier one', async () => {
    const { ask, clock } = createRig();
    const fates = [ask(1), ask(2, { firstByteMs: 100 }), ask(3, { firstByteMs: 200 })];
    await clock.advance(1000);
    expect(fates.map(({ code, at }) => [code, at])).toEqual([
      ['BUS_NO_REPLY', NO_REPLY_AT],
      ['BUS_NO_REPLY', 100 + LATENCY_MS],
      ['BUS_NO_REPLY', 200 + LATENCY_MS],
    ]);
  });

  it('keeps one timer for all, and none once the connection has gone', async () => {
    const { ask, line, clock } = createRig();
    line.onRequest((bytes) => line.hear(answerOf(bytes[1] ?? 0)));
    for (let number = 0; number < 100; number++) ask(number);
    await clock.advance(0);
    line.onRequest(() => undefined);
    const fates = [ask(101), ask(102)];
    await clock.advance(NO_REPLY_AT - 1);
    expect(clock.waiting).toBe(1);
    line.setFault(lost());
    await clock.advance(0);
    expect(fates.map(({ code }) => code)).toEqual(['PORT_LOST', 'PORT_LOST']);
    expect(clock.waiting).toBe(0);
  });

  it('listens to a signal once, however many exchanges it may end', async () => {
    const { ask, clock, line } = createRig();
    const stop = new AbortController();
    line.onRequest((bytes) => line.hear(answerOf(bytes[1] ?? 0)));
    for (let number = 0; number < 100; number++) ask(number, { signal: stop.signal });
    await clock.advance(0);
    expect(getEventListeners(stop.signal, 'abort')).toHaveLength(1);
    line.onRequest(() => undefined);
    const fates = [ask(101, { signal: stop.signal }), ask(102), ask(103, { signal: stop.signal })];
    await clock.advance(10);
    stop.abort();
    await clock.advance(0);
    expect(fates.map(({ code }) => code)).toEqual(['BUS_ABORTED', null, 'BUS_ABORTED']);
  });

  it('sends nothing for who gives up as his turn comes', async () => {
    const { ask, line, clock } = createRig();
    const abort = new AbortController();
    const fate = ask(1, { signal: abort.signal, onSent: () => abort.abort() });
    await clock.advance(0);
    expect(fate.code).toBe('BUS_ABORTED');
    expect(line.sent).toEqual([]);
  });

  it('takes the first of two answers to one request', async () => {
    const { ask, line, bus, clock } = createRig();
    const fates = [ask(1), ask(2)];
    line.hearAfter(10, concatBytes(answerOf(1, 10), answerOf(1, 11), answerOf(2, 20)));
    await clock.advance(100);
    expect(fates.map(({ value }) => value)).toEqual([10, 20]);
    expect(bus.counters.foreignFrames).toBe(1);
  });

  it('fails all that is under way at once when the connection goes', async () => {
    const { ask, line, bus, clock } = createRig(2);
    const fates = [ask(1), ask(2), ask(3)];
    await clock.advance(10);
    line.setFault(lost());
    await clock.advance(0);
    const gone = { value: null, code: 'PORT_LOST', at: 10 };
    expect(fates).toEqual([gone, gone, gone]);
    expect(bus.counters).toMatchObject({ exchanges: 2, answered: 0, timeouts: 0 });
    expect(line.sent).toHaveLength(2);
  });

  it('begins a new connection with the framer of its first exchange', async () => {
    const { ask, line, clock } = createRig();
    ask(1);
    line.hearAfter(5, answerOf(1).subarray(0, 2));
    await clock.advance(10);
    line.setFault(lost());
    line.setFault(null);
    const next = ask(2);
    line.hearAfter(5, answerOf(2, 20));
    await clock.advance(10);
    expect(next.value).toBe(20);
  });

  it('hears nothing on a connection where nobody has asked yet', async () => {
    const { ask, line, bus, clock } = createRig();
    line.hear(answerOf(1, 10));
    const fate = ask(1);
    line.hearAfter(5, answerOf(1, 11));
    await clock.advance(10);
    expect(fate.value).toBe(11);
    expect(bus.counters.strayBytes).toBe(3);
  });

  it('connects anew where what comes is no stream of frames, once good ones are taken', async () => {
    const { ask, line, bus, clock } = createRig();
    const fates = [ask(1), ask(2)];
    line.hearAfter(10, concatBytes(answerOf(1, 10), Uint8Array.of(0x48, 0x54, 0x54, 0x50)));
    await clock.advance(100);
    expect(fates[0]).toEqual({ value: 10, code: null, at: 10 });
    expect(fates[1]).toEqual({ value: null, code: 'FRAME_MALFORMED', at: 10 });
    expect(line.restarts).toMatchObject([{ code: 'PORT_LOST' }]);
    expect(bus.counters.restarts).toBe(1);
  });

  it('fails at once when the write is refused, and that exchange alone', async () => {
    const { ask, line, clock } = createRig();
    line.refuseWrite(lost());
    const fates = [ask(1), ask(2)];
    line.hearAfter(10, answerOf(2, 20));
    await clock.advance(100);
    expect(fates).toEqual([
      { value: null, code: 'PORT_LOST', at: 0 },
      { value: 20, code: null, at: 10 },
    ]);
  });

  it('ends an aborted exchange at once, under way or waiting, and no other', async () => {
    const { ask, line, clock, sent } = createRig(2);
    line.onRequest((bytes) => line.hearAfter(50, answerOf(bytes[1] ?? 0)));
    const [first, last] = [new AbortController(), new AbortController()];
    const fates = [
      ask(1, { signal: first.signal }),
      ask(2),
      ask(3),
      ask(4, { signal: last.signal }),
    ];
    await clock.advance(10);
    first.abort();
    last.abort();
    await clock.advance(1000);
    expect(fates.map(({ code, at }) => [code, at])).toEqual([
      ['BUS_ABORTED', 10],
      [null, 50],
      [null, 60],
      ['BUS_ABORTED', 10],
    ]);
    expect(sent().map(([number]) => number)).toEqual([1, 2, 3]);
  });

  it('connects anew after ten exchanges without a byte, unless silence was to be expected', async () => {
    const { ask, line, bus, clock } = createRig(1);
    for (let number = 0; number < 20; number++) ask(number, { mayBeSilent: true });
    for (let number = 0; number < 10; number++) ask(number);
    await clock.advance(30 * NO_REPLY_AT - 1);
    expect(line.restarts).toEqual([]);
    await clock.advance(1);
    expect(line.restarts).toMatchObject([{ code: 'PORT_LOST' }]);
    expect(bus.counters).toMatchObject({ timeouts: 30, restarts: 1 });
  });

  it('tells when a request goes to the port', async () => {
    const { ask, line, clock } = createRig(1);
    const at: number[] = [];
    line.onRequest((bytes) => line.hearAfter(10, answerOf(bytes[1] ?? 0)));
    ask(1);
    ask(2, { onSent: () => at.push(clock.monotonic()), framer: createNumberedFramer() });
    await clock.advance(100);
    expect(at).toEqual([10]);
  });
});
