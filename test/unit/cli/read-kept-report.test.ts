import { describe, expect, it } from 'vitest';
import { keptReport } from '../../../src/cli/read-kept-report.ts';
import type { NotedEvent } from '../../../src/core/driver.ts';

const field = (name: string, value: string | null) => ({ obis: null, name, value, unit: '' });

function tableOf(...events: Pick<NotedEvent, 'event' | 'phase' | 'latest'>[]): string[] {
  const noted = events.map((event) => ({ count: 1, minutes: null, ...event }));
  const result = { events: noted, status: [], failures: [] };
  return [...keptReport({ kind: 'events', result }, 'Asia/Shanghai').lines];
}

const BEGIN = '2026-11-03 08:15:30';
const END = '2026-11-03 09:20:00';

describe('the table of events', () => {
  it('has begin and end by the names of the fields, whatever else is in the record', () => {
    const [header, row] = tableOf({
      event: 'voltage_loss',
      phase: 'l2',
      latest: [
        field('x_voltage_loss_l2_highest_time', '2026-01-01 00:00:00'),
        field('x_voltage_loss_l2_end', END),
        field('x_voltage_loss_l2_start', BEGIN),
      ],
    });
    expect(header).toMatch(/latest +until$/);
    expect(row).toMatch(new RegExp(`l2 +1 +- +${BEGIN} +${END}$`));
  });

  it('has one moment of what does not last, and none of what goes on or is not timed', () => {
    const [, programming, running, quality] = tableOf(
      {
        event: 'programming',
        phase: null,
        latest: [field('x_programming_time', BEGIN), field('x_programming_di_1', '04000101')],
      },
      {
        event: 'power_off',
        phase: null,
        latest: [field('x_power_off_start', BEGIN), field('x_power_off_end', null)],
      },
      {
        event: 'voltage_quality',
        phase: null,
        latest: [field('x_voltage_quality_highest_time', '11-03 08:15')],
      },
    );
    expect(programming).toMatch(new RegExp(`- +${BEGIN}$`));
    expect(running).toMatch(new RegExp(`- +${BEGIN}$`));
    expect(quality).toMatch(/1 +-$/);
  });

  it('tells of a clock that was set what it showed before and after', () => {
    const [header, row] = tableOf({
      event: 'clock_set',
      phase: null,
      latest: [
        field('x_clock_set_operator', '00000001'),
        field('x_clock_set_time_before', END),
        field('x_clock_set_time_after', BEGIN),
      ],
    });
    expect(header).toMatch(/note$/);
    expect(row).toMatch(new RegExp(`- +${BEGIN} +set from ${END} to ${BEGIN}$`));
  });
});
