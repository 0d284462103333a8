import pino from 'pino';
import { describe, expect, it } from 'vitest';
import type { Store } from '../../../src/core/store.ts';
import { createInbound } from '../../../src/uplink/inbound.ts';
import { createVirtualClock } from '../../support/virtual-clock.ts';

const at = { site: 's1', gateway: 'gw1' };

/** A store at its seam with ten rows of which four were published. */
function createRig() {
  const clock = createVirtualClock();
  const acked: number[] = [];
  const reports: string[] = [];
  const store = {
    epoch: 7,
    head: () => 10,
    acked: () => acked.at(-1) ?? 0,
    ack: async (_uplink: string, _stream: string, upTo: number) => {
      acked.push(upTo);
    },
  } as unknown as Store;
  const take = createInbound({
    name: 'main',
    at,
    store,
    clock,
    log: pino({ level: 'silent' }),
    report: (type) => reports.push(type),
    published: () => 4,
    onAcked: () => undefined,
    onReply: () => undefined,
  });
  const ack = (upTo: number) =>
    take({
      topic: 'amr/v1/s1/gw1/ack',
      payload: Buffer.from(JSON.stringify({ epoch: 7, stream: 'billing', upTo })),
      retain: false,
    });
  return { acked, reports, ack, clock };
}

describe('an acknowledgement', () => {
  it('of rows that are committed but were never published is reported and moves nothing', async () => {
    const { acked, reports, ack } = createRig();
    await ack(5);
    expect({ acked, reports }).toEqual({ acked: [], reports: ['uplink.ack-unknown'] });
  });

  it('beyond twenty a second is passed over, and told of', async () => {
    const { acked, reports, ack, clock } = createRig();
    for (let count = 0; count < 20; count++) await ack(3);
    await ack(4);
    expect({ acked, reports }).toEqual({ acked: [3], reports: ['uplink.flood'] });
    await clock.advance(50);
    await ack(4);
    expect(acked).toEqual([3, 4]);
  });

  it('of what was published moves the cursor', async () => {
    const { acked, reports, ack } = createRig();
    await ack(4);
    expect({ acked, reports }).toEqual({ acked: [4], reports: [] });
  });
});
