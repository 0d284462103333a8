/*
 * What masters of Modbus RTU get wrong, each with the right outcome, through the real bus on a
 * serial port and through a serial server:
 *
 *   reply                                    its registers
 *   reply in pieces                          its registers
 *   reply behind noise                       its registers
 *   reply behind what begins like it         its registers
 *   the request comes back, then the reply   its registers, and the next ones are not one behind
 *   exception of another unit, then reply    its registers
 *   exception of another unit                no reply to us
 *   exception of another function            no reply to us
 *   reply of another length, check good      no reply to us
 *   byteCount larger than the content        an error, never the check as a register
 *   byteCount smaller, zero, odd             an error
 *   a single byte                            an error, nothing thrown elsewhere
 *   answer to a write                        no reply to us; nothing that writes is ever sent
 *   silence                                  an error at the deadline, without any being set
 *   late reply                               counted, never the next register's value
 *   reply that nobody asked for              thrown away before the next request
 *   two requests at the same time            each its own
 *   to all units                             refused as an address; a bus that sends does not wait
 *   port closed, request given up            rejects at once
 *   identification breaks off                the question ends at its deadline, what came is kept
 *
 * After each of them the next register is asked for, and must be right.
 */
import { describe, expect, it, type TestContext } from 'vitest';
import { modbus } from '../../drivers/modbus/driver.ts';
import { encodeIdentificationRequest } from '../../drivers/modbus/identification.ts';
import { identify } from '../../drivers/modbus/identify.ts';
import { createLink, type Link } from '../../drivers/modbus/link.ts';
import { systemClock } from '../../src/core/clock.ts';
import { bytes, hexOf, type Script, startByteSlave } from '../support/byte-slave.ts';
import { type OpenBus, openBus } from '../support/open-bus.ts';
import { lacksSocat, openPtyPair } from '../support/pty.ts';
import { bridge } from '../support/tty.ts';
import { contentPdu, rtuWire } from '../unit/modbus/codec-wire.ts';

type Finish = TestContext['onTestFinished'];

const UNIT = 0x11;
const OTHER = 0x12;
const HOLDING = 3;
const READ_BYTES = 8;
/** Added to every deadline: a busy machine must not make the difference here. */
const LATENCY_MS = 200;
/** Behind the deadline of the first byte, before the end of the quiet time. */
const LATE_MS = 1500;

const LINES = ['modbus-rtu', 'rtu-over-tcp'] as const;

/** A line with a byte slave at its end. */
async function lineTo(
  kind: (typeof LINES)[number],
  slave: { readonly length: number; readonly answer: (request: string) => Script },
  finish: Finish,
): Promise<OpenBus & { readonly heard: readonly string[] }> {
  const { port, requests, close } = await startByteSlave(slave.length, slave.answer);
  finish(close);
  let url = `tcp://127.0.0.1:${port}?baud=9600&latency=${LATENCY_MS}ms`;
  if (kind === 'modbus-rtu') {
    const pair = await openPtyPair();
    finish(() => pair.stop());
    const joint = await bridge(pair.far, port);
    finish(() => joint.close());
    url = `serial:${pair.near}?baud=9600&parity=none&latency=${LATENCY_MS}ms`;
  }
  const open = await openBus(url);
  finish(open.close);
  return { ...open, heard: requests };
}

const wire = (pdu: Iterable<number>, unit = UNIT) => hexOf(Buffer.from(rtuWire(unit, pdu)));
const registers = (words: readonly number[], unit = UNIT) =>
  wire(
    contentPdu(
      HOLDING,
      words.flatMap((word) => [word >> 8, word & 0xff]),
    ),
    unit,
  );

/** Every register holds its own address twice over, so that each answer tells what it answers. */
const TRUE_ANSWER = (request: string): string => {
  const raw = bytes(request);
  const address = raw.readUInt16BE(2);
  return registers([address, address ^ 0xffff], raw[0]);
};

const options = () => ({ priority: 'on-demand', signal: new AbortController().signal }) as const;

/** The two registers from there on, or the code of what went wrong. */
async function readAt(link: Link, address: number, more = {}): Promise<number[] | string> {
  const request = { table: 'holding', address, quantity: 2 } as const;
  try {
    const content = Buffer.from(await link.read(request, { ...options(), ...more }));
    return [content.readUInt16BE(0), content.readUInt16BE(2)];
  } catch (thrown) {
    return thrown instanceof Error && 'code' in thrown ? String(thrown.code) : String(thrown);
  }
}

const trueAt = (address: number) => [address, address ^ 0xffff];

const ASKED = 0x0102;
const NEXT = 0x0304;

interface Case {
  readonly name: string;
  readonly answer: (request: string) => Script;
  readonly outcome: number[] | string;
}

const RIGHT = trueAt(ASKED);
const OWN = registers(RIGHT);
const [HEAD, TAIL] = [OWN.slice(0, 11), OWN.slice(12)];

const CASES: readonly Case[] = [
  { name: 'reply', answer: () => [OWN], outcome: RIGHT },
  { name: 'reply in two pieces', answer: () => [HEAD, 60, TAIL], outcome: RIGHT },
  {
    name: 'reply byte by byte',
    answer: () => OWN.split(' ').flatMap((byte) => [byte, 5]),
    outcome: RIGHT,
  },
  { name: 'reply behind noise', answer: () => [`00 FF 7E ${OWN}`], outcome: RIGHT },
  { name: 'reply behind what begins like it', answer: () => [`11 03 04 ${OWN}`], outcome: RIGHT },
  { name: 'reply behind two such', answer: () => [`11 03 11 03 04 01 ${OWN}`], outcome: RIGHT },
  { name: 'echo and reply', answer: (request) => [request, 30, OWN], outcome: RIGHT },
  { name: 'echo and reply in one', answer: (request) => [`${request} ${OWN}`], outcome: RIGHT },
  {
    name: 'exception of another unit, then reply',
    answer: () => [wire([0x83, 2], OTHER), 40, OWN],
    outcome: RIGHT,
  },
  {
    name: 'exception of another unit',
    answer: () => [wire([0x83, 2], OTHER)],
    outcome: 'BUS_FOREIGN_REPLY',
  },
  {
    name: 'reply of another unit',
    answer: () => [registers([1, 2], OTHER)],
    outcome: 'BUS_FOREIGN_REPLY',
  },
  {
    name: 'exception of another function',
    answer: () => [wire([0x84, 2])],
    outcome: 'BUS_FOREIGN_REPLY',
  },
  {
    name: 'reply with one register, two asked',
    answer: () => [registers([42])],
    outcome: 'BUS_FOREIGN_REPLY',
  },
  {
    name: 'byteCount 4 with 2 bytes of content',
    answer: () => [wire([HOLDING, 4, 0, 42])],
    outcome: 'BUS_PARTIAL_REPLY',
  },
  {
    name: 'byteCount 2 with 4 bytes of content',
    answer: () => [wire([HOLDING, 2, 0, 42, 0, 43])],
    outcome: 'BUS_PARTIAL_REPLY',
  },
  { name: 'byteCount 0', answer: () => [wire([HOLDING, 0])], outcome: 'BUS_PARTIAL_REPLY' },
  {
    name: 'byteCount 3',
    answer: () => [wire([HOLDING, 3, 0, 42, 0])],
    outcome: 'BUS_PARTIAL_REPLY',
  },
  { name: 'a single byte', answer: () => ['11'], outcome: 'BUS_PARTIAL_REPLY' },
  {
    name: 'answer to a write',
    answer: () => [wire([6, 1, 2, 0, 42])],
    outcome: 'BUS_FOREIGN_REPLY',
  },
  { name: 'echo and no reply', answer: (request) => [request], outcome: 'BUS_NO_REPLY' },
  { name: 'silence', answer: () => [], outcome: 'BUS_NO_REPLY' },
];

describe.skipIf(lacksSocat)('a Modbus line (needs socat)', () => {
  describe.each(LINES)('%s', (kind) => {
    it.concurrent.for(CASES)('$name', async (row, { expect: expected, onTestFinished: finish }) => {
      const answer = (request: string) =>
        bytes(request).readUInt16BE(2) === ASKED ? row.answer(request) : [TRUE_ANSWER(request)];
      const { bus, heard } = await lineTo(kind, { length: READ_BYTES, answer }, finish);
      const link = createLink(bus, UNIT, systemClock);
      expected(await readAt(link, ASKED)).toEqual(row.outcome);
      expected(await readAt(link, NEXT)).toEqual(trueAt(NEXT));
      expected(await readAt(link, NEXT + 1)).toEqual(trueAt(NEXT + 1));
      expected(heard).toHaveLength(3);
    });

    it.concurrent('throws a late reply away; the next register is its own', async ({
      expect: expected,
      onTestFinished: finish,
    }) => {
      const answer = (request: string) =>
        bytes(request).readUInt16BE(2) === ASKED
          ? [LATE_MS, TRUE_ANSWER(request)]
          : [30, TRUE_ANSWER(request)];
      const { bus } = await lineTo(kind, { length: READ_BYTES, answer }, finish);
      const link = createLink(bus, UNIT, systemClock);
      expected(await readAt(link, ASKED)).toBe('BUS_NO_REPLY');
      expected(await readAt(link, NEXT)).toEqual(trueAt(NEXT));
      expected(bus.counters).toMatchObject({ lateFrames: 1, answered: 1, timeouts: 1 });
    });

    it.concurrent('throws away what nobody asked for', async ({
      expect: expected,
      onTestFinished: finish,
    }) => {
      const answer = (request: string) => [TRUE_ANSWER(request), 100, registers([7, 7])];
      const { bus } = await lineTo(kind, { length: READ_BYTES, answer }, finish);
      const link = createLink(bus, UNIT, systemClock);
      for (const address of [ASKED, NEXT]) {
        expected(await readAt(link, address)).toEqual(trueAt(address));
        await expected.poll(() => bus.counters.strayBytes).toBe(address === ASKED ? 9 : 18);
      }
    });

    it.concurrent('gives each of two requests at the same time its own', async ({
      expect: expected,
      onTestFinished: finish,
    }) => {
      const answer = (request: string) => [40, TRUE_ANSWER(request)];
      const { bus } = await lineTo(kind, { length: READ_BYTES, answer }, finish);
      const links = [UNIT, OTHER].map((unit) => createLink(bus, unit, systemClock));
      const asked = links.flatMap((link) => [readAt(link, ASKED), readAt(link, NEXT)]);
      const own = [trueAt(ASKED), trueAt(NEXT)];
      expected(await Promise.all(asked)).toEqual([...own, ...own]);
      expected(bus.counters).toMatchObject({ answered: 4, foreignFrames: 0 });
    });

    it.concurrent('rejects a request that is given up at once, and the next is right', async ({
      expect: expected,
      onTestFinished: finish,
    }) => {
      const answer = (request: string) =>
        bytes(request).readUInt16BE(2) === ASKED ? [] : [TRUE_ANSWER(request)];
      const { bus } = await lineTo(kind, { length: READ_BYTES, answer }, finish);
      const link = createLink(bus, UNIT, systemClock);
      const end = new AbortController();
      expected(await readAt(link, ASKED, { signal: end.signal, onSent: () => end.abort() })).toBe(
        'BUS_ABORTED',
      );
      expected(bus.counters.timeouts).toBe(0);
      expected(await readAt(link, NEXT)).toEqual(trueAt(NEXT));
    });

    it.concurrent('rejects what is under way when the port is closed', async ({
      expect: expected,
      onTestFinished: finish,
    }) => {
      const { bus, close } = await lineTo(kind, { length: READ_BYTES, answer: () => [] }, finish);
      const link = createLink(bus, UNIT, systemClock);
      let closed: Promise<void> = Promise.resolve();
      const onSent = () => {
        closed = close();
      };
      expected(await readAt(link, ASKED, { onSent })).toBe('PORT_LOST');
      expected(bus.counters.timeouts).toBe(0);
      await closed;
    });

    it.concurrent('ends the question where an identification breaks off', async ({
      expect: expected,
      onTestFinished: finish,
    }) => {
      /** Objects 0 "AB" of three; more follow at 1. Nothing is said to the second question. */
      const first = wire([0x2b, 0x0e, 1, 1, 0xff, 1, 1, 0, 2, 0x41, 0x42]);
      const answer = (request: string) => (bytes(request)[4] === 0 ? [first] : []);
      const { bus, heard } = await lineTo(kind, { length: 7, answer }, finish);
      const { objects } = await identify({ bus, unit: UNIT, clock: systemClock }, [], options());
      expected(Object.values(objects)).toEqual(['AB']);
      expected(heard).toHaveLength(2);
      const link = createLink(bus, UNIT, systemClock);
      const pdu = encodeIdentificationRequest({ access: 'basic', object: 1 });
      await expected(link.ask({ pdu, answerLength: 0 }, options())).rejects.toMatchObject({
        code: 'BUS_NO_REPLY',
      });
      expected(bus.counters).toMatchObject({ answered: 1, timeouts: 2 });
    });

    it.concurrent('does not wait for an answer to what it sends to all', async ({
      expect: expected,
      onTestFinished: finish,
    }) => {
      const answer = (request: string) => (request.startsWith('00') ? [] : [TRUE_ANSWER(request)]);
      const { bus, heard } = await lineTo(kind, { length: READ_BYTES, answer }, finish);
      if (!('send' in bus)) throw new Error('a line can send');
      const request = () => rtuWire(0, [6, 0, 1, 0, 2]);
      await bus.send({ request, quietMs: 50, ...options() });
      expected(bus.counters).toMatchObject({ sent: 1, exchanges: 0, timeouts: 0 });
      expected(await readAt(createLink(bus, UNIT, systemClock), NEXT)).toEqual(trueAt(NEXT));
      expected(heard).toHaveLength(2);
    });
  });

  it('is not asked for all units', () => {
    expect(modbus.checkAddress?.('0', 'line')).toMatch(/no Modbus unit on a line/);
  });
});
