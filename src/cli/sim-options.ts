import { InvalidArgumentError } from 'commander';
import { AmrError } from '../core/errors.ts';
import type { RegisterPlace } from '../core/slave.ts';
import { isTimeZone } from '../core/zoned-time.ts';
import { type Fault, parseFault } from '../sim/faults.ts';
import type { SimGroup } from './sim-meters.ts';

/** The arguments of `amr sim`; all of these throw commander's InvalidArgumentError. */
export interface FaultyMeter {
  /** Digits, or `all`. */
  readonly meter: string;
  readonly fault: Fault;
}

/** A whole number in this range, as commander wants it. */
export function whole(low: number, high: number): (text: string) => number {
  return (text) => {
    const value = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN;
    if (value >= low && value <= high) return value;
    throw new InvalidArgumentError(`It must be a whole number from ${low} to ${high}.`);
  };
}

/** A DL/T 645 address or a Modbus unit. */
export function parseAddress(text: string): string {
  if (/^\d{1,12}$/.test(text)) return text;
  throw new InvalidArgumentError('It must be up to 12 digits.');
}

/** Seconds, behind where negative; up to 30 days. */
export function parseDrift(text: string): number {
  const seconds = /^-?\d{1,7}$/.test(text) ? Number(text) : Number.NaN;
  if (Math.abs(seconds) <= 2_592_000) return seconds;
  throw new InvalidArgumentError('It must be a whole number of seconds, such as -90.');
}

/** A zone name that this runtime knows. */
export function parseZone(text: string): string {
  if (isTimeZone(text)) return text;
  throw new InvalidArgumentError('It must be an IANA zone name such as Asia/Shanghai.');
}

/** `HOST:PORT`, an IPv6 host in brackets. */
export function parseListen(text: string): { host: string; port: number } {
  const match = /^\[?([^\]]+?)\]?:(\d{1,5})$/.exec(text);
  const port = Number(match?.[2]);
  if (match?.[1] !== undefined && port <= 65_535) return { host: match[1], port };
  throw new InvalidArgumentError('It must be HOST:PORT, such as 127.0.0.1:7645.');
}

/** One more `METER=FAULT` behind the ones given before. */
export function collectFault(text: string, before: readonly FaultyMeter[] = []): FaultyMeter[] {
  const [meter = '', fault] = text.split('=');
  if (fault === undefined) {
    throw new InvalidArgumentError('It must be METER=FAULT, METER=FAULT:0.1 or all=FAULT.');
  }
  try {
    const address = meter === 'all' ? meter : parseAddress(meter);
    return [...before, { meter: address, fault: parseFault(fault) }];
  } catch (reason) {
    if (reason instanceof AmrError) throw new InvalidArgumentError(`${reason.message}.`);
    throw reason;
  }
}

/** A word that may be given once: commander would let the last one hold. */
export function once(remedy: string): (text: string) => string {
  let isGiven = false;
  return (text) => {
    if (isGiven) throw new InvalidArgumentError(`It stands once. ${remedy}`);
    isGiven = true;
    return text;
  };
}

/** One more `MODEL[:COUNT[:FIRST]]` behind the ones given before. */
export function collectGroup(text: string, before: readonly SimGroup[] = []): SimGroup[] {
  const [, model, count = '1', firstAddress = '1'] =
    /^([a-z0-9-]+)(?::(\d{1,3})(?::(\d{1,12}))?)?$/.exec(text) ?? [];
  const meters = Number(count);
  if (model !== undefined && meters >= 1 && meters <= 256) {
    return [...before, { model, meters, firstAddress }];
  }
  throw new InvalidArgumentError('It must be MODEL[:COUNT[:FIRST]], such as eastron-sdm630:2:17.');
}

/** A register address, decimal or with 0x before it. */
function addressOf(text: string): number {
  const address = /^(\d{1,5}|0x[0-9a-f]{1,4})$/i.test(text) ? Number(text) : Number.NaN;
  return address <= 0xffff ? address : Number.NaN;
}

/** One more `TABLE:ADDRESS` behind the ones given before. */
export function collectHole(text: string, before: readonly RegisterPlace[] = []): RegisterPlace[] {
  const [table, word = ''] = text.split(':');
  const address = addressOf(word);
  if ((table === 'holding' || table === 'input') && !Number.isNaN(address)) {
    return [...before, { table, address }];
  }
  throw new InvalidArgumentError(
    'It must be holding:ADDRESS or input:ADDRESS, such as input:0x34.',
  );
}

/** `MODEL[:BASE]`: the meter model of SunSpec, and where the marker is. */
export function parseSunspec(text: string): { sunspecModel: number; sunspecBase: number } {
  const [, model, base = '40000'] = /^(20[1-4]|21[1-4])(?::(0|40000|50000))?$/.exec(text) ?? [];
  if (model !== undefined) return { sunspecModel: Number(model), sunspecBase: Number(base) };
  throw new InvalidArgumentError('It must be 201 to 204 or 211 to 214, with :0, :40000 or :50000.');
}
