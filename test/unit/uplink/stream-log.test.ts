import { describe, expect, it } from 'vitest';
import type { BirthMessage } from '../../../src/uplink/contract.ts';
import { openStreamLog } from '../../../src/uplink/stream-log.ts';

const MINUTE = 60_000;

function birth(epoch: number, acked: number): BirthMessage {
  const position = { head: 100, acked };
  return {
    v: 1,
    gateway: 'gw17',
    at: '2026-11-23T00:00:00Z',
    bootId: 'b',
    epoch,
    software: { name: 'amr-gateway', version: '0' },
    clock: 'synced',
    configHash: '',
    buses: [],
    streams: { event: position, billing: position, curve: position, live: position },
  };
}

const resent = (from: number, to: number, absent: number) => ({
  stream: 'billing' as const,
  from,
  to,
  rows: to - from + 1 - absent,
  absent,
});

describe('the log of a stream at the headend', () => {
  it('begins behind what the gateway knows to be acknowledged', () => {
    const log = openStreamLog(birth(3, 10), 'billing');
    expect([log.epoch, log.upTo, log.gapToAsk(0)]).toEqual([3, 10, null]);
    log.arrived({ from: 11, to: 15 });
    expect([log.upTo, log.gapToAsk(0)]).toEqual([15, null]);
  });

  it('moves past what has come again, and past what came out of order', () => {
    const log = openStreamLog(birth(3, 10), 'billing');
    log.arrived({ from: 16, to: 20 });
    expect(log.upTo).toBe(10);
    log.arrived({ from: 8, to: 15 });
    expect(log.upTo).toBe(20);
  });

  it('names the lowest gap, once a minute, and the next one when that is closed', () => {
    const log = openStreamLog(birth(3, 10), 'billing');
    log.arrived({ from: 13, to: 13 });
    log.arrived({ from: 20, to: 20 });
    expect(log.gapToAsk(0)).toEqual({ from: 11, to: 12 });
    expect(log.gapToAsk(MINUTE - 1)).toBeNull();
    expect(log.gapToAsk(MINUTE)).toEqual({ from: 11, to: 12 });
    log.arrived({ from: 11, to: 12 });
    expect(log.upTo).toBe(13);
    expect(log.gapToAsk(MINUTE + 1)).toEqual({ from: 14, to: 19 });
  });

  it('waits no longer for what is gone, but for what was lost on the way again', () => {
    const log = openStreamLog(birth(3, 10), 'billing');
    log.arrived({ from: 14, to: 14 });
    log.arrived({ from: 11, to: 11 });
    log.answered(resent(11, 13, 1));
    expect(log.upTo).toBe(11);
    log.answered(resent(12, 13, 2));
    expect(log.upTo).toBe(14);
  });

  it('is the same one after another birth of the epoch', () => {
    const log = openStreamLog(birth(3, 10), 'billing');
    expect(openStreamLog(birth(3, 50), 'billing', log)).toBe(log);
  });

  it('goes on at the lower of both numbers in a new epoch', () => {
    const log = openStreamLog(birth(3, 10), 'billing');
    log.arrived({ from: 11, to: 30 });
    expect(openStreamLog(birth(4, 20), 'billing', log).upTo).toBe(20);
    expect(openStreamLog(birth(4, 40), 'billing', log).upTo).toBe(30);
  });
});
