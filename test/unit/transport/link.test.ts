import { getEventListeners } from 'node:events';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AmrError } from '../../../src/core/errors.ts';
import type { Transport } from '../../../src/core/transport.ts';
import { backoffMs, createLink, type Link } from '../../../src/transport/link.ts';
import { createVirtualClock, type VirtualClock } from '../../support/virtual-clock.ts';

/** A transport that opens or fails as told, and is lost when told. */
interface FakeTransport extends Transport {
  readonly written: Uint8Array[];
  state: 'new' | 'open' | 'closed';
  say(bytes: Uint8Array): void;
  lose(): void;
}

const refused = () => new AmrError('PORT_OPEN_FAILED', 'cannot open fake: refused');

function createFakeTransport(opens: boolean): FakeTransport {
  let notifyBytes: (bytes: Uint8Array) => void = () => undefined;
  let notifyDown: (reason: Error) => void = () => undefined;
  const fake: FakeTransport = {
    info: { kind: 'serial', address: 'fake', baudRate: 2400, bitsPerByte: 11 },
    written: [],
    state: 'new',
    onData: (listener) => {
      notifyBytes = listener;
    },
    onDown: (listener) => {
      notifyDown = listener;
    },
    open() {
      if (!opens) return Promise.reject(refused());
      fake.state = 'open';
      return Promise.resolve();
    },
    write: (bytes) => Promise.resolve(void fake.written.push(bytes)),
    close() {
      fake.state = 'closed';
      return Promise.resolve();
    },
    say: (bytes) => notifyBytes(bytes),
    lose: () => notifyDown(new AmrError('PORT_LOST', 'fake went away')),
  };
  return fake;
}

describe('the back-off', () => {
  it('lies below a bound that doubles from 1 s to 30 s', () => {
    const bounds = [1000, 2000, 4000, 8000, 16_000, 30_000, 30_000];
    const nearlyOne = 1 - 2 ** -53;
    bounds.forEach((bound, index) => {
      expect(backoffMs(index + 1, () => nearlyOne)).toBeCloseTo(bound, 6);
      expect(backoffMs(index + 1, () => 0.5)).toBe(bound / 2);
      expect(backoffMs(index + 1, () => 0)).toBe(0);
    });
    expect(backoffMs(5000, () => 0.5)).toBe(15_000);
  });
});

describe('a link', () => {
  let clock: VirtualClock;
  let stop: AbortController;
  let running: Promise<void>;
  let attempts: FakeTransport[];
  let opens: boolean;
  let lines: Record<string, unknown>[];
  let link: Link;

  beforeEach(() => {
    clock = createVirtualClock();
    stop = new AbortController();
    attempts = [];
    opens = true;
    lines = [];
    const log = pino({ base: null }, { write: (line) => lines.push(JSON.parse(line)) });
    const make = () => {
      const attempt = createFakeTransport(opens);
      attempts.push(attempt);
      return attempt;
    };
    link = createLink({ make, clock, log, random: () => 0.5 });
    // One is made beforehand, to ask it for the facts of the line.
    attempts = [];
  });

  afterEach(async () => {
    stop.abort();
    await running;
  });

  const start = async () => {
    running = link.run(stop.signal);
    await clock.advance(0);
  };
  const latest = () => {
    const attempt = attempts.at(-1);
    if (attempt === undefined) throw new Error('no attempt was made');
    return attempt;
  };
  /** Virtual milliseconds until the next attempt. */
  const untilNext = async () => {
    const before = link.attempts;
    const startedAt = clock.monotonic();
    while (link.attempts === before) await clock.advance(250);
    return clock.monotonic() - startedAt;
  };

  it('passes bytes both ways while it is open', async () => {
    const heard: Uint8Array[] = [];
    link.onData((bytes) => heard.push(bytes));
    await start();
    await link.firstAttempt;
    expect(link.fault).toBeNull();
    await link.write(Uint8Array.of(1));
    latest().say(Uint8Array.of(2));
    expect([latest().written, heard]).toEqual([[Uint8Array.of(1)], [Uint8Array.of(2)]]);
  });

  it('refuses writes with the reason while it is not open, and sends nothing of them later', async () => {
    const write = () => link.write(Uint8Array.of(9));
    running = Promise.resolve();
    await expect(write()).rejects.toMatchObject({ code: 'PORT_LOST' });
    opens = false;
    await start();
    await expect(write()).rejects.toMatchObject({ code: 'PORT_OPEN_FAILED' });
    expect(link.fault).toMatchObject({ code: 'PORT_OPEN_FAILED' });
    opens = true;
    await untilNext();
    latest().lose();
    await expect.poll(() => link.fault?.code).toBe('PORT_LOST');
    await expect(write()).rejects.toMatchObject({ code: 'PORT_LOST' });
    await untilNext();
    expect(attempts.flatMap(({ written }) => written)).toEqual([]);
  });

  it('rejects the first attempt with its error and goes on trying', async () => {
    opens = false;
    await start();
    await expect(link.firstAttempt).rejects.toMatchObject({ code: 'PORT_OPEN_FAILED' });
    opens = true;
    await untilNext();
    expect(link.fault).toBeNull();
    await expect(link.firstAttempt).rejects.toMatchObject({ code: 'PORT_OPEN_FAILED' });
  });

  it('doubles the wait up to 30 s, with a new transport for each attempt', async () => {
    opens = false;
    await start();
    const waits: number[] = [];
    for (let attempt = 0; attempt < 7; attempt++) waits.push(await untilNext());
    expect(waits).toEqual([500, 1000, 2000, 4000, 8000, 15_000, 15_000]);
    expect(new Set(attempts).size).toBe(8);
    expect(attempts.map(({ state }) => state)).toEqual(Array.from({ length: 8 }, () => 'closed'));
  });

  it('opens at once after it was open for 30 s, and goes on backing off after less', async () => {
    opens = false;
    await start();
    for (let attempt = 0; attempt < 3; attempt++) await untilNext();
    opens = true;
    await untilNext();
    await clock.advance(29_000);
    latest().lose();
    expect(await untilNext()).toBe(8000);
    await clock.advance(30_000);
    latest().lose();
    await clock.advance(0);
    expect([link.attempts, link.fault]).toEqual([7, null]);
  });

  it('opens at once, a hundred times, for a device that closes after each answer', async () => {
    await start();
    const startedAt = clock.monotonic();
    for (let round = 0; round < 100; round++) {
      await clock.advance(150);
      latest().say(Uint8Array.of(round));
      latest().lose();
      await clock.advance(0);
      expect(link.fault).toBeNull();
    }
    expect(clock.monotonic() - startedAt).toBe(15_000);
    expect(link.attempts).toBe(101);
    expect(lines).toEqual([]);
  });

  it('does not run hot where something greets everybody and hangs up', async () => {
    await start();
    const startedAt = clock.monotonic();
    while (clock.monotonic() - startedAt < 10_000) {
      latest().say(Uint8Array.of(0x21));
      latest().lose();
      await clock.advance(50);
    }
    expect(link.attempts).toBe(101);
  });

  it('backs off from what hangs up without a byte, warns once, and says when bytes come', async () => {
    await start();
    const waits: number[] = [];
    for (let round = 0; round < 5; round++) {
      latest().lose();
      await clock.advance(0);
      waits.push(await untilNext());
    }
    expect(waits).toEqual([500, 1000, 2000, 4000, 8000]);
    expect(lines).toMatchObject([{ msg: 'port down', code: 'PORT_LOST' }]);
    latest().say(Uint8Array.of(1));
    latest().say(Uint8Array.of(2));
    expect(lines.slice(1)).toMatchObject([{ msg: 'port up', failures: 5 }]);
    latest().lose();
    await clock.advance(100);
    expect([link.attempts, link.fault]).toEqual([7, null]);
    latest().lose();
    await clock.advance(0);
    expect(await untilNext()).toBe(500);
    expect(lines).toHaveLength(2);
  });

  it('is waited for until it is open', async () => {
    opens = false;
    await start();
    const order: string[] = [];
    const waiting = link.whenUp(new AbortController().signal).then(() => order.push('up'));
    await clock.advance(400);
    order.push('opened');
    opens = true;
    await clock.advance(200);
    await waiting;
    expect(order).toEqual(['opened', 'up']);
    await link.whenUp(new AbortController().signal);
    latest().lose();
    await clock.advance(0);
    const givenUp = new AbortController();
    const inVain = link.whenUp(givenUp.signal);
    inVain.then(
      () => order.push('up again'),
      () => undefined,
    );
    await clock.advance(0);
    expect(order).toEqual(['opened', 'up']);
    givenUp.abort(new Error('no longer'));
    await expect(inVain).rejects.toThrow('no longer');
  });

  it('closes and opens anew at once when it is restarted', async () => {
    await start();
    const first = latest();
    link.restart(new AmrError('BUS_NO_REPLY', 'nobody answers'));
    await clock.advance(0);
    expect(first.state).toBe('closed');
    expect(latest()).not.toBe(first);
    expect(link.fault).toBeNull();
  });

  it('keeps the true reason when it is restarted while it is away', async () => {
    await start();
    opens = false;
    latest().lose();
    await untilNext();
    link.restart(new AmrError('BUS_NO_REPLY', 'nobody answers'));
    expect(link.fault).toMatchObject({ code: 'PORT_OPEN_FAILED' });
  });

  it('hears nothing more of a transport that is over', async () => {
    const heard: Uint8Array[] = [];
    link.onData((bytes) => heard.push(bytes));
    await start();
    const first = latest();
    first.lose();
    await untilNext();
    first.say(Uint8Array.of(1));
    first.lose();
    await clock.advance(0);
    expect(heard).toEqual([]);
    expect(link.fault).toBeNull();
  });

  it('closes its transport and ends when the signal aborts, open or waiting', async () => {
    await start();
    stop.abort();
    await running;
    expect(latest().state).toBe('closed');
    expect(link.fault).toMatchObject({ code: 'PORT_LOST' });
    stop = new AbortController();
    opens = false;
    await start();
    expect(clock.waiting).toBe(1);
    stop.abort();
    await running;
    expect(clock.waiting).toBe(0);
  });

  it('warns once when the port goes, and says at recovery how often opening failed', async () => {
    await start();
    opens = false;
    await clock.advance(60_000);
    latest().lose();
    await clock.advance(0);
    for (let attempt = 0; attempt < 3; attempt++) await untilNext();
    opens = true;
    await untilNext();
    expect(lines).toMatchObject([
      { level: 40, msg: 'port down', code: 'PORT_OPEN_FAILED' },
      { level: 30, msg: 'port up', failures: 4 },
    ]);
  });

  it('tells of a loss, a restart and its end at once, each time once', async () => {
    const faults: [string, string | undefined][] = [];
    link.onFault(({ message }) => faults.push([message, link.fault?.message]));
    await start();
    latest().lose();
    latest().lose();
    expect(faults).toEqual([['fake went away', 'fake went away']]);
    await untilNext();
    link.restart(new AmrError('PORT_LOST', 'it hangs'));
    link.restart(new AmrError('PORT_LOST', 'it hangs'));
    expect(faults.slice(1)).toEqual([['it hangs', 'it hangs']]);
    await clock.advance(0);
    expect(link.fault).toBeNull();
    stop.abort();
    expect(faults.slice(2)).toEqual([['fake is not open', 'fake is not open']]);
    await running;
    expect(faults).toHaveLength(3);
  });

  it('tells of no loss where it could not open', async () => {
    const faults: Error[] = [];
    link.onFault((reason) => faults.push(reason));
    opens = false;
    await start();
    await clock.advance(60_000);
    expect(link.attempts).toBeGreaterThan(3);
    expect(faults).toEqual([]);
  });

  it('sets the port that is open, and is described by what is in force', async () => {
    const slow = { baudRate: 1200, dataBits: 8, parity: 'even', stopBits: 1 } as const;
    running = Promise.resolve();
    await expect(link.configure(slow)).rejects.toMatchObject({ code: 'PORT_LOST' });
    await start();
    const asked: unknown[] = [];
    const own = latest();
    own.configure = async (settings) => {
      asked.push(settings);
      Object.assign(own, { info: { ...own.info, baudRate: 1200 } });
      return true;
    };
    expect(await link.configure(slow)).toBe(true);
    expect(asked).toEqual([slow]);
    expect(link.info.baudRate).toBe(1200);
    latest().lose();
    await untilNext();
    expect(link.info.baudRate).toBe(2400);
  });

  it('refuses settings that its transport cannot have', async () => {
    const slow = { baudRate: 1200, dataBits: 8, parity: 'even', stopBits: 1 } as const;
    await start();
    await expect(link.configure(slow)).rejects.toMatchObject({ code: 'PORT_OPEN_FAILED' });
    expect(await link.configure(null)).toBe(false);
    expect(link.fault).toBeNull();
  });

  it('leaves no listener on the signal, however often it opens again', async () => {
    await start();
    for (let round = 0; round < 1000; round++) {
      latest().lose();
      await clock.advance(0);
      while (link.fault !== null) await clock.advance(15_000);
    }
    expect(link.attempts).toBe(1001);
    expect(getEventListeners(stop.signal, 'abort').length).toBe(1);
  }, 60_000);
});
