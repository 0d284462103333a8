import type { Cell, Fixed, Keepings, WantedPoint } from './sim-map.ts';
import { wordsOf } from './sim-words.ts';

/**
 * A SunSpec meter as it lies in the holding registers (SunSpec Device Information Model
 * Specification, smdx_00001.xml, smdx_00203.xml, smdx_00213.xml):
 *
 *   map      := 'SunS'  common  meter  FFFF 0000
 *   common   := 0001  0042  Mn[16]  Md[16]  Opt[8]  Vr[8]  SN[16]  DA  Pad
 *   meter    := ID  L  group{7}  Evt[2]
 *   group    := point*  SF    in models 201 to 204: int16 or acc32, and one scale factor
 *             | point*        in models 211 to 214: float32
 */
export const SUNSPEC_MODELS = [201, 202, 203, 204, 211, 212, 213, 214] as const;
export type SunspecModel = (typeof SUNSPEC_MODELS)[number];

const MARKER = [0x5375, 0x6e53];
const END = [0xffff, 0];
const COMMON_LENGTH = 66;
/** Address of the models' unit in the common model, and a register of padding. */
const DEVICE_ADDRESS = [1, 0x8000];

const phases = (point: string) => ['', 'phA', 'phB', 'phC'].map((phase) => point + phase);
const totals = (point: string) => ['', 'PhA', 'PhB', 'PhC'].map((phase) => point + phase);

interface Group {
  readonly points: readonly string[];
  readonly isCounter: boolean;
}

/** All points in their order; a scale factor follows each group in the integer models. */
const GROUPS: readonly Group[] = [
  ['A', 'AphA', 'AphB', 'AphC'],
  [...phases('PhV'), 'PPV', 'PPVphAB', 'PPVphBC', 'PPVphCA'],
  ['Hz'],
  phases('W'),
  phases('VA'),
  phases('VAR'),
  phases('PF'),
]
  .map((points): Group => ({ points, isCounter: false }))
  .concat(
    [
      ['TotWhExp', 'TotWhImp'],
      ['TotVAhExp', 'TotVAhImp'],
      ['TotVArhImpQ1', 'TotVArhImpQ2', 'TotVArhExpQ3', 'TotVArhExpQ4'],
    ].map((points): Group => ({ points: points.flatMap(totals), isCounter: true })),
  );

/** Text in so many registers, NUL behind its end. */
function textWords(text: string, registers: number): number[] {
  const codes = Array.from({ length: registers * 2 }, (_, at) => text.charCodeAt(at) & 0x7f);
  return Array.from(
    { length: registers },
    (_, at) => ((codes[at * 2] ?? 0) << 8) | (codes[at * 2 + 1] ?? 0),
  );
}

function commonModel(address: number, { vendor, product, serial }: SunspecDevice): Fixed {
  const words = [
    1,
    COMMON_LENGTH,
    ...textWords(vendor, 16),
    ...textWords(product, 16),
    ...textWords('', 8),
    ...textWords('1.0', 8),
    ...textWords(serial, 16),
    ...DEVICE_ADDRESS,
  ];
  return { table: 'holding', address, words };
}

/** What the common model says. */
export interface SunspecDevice {
  readonly vendor: string;
  readonly product: string;
  readonly serial: string;
}

export interface SunspecOptions {
  readonly points: ReadonlyMap<string, WantedPoint>;
  readonly model: SunspecModel;
  /** Of the marker: 40000, 50000 or 0. */
  readonly base: number;
  readonly device: SunspecDevice;
}

interface Layout {
  readonly cells: Cell[];
  /** What stands where nothing is measured. */
  readonly words: number[];
}

/** How the points of a group are kept. */
interface PointForm {
  readonly kind: 'i16' | 'u32' | 'f32';
  readonly registers: number;
  readonly absent: readonly bigint[];
}

const FLOAT: PointForm = { kind: 'f32', registers: 2, absent: [0x7fc0_0000n] };
const INTEGER: PointForm = { kind: 'i16', registers: 1, absent: [0x8000n] };
/** A counter that counts nothing is 0; it has no mark of its own. */
const COUNTER: PointForm = { kind: 'u32', registers: 2, absent: [] };
const NO_SCALE = 0x8000;

const isFloatModel = (model: SunspecModel) => model > 210;

/** One group at its place; `at` is the address of its first register. */
function layOut({ points, isCounter }: Group, at: number, options: SunspecOptions): Layout {
  const isFloat = isFloatModel(options.model);
  const integer = isCounter ? COUNTER : INTEGER;
  const { kind, registers, absent } = isFloat ? FLOAT : integer;
  const scaleAt = { table: 'holding', address: at + points.length * registers } as const;
  const cells = points.flatMap((point, index): Cell[] => {
    const wanted = options.points.get(point);
    if (wanted === undefined) return [];
    const { name, exponent, step } = wanted;
    const form = { kind, exponent, step, field: null };
    const place = { table: 'holding', address: at + index * registers } as const;
    const scale = isFloat ? null : scaleAt;
    return [{ ...place, name, form, order: 'ABCD', sign: null, scaleAt: scale, absent }];
  });
  const nothing = wordsOf(absent[0] ?? 0n, kind, 'ABCD');
  const zeros = nothing.map(() => 0);
  const words = points.flatMap((point) => (options.points.has(point) ? zeros : nothing));
  if (!isFloat) words.push(cells.length > 0 ? 0 : NO_SCALE);
  return { cells, words };
}

/** The whole map, and nothing where the model file names no points. */
export function sunspecKeepings(options: SunspecOptions): Keepings {
  if (options.points.size === 0) return { cells: [], fixed: [] };
  const { base, model, device } = options;
  const common = base + MARKER.length;
  const header = common + 2 + COMMON_LENGTH;
  const cells: Cell[] = [];
  const words: number[] = [];
  for (const group of GROUPS) {
    const layout = layOut(group, header + 2 + words.length, options);
    cells.push(...layout.cells);
    words.push(...layout.words);
  }
  // No event has happened.
  words.push(0, 0);
  const meter = [model, words.length, ...words];
  const fixed: Fixed[] = [
    { table: 'holding', address: base, words: MARKER },
    commonModel(common, device),
    { table: 'holding', address: header, words: [...meter, ...END] },
  ];
  return { cells, fixed };
}
