/**
 * `settings` of a model: which of two ways a meter goes where the standard is not proven by a
 * capture. Without them the driver does as the standard says.
 */
import { z } from 'zod';
import { AmrError } from '../../src/core/errors.ts';
import type { MeterModel } from '../../src/core/model.ts';
import { type Item, MINUTES, TIMES } from './items.ts';
import { TIME_ORDERS } from './load-record.ts';

export const settingsSchema = z.strictObject({
  loadRecordTimeOrder: z
    .enum(TIME_ORDERS)
    .optional()
    .describe('byte order of the times of load records; found out where absent'),
  minutesFirst: z
    .boolean()
    .default(false)
    .describe('totals of events are minutes and count, not count and minutes'),
});

export type Settings = z.infer<typeof settingsSchema>;

type WithSettings = Pick<MeterModel, 'model' | 'settings'>;

/** What is wrong with the settings, one sentence each. */
export function settingsComplaints(
  { settings }: WithSettings,
  schema: z.ZodType = settingsSchema,
): string[] {
  const { error } = schema.safeParse(settings);
  return (error?.issues ?? []).map(
    ({ path, message }) => `${['settings', ...path].join('.')}: ${message}`,
  );
}

/** Throws CONFIG_INVALID with all that {@link settingsComplaints} has to say. */
export function settingsOf(model: WithSettings): Settings {
  const { data } = settingsSchema.safeParse(model.settings);
  if (data !== undefined) return data;
  const complaints = settingsComplaints(model).join('; ');
  throw new AmrError('CONFIG_INVALID', `model ${model.model}: ${complaints}`);
}

/** Count and minutes have one form, so that they only change places. */
function minutesFirst(item: Item): Item {
  const fields = [...item.fields];
  fields.forEach((field, index) => {
    const next = fields[index + 1];
    if (field.unit !== TIMES || next?.unit !== MINUTES) return;
    fields[index] = next;
    fields[index + 1] = field;
  });
  return { ...item, fields };
}

/** The item as a meter of these settings keeps it. */
export function asKept(item: Item, settings: Settings): Item {
  return settings.minutesFirst ? minutesFirst(item) : item;
}
