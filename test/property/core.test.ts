import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromHex, toHex } from '../../src/core/bytes.ts';
import { decimal, formatDecimal, parseDecimal } from '../../src/core/decimal.ts';
import {
  formatInstant,
  localDate,
  startOfLocalDay,
  zonedToEpoch,
} from '../../src/core/zoned-time.ts';

const ZONES = [
  'Asia/Shanghai',
  'Europe/Berlin',
  'America/New_York',
  'Asia/Kolkata',
  'Africa/Cairo',
  'Australia/Lord_Howe',
  'UTC',
];
const instantOf = fc.integer({
  min: Date.parse('2015-01-01T00:00:00Z'),
  max: Date.parse('2035-01-01T00:00:00Z'),
});

describe('a decimal', () => {
  it('is the same after it was written and read', () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: -(10n ** 30n), max: 10n ** 30n }),
        fc.nat(20),
        (count, places) => {
          const value = decimal(count, places);
          const text = formatDecimal(value);
          expect(parseDecimal(text)).toEqual(value);
          expect(text.split('.')[1]?.length ?? 0).toBe(places);
        },
      ),
      { numRuns: 500 },
    );
  });

  it('is read from any text or refused, and never throws', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.double().map(String)), (text) => {
        const value = parseDecimal(text);
        if (value !== null) expect(Number(formatDecimal(value))).toBe(Number(text));
      }),
      { numRuns: 500 },
    );
  });
});

describe('bytes', () => {
  it('are the same after they were written as hex and read', () => {
    fc.assert(
      fc.property(fc.uint8Array(), fc.constantFrom(' ', '', ',', ':', '\n'), (bytes, gap) => {
        expect([...fromHex(toHex(bytes).replaceAll(' ', gap))]).toEqual([...bytes]);
        expect([...fromHex(toHex(bytes).toLowerCase())]).toEqual([...bytes]);
      }),
    );
  });
});

describe('an instant', () => {
  it('is the same after it was written in any zone and read', () => {
    fc.assert(
      fc.property(instantOf, fc.constantFrom(...ZONES), (instant, zone) => {
        expect(Date.parse(formatInstant(instant, zone))).toBe(instant);
      }),
      { numRuns: 500 },
    );
  });

  it('is found from its wall time, or is the second of two with the same wall time', () => {
    fc.assert(
      fc.property(instantOf, fc.constantFrom(...ZONES), (instant, zone) => {
        const second = instant - (instant % 1000);
        const wall = formatInstant(second, zone).slice(0, 19);
        const found = zonedToEpoch(wall, zone);
        expect(formatInstant(found, zone).slice(0, 19)).toBe(wall);
        expect(found).toBeLessThanOrEqual(second);
        expect(second - found).toBeLessThanOrEqual(3_600_000);
      }),
      { numRuns: 500 },
    );
  });

  it('lies in the local day that starts before it and ends behind it', () => {
    fc.assert(
      fc.property(instantOf, fc.constantFrom(...ZONES), (instant, zone) => {
        const start = startOfLocalDay(instant, zone);
        const next = startOfLocalDay(instant, zone, 1);
        expect(start).toBeLessThanOrEqual(instant);
        expect(next).toBeGreaterThan(instant);
        expect(localDate(start, zone)).toBe(localDate(instant, zone));
        expect(localDate(start - 1, zone)).not.toBe(localDate(instant, zone));
        expect(localDate(next - 1, zone)).toBe(localDate(instant, zone));
        expect(startOfLocalDay(next, zone, -1)).toBe(start);
      }),
      { numRuns: 500 },
    );
  });
});
