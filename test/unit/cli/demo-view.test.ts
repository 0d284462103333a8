import { describe, expect, it } from 'vitest';
import { demoTable } from '../../../src/cli/demo-view.ts';
import type { Reading } from '../../../src/core/reading.ts';

const figures = { due: 1, read: 1, delivered: 1, duplicates: 0, waiting: 0 };
const reading = {
  slot: '2026-11-23T06:00:10.000+08:00',
  quality: 'good',
  values: { '1-0:1.8.0': '12.3', '1-0:32.7.0': '230.1', '1-0:16.7.0': '0.5' },
} as unknown as Reading;

describe('the table of the demo', () => {
  it('shows that a meter has no tariffs', () => {
    const [, row] = demoTable(['panel-17'], new Map([['panel-17', reading]]), figures);
    expect(row?.split(/ +/)).toEqual([
      'panel-17',
      '06:00:10',
      ...['12.3', '-', '-', '230.1', '0.5', 'good'],
    ]);
  });

  it('shows nothing of a meter that was not read yet', () => {
    const [, row] = demoTable(['panel-17'], new Map(), figures);
    expect(row?.split(/ +/)).toEqual(['panel-17', 'waiting']);
  });
});
