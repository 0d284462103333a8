/**
 * What is left of a configuration when the parts that the schema refuses are taken out, so that
 * the rest can be checked in the same go.
 */
import type { z } from 'zod';
import type { Path } from './problem.ts';
import { type Config, configSchema } from './schema.ts';

export interface Salvaged {
  readonly config: Config;
  /** Where the entries of `meters` and `uplinks` stand in the file. */
  readonly places: Readonly<Record<'meters' | 'uplinks', readonly number[]>>;
  /** Names of buses and plans that were taken out; others may speak of them all the same. */
  readonly removed: Readonly<Record<'buses' | 'plans', readonly string[]>>;
  /** True when meters or uplinks were taken out: then nobody knows what is in use. */
  readonly isIncomplete: boolean;
}

/** Good values for what must be there. */
const STAND_INS: Readonly<Record<string, unknown>> = {
  site: 'x',
  gateway: 'x',
  buses: {},
  plans: {},
};

type Removed = Record<'buses' | 'plans', string[]>;
type Values = Record<string, unknown>;
const isValues = (value: unknown): value is Values =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Takes out, or stands in for, the part of the file that an issue points into. */
function remove(values: Values, [top, key]: Path, removed: Removed): void {
  if (typeof top !== 'string') return;
  const part = values[top];
  if (Array.isArray(part) && typeof key === 'number') delete part[key];
  else if (isValues(part) && key !== undefined) {
    delete part[key];
    if (top === 'buses' || top === 'plans') removed[top].push(String(key));
  } else if (top in STAND_INS) values[top] = STAND_INS[top];
  else delete values[top];
}

/** Indices of the entries that are left; a deleted entry leaves a hole. */
function indicesOf(part: unknown): number[] {
  return Array.isArray(part) ? Object.keys(part).map(Number) : [];
}

/** `null` where nothing useful is left. */
export function salvage(value: unknown, issues: readonly z.core.$ZodIssue[]): Salvaged | null {
  if (!isValues(value)) return null;
  const values = structuredClone(value);
  const removed: Removed = { buses: [], plans: [] };
  for (const issue of issues) {
    const path = issue.path as Path;
    if (issue.code !== 'unrecognized_keys' || path.length > 0) remove(values, path, removed);
    else for (const key of issue.keys) delete values[key];
  }
  const places = { meters: indicesOf(values['meters']), uplinks: indicesOf(values['uplinks']) };
  for (const top of ['meters', 'uplinks'] as const) {
    const part = values[top];
    if (Array.isArray(part)) values[top] = part.flat(0);
  }
  const parsed = configSchema.safeParse(values);
  if (!parsed.success) return null;
  const isIncomplete = (['meters', 'uplinks'] as const).some(
    (top) => indicesOf(value[top]).length !== places[top].length,
  );
  return { config: parsed.data, places, removed, isIncomplete };
}
