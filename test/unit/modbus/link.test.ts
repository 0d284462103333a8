import pino from 'pino';
import { describe, expect, it } from 'vitest';
import { createLink, gapMs } from '../../../drivers/modbus/link.ts';
import type { ReadRequest } from '../../../drivers/modbus/pdu.ts';
import { createBus } from '../../../src/bus/bus.ts';
import { createPipelinedBus } from '../../../src/bus/pipelined.ts';
import type { TransportInfo } from '../../../src/core/transport.ts';
import { createFakeLine } from '../../support/fake-line.ts';
import { createVirtualClock } from '../../support/virtual-clock.ts';
import { contentPdu, mbapWire, rtuWire } from './codec-wire.ts';
import { options } from './fake-meter.ts';

const UNIT = 17;
const log = pino({ level: 'silent' });

interface Fate {
  words: number[] | null;
  code: string | null;
  message: string | null;
  context: object | null;
  at: number | null;
}

/** 110 000 baud and 11 bits: a byte takes 0.1 ms. */
function rig(
  kind: 'line' | 'modbus-tcp',
  info: Partial<TransportInfo> = {},
  manner: { anyUnit?: boolean } = {},
) {
  const clock = createVirtualClock();
  const line = createFakeLine(clock, { baudRate: 110_000, bitsPerByte: 11, ...info });
  const bus =
    kind === 'line'
      ? createBus({ name: 'a', latencyMs: 0, turnaroundMs: 0 }, { line, clock, log })
      : createPipelinedBus({ name: 'a', latencyMs: 0, inFlight: 4 }, { line, clock, log });
  const link = createLink(bus, UNIT, clock, manner);

  /** Starts a read; its fate fills in as virtual time passes. */
  function read(request: Partial<ReadRequest> = {}): Fate {
    const fate: Fate = { words: null, code: null, message: null, context: null, at: null };
    const end = (some: Partial<Fate>) => Object.assign(fate, some, { at: clock.monotonic() });
    void link.read({ table: 'holding', address: 0, quantity: 2, ...request }, options).then(
      (bytes) => end({ words: [...new Uint16Array(bytes.slice().buffer)].map(swap) }),
      ({ code, message, context }) => end({ code, message, context }),
    );
    return fate;
  }

  const sent = () => line.sent.map(({ bytes }) => [...bytes]);
  const sentAt = () => line.sent.map(({ at }) => at);
  return { clock, line, bus, link, read, sent, sentAt };
}

const swap = (word: number) => ((word & 0xff) << 8) | (word >> 8);
const content = (...words: number[]) =>
  contentPdu(
    3,
    words.flatMap((one) => [one >> 8, one & 255]),
  );
const answer = (...words: number[]) => rtuWire(UNIT, content(...words));

describe('a question on a line', () => {
  it('is an RTU frame, answered by unit, function and byte count', async () => {
    const { read, line, clock, sent } = rig('line');
    const fate = read({ address: 0x0102, quantity: 2 });
    line.hearAfter(30, answer(258, 3));
    await clock.advance(40);
    expect(sent()).toEqual([[...rtuWire(UNIT, [3, 1, 2, 0, 2])]]);
    expect(fate).toMatchObject({ words: [258, 3], at: 30 });
  });

  it.each<[string, Uint8Array]>([
    ['another unit', rtuWire(18, content(1, 2))],
    ['the refusal of another unit', rtuWire(18, [0x83, 2])],
    ['another function', rtuWire(UNIT, contentPdu(4, [0, 1, 0, 2]))],
    ['the refusal of another function', rtuWire(UNIT, [0x84, 2])],
    ['fewer registers', answer(1)],
    ['more registers', answer(1, 2, 3)],
  ])('is not answered by %s', async (_, bytes) => {
    const { read, line, clock } = rig('line');
    const fate = read();
    line.hearAfter(20, bytes);
    await clock.advance(900);
    expect(fate.at).toBeNull();
    line.hear(answer(7, 8));
    await clock.advance(10);
    expect(fate.words).toEqual([7, 8]);
  });

  it('is refused with the exception and what it means', async () => {
    const { read, line, clock } = rig('line');
    const fate = read({ address: 9 });
    line.hearAfter(20, rtuWire(UNIT, [0x83, 2]));
    await clock.advance(30);
    expect(fate).toMatchObject({
      code: 'METER_UNSUPPORTED',
      context: { exception: 2, table: 'holding', address: 9, quantity: 2 },
    });
  });

  it.each([
    [9600, 11, 4.01],
    [19200, 11, 2.005],
    [19200, 10, 1.823],
    [38400, 11, 1.75],
    [115200, 11, 1.75],
  ])('at %i baud and %i bits it has %f ms of silence before it', (baudRate, bitsPerByte, ms) => {
    expect(gapMs({ kind: 'serial', address: '', baudRate, bitsPerByte })).toBeCloseTo(ms, 3);
  });
});

describe('the wait for an answer on a line', () => {
  /** When the next question fails that nobody answers. */
  async function patience({ read, clock }: ReturnType<typeof rig>): Promise<number> {
    // The line is silent again after what was before.
    await clock.advance(3000);
    const start = clock.monotonic();
    const fate = read();
    await clock.advance(2000);
    expect(fate.code).toBe('BUS_NO_REPLY');
    // Less the 0.8 ms of the request.
    return Math.round((fate.at ?? 0) - start - 0.8);
  }

  async function answered({ read, line, clock }: ReturnType<typeof rig>, ms: number) {
    await clock.advance(3000);
    const fate = read();
    line.hearAfter(ms, answer(1, 2));
    await clock.advance(1500);
    expect(fate.words).toEqual([1, 2]);
  }

  it('is a second, until the meter is known', async () => {
    expect(await patience(rig('line'))).toBe(1000);
  });

  it('is four times the slowest of the last answers, within bounds', async () => {
    const slow = rig('line');
    for (const ms of [52, 101.7, 30]) await answered(slow, ms);
    // 1.7 ms of it were request and answer on the line.
    expect(await patience(slow)).toBe(400);

    const fast = rig('line');
    await answered(fast, 20);
    expect(await patience(fast)).toBe(200);

    const slowest = rig('line');
    await answered(slowest, 600);
    expect(await patience(slowest)).toBe(1000);
  });

  it('forgets a slow answer after eight faster ones', async () => {
    const some = rig('line');
    for (const ms of [200, 20, 20, 20, 20, 20, 20, 20, 20]) await answered(some, ms);
    expect(await patience(some)).toBe(200);
  });

  it('is a second again after no answer came', async () => {
    const some = rig('line');
    await answered(some, 20);
    expect(await patience(some)).toBe(200);
    expect(await patience(some)).toBe(1000);
  });

  it('does not count the time of the bytes on a slow line', async () => {
    const some = rig('line', { baudRate: 1100, bitsPerByte: 11 });
    // 8 and 9 bytes of 10 ms each, and 60 ms of the meter.
    await answered(some, 80 + 90 + 60);
    await some.clock.advance(3000);
    const start = some.clock.monotonic();
    const fate = some.read();
    await some.clock.advance(2000);
    expect(Math.round((fate.at ?? 0) - start)).toBe(80 + 240);
  });
});

describe('an answer that comes too late on a line', () => {
  it.each([201, 700, 1190])('by %i ms is nobody’s', async (lateMs) => {
    const { read, line, clock, sentAt } = rig('line');
    const quick = read();
    line.hearAfter(10, answer(1, 1));
    await clock.advance(100);
    expect(quick.words).toEqual([1, 1]);

    // 200 ms are waited for it; its answer comes while the next question waits.
    const first = read({ address: 10 });
    line.hearAfter(lateMs, answer(10, 10));
    await clock.advance(220);
    expect(first.code).toBe('BUS_NO_REPLY');
    const second = read({ address: 20 });
    line.onRequest(() => line.hearAfter(50, answer(20, 20)));
    await clock.advance(5000);
    expect(second.words).toEqual([20, 20]);
    expect((sentAt()[2] ?? 0) - (sentAt()[1] ?? 0)).toBeGreaterThanOrEqual(1200);
    expect((sentAt()[2] ?? 0) - (sentAt()[1] ?? 0)).toBeGreaterThan(lateMs);
  });
});

describe('a question on a connection', () => {
  const transactionOf = (bytes: readonly number[] = []) => (bytes[0] ?? 0) * 256 + (bytes[1] ?? 0);

  it('has its own number, and the answer with it', async () => {
    const { read, line, clock, sent } = rig('modbus-tcp');
    const fates = [read({ address: 1 }), read({ address: 2 })];
    await clock.advance(1);
    const [one = 0, two = 0] = sent().map(transactionOf);
    expect(sent()[0]).toEqual([...mbapWire(one, UNIT, [3, 0, 1, 0, 2])]);
    expect(two).not.toBe(one);
    line.hear(mbapWire(two, UNIT, content(2, 2)));
    line.hear(mbapWire(one, UNIT, content(1, 1)));
    await clock.advance(1);
    expect(fates.map(({ words }) => words)).toEqual([
      [1, 1],
      [2, 2],
    ]);
  });

  it('takes no answer of another number, unit or function', async () => {
    const { read, line, clock, sent } = rig('modbus-tcp');
    const fate = read();
    await clock.advance(1);
    const number = transactionOf(sent()[0]);
    line.hear(mbapWire(number ^ 1, UNIT, content(1, 1)));
    line.hear(mbapWire(number, 18, content(1, 1)));
    line.hear(mbapWire(number, UNIT, contentPdu(4, [0, 1, 0, 1])));
    await clock.advance(1998);
    expect(fate.at).toBeNull();
    line.hear(mbapWire(number, UNIT, content(5, 6)));
    await clock.advance(0);
    expect(fate.words).toEqual([5, 6]);
  });

  it.each([0, 255])('tells that the answer was for unit %i', async (unit) => {
    const { read, line, clock, sent } = rig('modbus-tcp');
    const fate = read();
    await clock.advance(1);
    line.hear(mbapWire(transactionOf(sent()[0]), unit, content(5, 6)));
    await clock.advance(3000);
    expect(fate).toMatchObject({
      code: 'BUS_FOREIGN_REPLY',
      message: `an answer for unit ${unit} came, 17 was asked`,
      context: { unit, asked: 17 },
      at: 2000,
    });
  });

  it('takes the answer of any unit where the meter is said to answer so', async () => {
    const { read, line, clock, sent } = rig('modbus-tcp', {}, { anyUnit: true });
    const fate = read();
    await clock.advance(1);
    const number = transactionOf(sent()[0]);
    line.hear(mbapWire(number ^ 1, 255, content(1, 1)));
    line.hear(mbapWire(number, 255, content(5, 6)));
    await clock.advance(1);
    expect(fate.words).toEqual([5, 6]);
  });

  it('fails at once where its own answer has another length', async () => {
    const { read, line, clock, sent } = rig('modbus-tcp');
    const lies = [
      [3, 2, 0, 1],
      [3, 4, 0, 1],
      [3, 6, 0, 1, 0, 2],
      [3, 0],
    ];
    const fates = lies.map(() => read());
    await clock.advance(1);
    for (const [index, pdu] of lies.entries()) {
      line.hear(mbapWire(transactionOf(sent()[index]), UNIT, pdu));
    }
    await clock.advance(1);
    expect(fates.map(({ code }) => code)).toEqual(lies.map(() => 'FRAME_LENGTH'));
  });

  it('waits two seconds, as gateways need one to know that the meter is silent', async () => {
    const { read, clock } = rig('modbus-tcp');
    const fate = read();
    await clock.advance(3000);
    expect(fate).toMatchObject({ code: 'BUS_NO_REPLY', at: 2000 });
  });

  it('fails where something else speaks there, and the connection is made anew', async () => {
    const { read, line, clock } = rig('modbus-tcp');
    const fate = read();
    await clock.advance(1);
    line.hear(Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n'));
    await clock.advance(1);
    expect(fate.code).toBe('FRAME_MALFORMED');
    expect(line.restarts).toHaveLength(1);
  });

  it('never has the number 0, and every other one before any comes again', async () => {
    const { bus, link } = rig('modbus-tcp');
    const numbers: number[] = [];
    const counting = createLink(
      {
        ...bus,
        exchange: ({ request }) => {
          numbers.push(transactionOf([...request]));
          return Promise.reject(new Error('not sent'));
        },
      },
      link.unit,
      createVirtualClock(),
    );
    const request: ReadRequest = { table: 'holding', address: 0, quantity: 1 };
    for (let count = 0; count < 65_535; count++) {
      await counting.read(request, options).catch(() => undefined);
    }
    expect(new Set(numbers).size).toBe(65_535);
    expect(Math.min(...numbers.slice(0, 60_000), ...numbers.slice(60_000))).toBe(1);
  });
});
