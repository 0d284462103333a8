import { readFileSync } from 'node:fs';
import { z } from 'zod';

/*
 * Frames of both carriers: the reference example of the protocol, and others that an independent
 * implementation sent, answered or built, so that neither the CRC nor the layouts are ours.
 */
const vector = z.strictObject({
  id: z.string(),
  protocol: z.enum(['modbus-rtu', 'modbus-tcp']),
  frame: z.string(),
  /** `null` for functions that are known by name alone. */
  direction: z.enum(['request', 'response']).nullable(),
  unit: z.int(),
  /** The function code as it stands in the frame, hex. */
  control: z.string(),
  function: z.string(),
  /** Name and value, in order. */
  values: z.array(z.tuple([z.string(), z.string()])),
  /** The exception code where the meter refused. */
  error: z.string().nullable(),
  /** Of Modbus TCP. */
  transaction: z.int().optional(),
  /** Of an identification. */
  more: z.boolean().optional(),
  source: z.string(),
});

export type Vector = z.infer<typeof vector>;

const url = new URL('../../../fixtures/frames/modbus/vectors.json', import.meta.url);

export const VECTORS: readonly Vector[] = z
  .array(vector)
  .parse(JSON.parse(readFileSync(url, 'utf8')));
export const RTU = VECTORS.filter(({ protocol }) => protocol === 'modbus-rtu');
export const TCP = VECTORS.filter(({ protocol }) => protocol === 'modbus-tcp');
