import { describe, expect, it } from 'vitest';
import { withLine } from '../../../src/bus/with-line.ts';
import { AmrError } from '../../../src/core/errors.ts';
import type { LineSettings } from '../../../src/core/transport.ts';
import {
  answer,
  createRig,
  createToyFramer,
  FIRST_MS,
  LATENCY_MS,
  NO_REPLY_AT,
  QUIET_MS,
  REQUEST_BYTES,
  request,
  TURNAROUND_MS,
} from './rig.ts';

/** 10 ms a byte as on the bus, but of 12 bits: a request takes 60 ms too. */
const SAME_SPEED: LineSettings = { baudRate: 1200, dataBits: 8, parity: 'even', stopBits: 2 };
/** A byte takes 1 ms. */
const FAST: LineSettings = { baudRate: 10_000, dataBits: 8, parity: 'none', stopBits: 1 };

describe('a line with meters that talk differently', () => {
  it('sets the port for each exchange, and back for those without a wish', async () => {
    const { ask, line, bus, clock } = createRig();
    line.onRequest((bytes) => line.hearAfter(100, answer(bytes[5] ?? 0)));
    const fates = [ask(1), ask(2, { line: FAST }), ask(3, { line: FAST }), ask(4)];
    await clock.advance(2000);
    expect(fates.map(({ frame }) => frame?.key)).toEqual([1, 2, 3, 4]);
    expect(line.sent.map(({ settings }) => settings)).toEqual([null, FAST, FAST, null]);
    expect(bus.counters.switches).toBe(2);
  });

  it('speaks to all meters at once as the bus is set', async () => {
    const { ask, line, bus, clock } = createRig();
    line.onRequest((bytes) => line.hearAfter(100, answer(bytes[5] ?? 0)));
    ask(1, { line: FAST });
    const { signal } = new AbortController();
    void bus.send({ request: () => request(9), quietMs: 0, priority: 'curve', signal });
    await clock.advance(1000);
    expect(line.sent.map(({ settings }) => settings)).toEqual([FAST, null]);
  });

  it('counts deadlines with the settings in force', async () => {
    const { ask, clock } = createRig();
    const fate = ask(1, { line: FAST });
    await clock.advance(10_000);
    expect(fate).toMatchObject({ code: 'BUS_NO_REPLY', at: REQUEST_BYTES + FIRST_MS + LATENCY_MS });
  });

  it('keeps the quiet time of a failure before it sets the port', async () => {
    const { ask, line, clock, sent } = createRig();
    ask(1);
    ask(2, { line: SAME_SPEED });
    await clock.advance(NO_REPLY_AT + QUIET_MS - 1);
    expect(line.info.baudRate).toBe(1100);
    // The late answer is noise to nobody: the port still hears it as it was sent.
    line.hear(answer(1));
    await clock.advance(QUIET_MS - 1);
    expect(line.info.baudRate).toBe(1100);
    await clock.advance(1);
    expect(line.info.baudRate).toBe(1200);
    expect(sent()[1]).toEqual([2, NO_REPLY_AT + QUIET_MS - 1 + QUIET_MS]);
  });

  it('sets the port again where it was opened anew behind the change', async () => {
    const { ask, line, bus, clock } = createRig();
    line.hear(Uint8Array.of(0));
    const fate = ask(1, {
      line: SAME_SPEED,
      gapMs: ({ baudRate }) => (baudRate === 1200 ? 50 : 0),
    });
    await clock.advance(TURNAROUND_MS + 10);
    expect(line.info.baudRate).toBe(1200);
    line.setFault(new AmrError('PORT_LOST', 'unplugged'));
    line.setFault(null);
    expect(line.info.baudRate).toBe(1100);
    line.onRequest(() => line.hearAfter(100, answer(1)));
    await clock.advance(1000);
    expect(fate.frame?.key).toBe(1);
    expect(line.sent.map(({ settings }) => settings)).toEqual([SAME_SPEED]);
    expect(bus.counters.switches).toBe(2);
  });

  it('sends nothing where the port cannot be set', async () => {
    const { ask, line, clock } = createRig();
    line.refuseSettings(new AmrError('PORT_OPEN_FAILED', 'no'));
    const fates = [ask(1, { line: FAST }), ask(2)];
    line.onRequest(() => line.hearAfter(100, answer(2)));
    await clock.advance(1000);
    expect(fates.map(({ code }) => code)).toEqual(['PORT_OPEN_FAILED', null]);
    expect(line.sent.map(({ bytes }) => bytes[5])).toEqual([2]);
  });

  it('sends nothing where it was aborted while the port was set', async () => {
    const { ask, line, clock } = createRig();
    const abort = new AbortController();
    line.onConfigure(() => abort.abort());
    const fate = ask(1, { line: FAST, signal: abort.signal });
    await clock.advance(1000);
    expect(fate.code).toBe('BUS_ABORTED');
    expect(line.sent).toEqual([]);
  });

  it('is the same bus to a driver, which need not know', async () => {
    const { line, bus, clock } = createRig();
    line.onRequest((bytes) => line.hearAfter(100, answer(bytes[5] ?? 0, 7)));
    const facade = withLine(bus, FAST);
    expect([facade.name, facade.kind]).toEqual(['toy', 'line']);
    const answered = facade.exchange({
      request: request(1),
      framer: createToyFramer(),
      match: ({ key }) => key === 1,
      firstByteMs: FIRST_MS,
      idleMs: 1,
      quietMs: QUIET_MS,
      priority: 'curve',
      signal: new AbortController().signal,
    });
    await clock.advance(1000);
    expect(await answered).toEqual({ key: 1, value: 7 });
    expect(line.sent.map(({ settings }) => settings)).toEqual([FAST]);
  });
});
