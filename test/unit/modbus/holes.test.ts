import { describe, expect, it } from 'vitest';
import { createHoles } from '../../../drivers/modbus/holes.ts';
import { createSession } from '../../../drivers/modbus/session.ts';
import { formatDecimal } from '../../../src/core/decimal.ts';
import type { ReadResult } from '../../../src/core/driver.ts';
import { createNotes } from '../../../src/core/notes.ts';
import { createVirtualClock } from '../../support/virtual-clock.ts';
import { createFakeBus, type MeterMap, modelOf, options, registersNamed } from './fake-meter.ts';

const DAY_MS = 24 * 3_600_000;

/** Ten registers in a row, two apart from the next ten. */
const NAMES = [
  'voltage_l1',
  'voltage_l2',
  'voltage_l3',
  'current_l1',
  'current_l2',
  'current_l3',
  'power_active_l1',
  'power_active_l2',
  'power_active_l3',
  'frequency',
];

/** One every `step` registers. */
function rig(
  first: MeterMap,
  { step = 1, settings = {} }: { step?: number; settings?: object } = {},
) {
  const clock = createVirtualClock();
  const notes = createNotes();
  const meter = { map: first };
  const bus = createFakeBus({
    get 1() {
      return meter.map;
    },
  });
  const registers = Object.fromEntries(
    NAMES.map((name, index) => [name, { at: index * step, type: 'u16' }]),
  );
  const model = modelOf(registers, { ...settings });
  const open = () => createSession(bus, { address: '1', model }, { clock, notes });
  let session = open();
  return {
    clock,
    notes,
    session: () => session,
    /** Puts another meter in its place. */
    exchange: (next: MeterMap) => {
      meter.map = next;
    },
    /** As after a restart. */
    reopen: () => {
      session = open();
    },
    /** What a read asks and brings. */
    async read(names: readonly string[] = NAMES) {
      bus.asked.length = 0;
      const result = await session.read(registersNamed(...names), options);
      return { asked: [...bus.asked], ...sorted(result) };
    },
  };
}

function sorted({ values, failures }: ReadResult) {
  return {
    values: values.map(({ value }) => (value === null ? null : formatDecimal(value))),
    failed: failures.flatMap(({ error, registers }) =>
      registers.map(({ name }) => `${name} ${error.code}`),
    ),
  };
}

const words = (...places: number[]) => Object.fromEntries(places.map((one) => [one, one + 1]));
const without = (...holes: number[]) =>
  words(...Array.from({ length: 60 }, (_, place) => place).filter((one) => !holes.includes(one)));

describe('a register that the meter lacks', () => {
  it('is found by halving, and costs the others nothing', async () => {
    const { read } = rig({ holding: without(6) });
    const first = await read();
    expect(first.values).toHaveLength(9);
    expect(first.failed).toEqual(['power_active_l1 METER_UNSUPPORTED']);
    expect(first.asked.length).toBeLessThanOrEqual(9);
    expect(first.asked).toContainEqual(['holding', 6, 1]);
  });

  it('is left out for a day, also after a restart, and is still told', async () => {
    const { read, clock, reopen } = rig({ holding: without(6) });
    await read();
    reopen();
    await clock.advance(DAY_MS - 1000);
    expect(await read()).toEqual({
      asked: [
        ['holding', 0, 6],
        ['holding', 7, 3],
      ],
      values: ['1', '2', '3', '4', '5', '6', '8', '9', '10'],
      failed: ['power_active_l1 METER_UNSUPPORTED'],
    });
    await clock.advance(2000);
    expect((await read()).asked).toContainEqual(['holding', 6, 1]);
  });

  it('is not read across, though others lie on both sides', async () => {
    const { read } = rig({ holding: without(6) });
    await read();
    const { asked } = await read(['current_l3', 'power_active_l2']);
    expect(asked).toEqual([
      ['holding', 5, 1],
      ['holding', 7, 1],
    ]);
  });

  it('costs one request where nothing else is wanted', async () => {
    const { read } = rig({ holding: without(6) });
    await read();
    expect(await read(['power_active_l1'])).toEqual({
      asked: [['holding', 6, 1]],
      values: [],
      failed: ['power_active_l1 METER_UNSUPPORTED'],
    });
  });

  it('is told as parked from the second read on', async () => {
    const { session } = rig({ holding: without(6) });
    const contexts = [];
    for (const _ of [1, 2, 3]) {
      const { failures } = await session().read(registersNamed(...NAMES), options);
      contexts.push(failures.map(({ error }) => error.context['parked'] ?? false));
    }
    expect(contexts).toEqual([[false], [true], [true]]);
  });

  it('is several of them: each is found', async () => {
    const { read } = rig({ holding: without(0, 4, 9) });
    const first = await read();
    expect(first.failed).toHaveLength(3);
    expect(first.values).toEqual(['2', '3', '4', '6', '7', '8', '9']);
    expect((await read()).asked).toEqual([
      ['holding', 1, 3],
      ['holding', 5, 4],
    ]);
  });
});

describe('a hole between registers', () => {
  it('is not read across once it was met, and nothing fails', async () => {
    const { read } = rig({ holding: without(13) }, { step: 3 });
    const first = await read();
    expect(first.values).toHaveLength(10);
    expect(first.failed).toEqual([]);
    const second = await read();
    expect(second.values).toHaveLength(10);
    expect(second.asked).toEqual([
      ['holding', 0, 13],
      ['holding', 15, 13],
    ]);
  });

  it('keeps nobody from asking for what lies in it', async () => {
    const { read } = rig({ holding: without(1) }, { step: 3 });
    await read();
    const { asked } = await read(['voltage_l1', 'voltage_l2']);
    expect(asked).toHaveLength(2);
    const inside = createHoles({ clock: createVirtualClock(), notes: createNotes() });
    inside.bar({ table: 'holding', address: 1, registers: 2 });
    expect(inside.isRefused({ table: 'holding', address: 1, registers: 2 })).toBe(false);
  });

  it('may have no width: two that touch are not asked together', async () => {
    const obstacle: NonNullable<MeterMap['obstacle']> = (_, address, quantity) =>
      address < 5 && address + quantity > 5 ? 2 : null;
    const { read } = rig({ holding: without(), obstacle });
    expect((await read()).failed).toEqual([]);
    expect((await read()).asked).toEqual([
      ['holding', 0, 5],
      ['holding', 5, 5],
    ]);
  });
});

describe('a meter that gives fewer registers at once', () => {
  const upTo =
    (limit: number): NonNullable<MeterMap['obstacle']> =>
    (_table, _address, quantity) =>
      quantity > limit ? 3 : null;

  it('is asked for so many from then on', async () => {
    const { read, reopen } = rig({ holding: without(), obstacle: upTo(11) }, { step: 4 });
    const first = await read();
    expect(first.values).toHaveLength(10);
    expect(first.failed).toEqual([]);
    reopen();
    const second = await read();
    expect(second.values).toHaveLength(10);
    expect(second.asked.every(([, , quantity]) => quantity <= 11)).toBe(true);
    expect(second.asked.length).toBeLessThan(first.asked.length);
  });

  it('is no such meter where it has given more before', async () => {
    const obstacle: NonNullable<MeterMap['obstacle']> = (_, address, quantity) =>
      address <= 22 && address + quantity > 23 ? 3 : null;
    const { read } = rig({ holding: without(), obstacle }, { step: 3 });
    // 16 registers at once, and then 10 that have a hole among them.
    await read(NAMES.slice(0, 6));
    expect((await read(NAMES.slice(6))).values).toHaveLength(4);
    expect((await read(NAMES.slice(6))).asked).toEqual([
      ['holding', 18, 4],
      ['holding', 24, 4],
    ]);
    expect((await read(NAMES.slice(0, 6))).asked).toEqual([['holding', 0, 16]]);
  });

  it('may mean by "illegal value" an address that it lacks', async () => {
    const obstacle: NonNullable<MeterMap['obstacle']> = (_, address, quantity) =>
      address <= 6 && address + quantity > 6 ? 3 : null;
    const { read } = rig({ holding: without(), obstacle });
    const first = await read();
    expect(first.failed).toEqual(['power_active_l1 METER_UNSUPPORTED']);
    expect((await read()).asked).toEqual([
      ['holding', 0, 6],
      ['holding', 7, 3],
    ]);
  });
});

describe('what is not a hole', () => {
  it.each([
    [1, 'METER_UNSUPPORTED'],
    [4, 'METER_EXCEPTION'],
    [6, 'METER_BUSY'],
  ])('exception %i fails the block and is asked again', async (code, error) => {
    const { read } = rig({ holding: without(), obstacle: () => code });
    for (const _ of [1, 2]) {
      const { asked, failed } = await read();
      expect(asked).toEqual([['holding', 0, 10]]);
      expect(failed).toHaveLength(10);
      expect(failed[0]).toBe(`voltage_l1 ${error}`);
    }
  });
});

describe('a meter that refuses everything', () => {
  const refusing: MeterMap = { holding: {} };

  it('is noted nowhere, and asked once a read', async () => {
    const { read, notes } = rig(refusing);
    const first = await read();
    expect(first.failed).toHaveLength(10);
    expect(first.asked.length).toBeGreaterThan(10);
    for (const place of [0, 1, 2]) {
      const { asked, failed } = await read();
      expect(asked).toEqual([['holding', place, 1]]);
      expect(failed).toEqual(NAMES.map((name) => `${name} METER_UNSUPPORTED`));
    }
    expect(notes.recall('modbus.holes')).toBeNull();
  });

  it('is read as soon as the right one is there', async () => {
    const { read, exchange } = rig(refusing);
    await read();
    exchange({ holding: without(6) });
    const right = await read();
    expect(right.values).toHaveLength(9);
    expect(right.failed).toEqual(['power_active_l1 METER_UNSUPPORTED']);
  });

  it('is read then though the first register asked for is one that it lacks', async () => {
    const { read, exchange } = rig(refusing);
    await read();
    exchange({ holding: without(0) });
    await read();
    expect((await read()).values).toHaveLength(9);
  });

  it('parks nothing of what was refused before the first answer of all', async () => {
    const { read, exchange } = rig(refusing);
    await read(NAMES.slice(0, 3));
    exchange({ holding: without() });
    await read(NAMES.slice(3));
    expect((await read()).values).toHaveLength(10);
  });

  it('is asked for one register a read after it has answered before, until it answers', async () => {
    const { read, exchange, reopen } = rig({ holding: without(6) });
    await read();
    exchange(refusing);
    await read();
    reopen();
    expect((await read()).asked).toHaveLength(1);
    exchange({ holding: without() });
    expect((await read()).values).toHaveLength(10);
  });

  it('is silent or busy: then that is why, and nothing was refused', async () => {
    const { read, exchange } = rig(refusing);
    await read();
    exchange({ obstacle: () => 6 });
    const { asked, failed } = await read();
    expect(asked).toHaveLength(1);
    expect(failed).toEqual(NAMES.map((name) => `${name} METER_BUSY`));
  });
});

describe('the note of holes', () => {
  it('is short, however much is refused', () => {
    const notes = createNotes();
    const holes = createHoles({ clock: createVirtualClock(), notes });
    for (let address = 0; address < 1000; address++) {
      holes.refuse({ table: 'input', address, registers: 1 });
    }
    expect(notes.recall('modbus.holes')).toBeNull();
    holes.settle(true);
    const text = notes.recall('modbus.holes') ?? '';
    expect(text.split(' ')).toHaveLength(128);
    expect(holes.isRefused({ table: 'input', address: 999, registers: 1 })).toBe(true);
    expect(holes.isRefused({ table: 'input', address: 871, registers: 1 })).toBe(false);
  });

  it('is read with whatever stands in it', () => {
    const notes = createNotes();
    notes.note(
      'modbus.holes',
      'nonsense limit:x@3 holding:1+2 input:4+1@1795392000 limit:40@1795392000',
    );
    const clock = createVirtualClock(1_795_392_000_000);
    const holes = createHoles({ clock, notes });
    expect(holes.isRefused({ table: 'input', address: 4, registers: 1 })).toBe(true);
    expect(holes.isRefused({ table: 'holding', address: 1, registers: 2 })).toBe(false);
    expect(holes.limit()).toBe(40);
    clock.step(-DAY_MS);
    expect(holes.limit()).toBe(125);
  });
});
