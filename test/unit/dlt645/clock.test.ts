import pino from 'pino';
import { describe, expect, it } from 'vitest';
import { CLOCK_2007, readClock } from '../../../drivers/dlt645/clock.ts';
import { readItem } from '../../../drivers/dlt645/exchange.ts';
import { createRefusals, FORGETFUL } from '../../../drivers/dlt645/refusals.ts';
import { createBus } from '../../../src/bus/bus.ts';
import { fromHex, toHex } from '../../../src/core/bytes.ts';
import { AmrError } from '../../../src/core/errors.ts';
import { createNotes } from '../../../src/core/notes.ts';
import { createFakeLine } from '../../support/fake-line.ts';
import { createVirtualClock } from '../../support/virtual-clock.ts';
import { modelWith } from './fake-bus.ts';

/*
 * The meter 123456789012 on Monday 2026-11-23. Bytes by hand: address and item low byte first,
 * 33H added to each byte of the payload, the checksum is the sum of all bytes from the first 68H
 * on. The request without its payload sums up to 2 x 68 + (12+90+78+56+34+12) + 11 + 04 = 29B.
 */
const HEAD = '68 12 90 78 56 34 12 68';
const WAKE_UP = 'FE FE FE FE';
/** 0C 01 00 04 + 33 each: 3F 34 33 37, sum DD; 29B + DD = 378. */
const ASK_BOTH = `${WAKE_UP} ${HEAD} 11 04 3F 34 33 37 78 16`;
/** 01 01 00 04: 34 34 33 37, sum D2. */
const ASK_DATE = `${WAKE_UP} ${HEAD} 11 04 34 34 33 37 6D 16`;
/** 02 01 00 04: 35 34 33 37, sum D3. */
const ASK_TIME = `${WAKE_UP} ${HEAD} 11 04 35 34 33 37 6E 16`;
/** ss mm hh WW DD MM YY = 45 30 08 01 23 11 26. */
const BOTH = `${HEAD} 91 0B 3F 34 33 37 78 63 3B 34 56 44 59 3C 16`;
/** WW DD MM YY = 01 23 11 26, and the day after, 02 24 11 26. */
const MONDAY = `${HEAD} 91 08 34 34 33 37 34 56 44 59 18 16`;
const TUESDAY = `${HEAD} 91 08 34 34 33 37 35 57 44 59 1A 16`;
/** ss mm hh = 58 59 23, and 01 00 00. */
const BEFORE_MIDNIGHT = `${HEAD} 91 07 35 34 33 37 8B 8C 56 5E 16`;
const AFTER_MIDNIGHT = `${HEAD} 91 07 35 34 33 37 34 33 33 8B 16`;
/** D1H, ERR 02H: no such item. */
const NO_SUCH_ITEM = `${HEAD} D1 01 35 8D 16`;

const METER = '123456789012';
const ZONE = 'Asia/Shanghai';
/** 2026-11-23 08:30:50 in the zone. */
const NOW = Date.parse('2026-11-23T00:30:50Z');

/** Reads the clock of a meter that gives these answers in turn, each `delayMs` after its request. */
async function read(
  answers: readonly (string | null)[],
  { delayMs = 300, before = 0, refusals = FORGETFUL } = {},
) {
  const clock = createVirtualClock(NOW);
  const line = createFakeLine(clock, { baudRate: 9600 });
  const bus = createBus(
    { name: 'line', latencyMs: 0, turnaroundMs: 2 },
    { line, clock, log: pino({ level: 'silent' }) },
  );
  const queue = [...answers];
  line.onRequest(() => {
    const answer = queue.shift() ?? null;
    if (answer !== null) line.hearAfter(delayMs, fromHex(answer));
  });
  // What comes when nobody waits holds up the next request.
  if (before > 0) {
    for (let at = 0; at <= before; at++) line.hearAfter(at, Uint8Array.of(0xfe));
    await clock.advance(0);
  }
  const options = { priority: 'on-demand', signal: new AbortController().signal } as const;
  const outcome = readClock(
    (di, own) => readItem(bus, METER, di, own),
    CLOCK_2007,
    {
      ...options,
      clock,
      zone: ZONE,
    },
    refusals,
  ).catch((thrown) => {
    if (thrown instanceof AmrError) return thrown.code;
    throw thrown;
  });
  await clock.advance(20_000);
  return { outcome: await outcome, asked: line.sent.map(({ bytes }) => toHex(bytes)), line };
}

describe('reading the clock of a meter', () => {
  it('asks for date and time in one item', async () => {
    const { outcome, asked } = await read([BOTH]);
    expect(asked).toEqual([ASK_BOTH]);
    expect(outcome).toMatchObject({ meterTime: '2026-11-23T08:30:45' });
  });

  it('compares with the moment halfway between question and answer', async () => {
    const { outcome } = await read([BOTH], { delayMs: 300 });
    expect(outcome).toEqual({
      meterTime: '2026-11-23T08:30:45',
      readAt: NOW + 150,
      offsetMs: -5150,
    });
  });

  it('does not count the wait for the line', async () => {
    const { outcome, line } = await read([BOTH], { delayMs: 300, before: 1000 });
    const sentAt = line.sent[0]?.at ?? 0;
    expect(sentAt).toBeGreaterThan(1000);
    expect(outcome).toMatchObject({ readAt: NOW + sentAt + 150, offsetMs: -5150 - sentAt });
  });

  it.each([
    ['refuses', NO_SUCH_ITEM],
    ['is silent to', null],
    ['has another item under', BOTH.replace('91 0B', '91 0A').replace(' 59 3C', ' E2')],
  ])('asks for date and time apart where the meter %s the one item', async (_, answer) => {
    const { outcome, asked } = await read([answer, MONDAY, BEFORE_MIDNIGHT, MONDAY]);
    expect(asked).toEqual([ASK_BOTH, ASK_DATE, ASK_TIME, ASK_DATE]);
    expect(outcome).toMatchObject({ meterTime: '2026-11-23T23:59:58' });
  });

  it('gives the time before midnight the date read before it', async () => {
    const { outcome } = await read([NO_SUCH_ITEM, MONDAY, BEFORE_MIDNIGHT, TUESDAY]);
    expect(outcome).toMatchObject({ meterTime: '2026-11-23T23:59:58' });
  });

  it('gives the time after midnight the date read after it', async () => {
    const { outcome } = await read([NO_SUCH_ITEM, MONDAY, AFTER_MIDNIGHT, TUESDAY]);
    expect(outcome).toMatchObject({ meterTime: '2026-11-24T00:00:01' });
  });

  it('measures the offset at the question for the time', async () => {
    const { outcome, line } = await read([NO_SUCH_ITEM, MONDAY, AFTER_MIDNIGHT, TUESDAY]);
    const askedTimeAt = line.sent[2]?.at ?? 0;
    const meter = Date.parse('2026-11-24T00:00:01+08:00');
    const readAt = NOW + askedTimeAt + 150;
    expect(outcome).toEqual({
      meterTime: '2026-11-24T00:00:01',
      readAt,
      offsetMs: meter - readAt,
    });
  });

  it.each([
    // 2A is no second: 33 + 2A = 5D; the sum falls by 1B.
    [
      'digits that are no time',
      'DATA_INVALID',
      BOTH.replace(' 78 63 ', ' 5D 63 ').replace('3C', '21'),
    ],
  ])('says so when the meter shows %s', async (_, code, answer) => {
    expect((await read([answer])).outcome).toBe(code);
  });

  // Seven times FF is 32; the sum of the item and 7 x 32, 29B + 80 + 07 + DD + 15E = 55D.
  const FILLED = `${HEAD} 91 0B 3F 34 33 37 32 32 32 32 32 32 32 5D 16`;
  // Seven zeros are 33: 7 more.
  const ZEROS = `${HEAD} 91 0B 3F 34 33 37 33 33 33 33 33 33 33 64 16`;

  it.each([
    ['FF', FILLED],
    ['zeros', ZEROS],
  ])('asks for date and time apart where the one item holds %s', async (_, answer) => {
    const { outcome, asked } = await read([answer, MONDAY, BEFORE_MIDNIGHT, MONDAY]);
    expect(asked).toEqual([ASK_BOTH, ASK_DATE, ASK_TIME, ASK_DATE]);
    expect(outcome).toMatchObject({ meterTime: '2026-11-23T23:59:58' });
  });

  it.each([
    ['refused', NO_SUCH_ITEM],
    ['not answered', null],
  ])('asks a day later again for the one item that was %s', async (_, answer) => {
    const meter = { address: METER, model: modelWith([]) };
    const clock = createVirtualClock(NOW);
    const deps = { clock, notes: createNotes() };
    const asked: string[][] = [];
    for (const hours of [0, 23, 1]) {
      clock.step(hours * 3_600_000);
      const refusals = createRefusals(meter, deps);
      refusals.answered();
      asked.push((await read([answer, MONDAY, BEFORE_MIDNIGHT, MONDAY], { refusals })).asked);
    }
    expect(asked.map(([first]) => first)).toEqual([ASK_BOTH, ASK_DATE, ASK_BOTH]);
  });

  it('fails with the cause when the meter is silent', async () => {
    const { outcome, asked } = await read([null, null]);
    expect(outcome).toBe('BUS_NO_REPLY');
    expect(asked).toEqual([ASK_BOTH, ASK_DATE]);
  });
});
