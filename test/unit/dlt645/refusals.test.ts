import { describe, expect, it } from 'vitest';
import { createRefusals } from '../../../drivers/dlt645/refusals.ts';
import { createSession } from '../../../drivers/dlt645/session.ts';
import { createNotes } from '../../../src/core/notes.ts';
import { openFixture, temporaryDirectory } from '../../support/store-fixture.ts';
import { createVirtualClock } from '../../support/virtual-clock.ts';
import { createFakeBus, modelWith, options, registersNamed, silence } from './fake-bus.ts';
import { readAnswer, refusal, shownNumber } from './wire.ts';

const ADDRESS = '123456789012';
const METER = { address: ADDRESS, model: modelWith([]) };
const HOUR = 3_600_000;
const OF = `${ADDRESS}/${METER.model.model}`;
const VOLTAGES = registersNamed('voltage_l1', 'voltage_l2', 'voltage_l3');
const [L1, L2, L3] = ['02010100', '02010200', '02010300'] as const;

/** A meter with the third phase alone. */
function rig(notes = createNotes(), clock = createVirtualClock()) {
  const bus = createFakeBus((di, address) =>
    di === L3 ? readAnswer(address, di, shownNumber('220.5', 2)) : refusal(address, 0x02),
  );
  const meter = { address: ADDRESS, model: modelWith([]) };
  const session = createSession(bus, meter, { clock, notes });
  return { bus, clock, notes, session };
}

describe('what a meter has refused', () => {
  it('is not asked again within a day, and then once more', async () => {
    const { bus, clock, session } = rig();
    await session.read(VOLTAGES, options);
    clock.step(24 * HOUR - 1);
    await session.read(VOLTAGES, options);
    expect(bus.asked).toEqual([L1, L2, L3, L3]);
    clock.step(1);
    await session.read(VOLTAGES, options);
    await session.read(VOLTAGES, options);
    expect(bus.asked.slice(4)).toEqual([L1, L2, L3, L3]);
  });

  it('fails as unsupported and leaves the other registers alone', async () => {
    const { session } = rig();
    await session.read(VOLTAGES, options);
    const { values, failures } = await session.read(VOLTAGES, options);
    expect(values.map(({ register }) => register.name)).toEqual(['voltage_l3']);
    expect(failures.map(({ error }) => [error.code, error.transient])).toEqual([
      ['METER_UNSUPPORTED', false],
      ['METER_UNSUPPORTED', false],
    ]);
  });

  it('is known after a restart', async () => {
    const dataDir = temporaryDirectory();
    const first = openFixture({ dataDir }).store;
    const clock = createVirtualClock();
    await rig(first.notesOf('m1'), clock).session.read(VOLTAGES, options);
    await first.close();
    const second = openFixture({ dataDir }).store;
    const again = rig(second.notesOf('m1'), clock);
    await again.session.read(VOLTAGES, options);
    expect(again.bus.asked).toEqual([L3]);
    const other = rig(second.notesOf('m2'), clock);
    await other.session.read(VOLTAGES, options);
    expect(other.bus.asked).toEqual([L1, L2, L3]);
  });

  it('is asked again where the clock was set back by more than a day', async () => {
    const { bus, clock, session } = rig();
    await session.read(VOLTAGES, options);
    clock.step(-25 * HOUR);
    await session.read(VOLTAGES, options);
    expect(bus.asked).toEqual([L1, L2, L3, L1, L2, L3]);
  });

  it('is no silence: a meter that says nothing is asked twice all the same', async () => {
    const notes = createNotes();
    const clock = createVirtualClock();
    await rig(notes, clock).session.read(VOLTAGES, options);
    const bus = createFakeBus(() => silence);
    const meter = { address: ADDRESS, model: modelWith([]) };
    const wanted = [...VOLTAGES, ...registersNamed('frequency', 'current_n')];
    const { failures } = await createSession(bus, meter, { clock, notes }).read(wanted, options);
    expect(bus.asked).toEqual([L3, '02800002']);
    expect(failures.map(({ error }) => error.code)).toEqual([
      'METER_UNSUPPORTED',
      'METER_UNSUPPORTED',
      'BUS_NO_REPLY',
      'BUS_NO_REPLY',
      'BUS_NO_REPLY',
    ]);
  });

  it('is of this address and model, and forgotten where either is corrected', async () => {
    const { notes, clock, session } = rig();
    await session.read(VOLTAGES, options);
    const again = (meter: typeof METER) => createRefusals(meter, { clock, notes }).has(L1);
    expect(again(METER)).toBe(true);
    expect(again({ ...METER, address: '123456789013' })).toBe(false);
    expect(again({ ...METER, model: { ...METER.model, model: 'other' } })).toBe(false);
  });

  it('is not kept of a meter that refuses all: it may be another device', async () => {
    const notes = createNotes();
    const clock = createVirtualClock();
    const bus = createFakeBus((_, address) => refusal(address, 0x02));
    const session = createSession(bus, METER, { clock, notes });
    await session.read(VOLTAGES, options);
    await session.read(VOLTAGES, options);
    expect(bus.asked).toEqual([L1, L2, L3, L1, L2, L3]);
    expect(notes.recall('dlt645.refused')).toBeNull();
  });

  it('is kept of the newest 128 identifiers', () => {
    const notes = createNotes();
    const clock = createVirtualClock();
    const refusals = createRefusals(METER, { clock, notes });
    refusals.answered();
    const dis = Array.from({ length: 200 }, (_, index) => `0201${String(index).padStart(4, '0')}`);
    for (const di of dis) refusals.add(di);
    const kept = createRefusals(METER, { clock, notes });
    expect(dis.filter((di) => kept.has(di))).toEqual(dis.slice(-128));
  });

  it.each([
    '',
    'nonsense',
    '02010100@0',
    `${ADDRESS}/other 02010100@0`,
    `000000000001/${METER.model.model} 02010100@0`,
    ...['02010100@', '@12', '02010100@99999999999999'].map((entry) => `${OF} ${entry}`),
  ])('is nothing where the note says "%s"', (text) => {
    const notes = createNotes();
    notes.note('dlt645.refused', text);
    const clock = createVirtualClock(0);
    expect(createRefusals(METER, { clock, notes }).has(L1)).toBe(false);
  });
});
