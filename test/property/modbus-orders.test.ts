import { describe, expect, it } from 'vitest';
import { isPoint, readRegisterMap, type Source } from '../../drivers/modbus/source.ts';
import { registerValue } from '../../drivers/modbus/value.ts';
import { ORDERS, type Order } from '../../drivers/modbus/words.ts';
import { loadModels } from '../../src/config/models.ts';
import { formatDecimal } from '../../src/core/decimal.ts';
import { FLAG_INVALID, type RegisterValue } from '../../src/core/driver.ts';
import { findRegister, type Register } from '../../src/core/registers.ts';
import { createRandom } from '../soak/random.ts';

/** A meter whose floats are in another word order than its model says. */

const models = [...(await loadModels()).values()].filter(({ protocol }) => protocol === 'modbus');

interface FloatRegister {
  readonly model: string;
  readonly register: Register;
  readonly source: Source;
}

const floats: FloatRegister[] = models.flatMap((model) =>
  [...readRegisterMap(model).sources].flatMap(([name, source]) => {
    const register = findRegister(name);
    if (register === undefined || isPoint(source)) return [];
    return source.type === 'f32' || source.type === 'f64'
      ? [{ model: model.model, register, source }]
      : [];
  }),
);

/** What feeders show, and the bounds beyond which nobody would believe it, by kind. */
const KINDS: Readonly<
  Record<string, { shown: readonly number[]; span: [number, number]; bound: number }>
> = {
  energy: { shown: [1, 12.34, 1000, 12_345.67, 987_654.32], span: [0.1, 1e7], bound: 1e12 },
  power: { shown: [0.5, 1, 2.3, 12.345, -3.75, 640], span: [0.001, 1e5], bound: 1e9 },
  demand: { shown: [0.5, 1, 2.3, 12.345, 640], span: [0.001, 1e5], bound: 1e9 },
  voltage: { shown: [230, 229.7, 231.5, 400, 10_000], span: [50, 1e5], bound: 1e7 },
  current: { shown: [5, 0.25, 12.34, 63, 1200.5], span: [0.01, 5000], bound: 1e7 },
  factor: { shown: [1, 0.98, -0.5, 0.866], span: [0.1, 1], bound: 2 },
  angle: { shown: [30, 119.9, -120.5], span: [1, 360], bound: 1000 },
  distortion: { shown: [1.5, 3.27, 12], span: [0.1, 100], bound: 1e5 },
  temperature: { shown: [23.5, 40, -10], span: [1, 80], bound: 1000 },
  frequency: { shown: [50, 49.98, 50.01, 60], span: [45, 65], bound: 1000 },
};
/** A meter with so many floats has one at least that gives it away. */
const LEAST_FLOATS = 5;
const RANDOM_VALUES = 12;

const random = createRandom(0x0de5);
const between = ([low, high]: readonly [number, number]) =>
  Math.exp(
    Math.log(low) + (random.below(1_000_000) / 1_000_000) * (Math.log(high) - Math.log(low)),
  );

/** The bytes of the number, most significant first, then as the wrong meter has them. */
function onWire({ type }: Source, value: number): number[] {
  const view = new DataView(new ArrayBuffer(type === 'f32' ? 4 : 8));
  if (type === 'f32') view.setFloat32(0, value);
  else view.setFloat64(0, value);
  return [...new Uint8Array(view.buffer)];
}

const pairs = (bytes: readonly number[]) =>
  Array.from({ length: bytes.length / 2 }, (_, index) => bytes.slice(index * 2, index * 2 + 2));

/** Own inverse of the four orders. */
const ARRANGED: Readonly<Record<Order, (bytes: readonly number[]) => number[]>> = {
  ABCD: (bytes) => [...bytes],
  CDAB: (bytes) => pairs(bytes).reverse().flat(),
  BADC: (bytes) => pairs(bytes).flatMap((pair) => pair.reverse()),
  DCBA: (bytes) => [...bytes].reverse(),
};

function shownIn({ register, source }: FloatRegister, order: Order, value: number): RegisterValue {
  const meterValue = value / 10 ** source.exponent;
  const bytes = Uint8Array.from(ARRANGED[order](onWire(source, meterValue)));
  const shown = registerValue(register, source, () => bytes);
  if (shown === null) throw new Error('not read');
  return shown;
}

type Fate = 'flagged' | 'zero' | 'believable' | 'beyond belief';

function fateOf({ value, flags, raw }: RegisterValue, bound: number): Fate {
  if (value === null) {
    // No NaN arises: what is flagged is invalid, or no mark of an absent value.
    if (flags.length !== 1 || raw === undefined) throw new Error(`not flagged: ${flags}`);
    return 'flagged';
  }
  const number = Math.abs(Number(formatDecimal(value)));
  if (number === 0) return 'zero';
  return number <= bound ? 'believable' : 'beyond belief';
}

const kindOf = ({ register }: FloatRegister) => {
  const kind = KINDS[register.kind];
  if (kind === undefined) throw new Error(`no values for ${register.kind}`);
  return kind;
};

describe('floats in another order than the model says', () => {
  it('are flagged, or could be a value of a meter', () => {
    const count: Record<Fate, number> = { flagged: 0, zero: 0, believable: 0, 'beyond belief': 0 };
    for (const one of floats) {
      const { shown, span, bound } = kindOf(one);
      const values = [...shown, ...Array.from({ length: RANDOM_VALUES }, () => between(span))];
      for (const order of ORDERS.filter((any) => any !== one.source.order)) {
        for (const value of values) count[fateOf(shownIn(one, order, value), bound)] += 1;
      }
    }
    expect(floats.length).toBeGreaterThan(400);
    expect(count['beyond belief']).toBe(0);
    const cases = Object.values(count).reduce((sum, part) => sum + part, 0);
    expect(cases).toBeGreaterThan(20_000);
    // The exception: bytes that make a number that a meter could show, of which zero is one.
    expect(count.believable / cases).toBeLessThan(0.17);
    expect(count.zero / cases).toBeLessThan(0.08);
  });

  it('never make a whole reading that is good', () => {
    let readings = 0;
    for (const { model } of models) {
      const own = floats.filter((one) => one.model === model);
      if (own.length < LEAST_FLOATS) continue;
      for (const order of ORDERS.filter((any) => own.every(({ source }) => source.order !== any))) {
        const values = own.map((one, index) => {
          const { shown } = kindOf(one);
          return shownIn(one, order, shown[index % shown.length] ?? 1);
        });
        expect(
          values.some(({ flags }) => flags.includes(FLAG_INVALID)),
          model,
        ).toBe(true);
        readings += 1;
      }
    }
    expect(readings).toBeGreaterThan(30);
  });
});

describe('floats in the order of the model', () => {
  it('are not flagged', () => {
    let cases = 0;
    for (const one of floats) {
      for (const value of [0, ...kindOf(one).shown]) {
        const { value: read, flags } = shownIn(one, one.source.order, value);
        const isRead = flags.length === 0 && read !== null;
        const error = isRead ? Math.abs(Number(formatDecimal(read)) - value) : Infinity;
        if (error > Math.max(value * 1e-6, 0.6)) throw new Error(`${one.register.name} ${value}`);
        cases += 1;
      }
    }
    expect(cases).toBeGreaterThan(2000);
  });
});
