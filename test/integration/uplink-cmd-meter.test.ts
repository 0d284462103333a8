import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connectAsync } from 'mqtt';
import { pino } from 'pino';
import { describe, expect, it, onTestFinished } from 'vitest';
import { buildSimLine } from '../../src/cli/sim.ts';
import { loadConfig } from '../../src/config/load.ts';
import { systemClock } from '../../src/core/clock.ts';
import type { JournalEntry } from '../../src/core/slave.ts';
import { startGateway } from '../../src/gateway.ts';
import { serveTcp } from '../../src/sim/serve.ts';
import { type CmdRes, cmdResSchema, readingsMessageSchema } from '../../src/uplink/contract.ts';
import { lacksMosquitto, startMosquitto } from '../support/broker.ts';
import { temporaryDirectory } from '../support/store-fixture.ts';
import { GATEWAY, ROOT, SITE, until } from '../support/uplink-fixture.ts';

const METERS = ['000000000001', '000000000002'];

function configText(port: number, broker: string): string {
  return [
    `site: ${SITE}`,
    `gateway: ${GATEWAY}`,
    'timezone: Asia/Shanghai',
    'buses:',
    `  b1: { tcp: { host: 127.0.0.1, port: ${port}, baudRate: 9600 } }`,
    'plans:',
    '  busy: { every: 1s, read: [energy, voltage, current, power], retries: 0 }',
    'meters:',
    ...METERS.map((id) => `  - { id: "${id}", bus: b1, model: dlt645-2007, plans: [busy] }`),
    'uplinks:',
    `  - mqtt: { url: "${broker}" }`,
    '',
  ].join('\n');
}

/** Two meters on a line that its plan keeps busy all the time, and what the headend hears. */
async function setUp() {
  const broker = await startMosquitto();
  onTestFinished(() => broker.stop());
  const journal: JournalEntry[] = [];
  const line = await buildSimLine({
    meters: METERS.length,
    baudRate: 9600,
    kind: 'three',
    onAnswer: (entry) => journal.push(entry),
  });
  const served = await serveTcp(line, { host: '127.0.0.1', port: 0 });
  onTestFinished(async () => {
    line.close();
    await served.close();
  });
  const client = await connectAsync(broker.url, { protocolVersion: 5 });
  onTestFinished(() => client.endAsync(true));
  const answers: CmdRes[] = [];
  const live: unknown[] = [];
  client.on('message', (topic, payload) => {
    const body: unknown = JSON.parse(payload.toString());
    if (topic === `${ROOT}cmd/res`) answers.push(cmdResSchema.parse(body));
    else live.push(...readingsMessageSchema.parse(body).readings);
  });
  await client.subscribeAsync([`${ROOT}cmd/res`, `${ROOT}data/live`], { qos: 1 });
  const directory = temporaryDirectory();
  const file = join(directory, 'gateway.yaml');
  writeFileSync(file, configText(served.port, broker.url));
  const loaded = await loadConfig(file, { dataDir: join(directory, 'data') });
  const log = pino({ level: 'silent' });
  const gateway = await startGateway({ loaded, clock: systemClock, log, random: Math.random });
  onTestFinished(() => gateway.stop());
  await until('polled and delivered', () => live.length > 0);
  const command = (body: object) =>
    client.publishAsync(`${ROOT}cmd`, JSON.stringify({ v: 1, op: 'read', ...body }), { qos: 1 });
  const answerTo = async (id: string): Promise<CmdRes> => {
    await until(`answer to ${id}`, () => answers.some((answer) => answer.id === id));
    return cmdResSchema.parse(answers.find((answer) => answer.id === id));
  };
  return { line, journal, live, command, answerTo };
}

describe.skipIf(lacksMosquitto)('a meter that the headend asks for', () => {
  it('is read at once on a busy line, as it is, and the reading comes as any other too', async () => {
    const { journal, live, command, answerTo } = await setUp();
    const askedAt = journal.length;
    await command({ id: 'c1', meter: METERS[1], registers: ['energy_active_import_t4'] });
    const { state, reading } = await answerTo('c1');
    expect({ state, kind: reading?.kind, source: reading?.source, meter: reading?.meter }).toEqual({
      state: 'done',
      kind: 'on-demand',
      source: 'on-demand',
      meter: METERS[1],
    });
    const shown = journal
      .slice(askedAt)
      .filter(({ meter, values }) => meter === METERS[1] && 'energy_active_import_t4' in values)
      .map(({ values }) => values['energy_active_import_t4']);
    expect(shown).toContain(reading?.values['1-0:1.8.4']);
    await until('delivered as a row', () =>
      live.some((row) => JSON.stringify(row) === JSON.stringify(reading)),
    );
  });

  it('fails in time with the cause where it does not answer, and with what is there where it is unknown', async () => {
    const { line, command, answerTo } = await setUp();
    line.setFault(METERS[0] ?? '', { name: 'silent' });
    await command({ id: 'c1', meter: METERS[0], registers: ['voltage'], deadline: 60 });
    await command({ id: 'c2', meter: 'nobody', registers: ['voltage'] });
    await command({ id: 'c3', meter: METERS[1], registers: ['colour'] });
    expect(await answerTo('c2')).toMatchObject({
      state: 'refused',
      error: { message: `no meter nobody; there are ${METERS.join(', ')}` },
    });
    const { error } = await answerTo('c3');
    expect(error?.message).toContain('its groups are');
    expect(await answerTo('c1')).toMatchObject({
      state: 'failed',
      error: { code: 'BUS_NO_REPLY' },
      reading: { quality: 'missing', cause: 'BUS_NO_REPLY' },
    });
  });
});
