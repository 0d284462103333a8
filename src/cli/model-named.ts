/** A meter model by the name that was typed. */
import { nearest } from '../config/problem.ts';
import { AmrError } from '../core/errors.ts';
import type { MeterModel } from '../core/model.ts';

/** Names that contain the word, else the one most like it, with or without the maker's name. */
function namesLike(word: string, known: readonly string[]): string[] {
  const holding = known.filter((name) => name.includes(word.toLowerCase()));
  if (holding.length > 0) return holding;
  const whole = nearest(word, known);
  if (whole !== null) return [whole];
  const tailOf = (name: string) => name.slice(name.indexOf('-') + 1);
  const tail = nearest(word, known.map(tailOf));
  return known.filter((name) => tailOf(name) === tail);
}

/**
 * The model of this name. Throws CONFIG_INVALID, with the names near it; `others` are words that
 * may stand in place of a model's name.
 */
export function modelNamed(
  models: ReadonlyMap<string, MeterModel>,
  name: string,
  others: readonly string[] = [],
): MeterModel {
  const model = models.get(name);
  if (model !== undefined) return model;
  const like = namesLike(name, [...others, ...models.keys()]);
  const hint =
    like.length > 0
      ? `did you mean ${like.join(' or ')}?`
      : '`amr models` lists all that there are';
  throw new AmrError('CONFIG_INVALID', `no model "${name}"; ${hint}`);
}
