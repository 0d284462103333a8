import pino from 'pino';
import { describe, expect, it } from 'vitest';
import type { Store } from '../../../src/core/store.ts';
import { type CmdRes, cmdResSchema } from '../../../src/uplink/contract.ts';
import { createInbound } from '../../../src/uplink/inbound.ts';
import { createVirtualClock } from '../../support/virtual-clock.ts';

const at = { site: 's1', gateway: 'gw1' };

/** A store at its seam with ten rows of which four were published; it writes when told to. */
function createRig() {
  const clock = createVirtualClock();
  const acked: number[] = [];
  const reports: string[] = [];
  const commands: string[] = [];
  const replies: CmdRes[] = [];
  let cursor = 0;
  let waiting: { upTo: number; resolve: () => void; reject: (reason: Error) => void }[] = [];
  const store = { epoch: 7, head: () => 10, acked: () => cursor } as unknown as Store;
  const take = createInbound({
    name: 'main',
    at,
    store,
    clock,
    log: pino({ level: 'silent' }),
    report: (type) => reports.push(type),
    published: () => 4,
    onAck(_stream, upTo) {
      acked.push(upTo);
      return new Promise((resolve, reject) => waiting.push({ upTo, resolve, reject }));
    },
    onCommand: (cmd) => commands.push(cmd.id),
    onReply: (reply) => replies.push(reply),
  });
  const settle = async (end: (write: (typeof waiting)[number]) => void) => {
    while (waiting.length > 0) {
      const writes = waiting;
      waiting = [];
      for (const write of writes) end(write);
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  const commit = () =>
    settle(({ upTo, resolve }) => {
      cursor = upTo;
      resolve();
    });
  const fail = () => settle(({ reject }) => reject(new Error('disk full')));
  const send = (topic: string, body: unknown, retain = false) =>
    take({ topic: `amr/v1/s1/gw1/${topic}`, payload: Buffer.from(JSON.stringify(body)), retain });
  const ack = (upTo: number) => send('ack', { epoch: 7, stream: 'billing', upTo });
  const command = (body: unknown, retain = false) => send('cmd', body, retain);
  return { acked, reports, commands, replies, ack, command, commit, fail, clock };
}

describe('an acknowledgement', () => {
  it('of rows that are committed but were never published is reported and moves nothing', () => {
    const { acked, reports, ack } = createRig();
    ack(5);
    expect({ acked, reports }).toEqual({ acked: [], reports: ['uplink.ack-unknown'] });
  });

  it('of every message of a backlog moves the cursor to the latest, one write at a time', async () => {
    const { acked, reports, ack, commit } = createRig();
    for (const upTo of [1, 2, 3, 4]) ack(upTo);
    expect(acked).toEqual([1]);
    await commit();
    expect({ acked, reports }).toEqual({ acked: [1, 4], reports: [] });
  });

  it('beyond a thousand a second is passed over, and told of', async () => {
    const { acked, reports, ack, commit, clock } = createRig();
    for (let count = 0; count < 1_000; count++) ack(3);
    ack(4);
    await commit();
    expect({ acked, reports }).toEqual({ acked: [3], reports: ['uplink.flood'] });
    await clock.advance(1);
    ack(4);
    expect(acked).toEqual([3, 4]);
  });

  it('that cannot be written does not keep the next from being tried', async () => {
    const { acked, ack, commit, fail } = createRig();
    ack(1);
    await fail();
    ack(2);
    await commit();
    expect(acked).toEqual([1, 2]);
  });

  it('of what was published moves the cursor', () => {
    const { acked, reports, ack } = createRig();
    ack(4);
    expect({ acked, reports }).toEqual({ acked: [4], reports: [] });
  });
});

describe('a command', () => {
  const read = { v: 1, id: 'c1', op: 'read', meter: 'm1', registers: ['energy'] };

  it('of the contract is handed on, and one that is retained is not', () => {
    const { commands, replies, reports, command } = createRig();
    command(read);
    command({ ...read, id: 'c2' }, true);
    expect({ commands, replies, reports }).toEqual({
      commands: ['c1'],
      replies: [],
      reports: ['uplink.bad-message'],
    });
  });

  it.each([
    ['an unknown operation', { ...read, op: 'reboot' }],
    ['no registers', { ...read, registers: [] }],
    ['a deadline beyond five minutes', { ...read, deadline: 301 }],
    [
      'a range without an end',
      { v: 1, id: 'c1', op: 'resend', epoch: 7, stream: 'curve', from: 1 },
    ],
  ])('with %s is refused with the problem, under its id', (_, body) => {
    const { commands, replies, command } = createRig();
    command(body);
    expect(commands).toEqual([]);
    expect(replies).toMatchObject([
      { id: 'c1', op: body.op, state: 'refused', error: { code: 'UPLINK_BAD_MESSAGE' } },
    ]);
    expect(cmdResSchema.safeParse(replies[0]).error).toBeUndefined();
  });

  it('without an id has nobody to answer to', () => {
    const { replies, reports, command } = createRig();
    command({ op: 'read' });
    expect({ replies, reports }).toEqual({ replies: [], reports: ['uplink.bad-message'] });
  });

  it('beyond twenty a second is passed over, and told of', async () => {
    const { commands, reports, command, clock } = createRig();
    for (let count = 1; count <= 21; count++) command({ ...read, id: `c${count}` });
    expect({ last: commands.at(-1), reports }).toEqual({ last: 'c20', reports: ['uplink.flood'] });
    await clock.advance(50);
    command({ ...read, id: 'c22' });
    expect(commands.at(-1)).toBe('c22');
  });
});
