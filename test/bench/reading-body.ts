import type { Reading } from '../../src/core/reading.ts';

/** A quarter-hour reading of eleven registers, as it lies in the store; every index another. */
export function bodyOf(index: number): string {
  const reading: Reading = {
    meter: String(100_000_000_000 + (index % 500)),
    kind: 'interval',
    slot: '2026-11-23T00:15:00+08:00',
    readAt: '2026-11-23T00:15:06.910+08:00',
    source: 'poll',
    quality: 'good',
    values: {
      '1-0:1.8.0': (index / 100).toFixed(2),
      '1-0:2.8.0': '12.34',
      '1-0:32.7.0': '231.4',
      '1-0:52.7.0': '230.9',
      '1-0:72.7.0': '232.0',
      '1-0:31.7.0': '4.213',
      '1-0:51.7.0': '3.998',
      '1-0:71.7.0': '4.102',
      '1-0:16.7.0': '2.8371',
      '1-0:13.7.0': '0.983',
      '1-0:14.7.0': '50.01',
    },
  };
  return JSON.stringify(reading);
}
