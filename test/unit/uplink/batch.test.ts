import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { StoredRow } from '../../../src/core/store.ts';
import { type BatchLimits, buildBatch, type Envelope } from '../../../src/uplink/batch.ts';
import { readingsMessageSchema } from '../../../src/uplink/contract.ts';
import { readingBody } from '../../support/uplink-fixture.ts';

const envelope: Envelope = {
  gateway: 'gw17',
  epoch: 3,
  stream: 'billing',
  sent: '2026-11-23T00:05:07.120+08:00',
  clock: 'synced',
};
const wide: BatchLimits = { rows: 200, bytes: 64 * 1024 };

function rowsOf(bodies: readonly string[], first = 1): StoredRow[] {
  return bodies.map((body, index) => ({ seq: first + index, body }));
}

function messageOf(rows: readonly StoredRow[], limits = wide, of = envelope) {
  const batch = buildBatch(of, rows, limits);
  if (batch?.kind !== 'message') throw new Error(`no message but ${batch?.kind}`);
  return batch;
}

/** The entries of the next message, or the one row that fits none; checks the limits. */
function takeChecked(rows: readonly StoredRow[], limit: BatchLimits): unknown[] {
  const batch = buildBatch(envelope, rows, limit);
  if (batch?.kind !== 'message') {
    expect(batch?.bytes).toBeGreaterThan(limit.bytes);
    return [JSON.parse(rows[0]?.body ?? '')];
  }
  const count = batch.to - batch.from + 1;
  const bytes = Buffer.byteLength(batch.text);
  expect(batch.from).toBe(rows[0]?.seq);
  expect(count).toBeLessThanOrEqual(limit.rows);
  expect(bytes).toBeLessThanOrEqual(limit.bytes);
  const following = rows[count];
  if (following !== undefined && count < limit.rows) {
    expect(bytes + 1 + Buffer.byteLength(following.body)).toBeGreaterThan(limit.bytes);
  }
  return JSON.parse(batch.text).readings;
}

describe('buildBatch', () => {
  it('makes a message of the contract, numbered by its first row', () => {
    const { text, from, to } = messageOf(rowsOf([readingBody(1), readingBody(2)], 41));
    const message = readingsMessageSchema.parse(JSON.parse(text));
    expect(message).toMatchObject({ v: 1, gateway: 'gw17', epoch: 3, stream: 'billing', seq: 41 });
    expect(message.readings.map(({ meter }) => meter)).toEqual(['m1', 'm2']);
    expect([from, to]).toEqual([41, 42]);
  });

  it('carries events under their own name', () => {
    const { text } = messageOf(rowsOf(['{"type":"x"}']), wide, { ...envelope, stream: 'event' });
    expect(JSON.parse(text)).toMatchObject({ stream: 'event', events: [{ type: 'x' }] });
  });

  it('gives nothing without rows', () => {
    expect(buildBatch(envelope, [], wide)).toBeNull();
  });

  it('ends before a hole in the numbers', () => {
    const rows = [...rowsOf(['{}', '{}'], 5), ...rowsOf(['{}'], 9)];
    expect(messageOf(rows)).toMatchObject({ from: 5, to: 6 });
  });

  it('takes no more rows than allowed', () => {
    expect(messageOf(rowsOf(['1', '2', '3']), { ...wide, rows: 2 }).to).toBe(2);
  });

  it('keeps the text of the rows as it is', () => {
    const body = '{ "value" : "1.50",  "n":1e2 }';
    expect(messageOf(rowsOf([body])).text).toContain(body);
  });

  it('says so when not even one row fits', () => {
    const batch = buildBatch(envelope, rowsOf([`"${'x'.repeat(500)}"`], 7), {
      rows: 9,
      bytes: 400,
    });
    expect(batch).toMatchObject({ kind: 'too-large', seq: 7 });
  });

  it('fills every message to the limit, splits no row and loses none', () => {
    const bodies = fc.array(fc.json(), { minLength: 1, maxLength: 60 });
    const limits = fc.record({
      rows: fc.integer({ min: 1, max: 20 }),
      bytes: fc.integer({ min: 220, max: 900 }),
    });
    fc.assert(
      fc.property(bodies, limits, (texts, limit) => {
        const rows = rowsOf(texts);
        const entries: unknown[] = [];
        while (entries.length < texts.length) {
          entries.push(...takeChecked(rows.slice(entries.length), limit));
        }
        expect(entries).toEqual(texts.map((text) => JSON.parse(text)));
      }),
    );
  });
});
