import { crc16 } from '../../../drivers/modbus/crc16.ts';
import { createModbusSlave } from '../../../drivers/modbus/sim.ts';
import { concatBytes, fromHex, toHex } from '../../../src/core/bytes.ts';
import { type MeterModel, modelSchema } from '../../../src/core/model.ts';
import type { MeterDisplay, SlaveOptions } from '../../../src/core/slave.ts';

/** A simulated Modbus meter whose every digit the test lays down. */
export type Digits = Readonly<Record<string, string | null>>;

export function displayOf(digits: Digits): MeterDisplay {
  return { show: (register) => digits[register] ?? null, showDailyFreeze: () => null };
}

export type Sources = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

/** A model with these sources and nothing else to say. */
export function modelOf(registers: Sources, settings: Record<string, unknown> = {}): MeterModel {
  return modelSchema.parse({
    model: 'acme-m1',
    protocol: 'modbus',
    title: { en: 'Acme M1 three-phase meter', zh: '三相电能表' },
    products: ['M1-A'],
    source: 'made up',
    line: { baudRate: 9600, parity: 'none' },
    settings,
    registers,
    groups: {},
    examples: [{ source: 'none', response: '', expect: {} }],
  });
}

/** Bytes without CRC in hex, as a frame. */
export function rtu(hex: string): Uint8Array {
  const bytes = fromHex(hex);
  const crc = crc16(bytes);
  return concatBytes(bytes, Uint8Array.of(crc & 0xff, crc >> 8));
}

/** The frame's bytes without its CRC, which must be right. */
export function bare(frame: Uint8Array | null): string | null {
  if (frame === null) return null;
  if (crc16(frame) !== 0) throw new Error(`CRC of ${toHex(frame)}`);
  return toHex(frame.slice(0, -2));
}

export type Told = readonly [item: string, values: Record<string, string | null>];

export interface RigOptions extends Partial<SlaveOptions> {
  readonly model: MeterModel;
  readonly digits?: Digits;
}

export const SILENCE_MS = 50;

/** Unit 17 where no address is given; a request of `ask` comes behind a silence. */
export function createRig({ digits = {}, ...options }: RigOptions) {
  const told: Told[] = [];
  const slave = createModbusSlave({
    address: '17',
    display: displayOf(digits),
    onAnswer: (item, values) => told.push([item, values]),
    ...options,
  });
  return {
    slave,
    told,
    /** Bytes without CRC to bytes without CRC, in hex. */
    ask(hex: string): string | null {
      slave.silence(SILENCE_MS);
      return bare(slave.receive(rtu(hex)));
    },
  };
}
