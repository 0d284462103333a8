import { describe, expect, it } from 'vitest';
import type { Register } from '../../../src/core/registers.ts';
import {
  type Bench,
  type BenchSettings,
  createNotesByMeter,
  energy,
  failing,
  MINUTE,
  shows,
  silent,
  start,
  voltage,
} from './poller-rig.ts';

const SETTINGS: BenchSettings = { plans: [MINUTE], registers: [voltage, energy] };

function bench(settings: BenchSettings = SETTINGS) {
  const meter = { lacks: new Set<Register>(), isSilent: false };
  const asked: string[][] = [];
  const running = start(async (registers) => {
    asked.push(registers.map(({ name }) => name));
    if (meter.isSilent) return silent(registers);
    const lacking = registers.filter((register) => meter.lacks.has(register));
    const refused = lacking.length === 0 ? [] : failing('METER_UNSUPPORTED', lacking).failures;
    return { ...shows(registers.filter((one) => !meter.lacks.has(one))), failures: refused };
  }, settings);
  return { running, meter, asked };
}

const told = (running: Bench) => running.events().map(({ type, detail }) => [type, detail]);
const UNSUPPORTED = ['meter.registers-unsupported', { kind: 'interval', registers: 'voltage_l1' }];
const BACK = ['meter.registers-back', { kind: 'interval', registers: 'voltage_l1' }];

async function end({ stop, clock, ended }: Bench): Promise<void> {
  stop.abort();
  await clock.advance(10_000);
  await ended;
}

describe('registers that a meter does not have', () => {
  it('are told once, and once more when they are back', async () => {
    const { running, meter } = bench();
    await running.clock.advance(3 * MINUTE);
    expect(told(running)).toEqual([]);
    meter.lacks.add(voltage);
    await running.clock.advance(3 * MINUTE);
    expect(told(running)).toEqual([UNSUPPORTED]);
    meter.isSilent = true;
    await running.clock.advance(2 * MINUTE);
    meter.isSilent = false;
    await running.clock.advance(10 * MINUTE);
    expect(told(running)).toEqual([UNSUPPORTED]);
    meter.lacks.clear();
    await running.clock.advance(3 * MINUTE);
    expect(told(running)).toEqual([UNSUPPORTED, BACK]);
    const lines = running.log.filter(({ registers }) => registers !== undefined);
    expect(lines).toMatchObject([
      { level: 40, meter: 'm1', registers: 'voltage_l1' },
      { level: 30, meter: 'm1', registers: 'voltage_l1' },
    ]);
    await end(running);
  });

  it('are not told again after a restart', async () => {
    const notesOf = createNotesByMeter();
    const events: number[] = [];
    for (let run = 0; run < 2; run++) {
      const { running, meter } = bench({ ...SETTINGS, notesOf });
      meter.lacks.add(voltage);
      await running.clock.advance(3 * MINUTE);
      expect(running.counters.read).toBe(3);
      events.push(running.events().length);
      await end(running);
    }
    expect(events).toEqual([1, 0]);
  });

  it('are not what a silent meter is probed with', async () => {
    const { running, meter, asked } = bench();
    meter.lacks.add(voltage);
    await running.clock.advance(3 * MINUTE);
    meter.isSilent = true;
    await running.clock.advance(MINUTE);
    asked.length = 0;
    await running.clock.advance(MINUTE);
    expect(asked).toEqual([['energy_active_import']]);
    await end(running);
  });
});
