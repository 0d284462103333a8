/**
 * The meter models of SunSpec as a table: 201 to 204 in integers with scale factors, 211 to 214 in
 * floats. SunSpec Alliance, definitions `smdx_00201.xml`, `smdx_00203.xml` and `smdx_00213.xml`;
 * the models of one family share their block, and what a meter does not have is not available.
 *
 *   block  := model length point*
 *   int16  := word, 8000H where not available
 *   acc32  := word{2}, unsigned, no mark of its own
 *   sunssf := word, signed power of ten, 8000H where not available
 *
 * Offsets count registers from the first one behind the length. In the floats every point before
 * the energies has the place of its integer without the scale factors, twice as wide.
 */

export interface Point {
  readonly name: string;
  /** As the integer models give it; the float models have the same. */
  readonly unit: string;
  readonly type: 'int16' | 'acc32';
  readonly offset: number;
  readonly scaleOffset: number;
  readonly floatOffset: number;
}

/** A register of the catalogue at a SunSpec point. */
export interface PointSource {
  readonly point: Point;
  /** From the point's unit to the catalogue's. */
  readonly exponent: number;
  /** Floats are rounded to 10^this of the catalogue's unit. */
  readonly step: number;
}

/** A family of models: id and how many registers its block has at least. */
export interface Family {
  readonly models: readonly number[];
  readonly length: number;
  readonly isFloat: boolean;
}

const FAMILIES: readonly Family[] = [
  { models: [201, 202, 203, 204], length: 105, isFloat: false },
  { models: [211, 212, 213, 214], length: 124, isFloat: true },
];

/** Points in a row that share a scale factor: type, unit, scale factor, first offsets, names. */
type Row = readonly [Point['type'], string, number, number, number, readonly string[]];

const inPhases = (name: string) => [name, `${name}PhA`, `${name}PhB`, `${name}PhC`];

const ROWS: readonly Row[] = [
  ['int16', 'A', 4, 0, 0, ['A', 'AphA', 'AphB', 'AphC']],
  ['int16', 'V', 13, 5, 8, ['PhV', 'PhVphA', 'PhVphB', 'PhVphC']],
  ['int16', 'V', 13, 9, 16, ['PPV', 'PPVphAB', 'PPVphBC', 'PPVphCA']],
  ['int16', 'Hz', 15, 14, 24, ['Hz']],
  ['int16', 'W', 20, 16, 26, ['W', 'WphA', 'WphB', 'WphC']],
  ['int16', 'VA', 25, 21, 34, ['VA', 'VAphA', 'VAphB', 'VAphC']],
  ['int16', 'var', 30, 26, 42, ['VAR', 'VARphA', 'VARphB', 'VARphC']],
  ['acc32', 'Wh', 52, 36, 58, [...inPhases('TotWhExp'), ...inPhases('TotWhImp')]],
  ['acc32', 'VAh', 69, 53, 74, [...inPhases('TotVAhExp'), ...inPhases('TotVAhImp')]],
  [
    'acc32',
    'varh',
    102,
    70,
    90,
    ['TotVArhImpQ1', 'TotVArhImpQ2', 'TotVArhExpQ3', 'TotVArhExpQ4'].flatMap(inPhases),
  ],
];

const POINTS: ReadonlyMap<string, Point> = new Map(
  ROWS.flatMap(([type, unit, scaleOffset, offset, floatOffset, names]) =>
    names.map((name, index): [string, Point] => [
      name,
      {
        name,
        unit,
        type,
        scaleOffset,
        offset: offset + index * (type === 'acc32' ? 2 : 1),
        floatOffset: floatOffset + index * 2,
      },
    ]),
  ),
);

export const findPoint = (name: string) => POINTS.get(name);

export const familyOf = (model: number) => FAMILIES.find(({ models }) => models.includes(model));
