/*
 * Bytes of payload a register value: 15-minute slots of 50 three-phase meters with 10 registers
 * each, as simulated meters show them, one slot a message, plain and compressed. `measured` is the
 * plain JSON and `baseline` what it may be; exits 1 where one of the two is above its limit.
 */
import { deflateSync } from 'node:zlib';
import type { Reading } from '../../src/core/reading.ts';
import { findRegister } from '../../src/core/registers.ts';
import { formatInstant } from '../../src/core/zoned-time.ts';
import { createDisplay } from '../../src/sim/load.ts';
import { hash } from '../../src/sim/random.ts';
import { buildBatch } from '../../src/uplink/batch.ts';
import { MAX_MESSAGE_BYTES, MAX_MESSAGE_READINGS } from '../../src/uplink/contract.ts';
import type { BenchOptions, Figures } from './run.ts';

const METERS = 50;
const SLOTS = 96;
const SLOT_MS = 900_000;
const ZONE = 'Asia/Shanghai';
const DAY = Date.parse('2026-11-23T00:00:00+08:00');
const WORDS = [
  'energy_active_import',
  'energy_active_export',
  'voltage_l1',
  'voltage_l2',
  'voltage_l3',
  'current_l1',
  'current_l2',
  'current_l3',
  'power_active',
  'power_factor',
];
const LIMITS = { plain: 45, deflate: 8 };
/** A site whose day is told in megabytes. */
const SITE_METERS = 200;
/** MQTT 5 PUBLISH and PUBACK, TLS records and TCP/IP headers of a message, both ways. */
const OVERHEAD_BYTES = 2 * (40 + 29) + 50;

function createMeters() {
  let now = DAY;
  const clock = { now: () => now, monotonic: () => now, sleep: () => Promise.resolve() };
  const displays = Array.from({ length: METERS }, (_, index) =>
    createDisplay({
      clock,
      kind: 'three',
      seed: hash(1, index),
      zone: ZONE,
      solar: index % 4 === 3,
    }),
  );
  return (slot: number): Reading[] =>
    displays.map((display, index) => {
      // A line at 2400 baud is asked meter after meter.
      now = slot + 1_500 + index * 1_137 + (hash(2, slot / SLOT_MS, index) % 90);
      const shown = WORDS.map((word) => [findRegister(word)?.id ?? word, display.show(word)]);
      return {
        meter: String(210_700_048_000 + (hash(3, index) % 1_000) * 50 + index),
        kind: 'interval',
        slot: formatInstant(slot, ZONE),
        readAt: formatInstant(now, ZONE),
        source: 'poll',
        quality: 'good',
        values: Object.fromEntries(shown),
      };
    });
}

/** The bodies of the messages that these readings fill. */
function bodiesOf(readings: readonly Reading[], first: number, rows: number): string[] {
  const bodies: string[] = [];
  let stored = readings.map((reading, index) => ({
    seq: first + index,
    body: JSON.stringify(reading),
  }));
  while (stored.length > 0) {
    const sent = readings.at(-1)?.readAt ?? '';
    const envelope = { gateway: 'gw17', epoch: 1_795_000_000, sent, clock: 'synced' } as const;
    const limits = { rows, bytes: MAX_MESSAGE_BYTES };
    const batch = buildBatch({ ...envelope, stream: 'curve' }, stored, limits);
    if (batch?.kind !== 'message') throw new Error('no message');
    bodies.push(batch.text);
    stored = stored.slice(batch.to - batch.from + 1);
  }
  return bodies;
}

/** Bytes of a day's messages with so many rows each at the most. */
function measure(slots: readonly (readonly Reading[])[], rows: number) {
  const bodies = slots.flatMap((readings, index) =>
    bodiesOf(readings, 1_000_000 + index * METERS, rows),
  );
  const values = slots.length * METERS * WORDS.length;
  const bytes = {
    plain: bodies.reduce((sum, body) => sum + Buffer.byteLength(body), 0),
    deflate: bodies.reduce((sum, body) => sum + deflateSync(body).length, 0),
  };
  const each = (total: number) => Number((total / values).toFixed(2));
  const day = (total: number) =>
    Number(
      (((total + bodies.length * OVERHEAD_BYTES) * SITE_METERS) / METERS / 1_000_000).toFixed(2),
    );
  return {
    readings: Math.min(rows, METERS),
    plain: each(bytes.plain),
    deflate: each(bytes.deflate),
    dayMegabytes: { plain: day(bytes.plain), deflate: day(bytes.deflate) },
  };
}

export function run({ say }: BenchOptions): Promise<Figures> {
  const readingsOf = createMeters();
  const slots = Array.from({ length: SLOTS }, (_, index) => readingsOf(DAY + index * SLOT_MS));
  const whole = measure(slots, MAX_MESSAGE_READINGS);
  const alone = measure(slots, 1);
  say(`${whole.plain} bytes a value plain, ${whole.deflate} compressed`);
  if (whole.plain > LIMITS.plain || whole.deflate > LIMITS.deflate) process.exitCode = 1;
  return Promise.resolve({
    bench: 'payload',
    ratio: Number((whole.plain / LIMITS.plain).toFixed(3)),
    measured: whole.plain,
    baseline: LIMITS.plain,
    conditions: {
      unit: 'bytes of payload a register value',
      meters: METERS,
      registers: WORDS.length,
      slots: SLOTS,
      deflate: whole.deflate,
      deflateLimit: LIMITS.deflate,
      siteMeters: SITE_METERS,
      wholeSlots: whole,
      singleReadings: alone,
    },
  });
}
