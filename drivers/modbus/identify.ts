/** Which meter this is: by what it says of itself, and by registers that only one model has so. */
import type { Bus } from '../../src/core/bus.ts';
import type { Clock } from '../../src/core/clock.ts';
import type { ReadOptions } from '../../src/core/driver.ts';
import { AmrError } from '../../src/core/errors.ts';
import type { MeterModel } from '../../src/core/model.ts';
import {
  encodeIdentificationRequest,
  OBJECT_NAMES,
  parseIdentification,
} from './identification.ts';
import { createLink, type Link } from './link.ts';
import { readRegisterMap, type Settings } from './source.ts';
import { inOrder, integerOf, WORD_TYPES, wordValue } from './words.ts';

type Mark = Settings['identification'][number];

export interface Identity {
  /** Models all of whose marks the meter shows. */
  readonly models: readonly string[];
  /** What the meter says of itself, by object name; empty where it does not. */
  readonly objects: Readonly<Record<string, string>>;
}

/** What a meter may say to a question that it does not know; silence counts too. */
function isRefusal(thrown: unknown): boolean {
  if (!(thrown instanceof AmrError) || thrown.code === 'BUS_ABORTED') return false;
  return !thrown.code.startsWith('PORT_');
}

/** The number as text, `null` where the meter has none there. */
async function shownAt(link: Link, mark: Mark, options: ReadOptions): Promise<string | null> {
  const table = mark.holding === undefined ? 'input' : 'holding';
  const address = mark.holding ?? mark.input ?? 0;
  try {
    const quantity = WORD_TYPES[mark.type].registers;
    const bytes = await link.read({ table, address, quantity }, options);
    const word = wordValue(integerOf(inOrder(bytes, mark.order)), mark.type);
    return word.kind === 'integer' ? word.integer.toString() : null;
  } catch (thrown) {
    if (isRefusal(thrown)) return null;
    throw thrown;
  }
}

async function fittingModels(
  link: Link,
  models: Iterable<MeterModel>,
  options: ReadOptions,
): Promise<string[]> {
  const shown = new Map<string, string | null>();
  const fitting: string[] = [];
  for (const model of models) {
    const marks = readRegisterMap(model).settings.identification;
    let isFit = marks.length > 0;
    for (const mark of marks) {
      const { equals, ...place } = mark;
      const key = JSON.stringify(place);
      const known = shown.get(key);
      const value = known === undefined ? await shownAt(link, mark, options) : known;
      shown.set(key, value);
      isFit &&= value === equals;
    }
    if (isFit) fitting.push(model.model);
  }
  return fitting;
}

/** Function 2BH, the basic objects: maker, product, revision. */
async function readObjects(link: Link, options: ReadOptions): Promise<Record<string, string>> {
  const objects: Record<string, string> = {};
  let object: number | null = 0;
  try {
    while (object !== null) {
      const pdu = encodeIdentificationRequest({ access: 'basic', object });
      const answer = parseIdentification(await link.ask({ pdu, answerLength: 0 }, options));
      if (answer.kind === 'exception') break;
      for (const [id, text] of answer.objects) objects[OBJECT_NAMES[id] ?? `object_${id}`] = text;
      object = answer.next;
    }
  } catch (thrown) {
    if (!isRefusal(thrown)) throw thrown;
  }
  return objects;
}

/**
 * Asks the unit for its marks, each register once, and for what it says of itself. Throws PORT_
 * errors and BUS_ABORTED; whatever else goes wrong is no answer to that question.
 */
export async function identify(
  { bus, unit, clock }: { readonly bus: Bus; readonly unit: number; readonly clock: Clock },
  models: Iterable<MeterModel>,
  options: ReadOptions,
): Promise<Identity> {
  const link = createLink(bus, unit, clock);
  const objects = await readObjects(link, options);
  return { models: await fittingModels(link, models, options), objects };
}
