import { z } from 'zod';
import { AmrError } from './errors.ts';
import { findRegister, type Register } from './registers.ts';

/** The group of registers that a plan reads from what the meter froze at the start of the day. */
export const FREEZE_DAILY = 'freeze-daily';

/** A meter type as data: what it holds, where, and frames that prove it. */
export const modelSchema = z.strictObject({
  model: z
    .string()
    .regex(/^[a-z0-9-]{1,64}$/)
    .describe('name that the configuration uses'),
  protocol: z.string().describe('name of the driver'),
  title: z.strictObject({ en: z.string(), zh: z.string() }),
  products: z.array(z.string()).default([]).describe('products that the map is for'),
  source: z.string().describe('the document that the register map was taken from'),
  line: z
    .strictObject({
      baudRate: z.int().positive(),
      parity: z.enum(['none', 'even', 'odd']),
      stopBits: z.union([z.literal(1), z.literal(2)]).default(1),
    })
    .describe('what the meter is usually delivered with'),
  settings: z
    .record(z.string(), z.unknown())
    .default({})
    .describe('what else the driver must know of the meter, in its own terms'),
  caveats: z
    .array(z.strictObject({ text: z.string(), link: z.url().optional() }))
    .default([])
    .describe('what a fitter must know, with where it is written'),
  registers: z
    .record(z.string(), z.unknown())
    .describe('register name -> where the meter keeps it, in the terms of its driver'),
  blocks: z
    .array(z.string())
    .default([])
    .describe('blocks that answer several registers in one frame, in the terms of the driver'),
  groups: z
    .record(z.string(), z.array(z.string()))
    .describe('words that plans use for several registers'),
  examples: z
    .array(
      z.strictObject({
        source: z.string(),
        request: z.string().optional(),
        settings: z.record(z.string(), z.unknown()).default({}),
        response: z.string(),
        expect: z.record(z.string(), z.string().nullable()),
      }),
    )
    .min(1)
    .describe('frames in hex with the values they must give'),
});

export type MeterModel = z.infer<typeof modelSchema>;

/**
 * The registers that these words (OBIS codes, names, groups of the model) stand for, each once,
 * in the order first named. Throws CONFIG_INVALID, naming what the model does have.
 */
export function resolveRegisters(model: MeterModel, words: readonly string[]): Register[] {
  const found = new Map<string, Register>();
  for (const word of words) {
    // Words come from people: `constructor` must find nothing.
    const group = Object.hasOwn(model.groups, word) ? model.groups[word] : undefined;
    for (const name of group ?? [word]) {
      const register = findRegister(name);
      if (register === undefined || !Object.hasOwn(model.registers, register.name)) {
        throw new AmrError(
          'CONFIG_INVALID',
          `model ${model.model} has no register or group "${name}"; its groups are ${Object.keys(model.groups).join(', ')}`,
          { context: { register: name, model: model.model } },
        );
      }
      found.set(register.id, register);
    }
  }
  return [...found.values()];
}
