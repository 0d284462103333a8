import pino from 'pino';
import { describe, expect, it } from 'vitest';
import type { Store } from '../../../src/core/store.ts';
import { createInbound } from '../../../src/uplink/inbound.ts';

const at = { site: 's1', gateway: 'gw1' };

/** A store at its seam with ten rows of which four were published. */
function createRig() {
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
  return { acked, reports, ack };
}

describe('an acknowledgement', () => {
  it('of rows that are committed but were never published is reported and moves nothing', async () => {
    const { acked, reports, ack } = createRig();
    await ack(5);
    expect({ acked, reports }).toEqual({ acked: [], reports: ['uplink.ack-unknown'] });
  });

  it('of what was published moves the cursor', async () => {
    const { acked, reports, ack } = createRig();
    await ack(4);
    expect({ acked, reports }).toEqual({ acked: [4], reports: [] });
  });
});
