import { describe, expect, it } from 'vitest';
import { probeEdition } from '../../../drivers/dlt645/edition.ts';
import { createDlt645Slave } from '../../../drivers/dlt645/sim.ts';
import { createSlave1997 } from '../../../drivers/dlt645/v1997/sim.ts';
import { AmrError } from '../../../src/core/errors.ts';
import type { FaultName } from '../../../src/sim/faults.ts';
import { registersNamed } from '../dlt645/fake-bus.ts';
import { createBusRig, shownBy } from './bus-rig.ts';
import { METER, options, scripted, silence } from './wire.ts';

const ENERGIES = registersNamed(
  'energy_active_import',
  'energy_active_import_t1',
  'energy_active_import_t2',
  'energy_active_import_t3',
  'energy_active_import_t4',
);
const VARIABLES = registersNamed('voltage_l1', 'current_l2', 'power_active', 'power_factor');

/** What the meter says it has shown, of all answers together. */
const truth = (journal: readonly { values: Readonly<Record<string, string | null>> }[]) =>
  Object.assign({}, ...journal.map(({ values }) => values)) as Record<string, string | null>;

describe('a meter of 1997 on a real bus', () => {
  it('is read to the last digit that it showed', async () => {
    const rig = createBusRig();
    const wanted = [...ENERGIES, ...VARIABLES];
    const result = await rig.settled(rig.sessionOf(METER).read(wanted, options));
    expect(result.failures).toEqual([]);
    expect(Object.keys(shownBy(result))).toHaveLength(wanted.length);
    expect(truth(rig.journal)).toMatchObject(shownBy(result));
    expect(rig.journal.map(({ item }) => item)).toEqual(['901F', 'B611', 'B622', 'B630', 'B650']);
  });

  it.each([1, 4, 7, 19])('is read in parts of %i bytes as in one', async (partBytes) => {
    const rig = createBusRig({ slave: { partBytes } });
    const result = await rig.settled(rig.sessionOf(METER).read(ENERGIES, options));
    expect(result.failures).toEqual([]);
    expect(shownBy(result)).toEqual(rig.journal[0]?.values);
    expect(rig.journal).toHaveLength(Math.ceil(20 / partBytes));
  });

  it('has demands with their moments', async () => {
    const rig = createBusRig();
    const wanted = registersNamed('demand_active_import_max');
    const { values, failures } = await rig.settled(rig.sessionOf(METER).read(wanted, options));
    expect(failures).toEqual([]);
    expect(values[0]?.at).toMatch(/^2026-1[01]-\d\dT\d\d:\d\d:00$/);
    expect(rig.journal.map(({ item }) => item)).toEqual(['A010', 'B010', 'C010']);
  });

  it('has a clock, compared with the moment halfway between question and answer', async () => {
    const rig = createBusRig();
    const { readClock } = rig.sessionOf(METER);
    const zone = 'Asia/Shanghai';
    const read = readClock?.({ ...options, clock: rig.clock, zone });
    const result = await rig.settled(read ?? Promise.reject(new Error('no clock')));
    expect(rig.journal.map(({ item }) => item)).toEqual(['C010', 'C011', 'C010']);
    const shown = Date.parse(`${result.meterTime}+08:00`);
    expect(result.offsetMs).toBe(shown - result.readAt);
    // The simulated meter has the time of the rig; what remains is whole seconds and half an answer.
    expect(Math.abs(result.offsetMs)).toBeLessThan(1500);
  });

  it.each(['AAAAAAAAAAAA', '999999999999', 'AAAAAAAA9012'])(
    'is found under %s and read by its own address',
    async (address) => {
      const rig = createBusRig();
      const result = await rig.settled(rig.sessionOf(address).read(VARIABLES, options));
      expect([result.address, result.failures]).toEqual([METER, []]);
    },
  );

  it('that answers with wildcards tells its number', async () => {
    const rig = createBusRig({ slave: { repeatsWildcard: true } });
    const result = await rig.settled(rig.sessionOf('AAAAAAAAAAAA').read(VARIABLES, options));
    expect([result.address, result.failures]).toEqual([METER, []]);
  });

  it.each<[FaultName, string]>([
    ['silent', 'BUS_NO_REPLY'],
    ['late', 'BUS_NO_REPLY'],
    ['bit-flip', 'BUS_PARTIAL_REPLY'],
    ['truncated', 'BUS_PARTIAL_REPLY'],
    ['wrong-address', 'BUS_FOREIGN_REPLY'],
    ['wrong-item', 'BUS_FOREIGN_REPLY'],
  ])('with %s answers gives no value, but %s', async (fault, code) => {
    const rig = createBusRig();
    rig.line.setFault(METER, fault);
    const result = await rig.settled(rig.sessionOf(METER).read(VARIABLES, options));
    expect(result.values).toEqual([]);
    expect(new Set(result.failures.map(({ error }) => error.code))).toEqual(new Set([code]));
  });

  it.each<FaultName>(['echo', 'noise-before', 'noise-after', 'glued', 'split'])(
    'with %s on the line is read all the same',
    async (fault) => {
      const rig = createBusRig();
      rig.line.setFault(METER, fault);
      const session = rig.sessionOf(METER);
      for (const register of VARIABLES) {
        const result = await rig.settled(session.read([register], options));
        expect(result.failures).toEqual([]);
        expect(shownBy(result)).toEqual(rig.journal.at(-1)?.values);
        // What follows an answer must be over before the next question.
        await rig.clock.advance(500);
      }
    },
  );

  it('never gets the late answer to another question', async () => {
    const rig = createBusRig();
    rig.line.setFault(METER, { name: 'late', ms: 900 });
    const session = rig.sessionOf(METER);
    const first = await rig.settled(session.read(registersNamed('voltage_l1'), options));
    rig.line.setFault(METER, null);
    await rig.settled(session.read(registersNamed('voltage_l1'), options));
    const last = await rig.settled(session.read(registersNamed('voltage_l2'), options));
    expect(first.values).toEqual([]);
    expect(shownBy(last)).toEqual(rig.journal.at(-1)?.values);
    expect(Object.keys(shownBy(last))).toEqual(['voltage_l2']);
  });
});

describe('the edition of a meter', () => {
  it.each([
    ['dlt645-2007', createDlt645Slave],
    ['dlt645-1997', createSlave1997],
  ])('%s is told, asked by its address and by wildcards', async (edition, createSlave) => {
    const rig = createBusRig({ createSlave });
    for (const address of [METER, 'AAAAAAAAAAAA', 'AAAAAAAA9012']) {
      expect(await rig.settled(probeEdition(rig.bus, address, options))).toBe(edition);
    }
  });

  it.each([
    [METER, ['11 0000', '01 9010']],
    ['AAAAAAAA9012', ['11 0000', '01 9010']],
    // The only question that a meter of 2007 answers for certain, whoever it is.
    ['AAAAAAAAAAAA', ['13', '01 9010']],
  ])('is asked of %s in the words of 2007, then of 1997', async (address, questions) => {
    const bus = scripted(() => silence);
    expect(await probeEdition(bus, address, options)).toBeNull();
    expect(
      bus.asked.map((asked, index) => asked.slice(13, 13 + (questions[index]?.length ?? 0))),
    ).toEqual(questions);
  });

  it('is unknown where nobody answers, after two questions', async () => {
    const rig = createBusRig();
    rig.line.setFault(METER, 'silent');
    expect(await rig.settled(probeEdition(rig.bus, METER, options))).toBeNull();
    expect(rig.bus.counters.exchanges).toBe(2);
  });

  it.each([['11'], ['01']])(
    'is not told by bytes that are no answer, and that is no silence: %s',
    async (garbled) => {
      const bus = scripted((question) =>
        question.startsWith(garbled) ? new AmrError('BUS_PARTIAL_REPLY', 'no frame') : silence,
      );
      await expect(probeEdition(bus, METER, options)).rejects.toMatchObject({
        code: 'BUS_PARTIAL_REPLY',
        message: expect.stringContaining('several meters on the line'),
      });
    },
  );

  it('is told by a refusal as well', async () => {
    const createSlave: typeof createSlave1997 = (own) =>
      createSlave1997({ ...own, display: { show: () => null, showDailyFreeze: () => null } });
    const rig = createBusRig({ createSlave });
    expect(await rig.settled(probeEdition(rig.bus, METER, options))).toBe('dlt645-1997');
    expect(rig.journal).toMatchObject([{ item: '9010', values: {} }]);
  });

  it('ends with its caller', async () => {
    const rig = createBusRig();
    const abort = new AbortController();
    const probe = probeEdition(rig.bus, METER, { priority: 'on-demand', signal: abort.signal });
    abort.abort();
    await expect(rig.settled(probe)).rejects.toMatchObject({ code: 'BUS_ABORTED' });
  });
});
