/** Where a model says that a meter keeps a register: the terms of the model file, made uniform. */
import { z } from 'zod';
import type { MeterModel } from '../../src/core/model.ts';
import { findRegister, type Register } from '../../src/core/registers.ts';
import type { Range, RegisterTable } from './reading-plan.ts';
import { findPoint, type PointSource } from './sunspec-points.ts';
import { unitShift } from './units.ts';
import { ORDERS, type Order, TYPE_NAMES, WORD_TYPES, type WordType } from './words.ts';

/** Decimals are 20 at the most, so no power of ten beyond that makes sense. */
export const LARGEST_EXPONENT = 20;

/** One register of 16 bits beside the value. */
export interface Place {
  readonly table: RegisterTable;
  readonly address: number;
}

/** The value is a magnitude: negative where this register, or bit `bit` of it, is `negative`. */
export interface Sign extends Place {
  readonly bit: number | null;
  readonly negative: number;
}

/** One register of the catalogue in the registers of a meter. */
export interface Source extends Range {
  readonly type: WordType;
  readonly order: Order;
  /** The number is to be multiplied by 10^this to be in the catalogue's unit. */
  readonly exponent: number;
  /** Floats are rounded to 10^this of the catalogue's unit; `null` for integers. */
  readonly step: number | null;
  /** Lowest and highest bit of the integer that are the value; all where `null`. */
  readonly bits: readonly [number, number] | null;
  readonly sign: Sign | null;
  /** A signed power of ten more. */
  readonly scaleAt: Place | null;
  /** Bits of the whole integer that mean "no value". */
  readonly absent: readonly bigint[];
}

const ADDRESSES = 0x1_0000;
const address = z
  .int()
  .min(0)
  .max(ADDRESSES - 1);
const eitherTable = { holding: address.optional(), input: address.optional() };
const onePlace = (place: { holding?: number | undefined; input?: number | undefined }) =>
  (place.holding === undefined) !== (place.input === undefined);
const NOT_ONE_PLACE = 'wants either holding or input';

const type = z.enum(TYPE_NAMES);
const order = z.enum(ORDERS);
const integerText = z.string().regex(/^-?\d{1,20}$/, 'wants a whole number as text');

const identificationSchema = z
  .strictObject({
    ...eitherTable,
    type: type.exclude(['f32', 'f64']),
    order: order.default('ABCD'),
    equals: integerText,
  })
  .refine(onePlace, NOT_ONE_PLACE);

/** `settings` of a model. */
export const settingsSchema = z.strictObject({
  table: z.enum(['holding', 'input']).default('holding'),
  type: type.optional(),
  order: order.default('ABCD'),
  maxRegisters: z.int().min(1).max(125).default(125),
  maxGap: z.int().min(0).max(124).default(8),
  /** Over Modbus TCP the meter answers with another unit than it was asked for. */
  anyUnit: z.boolean().default(false),
  identification: z.array(identificationSchema).default([]),
});
export type Settings = z.infer<typeof settingsSchema>;

const MOST_SAFE = 'larger ones as text: "0xFFFFFFFFFFFFFFFF"';

/** One entry of `registers` of a model. */
const entrySchema = z
  .strictObject({
    at: address.optional(),
    ...eitherTable,
    sunspec: z.string().optional(),
    type: type.optional(),
    order: order.optional(),
    scale: z.int().min(-LARGEST_EXPONENT).max(LARGEST_EXPONENT).default(0),
    scaleRegister: z.strictObject(eitherTable).refine(onePlace, NOT_ONE_PLACE).optional(),
    unit: z.string().optional(),
    resolution: z
      .string()
      .regex(/^(0\.0*1|10*)$/, 'wants a power of ten as text, such as "0.01"')
      .optional(),
    bits: z.tuple([z.int().min(0).max(63), z.int().min(0).max(63)]).optional(),
    sign: z
      .strictObject({
        ...eitherTable,
        bit: z.int().min(0).max(15).optional(),
        negative: address,
      })
      .refine(onePlace, NOT_ONE_PLACE)
      .optional(),
    absent: z
      .array(z.union([z.int(MOST_SAFE).min(0), z.string().regex(/^0x[0-9a-f]{1,16}$/i, MOST_SAFE)]))
      .default([]),
  })
  .refine(
    ({ at, holding, input, sunspec }) =>
      [at, holding, input, sunspec].filter((one) => one !== undefined).length === 1,
    'wants one of at, holding, input, sunspec',
  );
type Entry = z.infer<typeof entrySchema>;

/** `null` where there is none. */
function placeOf(place: { holding?: number | undefined; input?: number | undefined } | undefined) {
  if (place?.holding !== undefined) return { table: 'holding', address: place.holding } as const;
  if (place?.input !== undefined) return { table: 'input', address: place.input } as const;
  return null;
}

/** The power of ten in a text such as `0.01` or `10`. */
const stepOf = (resolution: string) =>
  resolution.startsWith('0') ? 2 - resolution.length : resolution.length - 1;

/** What the schema's findings say, in words. */
export function complaintsOf({ issues }: z.ZodError, where: string): string[] {
  return issues.map(({ path, message }) =>
    path.length === 0 ? `${where}: ${message}` : `${where}: ${path.join('.')}: ${message}`,
  );
}

/** Either of the two is there. */
interface Read<T> {
  readonly value: T | null;
  readonly complaints: readonly string[];
}

const wrong = (complaint: string) => ({ value: null, complaints: [complaint] });

/** What is wrong with an entry that has the right form. */
function faultOf({ bits, sign, resolution }: Entry, chosen: WordType): string | null {
  const { form, registers } = WORD_TYPES[chosen];
  const isFloat = form === 'float';
  if (isFloat !== (resolution !== undefined)) {
    return isFloat ? `${chosen} wants a resolution` : `${chosen} has its resolution by its scale`;
  }
  if (bits !== undefined) {
    const [low, high] = bits;
    if (form !== 'unsigned') return 'bits are of u16, u32 and u64 alone';
    if (low > high || high >= registers * 16) return `bits ${low} to ${high} are not in ${chosen}`;
  }
  if (sign?.bit !== undefined && sign.negative > 1) return 'a bit is negative at 0 or at 1';
  return null;
}

function sunspecSource(entry: Entry, { unit }: Register, point: string): Read<PointSource> {
  const found = findPoint(point);
  if (found === undefined) return wrong(`"${point}" is no point of the SunSpec meter models`);
  const shift = unitShift(found.unit, unit);
  if (shift === null || (entry.unit ?? found.unit) !== found.unit) {
    return wrong(`${point} is in ${found.unit}`);
  }
  if (entry.resolution === undefined) return wrong('a SunSpec point wants a resolution');
  const value = { point: found, exponent: shift, step: stepOf(entry.resolution) + shift };
  return { value, complaints: [] };
}

function signOf({ sign }: Entry): Sign | null {
  const place = placeOf(sign);
  if (place === null || sign === undefined) return null;
  return { ...place, bit: sign.bit ?? null, negative: sign.negative };
}

/** What is wrong with the length. */
function lengthFault(chosen: WordType, at: number, settings: Settings): string | null {
  const { registers } = WORD_TYPES[chosen];
  if (at + registers > ADDRESSES) return `${chosen} does not end by address 65535`;
  return registers > settings.maxRegisters ? `${chosen} is longer than maxRegisters` : null;
}

function plainSource(entry: Entry, settings: Settings, { unit }: Register): Read<Source> {
  const chosen = entry.type ?? settings.type;
  if (chosen === undefined) return wrong('no type, and the settings name none');
  const place = placeOf(entry) ?? { table: settings.table, address: entry.at ?? 0 };
  const fault = faultOf(entry, chosen) ?? lengthFault(chosen, place.address, settings);
  if (fault !== null) return wrong(fault);
  const shift = unitShift(entry.unit ?? unit, unit);
  if (shift === null) {
    return wrong(`unit ${entry.unit ?? ''} is none of ${unit || 'a plain number'}`);
  }
  const value: Source = {
    ...place,
    registers: WORD_TYPES[chosen].registers,
    type: chosen,
    order: entry.order ?? settings.order,
    exponent: entry.scale + shift,
    step: entry.resolution === undefined ? null : stepOf(entry.resolution) + shift,
    bits: entry.bits ?? null,
    sign: signOf(entry),
    scaleAt: placeOf(entry.scaleRegister),
    absent: entry.absent.map(BigInt),
  };
  return { value, complaints: [] };
}

/** Where a model has a register: at an address, or at a SunSpec point wherever that is. */
export type AnySource = Source | PointSource;

export const isPoint = (source: AnySource): source is PointSource => 'point' in source;

function readEntry(name: string, entry: unknown, settings: Settings): Read<AnySource> {
  const register = findRegister(name);
  if (register?.name !== name) return wrong(`${name}: no such register in the catalogue`);
  const parsed = entrySchema.safeParse(entry);
  if (!parsed.success) return { value: null, complaints: complaintsOf(parsed.error, name) };
  const { value, complaints } =
    parsed.data.sunspec === undefined
      ? plainSource(parsed.data, settings, register)
      : sunspecSource(parsed.data, register, parsed.data.sunspec);
  return { value, complaints: complaints.map((complaint) => `${name}: ${complaint}`) };
}

/** A model in the driver's terms. */
export interface RegisterMap {
  readonly settings: Settings;
  /** By register name, as far as the model is right. */
  readonly sources: ReadonlyMap<string, AnySource>;
  readonly complaints: readonly string[];
}

/** Never throws: what is wrong is in `complaints`. */
export function readRegisterMap(model: Pick<MeterModel, 'settings' | 'registers'>): RegisterMap {
  const parsed = settingsSchema.safeParse(model.settings);
  const settings = parsed.success ? parsed.data : settingsSchema.parse({});
  const complaints = parsed.success ? [] : complaintsOf(parsed.error, 'settings');
  const sources = new Map<string, AnySource>();
  for (const [name, entry] of Object.entries(model.registers)) {
    const read = readEntry(name, entry, settings);
    // Without the settings much of it would only seem wrong.
    if (parsed.success) complaints.push(...read.complaints);
    if (read.value !== null) sources.set(name, read.value);
  }
  return { settings, sources, complaints };
}

/** All that must be read for the value. */
export function rangesOf({ table, address: at, registers, scaleAt, sign }: Source): Range[] {
  const places = [scaleAt, sign].filter((place) => place !== null);
  return [
    { table, address: at, registers },
    ...places.map((place) => ({ table: place.table, address: place.address, registers: 1 })),
  ];
}
