import { demandNameOf, type MeterDisplay, SHOWN } from '../../../src/core/slave.ts';

/**
 * What a meter of 1997 keeps under its two-byte identifiers, and how it packs it. Kept apart from
 * the master's table on purpose: neither can copy the other's slip.
 */
export interface Kept {
  /** The bytes behind the identifier, before the offset. */
  readonly bytes: readonly number[];
  /** Name -> digits as this meter shows them, `null` where it filled in FF. */
  readonly values: Record<string, string | null>;
}

/** How the meter shows a quantity: digits in all, and how many of them are decimals. */
interface Face {
  readonly digits: number;
  readonly decimals: number;
}

/** What is shown at one moment, be it the present or the end of a month. */
type Show = (name: string) => string | null;

const FILL = 0xff;
const BLOCK = 0xf;
const LAST_TARIFF = 14;
const MONTHS_KEPT = 2;

const ENERGY: Face = { digits: 8, decimals: 2 };
const DEMAND: Face = { digits: 6, decimals: 4 };

/** By the high digit of DI0, from 1 on; what no display knows falls back to its nearest kin. */
const ENERGIES: readonly (readonly (readonly string[])[])[] = [
  [['energy_active_import'], ['energy_active_export']],
  [
    ['x_energy_reactive_forward', 'x_energy_reactive_combined_1'],
    ['x_energy_reactive_reverse', 'x_energy_reactive_combined_2'],
    ['energy_reactive_q1'],
    ['energy_reactive_q4'],
    ['energy_reactive_q2'],
    ['energy_reactive_q3'],
  ],
];

/** B6 by the high digit of DI0; the low one is a phase, 0 the total. */
const VARIABLES: Readonly<Record<number, { name: string; face: Face; hasTotal: boolean }>> = {
  1: { name: 'voltage', face: { digits: 4, decimals: 0 }, hasTotal: false },
  2: { name: 'current', face: { digits: 4, decimals: 2 }, hasTotal: false },
  3: { name: 'power_active', face: { digits: 6, decimals: 4 }, hasTotal: true },
  4: { name: 'x_power_reactive', face: { digits: 4, decimals: 2 }, hasTotal: true },
  5: { name: 'power_factor', face: { digits: 4, decimals: 3 }, hasTotal: true },
};
const PHASE_SUFFIXES = ['', '_l1', '_l2', '_l3'];

/** The figures two by two, the last pair first. */
function pairs(figures: string): number[] {
  return [...figures.matchAll(/../g)].map(([pair]) => Number.parseInt(pair, 16)).reverse();
}

/** Cut to the meter's own decimals; there is no sign in this edition, so it is lost. */
function figuresOf(shown: string, { digits, decimals }: Face): string | null {
  const [, whole, fraction = ''] = /^-?(\d+)(?:\.(\d+))?$/.exec(shown) ?? [];
  if (whole === undefined) return null;
  const figures = whole + fraction.padEnd(decimals, '0').slice(0, decimals);
  const significant = figures.replace(/^0+/, '');
  return significant.length > digits ? null : significant.padStart(digits, '0');
}

/** `00226` with two decimals reads 2.26. */
function withPoint(figures: string, decimals: number): string {
  const split = figures.length - decimals;
  const whole = String(Number(figures.slice(0, split)));
  return decimals === 0 ? whole : `${whole}.${figures.slice(split)}`;
}

interface Wanted {
  readonly names: readonly string[];
  readonly pack: (name: string) => { bytes: readonly number[]; digits: string } | null;
  readonly width: number;
}

/** One after another; FF for what is missing, nothing at all where all of it is. */
function keep({ names, pack, width }: Wanted): Kept | null {
  const packed = names.map(pack);
  if (packed.every((one) => one === null)) return null;
  return {
    bytes: packed.flatMap((one) => one?.bytes ?? new Array<number>(width).fill(FILL)),
    values: Object.fromEntries(names.map((name, index) => [name, packed[index]?.digits ?? null])),
  };
}

const numbers = (names: readonly string[], face: Face, show: Show): Kept | null =>
  keep({
    names,
    width: face.digits / 2,
    pack(name) {
      const shown = show(name);
      const figures = shown === null ? null : figuresOf(shown, face);
      if (figures === null) return null;
      return { bytes: pairs(figures), digits: withPoint(figures, face.decimals) };
    },
  });

/** `2026-11-23T17:45` as mm hh DD MM. */
const dayTimes = (names: readonly string[], show: Show): Kept | null =>
  keep({
    names,
    width: 4,
    pack(name) {
      const figures = show(name)?.replace(/\D/g, '').slice(4, 12);
      return figures?.length === 8 ? { bytes: pairs(figures), digits: figures } : null;
    },
  });

/** The total and the tariffs without a gap, or the one that the low digit counts. */
function tariffNames(low: number, nameAt: (suffix: string) => string, show: Show): string[] {
  if (low !== BLOCK) return [nameAt(low === 0 ? '' : `_t${low}`)];
  const names = [nameAt('')];
  for (let tariff = 1; tariff <= LAST_TARIFF; tariff++) {
    const name = nameAt(`_t${tariff}`);
    if (show(name) === null) break;
    names.push(name);
  }
  return names;
}

/** DI1 bits 3-2: the present month, the last, the one before. */
function monthShow(di1: number, display: MeterDisplay): Show | null {
  const month = (di1 >> 2) & 3;
  if (month === 0) return (name) => display.show(name);
  const frozen = month <= MONTHS_KEPT ? display.memory?.recall('settlement', month) : null;
  return frozen === null || frozen === undefined ? null : (name) => frozen.show(name);
}

/** 9x energies, Ax maximum demands, Bx the times of these. */
function countedItem([di1, di0]: Identifier, display: MeterDisplay): Kept | null {
  const show = monthShow(di1, display);
  const kin = ENERGIES[di1 & 3]?.[(di0 >> 4) - 1];
  const [own] = kin ?? [];
  if (show === null || kin === undefined || own === undefined) return null;
  const classOf = di1 >> 4;
  const nameAt = (energy: string, suffix: string) =>
    classOf === 9 ? energy + suffix : demandNameOf(energy) + suffix;
  const showKin = (name: string) => {
    const suffix = /_t\d+$/.exec(name)?.[0] ?? '';
    return kin.map((energy) => show(nameAt(energy, suffix))).find((text) => text !== null) ?? null;
  };
  const names = tariffNames(di0 & BLOCK, (suffix) => nameAt(own, suffix), showKin);
  if (classOf === 9) return numbers(names, ENERGY, showKin);
  if (classOf === 0xa) return numbers(names, DEMAND, showKin);
  return dayTimes(
    names.map((name) => `${name}_at`),
    show,
  );
}

function variableItem(di0: number, display: MeterDisplay): Kept | null {
  const variable = VARIABLES[di0 >> 4];
  if (variable === undefined) return null;
  const { name, face, hasTotal } = variable;
  const suffixes = hasTotal ? PHASE_SUFFIXES : PHASE_SUFFIXES.slice(1);
  const one = PHASE_SUFFIXES[di0 & BLOCK];
  const wanted = (di0 & BLOCK) === BLOCK ? suffixes : suffixes.filter((suffix) => suffix === one);
  return numbers(
    wanted.map((suffix) => name + suffix),
    face,
    (text) => display.show(text),
  );
}

/** Sunday is 0. */
const weekdayOf = (date: string) => new Date(`${date}T00:00:00Z`).getUTCDay();

function clockItem(di0: number, display: MeterDisplay): Kept | null {
  const now = display.memory?.wallTime();
  if (now === undefined) return null;
  const [date = '', time = ''] = now.slice(0, 19).split('T');
  if (di0 === 0x11) {
    return { bytes: pairs(time.replace(/\D/g, '')), values: { [SHOWN.time]: time } };
  }
  const figures = `${date.replace(/\D/g, '').slice(2)}0${weekdayOf(date)}`;
  return { bytes: pairs(figures), values: { [SHOWN.date]: date } };
}

/** Bit 4: active power flows out; the values themselves have no sign. */
function runStatus(display: MeterDisplay): Kept {
  const isExport = display.show('power_active')?.startsWith('-') ?? false;
  const word = isExport ? 0x10 : 0;
  return { bytes: [word], values: { x_status_run: `0x${word.toString(16).padStart(2, '0')}` } };
}

function parameterItem(di0: number, display: MeterDisplay, address: string): Kept | null {
  switch (di0) {
    case 0x10:
    case 0x11:
      return clockItem(di0, display);
    case 0x20:
      return runStatus(display);
    case 0x30:
      return numbers([SHOWN.constantActive], { digits: 6, decimals: 0 }, (name) =>
        display.show(name),
      );
    case 0x32:
      return { bytes: pairs(address), values: { [SHOWN.meterNumber]: address } };
    default:
      return null;
  }
}

/** DI1, DI0: as people write it. */
export type Identifier = readonly [di1: number, di0: number];

/** What the meter has under this identifier; `null` is refused with bit 1. */
export function keptItem(
  identifier: Identifier,
  { display, address }: { display: MeterDisplay; address: string },
): Kept | null {
  const [di1, di0] = identifier;
  const isCounted = [0x9, 0xa, 0xb].includes(di1 >> 4) && (di1 & 2) === 0;
  if (di1 === 0xb6) return variableItem(di0, display);
  if (di1 === 0xc0) return parameterItem(di0, display, address);
  return isCounted ? countedItem(identifier, display) : null;
}
