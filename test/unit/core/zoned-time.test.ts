import { describe, expect, it } from 'vitest';
import {
  formatInstant,
  isTimeZone,
  localDate,
  startOfLocalDay,
  zonedToEpoch,
  zoneOffsetMinutes,
} from '../../../src/core/zoned-time.ts';

const HOUR_MS = 3_600_000;
const BERLIN = 'Europe/Berlin';
const NEW_YORK = 'America/New_York';

const roundTrip = (local: string, zone: string) => formatInstant(zonedToEpoch(local, zone), zone);

describe('a time zone', () => {
  it.each(['Asia/Shanghai', 'Asia/Kolkata', 'UTC'])('%s is known', (zone) => {
    expect(isTimeZone(zone)).toBe(true);
  });

  it.each(['', 'Europe/Bielefeld', '+25:00'])('"%s" is none', (zone) => {
    expect(isTimeZone(zone)).toBe(false);
  });

  it.each([
    ['Asia/Shanghai', '2026-11-23T00:00:00Z', 480],
    ['Asia/Kolkata', '2026-11-23T00:00:00Z', 330],
    [BERLIN, '2026-01-01T00:00:00Z', 60],
    [BERLIN, '2026-07-01T00:00:00Z', 120],
    [NEW_YORK, '2026-01-01T00:00:00Z', -300],
    [NEW_YORK, '2026-07-01T00:00:00.999Z', -240],
    ['Asia/Kathmandu', '2026-11-23T00:00:00Z', 345],
  ])('%s at %s is %i minutes ahead', (zone, instant, minutes) => {
    expect(zoneOffsetMinutes(Date.parse(instant), zone)).toBe(minutes);
  });
});

describe('an instant', () => {
  it.each([
    ['Asia/Shanghai', '2026-11-23T00:05:06.910+08:00'],
    ['Asia/Kolkata', '2026-11-23T05:30:00.000+05:30'],
    [NEW_YORK, '2026-07-04T00:00:00.000-04:00'],
    ['America/St_Johns', '2026-01-01T00:00:00.001-03:30'],
  ])('is written in %s as %s', (zone, text) => {
    expect(formatInstant(Date.parse(text), zone)).toBe(text);
  });

  it('has the date that the zone has, not the one of UTC', () => {
    const instant = Date.parse('2026-11-22T16:00:00Z');
    expect(localDate(instant, 'Asia/Shanghai')).toBe('2026-11-23');
    expect(localDate(instant - 1, 'Asia/Shanghai')).toBe('2026-11-22');
    expect(localDate(instant, NEW_YORK)).toBe('2026-11-22');
  });
});

describe('a wall time', () => {
  it.each([
    ['Asia/Kolkata', '2026-11-23T00:05:00', '2026-11-23T00:05:00.000+05:30'],
    [BERLIN, '2026-03-29T01:59:59', '2026-03-29T01:59:59.000+01:00'],
    [BERLIN, '2026-03-29T03:00:00', '2026-03-29T03:00:00.000+02:00'],
    [BERLIN, '2026-03-28T12:00:00', '2026-03-28T12:00:00.000+01:00'],
    [BERLIN, '2026-03-29T23:59:59', '2026-03-29T23:59:59.000+02:00'],
    [BERLIN, '2026-10-25T01:59:59', '2026-10-25T01:59:59.000+02:00'],
    [BERLIN, '2026-10-25T03:00:00', '2026-10-25T03:00:00.000+01:00'],
    [BERLIN, '2026-10-26T00:00:00', '2026-10-26T00:00:00.000+01:00'],
    [NEW_YORK, '2026-03-08T03:00:00', '2026-03-08T03:00:00.000-04:00'],
    [NEW_YORK, '2026-11-01T00:59:59', '2026-11-01T00:59:59.000-04:00'],
    [NEW_YORK, '2026-11-01T02:00:00', '2026-11-01T02:00:00.000-05:00'],
  ])('in %s, %s, is %s', (zone, local, instant) => {
    expect(roundTrip(local, zone)).toBe(instant);
  });

  it.each([
    [BERLIN, '2026-10-25T02:30:00', '2026-10-25T02:30:00.000+02:00'],
    [BERLIN, '2026-10-25T02:00:00', '2026-10-25T02:00:00.000+02:00'],
    [NEW_YORK, '2026-11-01T01:30:00', '2026-11-01T01:30:00.000-04:00'],
  ])('that occurs twice in %s, %s, is the first', (zone, local, instant) => {
    expect(roundTrip(local, zone)).toBe(instant);
  });

  it.each([
    [BERLIN, '2026-03-29T02:30:00', '2026-03-29T03:30:00.000+02:00'],
    [BERLIN, '2026-03-29T02:00:00', '2026-03-29T03:00:00.000+02:00'],
    [NEW_YORK, '2026-03-08T02:30:00', '2026-03-08T03:30:00.000-04:00'],
  ])('that is skipped in %s, %s, is as long behind the jump', (zone, local, instant) => {
    expect(roundTrip(local, zone)).toBe(instant);
  });
});

describe('a local day', () => {
  it.each([
    [BERLIN, '2026-03-29', 23],
    [BERLIN, '2026-10-25', 25],
    [BERLIN, '2026-06-01', 24],
    [NEW_YORK, '2026-03-08', 23],
    [NEW_YORK, '2026-11-01', 25],
    ['Asia/Kolkata', '2026-03-29', 24],
    ['Asia/Shanghai', '2026-02-28', 24],
  ])('in %s, %s, has %i hours', (zone, day, hours) => {
    const noon = zonedToEpoch(`${day}T12:00:00`, zone);
    const start = startOfLocalDay(noon, zone);
    const end = startOfLocalDay(noon, zone, 1);
    expect(formatInstant(start, zone).slice(0, 19)).toBe(`${day}T00:00:00`);
    expect((end - start) / HOUR_MS).toBe(hours);
    expect(startOfLocalDay(start, zone)).toBe(start);
    expect(startOfLocalDay(end - 1, zone)).toBe(start);
  });

  it('is counted across the ends of months and years, and back', () => {
    const noon = Date.parse('2024-03-01T12:00:00+08:00');
    const dayAfter = (days: number) =>
      localDate(startOfLocalDay(noon, 'Asia/Shanghai', days), 'Asia/Shanghai');
    expect([-366, -1, 0, 31, 366].map(dayAfter)).toEqual([
      '2023-03-01',
      '2024-02-29',
      '2024-03-01',
      '2024-04-01',
      '2025-03-02',
    ]);
  });

  it('begins at one o’clock where midnight itself is skipped', () => {
    const start = startOfLocalDay(Date.parse('2026-04-24T12:00:00Z'), 'Africa/Cairo');
    expect(formatInstant(start, 'Africa/Cairo')).toBe('2026-04-24T01:00:00.000+03:00');
  });
});
