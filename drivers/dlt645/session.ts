/** What the driver does for one meter of the 2007 edition. */
import type { Bus } from '../../src/core/bus.ts';
import type { DriverSession, MeterSetup, SessionDeps } from '../../src/core/driver.ts';
import { createAsker, type Edition } from './ask.ts';
import { CLOCK_2007, readClock } from './clock.ts';
import { readEvents } from './events.ts';
import { itemAt, readAs, readContentAt } from './exchange.ts';
import { createFreezes } from './freezes.ts';
import { findItem, singleDi } from './items.ts';
import { type ReadRecords, readProfile } from './profile.ts';
import { createStations } from './question.ts';
import { readableDi, toItemReading } from './read-any.ts';
import { createRefusals, type Refusals } from './refusals.ts';
import { asKept, settingsOf } from './settings.ts';
import { createSettlements, SETTLEMENTS_2007 } from './settlements.ts';

/** What the parts of one read share: all of them ask the meter that answered first. */
function createReader(bus: Bus, { address, model }: MeterSetup, refusals: Refusals) {
  const settings = settingsOf(model);
  const stationFor = createStations(bus, address, refusals.answered);
  const edition: Edition = {
    find: findItem,
    singleDi,
    readItem: async (di, options) =>
      await readAs(stationFor(options), di, asKept(itemAt(di), settings)),
  };
  const { readItem } = edition;
  const asker = createAsker(model, edition, refusals);
  const settlements = () =>
    createSettlements({
      address,
      model,
      edition,
      items: SETTLEMENTS_2007,
      readAs: (di, item, options) => readAs(stationFor(options), di, item),
    });
  const freezes = () =>
    createFreezes({
      address,
      readItem,
      askAll: asker.askAll,
      refusals,
      readSettledAt: (...wanted) => settlements().readSettledAt(...wanted),
    });
  const readRecords: ReadRecords = (di, options, form) =>
    readContentAt(stationFor(options), di, form);
  return { readItem, asker, settlements, freezes, readRecords };
}

export function createSession(bus: Bus, meter: MeterSetup, deps: SessionDeps): DriverSession {
  const { loadRecordTimeOrder: timeOrder } = settingsOf(meter.model);
  const refusals = createRefusals(meter, deps);
  const begin = () => createReader(bus, meter, refusals);

  const readFreeze: Required<DriverSession>['readFreeze'] = (wanted, registers, options) =>
    begin().freezes().readFreeze(wanted, registers, options);

  return {
    read: (registers, options) => begin().asker.read(registers, options),
    readDailyFreeze: (day, registers, options) =>
      readFreeze({ kind: 'daily', at: day }, registers, options),
    readFreeze,
    readSettlement: (month, registers, options) =>
      begin().settlements().readSettlement(month, registers, options),
    readProfile: (span, registers, options) =>
      readProfile(begin().readRecords, { ...span, registers }, { ...options, timeOrder }),
    readEvents: (options) => readEvents(begin().readItem, options, refusals),
    readClock: (options) => readClock(begin().readItem, CLOCK_2007, options, refusals),
    async readItem(identifier, options) {
      const di = readableDi(findItem(identifier.toUpperCase()), identifier);
      return toItemReading(await begin().readItem(di, options));
    },
  };
}
