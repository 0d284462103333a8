import { deflateSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import {
  CONTRACT,
  entriesOf,
  HEADEND_FILTERS,
  MAX_MESSAGE_BYTES,
  parseMessage,
  readingIdentity,
} from '../../../src/uplink/contract-consumer.ts';

const reading = {
  meter: 'm1',
  kind: 'freeze-daily',
  slot: '2026-11-23T00:00:00.000+08:00',
  readAt: '2026-11-23T00:05:06.910+08:00',
  source: 'poll',
  quality: 'good',
  values: { '1-0:1.8.0': '1.50' },
} as const;

const message = {
  v: 1,
  gateway: 'gw17',
  epoch: 3,
  stream: 'billing',
  seq: 7,
  sent: '2026-11-23T00:05:07.120+08:00',
  clock: 'synced',
  readings: [reading, { ...reading, meter: 'm2' }],
};
const text = Buffer.from(JSON.stringify(message));
const TOPIC = 'amr/v1/hz-xihu/gw17/data/billing';

describe('the contract at the receiving end', () => {
  it('tells kind, gateway and body of a message, compressed or not', () => {
    const parsed = parseMessage(TOPIC, text);
    expect(parsed).toEqual({
      kind: 'data',
      at: { site: 'hz-xihu', gateway: 'gw17' },
      body: message,
    });
    expect(parseMessage(`${TOPIC}/deflate`, deflateSync(text))).toEqual(parsed);
  });

  it('knows every topic of the contract', () => {
    for (const [kind, { topic }] of Object.entries(CONTRACT)) {
      const address = `amr/v1/s/g/${topic.replace(/\{\w+\}/g, 'live')}`;
      // The body is none of that topic, which only a known one can say.
      expect(() => parseMessage(address, Buffer.from('{}')), kind).toThrow(/expected|Invalid/);
    }
  });

  it.each([
    'amr/v2/s/g/status',
    'amr/v1/s/g/later',
    'amr/v1/s/g/data/live/gzip',
    'amr/v1/s/status',
  ])('leaves the topic %s alone', (topic) => {
    expect(parseMessage(topic, Buffer.from('{}'))).toBeNull();
  });

  it('throws at what is not of the contract', () => {
    expect(() => parseMessage(TOPIC, Buffer.from('{'))).toThrow(SyntaxError);
    expect(() => parseMessage(`${TOPIC}/deflate`, text)).toThrow(/header/);
    const bomb = deflateSync(Buffer.alloc(MAX_MESSAGE_BYTES + 1, ' '));
    expect(() => parseMessage(`${TOPIC}/deflate`, bomb)).toThrow(/larger than/);
  });

  it('listens to all that goes up', () => {
    const root = 'amr/v1/+/+/';
    expect(HEADEND_FILTERS).toEqual(
      ['status', 'birth', 'meta/+', 'data/+/#', 'event/#', 'cmd/res'].map((rest) => root + rest),
    );
  });

  it('numbers the rows of a message and tells their identity', () => {
    const parsed = parseMessage(TOPIC, text);
    if (parsed?.kind !== 'data') throw new Error('no readings');
    const { entries, numbers } = entriesOf(parsed.body);
    expect(numbers).toEqual({ from: 7, to: 8 });
    expect(entries.map(({ row }) => row)).toEqual(message.readings);
    expect(new Set(entries.map(({ identity }) => identity)).size).toBe(2);
  });

  it('takes a reading for the same in another zone, and for another at each part of its identity', () => {
    const same = readingIdentity({ ...reading, slot: '2026-11-22T16:00:00Z', rev: 0 });
    expect(readingIdentity(reading)).toBe(same);
    for (const change of [
      { meter: 'm2' },
      { kind: 'interval' as const },
      { slot: '2026-11-22T16:00:01Z' },
      { rev: 1 },
    ]) {
      expect(readingIdentity({ ...reading, ...change })).not.toBe(same);
    }
  });
});
