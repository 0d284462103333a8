import { describe, expect, it } from 'vitest';
import { dlt645 } from '../../../drivers/dlt645/driver.ts';
import { createDlt645Slave } from '../../../drivers/dlt645/sim.ts';
import { dlt645v1997 } from '../../../drivers/dlt645/v1997/driver.ts';
import { createSlave1997 } from '../../../drivers/dlt645/v1997/sim.ts';
import type { Bus } from '../../../src/core/bus.ts';
import type { DriverSession } from '../../../src/core/driver.ts';
import { AmrError } from '../../../src/core/errors.ts';
import { createNotes } from '../../../src/core/notes.ts';
import type { CreateSlave } from '../../../src/core/slave.ts';
import { createDisplay } from '../../../src/sim/load.ts';
import { createVirtualClock } from '../../support/virtual-clock.ts';
import { model97 } from '../dlt645-1997/wire.ts';
import { createFakeBus, modelWith, options, registersNamed } from './fake-bus.ts';
import { readAnswer, refusal, shownNumber } from './wire.ts';

const WILDCARD = 'AAAAAAAAAA02';
const [FIRST, SECOND] = ['000000000102', '000000000202'] as const;
const ZONE = 'Asia/Shanghai';

type Session = Required<DriverSession>;
type Work = (session: Session) => Promise<unknown>;

const ENERGIES = registersNamed('energy_active_import', 'energy_active_export');
const DEMAND = registersNamed('demand_active_import_max');
const clock = createVirtualClock();

/** Two meters that the wildcard fits, the one answering and the other by turns. */
function twoMeters(createSlave: CreateSlave) {
  const slaves = [FIRST, SECOND].map((address, seed) =>
    createSlave({ address, display: createDisplay({ clock, kind: 'three', seed, zone: ZONE }) }),
  );
  const asked: string[] = [];
  let wildcards = 0;
  const bus: Bus = {
    name: 'two',
    kind: 'line',
    async exchange({ request, framer, match }) {
      const called = Buffer.from(request.slice(5, 11).reverse()).toString('hex').toUpperCase();
      asked.push(called);
      if (called === WILDCARD) wildcards += 1;
      const slave = slaves.find(({ address }) => address === called) ?? slaves[wildcards % 2];
      const found = framer.push(slave?.receive(request) ?? new Uint8Array(0)).find(match);
      if (found === undefined) throw new AmrError('BUS_NO_REPLY', 'no answer came');
      return found;
    },
  };
  return { bus, asked };
}

const EVENTS_OR_ITEMS: readonly (readonly [string, Work])[] = [
  ['a settlement', (one) => one.readSettlement('2026-11', ENERGIES, options)],
  ['events', (one) => one.readEvents(options)],
  ['the clock', (one) => one.readClock({ ...options, clock, zone: ZONE })],
];

const WORKS_2007: readonly (readonly [string, Work])[] = [
  ['registers', (one) => one.read(ENERGIES, options)],
  ['a freeze', (one) => one.readDailyFreeze('2026-11-22', ENERGIES, options)],
  [
    'a load profile',
    (one) =>
      one.readProfile(
        { from: '2026-11-22T00:00:00', to: '2026-11-22T02:00:00' },
        ENERGIES,
        options,
      ),
  ],
  ...EVENTS_OR_ITEMS,
];

const WORKS_1997: readonly (readonly [string, Work])[] = [
  ['registers', (one) => one.read([...ENERGIES, ...DEMAND], options)],
  // The simulated meter has no settlement day.
  ...EVENTS_OR_ITEMS.slice(1),
];

describe.each([
  ['2007', dlt645, createDlt645Slave, modelWith([]), WORKS_2007],
  ['1997', dlt645v1997, createSlave1997, model97(), WORKS_1997],
] as const)('two meters of %s under one wildcard', (_, driver, createSlave, model, works) => {
  it.each(works)('are never in one reading of %s', async (what, work) => {
    const { bus, asked } = twoMeters(createSlave);
    const deps = { clock, notes: createNotes() };
    await work(driver.open(bus, { address: WILDCARD, model }, deps) as Session);
    if (what !== 'the clock') expect(asked.length).toBeGreaterThan(1);
    expect(asked).toEqual([WILDCARD, ...asked.slice(1).map(() => SECOND)]);
  });
});

describe('a wildcard', () => {
  it('is of the meter that refused first', async () => {
    const bus = createFakeBus((di, address) =>
      address === WILDCARD ? refusal(FIRST, 0x02) : readAnswer(FIRST, di, shownNumber('1.00', 4)),
    );
    const session = dlt645.open(
      bus,
      { address: WILDCARD, model: modelWith([]) },
      { clock, notes: createNotes() },
    );
    const result = await session.read(ENERGIES, options);
    expect(result).toMatchObject({
      address: FIRST,
      failures: [{ error: { code: 'METER_UNSUPPORTED' } }],
    });
  });

  it('is not of the meter that answers later: that is foreign', async () => {
    let asked = 0;
    const bus = createFakeBus((di) => {
      asked += 1;
      return readAnswer(asked === 1 ? FIRST : SECOND, di, shownNumber('1.00', 4));
    });
    const session = dlt645.open(
      bus,
      { address: WILDCARD, model: modelWith([]) },
      { clock, notes: createNotes() },
    );
    const result = await session.read(ENERGIES, options);
    expect(result).toMatchObject({ address: FIRST, values: [{}] });
    expect(result.failures).toMatchObject([{ error: { code: 'BUS_FOREIGN_REPLY' } }]);
  });
});
