/** Which edition of the standard a meter speaks. Whoever asks remembers the answer. */
import type { Bus } from '../../src/core/bus.ts';
import type { ReadOptions } from '../../src/core/driver.ts';
import type { Edition } from './functions/codes.ts';
import { ANYBODY, call, ROLL_CALLS } from './roll-call.ts';

/**
 * Asks in the words of 2007, then of 1997: its forward active energy, or the address where
 * anybody may answer (AA six times). A refusal counts as much as a value; meters of one edition
 * are silent to the other. `null` where neither question got a whole answer. Two exchanges at the
 * most. Throws PORT_ errors, BUS_ABORTED and BUS_JAMMED.
 */
export async function probeEdition(
  bus: Bus,
  address: string,
  options: ReadOptions,
): Promise<Edition | null> {
  for (const { protocol, toAll, toSome } of ROLL_CALLS) {
    const [question] = address === ANYBODY ? toAll : toSome;
    const heard = await call(
      bus,
      { pattern: address, question },
      { ...options, note: () => undefined },
    );
    if (typeof heard === 'string') continue;
    return protocol === 'dlt645-1997' ? protocol : 'dlt645-2007';
  }
  return null;
}
