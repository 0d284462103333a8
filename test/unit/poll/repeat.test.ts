import { describe, expect, it } from 'vitest';
import { decimal } from '../../../src/core/decimal.ts';
import type { ReadResult } from '../../../src/core/driver.ts';
import { AmrError } from '../../../src/core/errors.ts';
import { findRegister, type Register } from '../../../src/core/registers.ts';
import { repeatRead } from '../../../src/poll/repeat.ts';

function register(name: string): Register {
  const found = findRegister(name);
  if (found === undefined) throw new Error(name);
  return found;
}

const energy = register('energy_active_import');
const voltage = register('voltage_l1');
const good = (...some: Register[]): ReadResult => ({
  values: some.map((one) => ({ register: one, value: decimal(1, 0), flags: [] })),
  failures: [],
});
const failed = (code: 'BUS_NO_REPLY' | 'METER_UNSUPPORTED', ...registers: Register[]) => ({
  registers,
  error: new AmrError(code, 'test'),
});

describe('a repeated read', () => {
  it('asks again only for what failed and may succeed, and keeps what it has', async () => {
    const asked: string[][] = [];
    const result = await repeatRead([energy, voltage], {
      retries: 2,
      read: async (wanted) => {
        asked.push(wanted.map(({ name }) => name));
        return asked.length === 1
          ? { ...good(energy), failures: [failed('BUS_NO_REPLY', voltage)] }
          : good(voltage);
      },
    });
    expect(asked).toEqual([['energy_active_import', 'voltage_l1'], ['voltage_l1']]);
    expect(result.values.map((value) => value.register.name)).toEqual([
      'energy_active_import',
      'voltage_l1',
    ]);
    expect(result.failures).toEqual([]);
    expect(result.attempts).toBe(2);
  });

  it('does not ask again for what the meter does not have', async () => {
    let calls = 0;
    const result = await repeatRead([energy, voltage], {
      retries: 5,
      read: async () => {
        calls += 1;
        return { ...good(energy), failures: [failed('METER_UNSUPPORTED', voltage)] };
      },
    });
    expect(calls).toBe(1);
    expect(result.failures.map(({ error }) => error.code)).toEqual(['METER_UNSUPPORTED']);
  });

  it('ends after the first try and the allowed repetitions', async () => {
    let calls = 0;
    const result = await repeatRead([energy], {
      retries: 2,
      read: async (wanted) => {
        calls += 1;
        return { values: [], failures: [failed('BUS_NO_REPLY', ...wanted)] };
      },
    });
    expect(calls).toBe(3);
    expect(result.failures).toHaveLength(1);
  });

  it('turns whatever is thrown into a failure of all that was asked for', async () => {
    const result = await repeatRead([energy, voltage], {
      retries: 1,
      read: async () => {
        throw new TypeError('a defect');
      },
    });
    expect(result.failures).toHaveLength(1);
    expect(result.failures[0]?.error.code).toBe('INTERNAL');
    expect(result.failures[0]?.registers).toEqual([energy, voltage]);
  });

  it('keeps the cause of the first try when an obstacle forbids another one', async () => {
    let isOver = false;
    const result = await repeatRead([energy], {
      retries: 2,
      obstacle: () => (isOver ? new AmrError('SLOT_EXPIRED', 'test') : null),
      read: async (wanted) => {
        isOver = true;
        return { values: [], failures: [failed('BUS_NO_REPLY', ...wanted)] };
      },
    });
    expect(result.failures.map(({ error }) => error.code)).toEqual(['BUS_NO_REPLY']);
  });

  it('tells of the obstacle where nothing could be tried', async () => {
    const result = await repeatRead([energy], {
      retries: 2,
      obstacle: () => new AmrError('SLOT_EXPIRED', 'test'),
      read: () => Promise.reject(new Error('must not be called')),
    });
    expect(result).toMatchObject({ attempts: 0, failures: [{ error: { code: 'SLOT_EXPIRED' } }] });
  });
});
