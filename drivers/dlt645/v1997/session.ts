/** What the driver does for one meter of 1997: which identifiers to ask, and of whom. */
import type { Bus } from '../../../src/core/bus.ts';
import type {
  DriverSession,
  MeterSetup,
  ReadOptions,
  ReadResult,
  SessionDeps,
} from '../../../src/core/driver.ts';
import { AmrError } from '../../../src/core/errors.ts';
import type { Register } from '../../../src/core/registers.ts';
import { createAsker, type Edition } from '../ask.ts';
import type { Station } from '../question.ts';
import { readableDi, toItemReading } from '../read-any.ts';
import { createRefusals } from '../refusals.ts';
import { isWhole } from '../roll-call.ts';
import { withDemandTimes } from './demand-times.ts';
import { read1997Item } from './exchange.ts';
import { find1997Item, singleDi1997 } from './items.ts';

/** Tells the address of a meter that answers with wildcards. */
const METER_NUMBER = 'C032';

/** The meter's own address, where its answers bear wildcards; `null` where it does not tell. */
async function meterNumber(station: Station): Promise<string | null> {
  try {
    const { values } = await read1997Item(station, METER_NUMBER);
    const number = values[0]?.value;
    return typeof number === 'string' ? number : null;
  } catch (thrown) {
    if (thrown instanceof AmrError && thrown.code !== 'BUS_ABORTED') return null;
    throw thrown;
  }
}

/**
 * `address` may hold wildcard bytes, or be 99 six times for whichever meter is there. The first
 * whole address that answers is then the one that the rest of the read asks, so that one reading
 * never holds values of two meters.
 */
export function createSession1997(
  bus: Bus,
  { address, model }: MeterSetup,
  deps: SessionDeps,
): DriverSession {
  const refusals = createRefusals(deps);

  /** The first whole address that answers is asked for the rest. */
  async function read(registers: readonly Register[], options: ReadOptions): Promise<ReadResult> {
    let asked = address;
    const edition: Edition = {
      find: find1997Item,
      singleDi: singleDi1997,
      async readItem(di, itemOptions) {
        const answer = await read1997Item({ bus, address: asked, options: itemOptions }, di);
        if (isWhole(answer.address)) asked = answer.address;
        return withDemandTimes({ bus, address: asked, options: itemOptions }, di, answer);
      },
    };
    const asker = createAsker(model, edition, refusals);
    const result = await asker.read(registers, options);
    if (result.address === undefined || isWhole(result.address)) return result;
    const number = await meterNumber({ bus, address, options });
    return number === null ? result : { ...result, address: number };
  }

  return {
    read,
    async readItem(identifier, options) {
      const di = readableDi(find1997Item(identifier), identifier);
      return toItemReading(await read1997Item({ bus, address, options }, di));
    },
  };
}
