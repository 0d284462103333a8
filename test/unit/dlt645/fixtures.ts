import { readFileSync } from 'node:fs';
import { z } from 'zod';

/*
 * Frames of both editions found in public sources, given by simulators or constructed from the
 * standard (`origin`), checksums recomputed. Wire bytes in hex, leading FE included.
 */
const vector = z.strictObject({
  id: z.string(),
  protocol: z.enum(['dlt645-2007', 'dlt645-1997']),
  frame: z.string(),
  /** False where the checksum does not match: such a frame has no values. */
  isGood: z.boolean(),
  direction: z.enum(['request', 'response']),
  preamble: z.int(),
  address: z.string(),
  control: z.string(),
  di: z.string().nullable(),
  /** In order; the error word where `unit` is ERR or SERR. */
  values: z.array(z.string().nullable()),
  unit: z.string(),
  /** Names of the catalogue, where the values are registers. */
  registers: z.array(z.string()).optional(),
  origin: z.enum(['published', 'simulator', 'constructed']),
  source: z.string(),
});

export type Vector = z.infer<typeof vector>;

const url = new URL('../../../fixtures/frames/dlt645/vectors.json', import.meta.url);

export const VECTORS: readonly Vector[] = z
  .array(vector)
  .parse(JSON.parse(readFileSync(url, 'utf8')));
export const GOOD = VECTORS.filter(({ isGood }) => isGood);
export const BAD_CHECKSUMS = VECTORS.filter(({ isGood }) => !isGood);
