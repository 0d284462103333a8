/** What a row of the identifier tables says, and what becomes of it for one identifier. */
import type { Register } from '../../../src/core/registers.ts';
import type { Format, TimeFormat } from '../format.ts';
import type { Word } from './words.ts';

export interface Label {
  readonly en: string;
  readonly zh: string;
}

/** One value of an item. */
export interface Field {
  /** Of the catalogue; `null` for what is no register, such as the time of a freeze. */
  readonly register: Register | null;
  readonly name: string;
  readonly unit: string;
  readonly format: Format;
  /** The moment at which the value was reached stands behind it, as with maximum demands. */
  readonly time?: TimeFormat;
  /** What it is called where the catalogue does not say. */
  readonly label?: Label;
  /** What the bits mean. */
  readonly word?: Word;
  /** As it was frozen: not what the register holds, so it is printed without the OBIS code. */
  readonly isPast?: boolean;
}

export interface Item {
  /** The hex digits of the identifier, highest first: eight in 2007, four in 1997. */
  readonly di: string;
  /** What the answer holds, in order; a block of several may come shorter than this. */
  readonly fields: readonly Field[];
  /** Other contents that meters send, each told by its length. */
  readonly layouts?: readonly (readonly Field[])[];
  /** Parts that some meters put an AAH behind; their fields are those of the item, in order. */
  readonly groups?: readonly (readonly Field[])[];
  /** `bytes` is shown as it came; a `secret` is only ever written and never shown. */
  readonly carries?: 'bytes' | 'secret';
  /** Of a settlement, a freeze or an event: no register's present value. */
  readonly isPast?: boolean;
  /** What was noted of one happening: without a moment in it, nothing has happened. */
  readonly isRecord?: boolean;
}

export interface FieldRow extends Omit<Field, 'register'> {
  /** `*` is the place for the tariff, phase, order or number; without one it is the end. */
  readonly name: string;
  readonly label: Label;
}

/** Where a row is from: annex A, or meters of the State Grid and the code that reads them. */
export interface Row {
  /**
   * DI3 DI2 DI1 DI0. Each is two hex digits, a range `01..0C`, or a letter. With FF for all of
   * them: T tariff, S settlement, P phase, V total or phase, H order of a harmonic, R record of an
   * event, F number of the field. Without: L phase, W total or phase, Q record, G field.
   */
  readonly pattern: string;
  readonly label: Label;
  readonly source: string;
  readonly access: 'R' | 'RW' | 'W';
  readonly fields: readonly FieldRow[];
  readonly layouts?: readonly (readonly FieldRow[])[];
  readonly groups?: readonly (readonly FieldRow[])[];
  readonly carries?: 'bytes' | 'secret';
  readonly isPast?: boolean;
  readonly isRecord?: boolean;
}
