import { z } from 'zod';
import { AmrError } from '../../src/core/errors.ts';
import type { MeterModel } from '../../src/core/model.ts';
import { findRegister } from '../../src/core/registers.ts';
import { type Form, type Kind, type Order, registersOf, wordsOf } from './sim-words.ts';

/** What a model file says, as the meter itself sees it: where in its tables it keeps what. */
export type Table = 'holding' | 'input';

export interface Place {
  readonly table: Table;
  readonly address: number;
}

/** Negative where the register, or its bit, is `negative`. */
export interface SignPlace extends Place {
  readonly bit: number | null;
  readonly negative: number;
}

/** One register of the catalogue in the registers of the meter. */
export interface Cell extends Place {
  readonly name: string;
  readonly form: Form;
  readonly order: Order;
  readonly sign: SignPlace | null;
  /** Holds a further power of ten. */
  readonly scaleAt: Place | null;
  /** What the bits are where the meter lacks the value. */
  readonly absent: readonly bigint[];
}

/** Registers that never change. */
export interface Fixed extends Place {
  readonly words: readonly number[];
}

/** All that a meter keeps. */
export interface Keepings {
  readonly cells: readonly Cell[];
  readonly fixed: readonly Fixed[];
}

const places = { holding: z.number().optional(), input: z.number().optional() };
const kinds = z.enum([
  'u16',
  'i16',
  'u32',
  'i32',
  'u64',
  'i64',
  'f32',
  'f64',
  'bcd16',
  'bcd32',
] satisfies Kind[]);
const orders = z.enum(['ABCD', 'CDAB', 'BADC', 'DCBA'] satisfies Order[]);

const settingsSchema = z.object({
  table: z.enum(['holding', 'input']).default('holding'),
  type: kinds.optional(),
  order: orders.default('ABCD'),
  maxRegisters: z.number().default(125),
  maxGap: z.number().default(8),
  identification: z
    .array(
      z.object({
        ...places,
        type: kinds,
        order: orders.default('ABCD'),
        equals: z.coerce.bigint(),
      }),
    )
    .default([]),
});
export type Settings = z.infer<typeof settingsSchema>;

const sourceSchema = z.object({
  at: z.number().optional(),
  ...places,
  sunspec: z.string().optional(),
  type: kinds.optional(),
  order: orders.optional(),
  scale: z.number().default(0),
  scaleRegister: z.object(places).optional(),
  unit: z.string().optional(),
  resolution: z.string().optional(),
  bits: z.tuple([z.number(), z.number()]).optional(),
  sign: z.object({ ...places, bit: z.number().default(-1), negative: z.number() }).optional(),
  absent: z.array(z.coerce.bigint()).default([]),
});
type SourceEntry = z.infer<typeof sourceSchema>;

const PREFIXES: Readonly<Record<string, number>> = { m: -3, '': 0, k: 3, M: 6, G: 9 };

/** The power of ten of a unit's prefix; a unit of another form has none. */
function prefixOf(unit: string): number {
  const match = /^([mkMG]?)(?:Wh|VAh|varh|W|VA|var|V|A|Hz)$/.exec(unit);
  return PREFIXES[match?.[1] ?? ''] ?? 0;
}

/** 10^this of the catalogue's unit is one of the unit that the meter keeps the register in. */
function unitExponent(name: string, unit: string | undefined): number {
  return unit === undefined ? 0 : prefixOf(unit) - prefixOf(findRegister(name)?.unit ?? '');
}

/** `0.01` is -2, `10` is 1. */
function stepExponent(resolution: string): number {
  const [whole = '', fraction = ''] = resolution.split('.');
  return fraction === '' ? whole.length - 1 : -fraction.length;
}

function placeOf(
  { at, holding, input }: { at?: number | undefined } & Partial<Record<Table, number | undefined>>,
  table: Table,
): Place {
  if (holding !== undefined) return { table: 'holding', address: holding };
  if (input !== undefined) return { table: 'input', address: input };
  return { table, address: at ?? 0 };
}

/** `null` for a point of SunSpec, which has no address of its own. */
function cellOf(name: string, entry: SourceEntry, settings: Settings): Cell | null {
  const kind = entry.type ?? settings.type;
  if (entry.sunspec !== undefined || kind === undefined) return null;
  const unit = unitExponent(name, entry.unit);
  const { sign, scaleRegister, resolution } = entry;
  return {
    ...placeOf(entry, settings.table),
    name,
    form: {
      kind,
      exponent: entry.scale + unit,
      step: resolution === undefined ? 0 : stepExponent(resolution) + unit,
      field: entry.bits ?? null,
    },
    order: entry.order ?? settings.order,
    sign:
      sign === undefined
        ? null
        : {
            ...placeOf(sign, settings.table),
            bit: sign.bit < 0 ? null : sign.bit,
            negative: sign.negative,
          },
    scaleAt: scaleRegister === undefined ? null : placeOf(scaleRegister, settings.table),
    absent: entry.absent,
  };
}

/** A point of SunSpec as the model wants it: its steps in the catalogue's unit. */
export interface WantedPoint {
  readonly name: string;
  /** Of one unit of the point. */
  readonly exponent: number;
  readonly step: number;
}

export interface SimMap extends Keepings {
  readonly settings: Settings;
  /** By the point's name. */
  readonly points: ReadonlyMap<string, WantedPoint>;
}

/** Throws CONFIG_INVALID for a model that says nothing a Modbus meter could obey. */
export function readSimMap(model: MeterModel): SimMap {
  const settings = settingsSchema.safeParse(model.settings);
  const entries = z.record(z.string(), sourceSchema).safeParse(model.registers);
  if (!settings.success || !entries.success) {
    throw new AmrError('CONFIG_INVALID', `model ${model.model} is none of a Modbus meter`, {
      cause: settings.error ?? entries.error,
    });
  }
  const cells: Cell[] = [];
  const points = new Map<string, WantedPoint>();
  for (const [name, entry] of Object.entries(entries.data)) {
    const cell = cellOf(name, entry, settings.data);
    if (cell !== null) cells.push(cell);
    if (entry.sunspec === undefined) continue;
    const exponent = unitExponent(name, entry.unit);
    const step = stepExponent(entry.resolution ?? '1') + exponent;
    points.set(entry.sunspec, { name, exponent, step });
  }
  const fixed = settings.data.identification.map((row) => ({
    ...placeOf(row, settings.data.table),
    words: wordsOf(BigInt.asUintN(64, row.equals), row.type, row.order),
  }));
  return { settings: settings.data, cells, fixed, points };
}

/** Where a cell begins and how many registers it takes. */
export const spanOf = ({ table, address, form }: Cell) => ({
  table,
  address,
  length: registersOf(form.kind),
});
