/** What the driver does for one meter of the 2007 edition. */
import type { Bus } from '../../src/core/bus.ts';
import type { DriverSession, MeterSetup, SessionDeps } from '../../src/core/driver.ts';
import { createAsker, type Edition } from './ask.ts';
import { readClock } from './clock.ts';
import { readEvents } from './events.ts';
import { readContent, readItem } from './exchange.ts';
import { createFreezes } from './freezes.ts';
import { findItem, singleDi } from './items.ts';
import { type ReadRecords, readProfile } from './profile.ts';
import { readableDi, toItemReading } from './read-any.ts';
import { createRefusals } from './refusals.ts';
import { createSettlements, type ReadAs } from './settlements.ts';
import { decodeItem } from './values.ts';

export function createSession(
  bus: Bus,
  { address, model }: MeterSetup,
  deps: SessionDeps,
): DriverSession {
  const edition: Edition = {
    find: findItem,
    singleDi,
    readItem: (di, options) => readItem(bus, address, di, options),
  };
  const { read, askAll } = createAsker(model, edition, createRefusals(deps));
  const { readFreeze } = createFreezes({ address, readItem: edition.readItem, askAll });
  const readAs: ReadAs = async (di, item, options) => {
    const answer = await readContent(bus, address, di, options);
    return { address: answer.address, values: decodeItem(item, answer.content) };
  };
  const { readSettlement } = createSettlements({ address, model, edition, readAs });
  const readRecords: ReadRecords = (di, options, form) =>
    readContent(bus, address, di, options, form);

  return {
    read,
    readDailyFreeze: (day, registers, options) =>
      readFreeze({ kind: 'daily', at: day }, registers, options),
    readFreeze,
    readSettlement,
    readProfile: (span, registers, options) =>
      readProfile(readRecords, { ...span, registers }, options),
    readEvents: (options) => readEvents(readAs, options),
    readClock: (options) => readClock(bus, address, options),
    async readItem(identifier, options) {
      const di = readableDi(findItem(identifier.toUpperCase()), identifier);
      return toItemReading(await edition.readItem(di, options));
    },
  };
}
