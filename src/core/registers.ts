/**
 * The catalogue of registers: one row a quantity. The OBIS code (IEC 62056-6-1) is the identity,
 * the fixed word is the name. What has no OBIS code of its own gets an `x_` name and no code.
 * Import is consumed from the grid, export fed in; phases are l1 l2 l3.
 */
import { PHASE_DEMANDS, PRESENT_DEMANDS, TARIFF_DEMANDS } from './catalogue/demands.ts';
import { PLAIN_ENERGIES, TARIFF_ENERGIES } from './catalogue/energies.ts';
import type { RegisterKind, Row } from './catalogue/row.ts';
import { VARIABLES } from './catalogue/variables.ts';

export interface Register {
  /** What a reading is keyed by: the OBIS code, or the name where there is none. */
  readonly id: string;
  readonly obis: string | null;
  readonly name: string;
  /** Empty where the quantity has no unit. */
  readonly unit: string;
  readonly kind: RegisterKind;
  readonly label: { readonly en: string; readonly zh: string };
}

/** DL/T 645 counts tariffs 00H to 3FH, 0 being the total. */
export const TARIFFS = 63;

function toRegister([obis, name, unit, kind, en, zh]: Row): Register {
  return { id: obis ?? name, obis, name, unit, kind, label: { en, zh } };
}

function tariffsOf([obis, name, unit, kind, en, zh]: Row): Register[] {
  return Array.from({ length: TARIFFS }, (_, index) => {
    const tariff = index + 1;
    return toRegister([
      obis === null ? null : obis.replace(/0$/, String(tariff)),
      `${name}_t${tariff}`,
      unit,
      kind,
      `${en} tariff ${tariff}`,
      `${zh}费率${tariff}`,
    ]);
  });
}

export const REGISTERS: readonly Register[] = [
  ...[...TARIFF_ENERGIES, ...TARIFF_DEMANDS].flatMap((row) => [toRegister(row), ...tariffsOf(row)]),
  ...[...PLAIN_ENERGIES, ...PHASE_DEMANDS, ...PRESENT_DEMANDS, ...VARIABLES].map(toRegister),
];

const byWord = new Map<string, Register>();
for (const register of REGISTERS) {
  byWord.set(register.name, register);
  byWord.set(register.id, register);
}

const OBIS_SPELLING =
  /^(?:(\d{1,3})[-.](\d{1,3})[:.])?(\d{1,3})\.(\d{1,3})\.(\d{1,3})(?:[*.]255)?$/;

/** One spelling for the many: `1.8.0`, `1.0.1.8.0.255` and `1-0:1.8.0*255` become `1-0:1.8.0`. */
export function normaliseObis(text: string): string | null {
  const match = OBIS_SPELLING.exec(text.trim());
  if (match === null) return null;
  const [, a = '1', b = '0', c, d, e] = match;
  return `${Number(a)}-${Number(b)}:${Number(c)}.${Number(d)}.${Number(e)}`;
}

/** The register of this name or OBIS code in any usual spelling. */
export function findRegister(word: string): Register | undefined {
  return byWord.get(word) ?? byWord.get(normaliseObis(word) ?? '');
}
