import { describe, expect, it } from 'vitest';
import { FAULTS } from '../../chaos/faults.ts';
import { formatTable, type Row } from '../../chaos/report.ts';

const passed: Row = {
  fault: 'kill',
  breaks: 'kill -9 at random moments',
  verdict: 'ok',
  why: [],
  seconds: 12,
  outcome: {
    due: 320,
    read: 318,
    delivered: 320,
    lost: 3,
    named: 3,
    duplicated: 4,
    lateP99Ms: 1530,
    firstPollMs: 1200,
  },
};

describe('the table of faults', () => {
  it('has a name for each that is its own', () => {
    const names = FAULTS.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    expect(names.filter((name) => !/^[a-z0-9-]+$/.test(name))).toEqual([]);
    expect(names.length).toBeGreaterThan(20);
  });
});

describe('the table of results', () => {
  it('shows figures in columns, and below a row why it did not pass', () => {
    const absent: Row = {
      ...passed,
      fault: 'disk-full',
      verdict: 'not run',
      why: ['needs the right to mount (root)'],
      outcome: null,
    };
    expect(formatTable([passed, absent]).split('\n')).toEqual([
      'fault      due  read  delivered         lost  duplicated  late p99  verdict',
      'kill       320   318        320  3 (3 named)           4    1.53 s  ok',
      'disk-full    -     -          -            -           -         -  not run',
      '  needs the right to mount (root)',
      '',
    ]);
  });
});
