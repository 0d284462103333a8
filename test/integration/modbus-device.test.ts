import { type AddressInfo, createServer } from 'node:net';
import pino from 'pino';
import { describe, expect, it, onTestFinished } from 'vitest';
import { loadModels } from '../../src/config/models.ts';
import { configSchema } from '../../src/config/schema.ts';
import { systemClock } from '../../src/core/clock.ts';
import { formatDecimal } from '../../src/core/decimal.ts';
import { createNotes } from '../../src/core/notes.ts';
import { buildBuses, loadMeters } from '../../src/field.ts';

/** Content of all registers, two at a time; `null` where they are refused. */
type Device = (address: number) => readonly [number, number] | null;

const of230: Device = () => [0x4366, 0];
/** Voltages of three phases: addresses 0, 2, 4. This one lacks the second and the third. */
const singlePhase: Device = (address) => (address < 2 ? [0x4366, 0] : null);
const swapped: Device = () => [0, 0x4366];

/** Devices by unit behind one socket; floats at even addresses. */
async function serve(units: Readonly<Record<number, Device>>): Promise<number> {
  const server = createServer((socket) => {
    socket.on('error', () => socket.destroy());
    socket.on('data', (request) => {
      const [address, quantity] = [request.readUInt16BE(8), request.readUInt16BE(10)];
      const floats = Array.from({ length: quantity / 2 }, (_, index) =>
        units[request[6] ?? 0]?.(address + index * 2),
      );
      const isWhole = floats.every((one) => one != null);
      const words = floats.flatMap((one) => one ?? []);
      const content = words.flatMap((word) => [word >> 8, word & 0xff]);
      const pdu = isWhole ? [4, content.length, ...content] : [0x84, 2];
      const head = [request[0] ?? 0, request[1] ?? 0, 0, 0, 0, pdu.length + 1, request[6] ?? 0];
      socket.write(Uint8Array.from([...head, ...pdu]));
    });
  });
  onTestFinished(() => void server.close());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

/** The notebook of the one meter, over several starts of the gateway. */
function gateway() {
  const notes = createNotes();
  return async (port: number, meter: object) => {
    const config = configSchema.parse({
      site: 's',
      gateway: 'g',
      buses: { b1: { modbusTcp: { host: '127.0.0.1', port } } },
      plans: { curve: { every: '15m', read: ['voltage_l1', 'voltage_l2', 'voltage_l3'] } },
      meters: [{ id: 'm1', bus: 'b1', model: 'eastron-sdm630', plans: ['curve'], ...meter }],
    });
    const models = await loadModels();
    const meters = await loadMeters({ config, models, hash: '', warnings: [] });
    const log = pino({ level: 'silent' });
    const deps = { clock: systemClock, log, random: Math.random, notesOf: () => notes };
    const [field] = buildBuses(config, meters, deps);
    const duty = field?.duties[0];
    if (field === undefined || duty === undefined) throw new Error('nothing was built');
    const stop = new AbortController();
    const running = field.link.run(stop.signal);
    await field.link.firstAttempt;
    const options = { priority: 'curve', signal: stop.signal } as const;
    const { values, failures } = await duty.session.read(duty.registers, options);
    stop.abort();
    await running;
    return {
      values: values.map(({ value, flags }) => (value === null ? flags[0] : formatDecimal(value))),
      isParked: failures.map(({ error }) => error.context['parked'] === true),
    };
  };
}

const WHOLE = { values: ['230.0', '230.0', '230.0'], isParked: [] };

describe('what was learned of a device', () => {
  it('holds over a restart', async () => {
    const port = await serve({ 1: singlePhase });
    const start = gateway();
    expect(await start(port, { address: 1 })).toEqual({
      values: ['230.0'],
      isParked: [false, false],
    });
    expect(await start(port, { address: 1 })).toEqual({
      values: ['230.0'],
      isParked: [true, true],
    });
  });

  it.each(['address', 'host'])('is of no other, once the wrong %s is corrected', async (what) => {
    const start = gateway();
    const wrong = await serve({ 1: what === 'host' ? singlePhase : of230, 2: singlePhase });
    const right = what === 'host' ? await serve({ 1: of230 }) : wrong;
    await start(wrong, { address: what === 'host' ? 1 : 2 });
    expect(await start(right, { address: 1 })).toEqual(WHOLE);
  });

  it('is of no other model or settings', async () => {
    const port = await serve({ 1: (address) => (address < 2 ? [0, 0x4366] : null) });
    const start = gateway();
    await start(port, { address: 1 });
    const { values, isParked } = await start(port, { address: 1, settings: { order: 'CDAB' } });
    expect(values).toEqual(['230.0']);
    expect(isParked).toEqual([false, false]);
    expect((await start(port, { address: 1, model: 'eastron-sdm72-v2' })).isParked).not.toContain(
      true,
    );
  });
});

describe('a meter that is set to another word order', () => {
  it('shows nothing that is good, until its settings say so', async () => {
    const port = await serve({ 1: swapped });
    const start = gateway();
    expect((await start(port, { address: 1 })).values).toEqual(['2.5.257', '2.5.257', '2.5.257']);
    expect(await start(port, { address: 1, settings: { order: 'CDAB' } })).toEqual(WHOLE);
  });
});
