import { z } from 'zod';
import { AmrError } from './errors.ts';
import { findRegister, type Register } from './registers.ts';
import { SIDES } from './side.ts';

/** The group of registers that a plan reads from what the meter froze at the start of the day. */
export const FREEZE_DAILY = 'freeze-daily';

/**
 * Where the bytes of an example come from, the best first: a meter sent them, a document shows
 * them, or somebody made them from the register map, which proves the decoder and not the map.
 */
const EVIDENCE = ['captured', 'published', 'constructed'] as const;
export type Evidence = (typeof EVIDENCE)[number];

/** A meter type as data: what it holds, where, and frames to try it with. */
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
  side: z
    .enum(SIDES)
    .default('unknown')
    .describe('what the values are of where the meter sits behind transformers'),
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
        evidence: z.enum(EVIDENCE).default('constructed'),
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

/** The best that the model's examples have. */
export function bestEvidence({ examples }: MeterModel): Evidence {
  const found = EVIDENCE.find((evidence) => examples.some((one) => one.evidence === evidence));
  return found ?? 'constructed';
}

/**
 * The model of one meter that is set otherwise than most; these settings go before those of the
 * model. Its examples fall away: they are of a meter as it is usually set.
 */
export function withSettings(model: MeterModel, own: MeterModel['settings'] = {}): MeterModel {
  if (Object.keys(own).length === 0) return model;
  return { ...model, settings: { ...model.settings, ...own }, examples: [] };
}

/** Data identifiers of both editions of DL/T 645, four hex digits or eight. */
const IDENTIFIER = /^[0-9A-F]{4}([0-9A-F]{4})?$/i;

function unknownWord(word: string, { model, protocol, groups }: MeterModel): string {
  if (protocol.startsWith('dlt645') && IDENTIFIER.test(word)) {
    return (
      `"${word}" is no listed identifier of ${protocol} that can be read here; the list is ` +
      'drivers/dlt645/IDENTIFIERS.md, and passwords are never read'
    );
  }
  const known = Object.keys(groups).join(', ');
  return `model ${model} has no register or group "${word}"; its groups are ${known}`;
}

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
        throw new AmrError('CONFIG_INVALID', unknownWord(name, model), {
          context: { register: name, model: model.model },
        });
      }
      found.set(register.id, register);
    }
  }
  return [...found.values()];
}
