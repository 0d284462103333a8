/** Which edition of the standard a meter speaks. Whoever asks remembers the answer. */
import type { Bus } from '../../src/core/bus.ts';
import type { ReadOptions } from '../../src/core/driver.ts';
import { AmrError } from '../../src/core/errors.ts';
import type { Edition } from './functions/codes.ts';
import { ANYBODY, call, ROLL_CALLS } from './roll-call.ts';

const garbled = (address: string) =>
  new AmrError(
    'BUS_PARTIAL_REPLY',
    `bytes came for ${address} but no whole answer: several meters on the line (give the address, or scan for it), or wrong speed or parity`,
    { context: { address } },
  );

/**
 * Asks in the words of 2007, then of 1997: its forward active energy, or the address where
 * anybody may answer (AA six times). A refusal counts as much as a value; meters of one edition
 * are silent to the other. `null` where both questions met silence. Two exchanges at the most.
 * Throws PORT_ errors, BUS_ABORTED, BUS_JAMMED, and BUS_PARTIAL_REPLY where there was something to
 * hear and no whole answer in it.
 */
export async function probeEdition(
  bus: Bus,
  address: string,
  options: ReadOptions,
): Promise<Edition | null> {
  let isGarbled = false;
  for (const { protocol, toAll, toSome } of ROLL_CALLS) {
    const [question] = address === ANYBODY ? toAll : toSome;
    const heard = await call(
      bus,
      { pattern: address, question },
      { ...options, note: () => undefined },
    );
    isGarbled ||= heard === 'garble';
    if (typeof heard === 'string') continue;
    return protocol === 'dlt645-1997' ? protocol : 'dlt645-2007';
  }
  if (isGarbled) throw garbled(address);
  return null;
}
