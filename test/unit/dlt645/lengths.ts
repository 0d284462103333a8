/*
 * Bytes of the whole content of an answer, by hand from the lists of DL/T 645-2007 annex A and
 * from what meters of the State Grid have besides. The first pattern that fits counts. Several
 * numbers: told by the length alone. 0: any length.
 */
type Length = readonly [pattern: RegExp, ...bytes: number[]];

const TARIFFS = 64;
const SETTLEMENTS = 13;

const ENERGIES: readonly Length[] = [
  [/^000[0-9A]FF/, 4 * TARIFFS],
  [/^00....FF$/, 4 * SETTLEMENTS],
  [/^00/, 4],
];

/** Three bytes, and five of time. */
const DEMANDS: readonly Length[] = [
  [/^010[1-9A]FF/, 8 * TARIFFS],
  [/^01....FF$/, 8 * SETTLEMENTS],
  [/^01/, 8],
];

const VARIABLES: readonly Length[] = [
  [/^020[1789]FF00/, 3 * 2],
  [/^0202FF00/, 3 * 3],
  [/^020[345]FF00/, 4 * 3],
  [/^0206FF00/, 4 * 2],
  [/^020[AB]..FF/, 42],
  [/^020[16789AB]/, 2],
  [/^020[2345]/, 3],
  [/^028000(01|03|04|05|06|25)/, 3],
  [/^028000(02|07|08|09)/, 2],
  [/^0280000A/, 4, 3],
  [/^028000(0B|20|21)/, 4],
];

const EVENTS: readonly Length[] = [
  [/^03(0[1-4BCDEF])0000/, 18, 9],
  [/^030[1-4]/, 131, 115],
  [/^030[5-9A]0000/, 6],
  [/^0305/, 15],
  [/^0306/, 12],
  [/^030[78]/, 76],
  [/^030[9A]/, 78],
  [/^030[BCD]/, 115],
  [/^030[EF]/, 76],
  [/^0310/, 27, 25],
  [/^03110000/, 3],
  [/^0311/, 12],
  [/^03120000/, 18],
  [/^0312/, 20],
  [/^0330..00/, 3],
  [/^033000/, 50],
  [/^033001/, 106],
  [/^033002/, 202],
  [/^033003/, 14],
  [/^033004/, 16],
  [/^033005/, 682],
  [/^033006/, 94],
  [/^033008/, 1026],
  [/^0330(07|09|0A|0B)/, 11],
  [/^03300C/, 16],
  [/^03300[DE]/, 60],
  [/^033[23]01/, 5],
  [/^033[23]02/, 2],
  [/^033[23]0[3-6]/, 4],
];

const PARAMETERS: readonly Length[] = [
  [/^04000101/, 4],
  [/^04000102/, 3],
  [/^0400010C/, 7],
  [/^0400010[34]/, 1],
  [/^04000105/, 2],
  [/^0400010[67]/, 5],
  [/^04000205/, 2],
  [/^040002/, 1],
  [/^040003/, 1],
  [/^0400040[12E]/, 6],
  [/^04000403/, 32],
  [/^0400040[456]/, 6],
  [/^0400040[78]/, 4],
  [/^0400040[9A]/, 3],
  [/^0400040[BC]/, 10],
  [/^0400040D/, 16],
  [/^040005FF/, 14],
  [/^040005/, 2],
  [/^04000[6789]/, 1],
  [/^04000A01/, 4],
  [/^04000A/, 2],
  [/^04000B/, 2],
  // Passwords are four bytes that nobody sees.
  [/^04000C/, 0],
  [/^04000D/, 2],
  [/^04000E0[12]/, 3],
  [/^04000E0[34]/, 2],
  [/^04000F/, 4],
  [/^040010/, 4],
  [/^04001[13]/, 1],
  [/^04001201/, 5],
  [/^04001202/, 1],
  [/^04001203/, 2],
  [/^040014/, 2],
  [/^040015/, 12],
  [/^040[12]00/, 3 * 14],
  [/^0403/, 4],
  [/^0404/, 4, 5],
  [/^040[56]/, 4],
  [/^04090[1-9C]01|^04090(1|C)02/, 2],
  [/^0409(0103|0402|0702|0703|0902|0A01|0B01|0D01|0D02)/, 3],
  [/^04090[EF]01/, 2],
  [/^0409/, 1],
  [/^0480/, 32],
];

const FREEZES: readonly Length[] = [
  [/^05..00/, 5],
  [/^05040[12]/, 4],
  [/^0504FF/, 13],
  [/^05..0[1-8]/, 4 * TARIFFS],
  [/^05..0[9A]/, 8 * TARIFFS],
  [/^05..10/, 24],
  [/^05..FF/, 5 + 8 * 4 * TARIFFS + 2 * 8 * TARIFFS + 24],
];

/** Fields of one record, in order: start, energies, what was measured, end, energies. */
const MEASURED = [2, 3, 3, 3, 2];
const fours = (count: number) => new Array<number>(count).fill(4);
const DETAILS = [6, ...fours(8), ...MEASURED, ...fours(4), ...MEASURED, ...fours(4), ...MEASURED];
const PLAIN = [6, ...fours(16)];

const RECORDS: readonly (readonly [prefix: string, fields: readonly number[]])[] = [
  ['1[0-3]0[1-3]', [...DETAILS, ...fours(4), ...PLAIN]],
  ['1[45]00', [...PLAIN, ...PLAIN]],
  ['1[67]00', [...PLAIN, 3, ...PLAIN]],
  ['1[89A]0[1-3]', [...DETAILS, ...PLAIN]],
  ['1B0[1-3]', [...PLAIN, ...PLAIN]],
  ['1[DE]00', [6, 4, ...fours(6)]],
  ['1F00', [6, ...fours(4), 6, ...fours(4)]],
];

const hex = (value: number) => value.toString(16).padStart(2, '0').toUpperCase();

const ITEMISED: readonly Length[] = RECORDS.flatMap(([prefix, fields]): Length[] => [
  [new RegExp(`^${prefix}000[12]`), 3],
  [new RegExp(`^${prefix}FF`), fields.reduce((sum, bytes) => sum + bytes, 0)],
  ...fields.flatMap((bytes, index): Length[] => [
    [new RegExp(`^${prefix}${hex(index + 1)}FF`), bytes * 10],
    [new RegExp(`^${prefix}${hex(index + 1)}`), bytes],
  ]),
]);

export const LENGTHS: readonly Length[] = [
  ...ENERGIES,
  ...DEMANDS,
  ...VARIABLES,
  ...EVENTS,
  ...PARAMETERS,
  ...FREEZES,
  [/^06/, 0],
  ...ITEMISED,
];
