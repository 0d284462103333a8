import type { Bus, BusKind } from '../../../src/core/bus.ts';
import { AmrError } from '../../../src/core/errors.ts';
import { type MeterModel, modelSchema } from '../../../src/core/model.ts';
import { findRegister, type Register } from '../../../src/core/registers.ts';
import { mbapWire, rtuWire } from './codec-wire.ts';

export const options = { priority: 'curve', signal: new AbortController().signal } as const;

export type Asked = readonly [table: string, address: number, quantity: number];
/** What stands in the way of an answer: an exception code, an error of the bus, or nothing. */
export type Obstacle = number | AmrError | null;

export const silence = () => new AmrError('BUS_NO_REPLY', 'no answer came');

/** Registers by address; what is not there is a hole. */
export interface MeterMap {
  readonly holding?: Readonly<Record<number, number>>;
  readonly input?: Readonly<Record<number, number>>;
  /** Asked before the registers. */
  readonly obstacle?: (...asked: Asked) => Obstacle;
}

const word = (value: number) => [(value >> 8) & 0xff, value & 0xff];

/** `[0x0010, 1, 2]` is 1 at 0x0010 and 2 behind it. */
export const at = (address: number, ...words: number[]): Record<number, number> =>
  Object.fromEntries(words.map((value, index) => [address + index, value]));

/** The two registers of a binary32, high word first. */
export function f32(value: number): [number, number] {
  const view = new DataView(new ArrayBuffer(4));
  view.setFloat32(0, value);
  return [view.getUint16(0), view.getUint16(2)];
}

const TABLES: Readonly<Record<number, 'holding' | 'input'>> = { 3: 'holding', 4: 'input' };

function answerTo(map: MeterMap, pdu: readonly number[], asked: Asked[]): number[] | AmrError {
  const [code = 0, high = 0, low = 0, manyHigh = 0, many = 0] = pdu;
  const table = TABLES[code];
  if (table === undefined) return [code | 0x80, 1];
  const [address, quantity] = [high * 256 + low, manyHigh * 256 + many];
  asked.push([table, address, quantity]);
  const obstacle = map.obstacle?.(table, address, quantity) ?? null;
  if (obstacle instanceof AmrError) return obstacle;
  if (obstacle !== null) return [code | 0x80, obstacle];
  const words = Array.from({ length: quantity }, (_, index) => map[table]?.[address + index]);
  if (words.includes(undefined)) return [code | 0x80, 2];
  return [code, quantity * 2, ...words.flatMap((one) => word(one ?? 0))];
}

export interface FakeBus extends Bus {
  /** Every request for registers, in order. */
  readonly asked: Asked[];
  /** Of all exchanges, the most under way at once. */
  readonly mostAtOnce: () => number;
}

type Units = Readonly<Record<number, MeterMap>>;

/** The answer as it comes over the bus. Throws what stands in its way. */
function frameFor(units: Units, request: Uint8Array, kind: BusKind, asked: Asked[]): Uint8Array {
  const bytes = [...request];
  const isTcp = kind === 'modbus-tcp';
  const unit = bytes[isTcp ? 6 : 0] ?? 0;
  const pdu = isTcp ? bytes.slice(7) : bytes.slice(1, -2);
  const answer = answerTo(units[unit] ?? { obstacle: silence }, pdu, asked);
  if (answer instanceof AmrError) throw answer;
  const transaction = (bytes[0] ?? 0) * 256 + (bytes[1] ?? 0);
  return isTcp ? mbapWire(transaction, unit, answer) : rtuWire(unit, answer);
}

/** A bus at its seam with meters by unit; others are silent. */
export function createFakeBus(units: Units, kind: BusKind = 'line'): FakeBus {
  const asked: Asked[] = [];
  let underWay = 0;
  let most = 0;
  return {
    name: 'fake',
    kind,
    asked,
    mostAtOnce: () => most,
    async exchange({ request, framer, match, onSent, signal }) {
      if (signal.aborted) throw new AmrError('BUS_ABORTED', 'aborted');
      underWay += 1;
      most = Math.max(most, underWay);
      onSent?.();
      await new Promise((resolve) => setImmediate(resolve));
      underWay -= 1;
      const found = framer.push(frameFor(units, request, kind, asked)).find(match);
      if (found !== undefined) return found;
      throw new AmrError('BUS_FOREIGN_REPLY', 'only answers to something else came');
    },
  };
}

export function modelOf(
  registers: Record<string, unknown>,
  settings: Record<string, unknown> = {},
): MeterModel {
  return modelSchema.parse({
    model: 'test',
    protocol: 'modbus',
    title: { en: 'test', zh: '测试' },
    source: 'test',
    line: { baudRate: 9600, parity: 'none' },
    settings,
    registers,
    groups: {},
    examples: [
      {
        source: 'test',
        request: '01 03 00 00 00 01 84 0A',
        response: '01 03 02 00 00 B8 44',
        expect: {},
      },
    ],
  });
}

export function registersNamed(...names: string[]): Register[] {
  return names.map((name) => {
    const register = findRegister(name);
    if (register === undefined) throw new Error(`no register ${name}`);
    return register;
  });
}
