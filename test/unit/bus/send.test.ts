import { describe, expect, it } from 'vitest';
import type { Sending } from '../../../src/core/bus.ts';
import { AmrError } from '../../../src/core/errors.ts';
import { answer, createRig, QUIET_MS, request, SENT_MS } from './rig.ts';

const sending = (key: number, options: Partial<Sending> = {}): Sending => ({
  request: () => request(key),
  quietMs: QUIET_MS,
  priority: 'control',
  signal: new AbortController().signal,
  ...options,
});

const codeOf = (thrown: unknown) => (thrown instanceof AmrError ? thrown.code : String(thrown));

describe('a request that nobody is to answer', () => {
  it('waits for the line, and the next waits until it is out and the line quiet', async () => {
    const { ask, line, bus, clock, sent } = createRig();
    ask(1);
    const told = bus.send(sending(2));
    const next = ask(3);
    line.onRequest((bytes) => {
      if (bytes[5] !== 2) line.hearAfter(100, answer(bytes[5] ?? 0));
    });
    await clock.advance(10_000);
    await told;
    const toldAt = sent()[1]?.[1] ?? 0;
    expect(sent().map(([key]) => key)).toEqual([1, 2, 3]);
    expect(sent()[2]?.[1]).toBe(toldAt + SENT_MS + QUIET_MS);
    expect(next.code).toBeNull();
    expect(bus.counters).toMatchObject({ sent: 1, exchanges: 2, answered: 2, timeouts: 0 });
  });

  it('is made at the moment of sending', async () => {
    const { ask, line, bus, clock } = createRig();
    const madeAt: number[] = [];
    line.onRequest((bytes) => line.hearAfter(400, answer(bytes[5] ?? 0)));
    ask(1);
    const told = bus.send(
      sending(2, {
        request: () => {
          madeAt.push(clock.monotonic());
          return request(2);
        },
      }),
    );
    await clock.advance(10_000);
    await told;
    expect(madeAt).toEqual([line.sent[1]?.at]);
    expect(madeAt[0]).toBeGreaterThanOrEqual(400);
  });

  it('draws out the quiet time for a meter that answers all the same', async () => {
    const { ask, line, bus, clock, sent } = createRig();
    void bus.send(sending(2));
    line.hearAfter(150, answer(2));
    await clock.advance(100);
    const next = ask(2);
    await clock.advance(10_000);
    expect(sent()[1]).toEqual([2, 150 + QUIET_MS]);
    expect(next.code).toBe('BUS_NO_REPLY');
  });

  it('fails with the cause when the port is away', async () => {
    const { line, bus } = createRig();
    line.setFault(new AmrError('PORT_LOST', 'unplugged'));
    expect(await bus.send(sending(1)).catch(codeOf)).toBe('PORT_LOST');
    expect(bus.counters.sent).toBe(0);
  });

  it('never leaves when it is aborted while it waits', async () => {
    const { ask, bus, clock, sent } = createRig();
    const abort = new AbortController();
    ask(1);
    const told = bus.send(sending(2, { signal: abort.signal })).catch(codeOf);
    abort.abort();
    await clock.advance(10_000);
    expect(await told).toBe('BUS_ABORTED');
    expect(sent().map(([key]) => key)).toEqual([1]);
  });
});

describe('an exchange', () => {
  it('tells when its request goes to the port', async () => {
    const { ask, line, clock } = createRig();
    const at: number[] = [];
    line.onRequest((bytes) => line.hearAfter(100, answer(bytes[5] ?? 0)));
    ask(1);
    ask(2, { onSent: () => at.push(clock.monotonic()) });
    await clock.advance(1000);
    expect(at).toEqual([line.sent[1]?.at]);
  });

  it('does not open the port anew for silence that was to be expected', async () => {
    const { ask, line, bus, clock } = createRig();
    for (let count = 0; count < 30; count++) ask(1, { mayBeSilent: true });
    await clock.advance(60_000);
    expect(bus.counters).toMatchObject({ timeouts: 30, restarts: 0 });
    expect(line.restarts).toEqual([]);
  });
});
