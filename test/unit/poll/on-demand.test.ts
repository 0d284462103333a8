import { describe, expect, it } from 'vitest';
import { decimal } from '../../../src/core/decimal.ts';
import type { DriverSession, ReadOptions, ReadResult } from '../../../src/core/driver.ts';
import { AmrError } from '../../../src/core/errors.ts';
import { type MeterModel, modelSchema } from '../../../src/core/model.ts';
import { type Reading, readingSchema } from '../../../src/core/reading.ts';
import type { Register } from '../../../src/core/registers.ts';
import type { Store } from '../../../src/core/store.ts';
import { createReadNow } from '../../../src/poll/on-demand.ts';
import { createVirtualClock } from '../../support/virtual-clock.ts';

const model: MeterModel = modelSchema.parse({
  model: 'test',
  protocol: 'test',
  title: { en: 'test', zh: 'test' },
  source: 'none',
  line: { baudRate: 2400, parity: 'even' },
  registers: { energy_active_import: 1, voltage_l1: 2 },
  groups: { all: ['energy_active_import', 'voltage_l1'] },
  examples: [{ source: 'none', response: '00', expect: {} }],
});

type Read = (registers: readonly Register[], options: ReadOptions) => Promise<ReadResult>;

const shows: Read = (registers) =>
  Promise.resolve({
    values: registers.map((register) => ({ register, value: decimal(1234n, 2), flags: [] })),
    failures: [],
  });

function setUp(read: Read = shows, fault: AmrError | null = null) {
  const clock = createVirtualClock();
  const stop = new AbortController();
  const stored: (readonly [string, Reading])[] = [];
  const priorities: string[] = [];
  const session = {
    read(registers: readonly Register[], options: ReadOptions) {
      priorities.push(options.priority);
      return read(registers, options);
    },
  } as DriverSession;
  const store = {
    append(stream: string, bodies: readonly string[]) {
      stored.push(...bodies.map((body) => [stream, JSON.parse(body)] as const));
      return Promise.resolve(stored.length);
    },
  } as unknown as Store;
  const readNow = createReadNow({
    meters: new Map([['m1', { model, session, line: { fault } }]]),
    store,
    clock,
    clockState: () => 'synced',
    zone: 'Asia/Shanghai',
    stop: stop.signal,
  });
  const ask = (words = ['all'], signal = new AbortController().signal, meter = 'm1') =>
    readNow(meter, words, { signal });
  return { ask, clock, stop, stored, priorities };
}

describe('a reading on demand', () => {
  it('is made at its own priority, and stored among the live ones as it is returned', async () => {
    const { ask, stored, priorities } = setUp();
    const reading = await ask(['energy_active_import', '1-0:32.7.0']);
    expect(reading).toEqual({
      meter: 'm1',
      kind: 'on-demand',
      slot: '2026-11-23T08:00:00.000+08:00',
      readAt: '2026-11-23T08:00:00.000+08:00',
      source: 'on-demand',
      quality: 'good',
      values: { '1-0:1.8.0': '12.34', '1-0:32.7.0': '12.34' },
    });
    expect(readingSchema.parse(reading)).toEqual(reading);
    expect(stored).toEqual([['live', reading]]);
    expect(priorities).toEqual(['on-demand']);
  });

  it('has a moment of its own, though two are asked for at once', async () => {
    const { ask } = setUp();
    const slots = (await Promise.all([ask(), ask(), ask()])).map(({ slot }) => slot);
    expect(new Set(slots).size).toBe(3);
  });

  it('is tried again where that may help, and is missing where it does not', async () => {
    const { ask, stored, priorities } = setUp(() =>
      Promise.reject(new AmrError('BUS_NO_REPLY', 'silence')),
    );
    expect(await ask()).toMatchObject({ quality: 'missing', cause: 'BUS_NO_REPLY', values: {} });
    expect(stored).toHaveLength(1);
    expect(priorities).toHaveLength(3);
  });

  it('names the port that is away at once', async () => {
    const { ask, priorities } = setUp(shows, new AmrError('PORT_LOST', 'unplugged'));
    expect(await ask()).toMatchObject({ quality: 'missing', cause: 'PORT_LOST' });
    expect(priorities).toEqual([]);
  });

  it('is refused for a meter or register that is not there, naming what is', async () => {
    const { ask, stored } = setUp();
    await expect(ask(['all'], undefined, 'm2')).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: 'no meter m2; there are m1',
    });
    await expect(ask(['frequency'])).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining('its groups are all'),
    });
    expect(stored).toEqual([]);
  });

  /** Waits for the line until the signal aborts, as an exchange does. */
  const waits: Read = (_, { signal }) =>
    new Promise((_resolve, reject) => {
      signal.addEventListener('abort', () => reject(new AmrError('BUS_ABORTED', 'aborted')));
    });

  it('that nobody wants any more ends, is not tried again and leaves nothing', async () => {
    const { ask, stored, priorities } = setUp(waits);
    const wanted = new AbortController();
    const reading = ask(['all'], wanted.signal);
    const reason = new AmrError('UPLINK_EXPIRED', 'too late');
    wanted.abort(reason);
    await expect(reading).rejects.toBe(reason);
    expect(stored).toEqual([]);
    expect(priorities).toHaveLength(1);
  });

  it('ends when the gateway stops', async () => {
    const { ask, stored, stop } = setUp(waits);
    const reading = ask();
    stop.abort();
    await expect(reading).rejects.toMatchObject({ code: 'GATEWAY_STOPPED' });
    expect(stored).toEqual([]);
  });
});
