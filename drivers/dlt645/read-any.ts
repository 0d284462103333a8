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

/** One entry for each bit that is set; bits that belong together are one number. */
function bitsOf({ field, value }: FieldValue): DecodedValue[] {
  if (field.word === undefined || typeof value !== 'string') return [];
  return readWord(field.word, value)
    .filter(({ number }) => number !== 0)
    .map(({ part, state }) => ({
      obis: null,
      name: `${field.name}_bit_${part.bit}`,
      value: state === undefined ? part.en : `${part.en}: ${state.en}`,
      unit: '',
    }));
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
