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
import { createAsker, type Edition, type ReadItem } from '../ask.ts';
import { CLOCK_1997, readClock } from '../clock.ts';
import { createStations, type Station } from '../question.ts';
import { readableDi, toItemReading } from '../read-any.ts';
import { createRefusals, type Refusals } from '../refusals.ts';
import { isWhole } from '../roll-call.ts';
import { createSettlements, type SettlementItems } from '../settlements.ts';
import { withDemandTimes } from './demand-times.ts';
import { readEvents1997 } from './events.ts';
import { read1997As, read1997Item } from './exchange.ts';
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

/** The last two months; energies and demands have both under their DI1, 4 and 8 higher. */
const SETTLEMENTS_1997: SettlementItems = {
  kept: 2,
  date: CLOCK_1997.date,
  time: CLOCK_1997.time,
  firstDay: 'C117',
  furtherDays: [],
  past(di, number) {
    const past = di[0] + (Number(di[1]) + 4 * number).toString(16).toUpperCase() + di.slice(2);
    return /^[9A][01]/.test(di) && find1997Item(past)?.isPast === true ? past : null;
  },
};

/** What the parts of one read share: all of them ask the meter that answered first. */
function createReader(bus: Bus, { address, model }: MeterSetup, refusals: Refusals) {
  const stationFor = createStations(bus, address, refusals.answered);
  const readItem: ReadItem = (di, options) => read1997Item(stationFor(options), di);
  const edition: Edition = {
    find: find1997Item,
    singleDi: singleDi1997,
    readItem: async (di, options) =>
      withDemandTimes(di, await readItem(di, options), { readItem, refusals, options }),
  };
  const settlements = () =>
    createSettlements({
      address,
      model,
      edition,
      items: SETTLEMENTS_1997,
      async readAs(di, item, options) {
        const answer = await read1997As(stationFor(options), di, item);
        return withDemandTimes(di, answer, { readItem, refusals, options });
      },
    });
  return { readItem, edition, settlements };
}

/** `address` may hold wildcard bytes, or be 99 six times for whichever meter is there. */
export function createSession1997(bus: Bus, meter: MeterSetup, deps: SessionDeps): DriverSession {
  const { address, model } = meter;
  const refusals = createRefusals(meter, deps);
  const begin = () => createReader(bus, meter, refusals);

  async function read(registers: readonly Register[], options: ReadOptions): Promise<ReadResult> {
    const asker = createAsker(model, begin().edition, refusals);
    const result = await asker.read(registers, options);
    if (result.address === undefined || isWhole(result.address)) return result;
    const number = await meterNumber({ bus, address, options });
    return number === null ? result : { ...result, address: number };
  }

  return {
    read,
    readSettlement: (month, registers, options) =>
      begin().settlements().readSettlement(month, registers, options),
    readEvents: (options) => readEvents1997(begin().readItem, options, refusals),
    readClock: (options) => readClock(begin().readItem, CLOCK_1997, options),
    async readItem(identifier, options) {
      const di = readableDi(find1997Item(identifier), identifier);
      return toItemReading(await begin().readItem(di, options));
    },
  };
}
