import { describe, expect, it } from 'vitest';
import { decode } from '../../../drivers/dlt645/decode.ts';
import { findItem, findRow, singleDi, TABLES } from '../../../drivers/dlt645/items.ts';
import {
  hexByte,
  identifiersOf,
  sampleIdentifiers,
} from '../../../drivers/dlt645/tables/patterns.ts';
import { fieldWidth } from '../../../drivers/dlt645/values.ts';
import { findRegister } from '../../../src/core/registers.ts';
import { FREEZE_TIMES, largest, shown, WORDINGS } from './digest.ts';
import { LENGTHS } from './lengths.ts';
import { readAnswer, shownNumber, shownTime } from './wire.ts';

const ADDRESS = '000012345678';
/** The 200 bytes that a read answer may carry, less the identifier. */
const LONGEST_CONTENT = 196;

/** Every place of these in one byte of the identifier, FF in one of them at the most. */
const BY_TARIFF = 65 * 14 - 1;
const ITEMISED_OF = (fields: number) => (fields + 1) * 11 - 1;

/** Identifiers of each table, counted by hand. */
const COUNTS: Readonly<Record<string, number>> = {
  Energies: 11 * BY_TARIFF + (7 + 3 * 10 + 3 * 7 + 1) * 14 + 4,
  'Maximum demands': 10 * BY_TARIFF + 3 * 10 * 14,
  Variables: 5 * 4 + 4 * 5 + 2 * 3 * 22 + 14,
  Events: 9 * 31 + 6 * 11 + 4 * 13 + 11 + 61,
  'Programming and clearing': 15 * 11,
  Purchases: 2 * 6 * 10,
  Parameters: 8 + 6 + 5 + 14 + 8 + 3 + 5 + 2 + 2 + 7 + 3 + 10 + 12 + 4 + 4 + 5 + 2 + 3 + 1 + 2 + 3,
  'Schedules, prices and limits': 2 * 9 + 3 * 254 + 2 * 63 + 4 * 254 + 37,
  Freezes: 13 * (12 + 3 + 2 + 2 + 2 + 62 + 2) + 4 * 254,
  'Load records': 7 * 3,
  'Events field by field':
    4 * 3 * (2 + ITEMISED_OF(53)) +
    2 * (2 + ITEMISED_OF(34)) +
    2 * (2 + ITEMISED_OF(35)) +
    3 * 3 * (2 + ITEMISED_OF(49)) +
    3 * (2 + ITEMISED_OF(34)) +
    2 * (1 + ITEMISED_OF(8)) +
    (1 + ITEMISED_OF(10)),
};

const rows = TABLES.flatMap((table) => table.rows());
const identifiers = rows.flatMap((row) => identifiersOf(row).map((di) => [di, row] as const));

/** Where the top bit is a sign, by the notes of annex A and the code of a master in use. */
const SIGNED = [
  /^000[034]/,
  /^00(17|18|2B|2C|3F|40)/,
  /^01(03|04|17|18|2B|2C|3F|40)/,
  /^020[2-6]/,
  /^028000(01|03|04|05|06|07|25)/,
  /^05..0[34]/,
  /^05..10/,
];

describe('the tables of identifiers', () => {
  it('hold what is listed and nothing else', () => {
    const counts = TABLES.map((table) => [table.en, table.rows().flatMap(identifiersOf).length]);
    expect(Object.fromEntries(counts)).toEqual(COUNTS);
  });

  it('list no identifier twice, and each is found in its row', () => {
    expect(new Set(identifiers.map(([di]) => di)).size).toBe(40_631);
    const astray = identifiers.filter(([di, row]) => findRow(di)?.pattern !== row.pattern);
    expect(astray).toEqual([]);
  });

  it.each([
    '00014000',
    '0001000D',
    '0001FFFF',
    '00010',
    '00910000',
    '01000000',
    '02010000',
    '02010400',
    '020AFF01',
    '020A0116',
    '02800010',
    '03010001',
    '03010401',
    '0301010B',
    '03130000',
    '04000C00',
    '04000C0B',
    '05000000',
    '0500000D',
    '0506003F',
    '05000B01',
    '06070000',
    '1C000001',
    '02FF5555',
    'zz010000',
    '000100000',
  ])('lack %s', (di) => {
    expect(findItem(di)).toBeUndefined();
  });

  it('have the length of the list in every row', () => {
    const used = new Set<RegExp>();
    for (const [di] of identifiers) {
      const [pattern, ...lengths] = LENGTHS.find(([one]) => one.test(di)) ?? [/none/];
      const { fields = [], layouts = [] } = findItem(di) ?? {};
      const widths = [fields, ...layouts].map((some) =>
        some.reduce((sum, field) => sum + fieldWidth(field), 0),
      );
      if (`${widths}` !== `${lengths}`) expect([di, ...widths]).toEqual([di, ...lengths]);
      used.add(pattern);
    }
    expect(LENGTHS.filter(([pattern]) => !used.has(pattern))).toEqual([]);
  }, 60_000);

  it('know a sign only where the list has one', () => {
    let covered = 0;
    for (const [di] of identifiers.filter(([one]) => /^0[0125]/.test(one))) {
      const item = findItem(di);
      if (item === undefined || item.groups !== undefined) continue;
      const isSigned = SIGNED.some((pattern) => pattern.test(di));
      for (const { format } of item.fields) {
        if (format.kind !== 'number') continue;
        expect(`${di} ${format.signed}`).toBe(`${di} ${isSigned}`);
        covered += 1;
      }
    }
    expect(covered).toBeGreaterThan(60_000);
  }, 60_000);

  it('name a register of the catalogue for every energy, demand and variable', () => {
    const nameless = identifiers
      .filter(([di]) => /^0[012]/.test(di))
      .filter(([di]) => findItem(di)?.isPast === false)
      .filter(([di]) => findItem(di)?.fields[0]?.register == null);
    expect(nameless).toEqual([]);
  });

  it('name a settlement alone as where all stand together', () => {
    for (const kind of ['0001', '0102']) {
      const all = findItem(`${kind}00FF`)?.fields ?? [];
      const alone = all.map((_, index) => findItem(`${kind}00${hexByte(index)}`)?.fields[0]);
      expect(alone.map((field) => field?.name)).toEqual(all.map(({ name }) => name));
      expect(alone.map((field) => field?.register)).toEqual(all.map(({ register }) => register));
      expect(all).toHaveLength(13);
    }
  });

  it('tell what stands together by its name', () => {
    for (const row of rows) {
      for (const di of sampleIdentifiers(row)) {
        const names = findItem(di)?.fields.map(({ name }) => name) ?? [];
        expect([di, new Set(names).size]).toEqual([di, names.length]);
        expect(names.every((name) => /^[a-z][a-z0-9_]*$/.test(name))).toBe(true);
      }
    }
  });

  it('have labels in both languages and a source', () => {
    for (const { label, source, fields } of rows) {
      expect(label.en).toMatch(/^[\x20-\x7e]+$/);
      expect(label.zh).toMatch(/[\u4e00-\u9fff]/);
      expect(source).toMatch(/^(table A\.[1-7](, annex [BC])?|EXT)$/);
      for (const field of fields) expect(field.label.en).not.toBe('');
    }
  });

  it('say which values are no register as it is now', () => {
    const past = ['00010001', '0101FF03', '05060101', '03010000', '06000000', '1D000001'];
    const now = ['00010000', '0001FF00', '02010100', '04000101'];
    expect(past.map((di) => findItem(di)?.isPast)).toEqual(past.map(() => true));
    expect(now.map((di) => findItem(di)?.isPast)).toEqual(now.map(() => false));
  });
});

describe('energies, variables and daily freezes', () => {
  it('have the width, the decimals, the sign and the registers of the list', () => {
    let covered = 0;
    for (const [di, { bytes, decimals, signed, names, unit }] of WORDINGS) {
      const fields = findItem(di)?.fields ?? [];
      expect(fields.map(({ register }) => register?.name)).toEqual(names);
      for (const field of fields) {
        expect(field.format).toEqual({ kind: 'number', bytes, decimals, signed });
        expect(field.unit).toBe(unit);
        covered += 1;
      }
    }
    expect(covered).toBe(11 * 128 + 8 * 62 * 64 + 2 * 6 + 4 * 8 + 2);
  });

  it('show the largest and the smallest to the last digit', () => {
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

  it('show the time of every daily freeze', () => {
    for (const di of FREEZE_TIMES) {
      const [frame] = decode(readAnswer(ADDRESS, di, shownTime('2026-11-23T23:59')));
      expect(frame?.values).toEqual([
        { obis: null, name: 'x_freeze_daily_time', value: '2026-11-23 23:59', unit: '' },
      ]);
    }
    expect(FREEZE_TIMES).toHaveLength(62);
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
    ['energy_active_export_l2', '002A0000'],
    ['demand_active_import_max', '01010000'],
    ['demand_reactive_q4_max_t2', '01080200'],
    ['voltage_l1', '02010100'],
    ['power_active', '02030000'],
    ['power_factor_l3', '02060300'],
    ['x_voltage_harmonic_l3_21', '020A0315'],
    ['current_n', '02800001'],
    ['frequency', '02800002'],
    ['x_amount_remaining', '00900200'],
  ])('%s is alone in %s', (name, di) => {
    expect(singleDi(register(name))).toBe(di);
  });
});
