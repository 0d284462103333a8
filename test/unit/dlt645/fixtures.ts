import { readFileSync } from 'node:fs';
import { z } from 'zod';

/*
 * Frames found in public sources, given by simulators or constructed from the standard (`origin`),
 * checksums recomputed. Wire bytes in hex, leading FE included.
 */
const origin = { origin: z.enum(['published', 'simulator', 'constructed']), source: z.string() };
const head = {
  frame: z.string(),
  direction: z.enum(['request', 'response']),
  preamble: z.int(),
  address: z.string(),
  control: z.string(),
  di: z.string().nullable(),
};

function load<Row extends z.ZodType>(name: string, row: Row): z.infer<Row>[] {
  const url = new URL(`../../../fixtures/frames/dlt645/${name}.json`, import.meta.url);
  return z.array(row).parse(JSON.parse(readFileSync(url, 'utf8')));
}

export const REQUESTS = load('requests', z.strictObject({ ...head, ...origin }));

export const ANSWERS = load(
  'answers',
  z.strictObject({
    ...head,
    registers: z.array(z.string()),
    values: z.array(z.string().nullable()),
    unit: z.string(),
    ...origin,
  }),
);

export const REFUSALS = load(
  'refusals',
  z.strictObject({ ...head, err: z.string(), meaning: z.string(), ...origin }),
);

/** Other functions, and identifiers that the driver does not read: the header alone is known. */
export const OTHERS = load(
  'other-functions',
  z.strictObject({ ...head, err: z.string().optional(), ...origin }),
);

export const BAD_CHECKSUMS = load(
  'bad-checksums',
  z.strictObject({ frame: z.string(), ...origin }),
);

export const GOOD = [...REQUESTS, ...ANSWERS, ...REFUSALS, ...OTHERS];
