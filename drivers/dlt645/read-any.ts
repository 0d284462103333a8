/** Reading whatever the tables list: status words, counts, parameters, settlements, freezes. */
import type { DecodedValue, ItemReading } from '../../src/core/driver.ts';
import { AmrError } from '../../src/core/errors.ts';
import type { ItemAnswer } from './ask.ts';
import type { Item } from './items.ts';
import { readWord } from './tables/words.ts';
import { type FieldValue, toDecodedValues } from './values.ts';

/** True for listed items less passwords, which are nobody's to read. */
export function isReadable(item: Item | undefined): item is Item {
  return item !== undefined && item.carries !== 'secret';
}

/** The bits of a word that are set, in words; bits that belong together are one number. */
function setBits({ field, value }: FieldValue): { bit: number; text: string }[] {
  if (field.word === undefined || typeof value !== 'string') return [];
  return readWord(field.word, value)
    .filter(({ number }) => number !== 0)
    .map(({ part, state }) => ({
      bit: part.bit,
      text: state === undefined ? part.en : `${part.en}: ${state.en}`,
    }));
}

/** One entry for each bit that is set. */
function bitsOf(one: FieldValue): DecodedValue[] {
  return setBits(one).map(({ bit, text }) => ({
    obis: null,
    name: `${one.field.name}_bit_${bit}`,
    value: text,
    unit: '',
  }));
}

/** The value as a frame shows it, a word with what it means. */
export function explained(one: FieldValue): DecodedValue[] {
  const means = setBits(one).map(({ text }) => text);
  const shown = toDecodedValues(one);
  return means.length === 0 ? shown : shown.map((value) => ({ ...value, means }));
}

/** The values as they are printed, the set bits of a word behind it. */
export function toItemReading({ address, values, cutShort }: ItemAnswer): ItemReading {
  const shown = values.flatMap((one) => [...toDecodedValues(one), ...bitsOf(one)]);
  return { address, values: shown, ...(cutShort === undefined ? {} : { cutShort }) };
}

/** The identifier of a readable item. Throws CONFIG_INVALID. */
export function readableDi(item: Item | undefined, identifier: string): string {
  if (isReadable(item)) return item.di;
  throw new AmrError('CONFIG_INVALID', `${identifier} is no data identifier that can be read`);
}
