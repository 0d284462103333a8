/** What is wrong with a model, in words. */
import { formatDecimal } from '../../src/core/decimal.ts';
import { AmrError } from '../../src/core/errors.ts';
import type { MeterModel } from '../../src/core/model.ts';
import { decodeExample, type Example } from './examples.ts';
import { endOf } from './reading-plan.ts';
import {
  type AnySource,
  isPoint,
  type RegisterMap,
  readRegisterMap,
  type Source,
} from './source.ts';

const isSame = (a: Source, b: Source) =>
  a.address === b.address && a.registers === b.registers && a.table === b.table;

/** Parts of one register may be several values, as long as they are not the same bits. */
function areApart(
  [lowA, highA]: readonly [number, number],
  [lowB, highB]: readonly [number, number],
) {
  return highA < lowB || highB < lowA;
}

function overlap(a: AnySource, b: AnySource): 'same' | 'partly' | null {
  if (isPoint(a) || isPoint(b)) {
    return isPoint(a) && isPoint(b) && a.point === b.point ? 'same' : null;
  }
  if (a.table !== b.table || a.address >= endOf(b) || b.address >= endOf(a)) return null;
  if (!isSame(a, b)) return 'partly';
  return a.bits !== null && b.bits !== null && areApart(a.bits, b.bits) ? null : 'same';
}

function overlapComplaints({ sources }: RegisterMap): string[] {
  const entries = [...sources];
  return entries.flatMap(([name, source], index) =>
    entries.slice(0, index).flatMap(([other, before]) => {
      const kind = overlap(before, source);
      if (kind === null) return [];
      const what = kind === 'same' ? 'is at the same place as' : 'overlaps';
      return [`${name}: ${what} ${other}`];
    }),
  );
}

/** Values that the frames give otherwise than the example promises. Throws as {@link decodeExample}. */
function brokenPromises(model: MeterModel, example: Example): string[] {
  const found = new Map(
    decodeExample(model, example).values.map(
      ({ register, value }) => [register.name, value && formatDecimal(value)] as const,
    ),
  );
  return Object.entries(example.expect).flatMap(([name, promised]) => {
    const shown = found.get(name);
    if (shown === promised || !Object.hasOwn(model.registers, name)) return [];
    return shown === undefined
      ? [`${name} is not in the frames`]
      : [`${name} is ${shown ?? 'no value'}, not ${promised ?? 'without a value'}`];
  });
}

function exampleComplaints(model: MeterModel, example: Example, number: number): string[] {
  const where = `example ${number}`;
  const strangers = Object.keys(example.expect).filter(
    (name) => !Object.hasOwn(model.registers, name),
  );
  const complaints = strangers.map((name) => `${where}: the model has no ${name}`);
  if (example.request === undefined) return [...complaints, `${where}: wants a request`];
  try {
    const broken = brokenPromises(model, example).map((text) => `${where}: ${text}`);
    return [...complaints, ...broken];
  } catch (thrown) {
    if (!(thrown instanceof AmrError)) throw thrown;
    return [...complaints, `${where}: ${thrown.message}`];
  }
}

/** Complaints with the name of the register, empty where the driver can serve the model. */
export function checkModel(model: MeterModel): string[] {
  const map = readRegisterMap(model);
  return [
    ...map.complaints,
    ...model.blocks.map((block) => `${block}: registers are grouped by the driver, not by blocks`),
    ...overlapComplaints(map),
    ...model.examples.flatMap((example, index) => exampleComplaints(model, example, index + 1)),
  ];
}
