import { describe, expect, it } from 'vitest';
import {
  answer,
  createRig,
  FIRST_MS,
  IDLE_MS,
  LATENCY_MS,
  NO_REPLY_AT,
  QUIET_MS,
  SENT_MS,
} from './rig.ts';

describe('the first-byte deadline', () => {
  it('runs from the moment at which the last byte has left at the speed of the line', async () => {
    const { ask, clock } = createRig();
    const fate = ask(1);
    await clock.advance(NO_REPLY_AT - 1);
    expect(fate.at).toBeNull();
    await clock.advance(1);
    expect(fate).toEqual({ frame: null, code: 'BUS_NO_REPLY', at: NO_REPLY_AT });
  });

  it.each([
    { baudRate: 300, bitsPerByte: 11, sentMs: 220 },
    { baudRate: 1200, bitsPerByte: 11, sentMs: 55 },
    { baudRate: 9600, bitsPerByte: 10, sentMs: 6.25 },
  ])('is $sentMs ms later at $baudRate baud', async ({ sentMs, ...info }) => {
    const { ask, clock } = createRig({}, info);
    const fate = ask(1);
    await clock.advance(10_000);
    expect(fate.at).toBe(sentMs + FIRST_MS + LATENCY_MS);
  });

  it('is met by an answer in its last millisecond', async () => {
    const { ask, line, clock } = createRig();
    const fate = ask(1);
    line.hearAfter(NO_REPLY_AT - 1, answer(1, 7));
    await clock.advance(10_000);
    expect(fate).toEqual({ frame: { key: 1, value: 7 }, code: null, at: NO_REPLY_AT - 1 });
  });
});

describe('the idle deadline', () => {
  it('ends an answer that stops halfway, counted from its last byte', async () => {
    const { ask, line, clock } = createRig();
    const fate = ask(1);
    line.hearAfter(400, answer(1).subarray(0, 3));
    line.hearAfter(500, answer(1).subarray(3, 5));
    await clock.advance(10_000);
    expect(fate.code).toBe('BUS_PARTIAL_REPLY');
    expect(fate.at).toBe(500 + IDLE_MS + LATENCY_MS);
  });

  it('never ends an exchange before the first-byte deadline: a stray byte is no answer', async () => {
    const { ask, line, clock } = createRig();
    const fate = ask(1);
    line.hearAfter(SENT_MS + 10, Uint8Array.of(0x00));
    line.hearAfter(NO_REPLY_AT - 1, answer(1, 7));
    await clock.advance(10_000);
    expect(fate.frame).toEqual({ key: 1, value: 7 });
  });

  it('lets an answer come byte by byte', async () => {
    const { ask, line, clock } = createRig();
    const fate = ask(1);
    answer(1, 9).forEach((byte, index) => {
      line.hearAfter(500 + index * (IDLE_MS + LATENCY_MS - 1), Uint8Array.of(byte));
    });
    await clock.advance(10_000);
    expect(fate.frame).toEqual({ key: 1, value: 9 });
    expect(fate.at).toBeGreaterThan(NO_REPLY_AT);
  });
});

describe('an answer without end', () => {
  it('is a jam beyond 4 KiB, at once', async () => {
    const { ask, line, clock } = createRig();
    const fate = ask(1);
    line.hearAfter(100, new Uint8Array(4096));
    await clock.advance(150);
    expect(fate.at).toBeNull();
    line.hear(Uint8Array.of(0));
    await clock.advance(0);
    expect(fate).toEqual({ frame: null, code: 'BUS_JAMMED', at: 150 });
  });

  it('ends half a minute after the request when the bytes only trickle', async () => {
    const { ask, line, clock } = createRig();
    const fate = ask(1);
    for (let ms = 100; ms < 60_000; ms += 200) line.hearAfter(ms, Uint8Array.of(0));
    await clock.advance(60_000);
    expect(fate).toEqual({ frame: null, code: 'BUS_PARTIAL_REPLY', at: SENT_MS + 30_000 });
  });

  it('keeps the next request back, and fails it when the quiet time is drawn out by five seconds', async () => {
    const { ask, line, clock, sent } = createRig();
    const first = ask(1);
    line.hearAfter(100, new Uint8Array(5000));
    const second = ask(2);
    for (let ms = 150; ms < 6500; ms += 50) line.hearAfter(ms, Uint8Array.of(0));
    await clock.advance(6500);
    expect(first).toMatchObject({ code: 'BUS_JAMMED', at: 100 });
    expect(second).toMatchObject({ code: 'BUS_JAMMED', at: NO_REPLY_AT + QUIET_MS + 5000 });
    expect(sent()).toEqual([[1, 0]]);
    const third = ask(3);
    line.onRequest(() => line.hearAfter(100, answer(3)));
    await clock.advance(1000);
    expect(third.frame?.key).toBe(3);
  });
});

describe('the quiet time after a failure', () => {
  it('passes before the next request', async () => {
    const { ask, clock, sent } = createRig();
    ask(1);
    ask(2);
    await clock.advance(NO_REPLY_AT + QUIET_MS);
    expect(sent()).toEqual([
      [1, 0],
      [2, NO_REPLY_AT + QUIET_MS],
    ]);
  });

  it('starts anew with a late answer, which is counted and given to nobody', async () => {
    const { ask, line, bus, clock, sent } = createRig();
    const first = ask(1);
    const second = ask(2);
    const lateAt = NO_REPLY_AT + QUIET_MS - 1;
    line.hearAfter(lateAt, answer(1, 7));
    await clock.advance(lateAt + QUIET_MS);
    expect(first.code).toBe('BUS_NO_REPLY');
    expect(sent().at(-1)).toEqual([2, lateAt + QUIET_MS]);
    expect(bus.counters).toMatchObject({ lateFrames: 1, strayBytes: 7, timeouts: 1 });
    line.hear(answer(2, 8));
    await clock.advance(0);
    expect(second.frame).toEqual({ key: 2, value: 8 });
  });

  it('knows a late answer whose first half came in time', async () => {
    const { ask, line, bus, clock } = createRig();
    const fate = ask(1);
    line.hearAfter(100, answer(1).subarray(0, 5));
    line.hearAfter(NO_REPLY_AT + 10, answer(1).subarray(5));
    await clock.advance(10_000);
    expect(fate.code).toBe('BUS_PARTIAL_REPLY');
    expect(bus.counters.lateFrames).toBe(1);
  });
});
