/** Where a model says that the meter keeps a register, in a few words for people. */
import { z } from 'zod';
import type { MeterModel } from '../core/model.ts';

const tables = { holding: z.number().optional(), input: z.number().optional() };

/** What the entries of Modbus models have, as far as it is shown. */
const entrySchema = z.object({
  ...tables,
  at: z.number().optional(),
  sunspec: z.string().optional(),
  type: z.string().optional(),
  order: z.string().optional(),
  bits: z.tuple([z.number(), z.number()]).optional(),
  sign: z.object(tables).optional(),
  scaleRegister: z.object(tables).optional(),
});

const settingsSchema = z.object({
  table: z.string().default('holding'),
  type: z.string().default(''),
  order: z.string().default('ABCD'),
});

const hex = (address: number) => `0x${address.toString(16).toUpperCase().padStart(4, '0')}`;

function addressOf({
  holding,
  input,
}: {
  holding?: number | undefined;
  input?: number | undefined;
}) {
  if (holding !== undefined) return `holding ${hex(holding)}`;
  return input === undefined ? null : `input ${hex(input)}`;
}

/** Where it is, and in which form; the form is empty where the protocol leaves no choice. */
export interface Placed {
  readonly where: string;
  readonly form: string;
}

function ofMap(entry: object, settings: unknown): Placed {
  const { data } = entrySchema.safeParse(entry);
  const defaults = settingsSchema.safeParse(settings).data ?? settingsSchema.parse({});
  if (data?.sunspec !== undefined) return { where: `SunSpec ${data.sunspec}`, form: '' };
  const own = data === undefined ? null : addressOf(data);
  const where = data?.at === undefined ? own : `${defaults.table} ${hex(data.at)}`;
  // One identifier for each of several protocols.
  if (data === undefined || where === null)
    return { where: Object.values(entry).join(' / '), form: '' };
  const { type = defaults.type, order = defaults.order, bits, sign, scaleRegister } = data;
  const parts = [
    type,
    // One register has no words to be in an order.
    order === 'ABCD' || (order === 'CDAB' && type.endsWith('16')) ? '' : order,
    bits === undefined ? '' : `bits ${bits.join(' to ')}`,
    sign === undefined ? '' : `sign in ${addressOf(sign)}`,
    scaleRegister === undefined ? '' : `scale in ${addressOf(scaleRegister)}`,
  ];
  return { where, form: parts.filter((part) => part !== '').join(' ') };
}

/** The place of a register that the model has; never throws, however wrong the entry is. */
export function placedIn({ settings, registers }: MeterModel, name: string): Placed {
  const entry = registers[name];
  return typeof entry === 'object' && entry !== null
    ? ofMap(entry, settings)
    : { where: String(entry), form: '' };
}

const markSchema = z.array(
  z.object({
    ...tables,
    type: z.string(),
    order: z.string().default('ABCD'),
    equals: z.string().regex(/^-?\d+$/),
  }),
);

/** Numbers are shown as the addresses are, negative ones as they stand in the model. */
const shownAs = (number: string) =>
  number.startsWith('-')
    ? number
    : `0x${BigInt(number).toString(16).toUpperCase().padStart(4, '0')}`;

/** What a scan knows a meter of the model by, `null` for settings of another form. */
export function marksText(identification: unknown): string | null {
  const { data } = markSchema.safeParse(identification);
  if (data === undefined) return null;
  return data
    .map((mark) => {
      const order = mark.order === 'ABCD' ? '' : ` ${mark.order}`;
      return `${addressOf(mark)} ${mark.type}${order} is ${shownAs(mark.equals)}`;
    })
    .join(' and ');
}
