import { describe, expect, it } from 'vitest';
import { discover } from '../../../drivers/modbus/discover.ts';
import type { Bus, BusKind, Exchange } from '../../../src/core/bus.ts';
import type { DiscoverOptions, DiscoverProgress } from '../../../src/core/driver.ts';
import { AmrError } from '../../../src/core/errors.ts';
import { createVirtualClock } from '../../support/virtual-clock.ts';
import { mbapWire, rtuWire } from './codec-wire.ts';
import { at, createFakeBus, type MeterMap, modelOf, options, silence } from './fake-meter.ts';

const deps = { clock: createVirtualClock() };
const MARKED = { ...modelOf({}, { identification: [{ holding: 9, type: 'u16', equals: '7' }] }) };
const meter: MeterMap = { holding: at(0, 1) };
const marked: MeterMap = { holding: at(9, 7) };

const search = (bus: Bus, more: Partial<DiscoverOptions> = {}) =>
  discover(bus, { ...options, models: [MARKED], ...more }, deps);
const unit = (address: string, models: readonly string[] = []) => ({
  address,
  protocol: 'modbus',
  models,
});
const all = (kind: BusKind, map: MeterMap) =>
  createFakeBus(Object.fromEntries(Array.from({ length: 256 }, (_, one) => [one, map])), kind);

/** A bus that answers the questions to these units so; the PDU, or an error. */
function scripted(
  kind: BusKind,
  answer: (unit: number, nth: number) => readonly number[] | AmrError,
) {
  const asked: number[] = [];
  const seen: Exchange<unknown>[] = [];
  const bus: Bus = {
    name: 'scripted',
    kind,
    async exchange(exchange) {
      const { request, framer, match } = exchange;
      seen.push(exchange as Exchange<unknown>);
      const isTcp = kind === 'modbus-tcp';
      const one = request[isTcp ? 6 : 0] ?? 0;
      const said = answer(one, asked.filter((before) => before === one).length);
      asked.push(one);
      if (said instanceof AmrError) throw said;
      const transaction = (request[0] ?? 0) * 256 + (request[1] ?? 0);
      const [from = one, ...pdu] = said;
      const bytes = isTcp ? mbapWire(transaction, from, pdu) : rtuWire(from, pdu);
      const found = framer.push(bytes).find(match);
      if (found === undefined) throw new AmrError('BUS_FOREIGN_REPLY', 'of something else');
      return found;
    },
  };
  return { bus, asked, seen };
}

describe.each(['line', 'modbus-tcp'] as const)('the search for Modbus meters, %s', (kind) => {
  it('finds who answers with a value and who refuses, with its model', async () => {
    const bus = createFakeBus({ 1: meter, 17: marked, 247: { obstacle: () => 1 } }, kind);
    expect(await search(bus)).toEqual({
      meters: [unit('1'), unit('17', ['test']), unit('247')],
      unresolved: [],
      endedBy: null,
    });
  });

  it('asks the units named and no other', async () => {
    const bus = createFakeBus({ 1: meter, 5: meter, 9: meter }, kind);
    const { meters } = await search(bus, { addresses: ['4', '5', '6'] });
    expect(meters).toEqual([unit('5')]);
  });

  it('tells how many questions are left', async () => {
    const told: DiscoverProgress[] = [];
    const addresses = ['4', '5', '6'];
    await search(createFakeBus({ 5: meter }, kind), {
      addresses,
      onProgress: (progress) => told.push({ ...progress, meters: [...progress.meters] }),
    });
    expect(told.map(({ pattern, left, meters }) => [pattern, left, meters.length])).toEqual([
      ['unit 4', 2, 0],
      ['unit 5', 1, 1],
      ['unit 6', 0, 1],
    ]);
  });

  it('gives what it has when it is aborted or the port is lost', async () => {
    for (const code of ['BUS_ABORTED', 'PORT_LOST'] as const) {
      const end = new AmrError(code, 'the end');
      const map = { 1: meter, 3: { obstacle: () => end }, 5: meter };
      const { meters, endedBy } = await search(createFakeBus(map, kind));
      expect({ meters, endedBy }).toEqual({ meters: [unit('1')], endedBy: end });
    }
  });

  it('keeps a meter that is lost while it is asked who it is', async () => {
    const lost = new AmrError('PORT_LOST', 'gone');
    const map = {
      1: { holding: at(0, 1), obstacle: (_: string, place: number) => (place === 0 ? null : lost) },
    };
    const { meters, endedBy } = await search(createFakeBus(map, kind));
    expect({ meters, endedBy }).toEqual({
      meters: [{ address: '1', protocol: 'modbus' }],
      endedBy: lost,
    });
  });

  it('asks a unit again that was heard late, in the time of another', async () => {
    const { bus } = scripted(kind, (one, nth) => {
      if (one === 6 && nth === 0) return [5, 3, 2, 0, 1];
      return one === 5 && nth > 0 ? [5, 3, 2, 0, 1] : silence();
    });
    const { meters } = await search(bus, { addresses: ['4', '5', '6'], models: [] });
    expect(meters).toEqual([unit('5')]);
  });

  it('says of a unit where bytes garble each other that it is not found', async () => {
    const garbled = new AmrError('BUS_PARTIAL_REPLY', 'no whole frame');
    const { bus } = scripted(kind, (one) => (one === 5 ? garbled : silence()));
    expect(await search(bus, { addresses: ['4', '5', '6'] })).toEqual({
      meters: [],
      unresolved: ['unit 5'],
      endedBy: null,
    });
  });
});

describe('the search for Modbus meters behind a gateway', () => {
  it.each([0x0a, 0x0b])('takes its exception %i for silence', async (code) => {
    const { bus } = scripted('modbus-tcp', (one) => [one, 0x83, code]);
    expect(await search(bus)).toEqual({ meters: [], unresolved: [], endedBy: null });
  });

  it('asks for the unit of the device itself as well', async () => {
    expect((await search(createFakeBus({ 255: meter }, 'modbus-tcp'))).meters).toEqual([
      unit('255'),
    ]);
  });

  it('finds a device that answers to any unit once', async () => {
    const bus = all('modbus-tcp', marked);
    const { meters } = await search(bus);
    expect(meters).toEqual([{ ...unit('1', ['test']), answersAny: true }]);
    expect(bus.asked.length).toBeLessThan(10);
  });

  it('does not take 247 meters of a line for one', async () => {
    expect((await search(all('line', meter))).meters).toHaveLength(247);
  });

  it('ends with a stream that is none of Modbus TCP', async () => {
    const none = new AmrError('FRAME_MALFORMED', 'no frame');
    const { bus } = scripted('modbus-tcp', () => none);
    expect((await search(bus)).endedBy).toBe(none);
  });
});

describe('the questions of the search', () => {
  it('are short of patience, and silence to them is no sign of a port that hangs', async () => {
    const { bus, seen } = scripted('line', silence);
    await search(bus, { addresses: ['1', '2'] });
    expect(seen.map(({ firstByteMs, mayBeSilent }) => [firstByteMs, mayBeSilent])).toEqual([
      [200, true],
      [200, true],
    ]);
  });
});
