import { readFileSync } from 'node:fs';
import { z } from 'zod';

/* Frames of 1997 meters found in public sources, or constructed from the tables (`origin`). */
const head = {
  frame: z.string(),
  direction: z.enum(['request', 'response']),
  preamble: z.int(),
  address: z.string(),
  control: z.string(),
  di: z.string().nullable(),
  origin: z.enum(['published', 'simulator', 'constructed']),
  source: z.string(),
};
const shown = { values: z.array(z.string()), unit: z.string() };

function load<Row extends z.ZodType>(name: string, row: Row): z.infer<Row>[] {
  const url = new URL(`../../../fixtures/frames/dlt645-1997/${name}.json`, import.meta.url);
  return z.array(row).parse(JSON.parse(readFileSync(url, 'utf8')));
}

export const REQUESTS = load('requests', z.strictObject(head));
export const ANSWERS = load(
  'answers',
  z.strictObject({ ...head, ...shown, names: z.array(z.string()) }),
);
/** One long answer in two frames. */
export const PARTS = load('parts', z.strictObject({ ...head, ...shown }));
export const REFUSALS = load('refusals', z.strictObject({ ...head, err: z.string() }));
