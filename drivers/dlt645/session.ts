/** What the driver does for one meter of the 2007 edition. */
import type { Bus } from '../../src/core/bus.ts';
import type { DriverSession, MeterSetup, SessionDeps } from '../../src/core/driver.ts';
import { createAsker, type Edition } from './ask.ts';
import { CLOCK_2007, readClock } from './clock.ts';
import { readEvents } from './events.ts';
import { itemAt, readAs, readContent } from './exchange.ts';
import { createFreezes } from './freezes.ts';
import { findItem, singleDi } from './items.ts';
import { type ReadRecords, readProfile } from './profile.ts';
import { readableDi, toItemReading } from './read-any.ts';
import { createRefusals } from './refusals.ts';
import { asKept, settingsOf } from './settings.ts';
import { createSettlements } from './settlements.ts';

export function createSession(
  bus: Bus,
  { address, model }: MeterSetup,
  deps: SessionDeps,
): DriverSession {
  const settings = settingsOf(model);
  const edition: Edition = {
    find: findItem,
    singleDi,
    readItem: async (di, options) =>
      await readAs({ bus, address, options }, di, asKept(itemAt(di), settings)),
  };
  const { readItem } = edition;
  const { read, askAll } = createAsker(model, edition, createRefusals(deps));
  const { readFreeze } = createFreezes({ address, readItem, askAll });
  const { readSettlement } = createSettlements({
    address,
    model,
    edition,
    readAs: (di, item, options) => readAs({ bus, address, options }, di, item),
  });
  const readRecords: ReadRecords = (di, options, form) =>
    readContent(bus, address, di, options, form);

  return {
    read,
    readDailyFreeze: (day, registers, options) =>
      readFreeze({ kind: 'daily', at: day }, registers, options),
    readFreeze,
    readSettlement,
    readProfile: (span, registers, options) =>
      readProfile(
        readRecords,
        { ...span, registers },
        { ...options, timeOrder: settings.loadRecordTimeOrder },
      ),
    readEvents: (options) => readEvents(readItem, options),
    readClock: (options) => readClock(readItem, CLOCK_2007, options),
    async readItem(identifier, options) {
      const di = readableDi(findItem(identifier.toUpperCase()), identifier);
      return toItemReading(await readItem(di, options));
    },
  };
}
