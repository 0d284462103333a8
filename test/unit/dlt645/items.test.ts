import { describe, expect, it } from 'vitest';
import { decode } from '../../../drivers/dlt645/decode.ts';
import { DAILY_FREEZES, freezeDi, ITEMS, singleDi } from '../../../drivers/dlt645/items.ts';
import { findRegister } from '../../../src/core/registers.ts';
import { FREEZE_TIMES, largest, shown, WORDINGS } from './digest.ts';
import { readAnswer, shownNumber, shownTime } from './wire.ts';

const ADDRESS = '000012345678';
/** The 200 bytes that a read answer may carry, less the identifier. */
const LONGEST_CONTENT = 196;

describe('the table of identifiers', () => {
  it('holds what the standard lists and nothing else', () => {
    expect(WORDINGS.size).toBe(11 * 65 + 8 * 62 + 2 * 4 + 4 * 5 + 2);
    expect([...ITEMS.keys()].sort()).toEqual([...WORDINGS.keys(), ...FREEZE_TIMES].sort());
  });

  it('says of each the width, the decimals, the sign and the registers', () => {
    let covered = 0;
    for (const [di, { bytes, decimals, signed, names, unit }] of WORDINGS) {
      const fields = ITEMS.get(di)?.fields ?? [];
      expect(fields.map(({ register }) => register?.name)).toEqual(names);
      for (const field of fields) {
        expect(field.format).toEqual({ kind: 'number', bytes, decimals, signed });
        expect(field.unit).toBe(unit);
        covered += 1;
      }
    }
    expect(covered).toBe(11 * 128 + 8 * 62 * 64 + 2 * 6 + 4 * 8 + 2);
  });

  it('shows the largest, the smallest and no value of every row to the last digit', () => {
    let covered = 0;
    for (const [di, wording] of WORDINGS) {
      const fitting = Math.floor(LONGEST_CONTENT / wording.bytes);
      const texts = wording.names.slice(0, fitting).map((_, index) => {
        const count = largest(wording) - index;
        return shown(count, wording, wording.signed && index % 2 === 1);
      });
      const content = texts.map((text) => shownNumber(text, wording.bytes));
      const [frame] = decode(readAnswer(ADDRESS, di, ...content));
      expect(frame?.values.map(({ value }) => value)).toEqual(texts);
      covered += 1;
    }
    expect(covered).toBe(WORDINGS.size);
  });

  it('shows the time of every daily freeze', () => {
    for (const di of FREEZE_TIMES) {
      const [frame] = decode(readAnswer(ADDRESS, di, shownTime('2026-11-23T23:59')));
      expect(frame?.values).toEqual([
        { obis: null, name: 'x_freeze_daily_time', value: '2026-11-23 23:59', unit: '' },
      ]);
    }
    expect(FREEZE_TIMES).toHaveLength(DAILY_FREEZES);
  });
});

describe('the way from a register to its identifier', () => {
  const register = (name: string) => {
    const found = findRegister(name);
    if (found === undefined) throw new Error(name);
    return found;
  };

  it.each([
    ['energy_active_import', '00010000'],
    ['energy_active_import_t63', '00013F00'],
    ['energy_apparent_export_t1', '000A0100'],
    ['voltage_l1', '02010100'],
    ['power_active', '02030000'],
    ['power_factor_l3', '02060300'],
    ['current_n', '02800001'],
    ['frequency', '02800002'],
  ])('%s is alone in %s', (name, di) => {
    expect(singleDi(register(name))).toBe(di);
  });

  it.each([
    ['energy_active_import', 1, '05060101'],
    ['energy_active_export_t4', 62, '0506023E'],
    ['energy_reactive_q4', 16, '05060810'],
    ['x_energy_active_combined', 1, null],
    ['energy_apparent_import', 1, null],
    ['voltage_l1', 1, null],
  ])('the daily freeze of %s, number %i, is in %s', (name, number, di) => {
    expect(freezeDi(register(name), number)).toBe(di);
  });
});
