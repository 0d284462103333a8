import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { findRegister } from '../../src/core/registers.ts';
import type { JournalEntry } from '../../src/core/slave.ts';
import { type ReadingsMessage, readingsMessageSchema } from '../../src/uplink/contract.ts';
import { amr } from '../support/amr.ts';
import { lacksMosquitto, type Mosquitto, startMosquitto } from '../support/broker.ts';
import { type Daemon, messageOf, spawnDaemon } from '../support/daemon.ts';
import { retainedAt, type Subscriber, subscribe } from '../support/mosquitto-sub.ts';
import { lacksSocat, openPtyPair } from '../support/pty.ts';
import { readJournal, startSim } from '../support/sim-process.ts';
import { termiosOf } from '../support/tty.ts';
import { until } from '../support/uplink-fixture.ts';

const METERS = ['000000000001', '000000000002', '000000000003'];
const ROOT = 'amr/v1/hz-xihu/gw17/';
const PASSWORD = 'open-sesame-4711';
/** Of register values that are compared with what the meters showed. */
const WANTED = 150;

function configText(tty: string, broker: string, directory: string): string {
  const meters = METERS.map(
    (id) =>
      `  - { id: "m${id}", address: "${id}", bus: rs485-1, model: dlt645-2007, plans: [fast], ct: 40 }`,
  );
  return [
    'site: hz-xihu',
    'gateway: gw17',
    'timezone: Asia/Shanghai',
    'buses:',
    `  rs485-1: { serial: { path: ${tty}, baudRate: 2400, parity: even } }`,
    'plans:',
    '  fast: { every: 5s, read: [energy, voltage, current, power] }',
    'meters:',
    ...meters,
    'uplinks:',
    `  - mqtt: { url: "${broker}", usernameFile: ${directory}/user, passwordFile: ${directory}/password }`,
    '',
  ].join('\n');
}

/** What the contract says of a topic, as the published schemas have it. */
function validators() {
  const instant = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}(Z|[+-]\d\d:\d\d)$/;
  const ajv = new Ajv2020({ allowUnionTypes: true, formats: { 'date-time': instant } });
  const of = (name: string) =>
    ajv.compile(JSON.parse(readFileSync(`config/contract/${name}.schema.json`, 'utf8')));
  const kinds: readonly (readonly [RegExp, ReturnType<typeof of>])[] = [
    [/^status$/, of('status')],
    [/^birth$/, of('birth')],
    [/^meta\/[^/]+$/, of('meta')],
    [/^data\/[a-z]+$/, of('data')],
    [/^event$/, of('event')],
  ];
  return (topic: string, body: unknown): string | null => {
    const [, validate] = kinds.find(([pattern]) => pattern.test(topic.slice(ROOT.length))) ?? [];
    if (!topic.startsWith(ROOT) || validate === undefined) return `${topic} is no topic`;
    return validate(body) ? null : `${topic}: ${ajv.errorsText(validate.errors)}`;
  };
}

function readingsIn({ messages }: Subscriber): ReadingsMessage[] {
  return messages
    .filter(({ topic }) => topic.startsWith(`${ROOT}data/`))
    .map(({ body }) => readingsMessageSchema.parse(body));
}

/** What the meter last showed of a register before this moment. */
function shownBefore(journal: readonly JournalEntry[], meter: string, name: string, at: number) {
  const entry = journal.findLast(
    (one) => one.meter === meter && one.at <= at && name in one.values,
  );
  return entry?.values[name];
}

describe.skipIf(lacksMosquitto || lacksSocat)('the daemon', () => {
  const directory = mkdtempSync(join(tmpdir(), 'amr-daemon-'));
  const dataDir = join(directory, 'data');
  const config = join(directory, 'gateway.yaml');
  const journal = join(directory, 'journal.jsonl');
  const ends: (() => Promise<unknown>)[] = [];
  let broker: Mosquitto;
  let subscriber: Subscriber;
  let daemon: Daemon;
  let tty: string;

  const compared = () =>
    readingsIn(subscriber).reduce(
      (sum, { readings }) =>
        sum + readings.reduce((count, { values }) => count + Object.keys(values).length, 0),
      0,
    );

  beforeAll(async () => {
    const line = await openPtyPair();
    ends.push(() => line.stop());
    tty = line.near;
    broker = await startMosquitto();
    ends.push(() => broker.stop());
    const sim = await startSim(
      [
        '--serial',
        line.far,
        '--baud',
        '2400',
        '--delay',
        '20',
        '--meters',
        `${METERS.length}`,
      ].concat('--journal', journal),
    );
    ends.push(() => sim.stop());
    expect(sim.meters).toEqual(METERS);
    subscriber = subscribe(broker.url);
    ends.push(() => subscriber.stop());
    writeFileSync(join(directory, 'user'), 'gw17\n');
    writeFileSync(join(directory, 'password'), `${PASSWORD}\n`);
    writeFileSync(config, configText(tty, broker.url, directory));
    daemon = spawnDaemon(config, dataDir);
    ends.push(() => daemon.end('SIGKILL'));
    await daemon.started;
    await until(`${WANTED} values`, () => compared() >= WANTED, 60_000);
  }, 90_000);

  afterAll(async () => {
    for (const end of ends.reverse()) await end();
    rmSync(directory, { recursive: true, force: true });
  });

  it('publishes every register to the last digit as the meter showed it', () => {
    const shown = readJournal(journal);
    let count = 0;
    for (const { meter, readAt, values } of readingsIn(subscriber).flatMap((one) => one.readings)) {
      for (const [id, value] of Object.entries(values)) {
        const name = findRegister(id)?.name ?? '';
        const truth = shownBefore(shown, meter.slice(1), name, Date.parse(readAt));
        expect({ meter, readAt, name, value }).toEqual({ meter, readAt, name, value: truth });
        count += 1;
      }
    }
    expect(count).toBeGreaterThanOrEqual(WANTED);
  });

  it('reads energies, voltages, currents and powers of every meter, and more than once', () => {
    const readings = readingsIn(subscriber).flatMap((one) => one.readings);
    for (const meter of METERS.map((address) => `m${address}`)) {
      const own = readings.filter((reading) => reading.meter === meter);
      expect(own.length).toBeGreaterThan(1);
      for (const { values, quality, flags = {} } of own) {
        // Two of the three have one phase only and say so, which casts no doubt on the rest.
        const absent = Object.keys(values).filter((id) => values[id] === null);
        expect(Object.keys(flags).sort()).toEqual(absent.sort());
        expect(quality).toBe('good');
        for (const id of ['1-0:1.8.0', '1-0:1.8.1', '1-0:32.7.0', '1-0:31.7.0', '1-0:16.7.0']) {
          expect(values[id]).toMatch(/^-?\d+\.\d+$/);
        }
      }
      expect(new Set(own.map(({ slot }) => slot)).size).toBe(own.length);
    }
  });

  it('publishes nothing but what the published schemas allow', () => {
    const complaintOf = validators();
    const { messages } = subscriber;
    const complaints = messages.map(({ topic, body }) => complaintOf(topic, body));
    expect(complaints.filter((complaint) => complaint !== null)).toEqual([]);
    expect(messages.length).toBeGreaterThan(METERS.length + 2);
    expect(complaintOf(`${ROOT}status`, { v: 1, state: 'up' })).not.toBeNull();
  });

  it('numbers the readings without a gap from 1 on', () => {
    const heads = new Map<string, number>();
    for (const { epoch, stream, seq, readings } of readingsIn(subscriber)) {
      const key = `${epoch} ${stream}`;
      expect(seq).toBe((heads.get(key) ?? 0) + 1);
      heads.set(key, seq + readings.length - 1);
    }
    expect([...heads.keys()]).toHaveLength(1);
  });

  it('leaves status, birth and a meta for each meter with the broker', async () => {
    const kept = await retainedAt(broker.url);
    const metas = METERS.map((address) => `meta/m${address}`);
    expect([...kept.keys()].sort()).toEqual(
      ['birth', ...metas, 'status'].map((rest) => ROOT + rest),
    );
    expect(kept.get(`${ROOT}status`)).toMatchObject({ state: 'online' });
    expect(kept.get(`${ROOT}birth`)).toMatchObject({
      gateway: 'gw17',
      buses: [{ name: 'rs485-1', transport: 'serial', meters: METERS.length }],
    });
    expect(kept.get(`${ROOT}meta/m${METERS[0]}`)).toMatchObject({
      address: METERS[0],
      protocol: 'dlt645-2007',
      ct: 40,
      side: 'secondary',
      registers: expect.arrayContaining([
        { obis: '1-0:1.8.0', name: 'energy_active_import', unit: 'kWh', resolution: '0.01' },
      ]),
    });
  });

  it('tells how it is', async () => {
    const { code, stdout } = await amr(['status', '--data', dataDir, '--json']);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ alive: true, pid: daemon.pid });
  });

  it('lets no second gateway into its directory', async () => {
    const second = spawnDaemon(config, dataDir);
    expect(await second.ended).toBe(1);
    expect(second.log.join('\n')).toContain(`process ${daemon.pid}`);
    expect(second.log.join('\n')).not.toMatch(/^ +at /m);
  });

  it('keeps its serial port to itself, with the settings as they are', async () => {
    const before = termiosOf(tty);
    const bus = `serial:${tty}?baud=9600&parity=none`;
    const { code, stdout } = await amr([
      'read',
      '--json',
      '--bus',
      bus,
      '--model',
      'dlt645-2007',
      '1.8.0',
    ]);
    expect({ code, ...JSON.parse(stdout) }).toMatchObject({
      code: 1,
      values: [],
      errors: [{ code: 'PORT_BUSY', message: expect.stringContaining(`process ${daemon.pid}`) }],
    });
    expect(termiosOf(tty)).toBe(before);
  });

  it('ends in order when it is told to', async () => {
    expect(await daemon.end('SIGTERM')).toBe(0);
    const kept = await retainedAt(broker.url);
    expect(kept.get(`${ROOT}status`)).toMatchObject({ state: 'offline' });
    const wal = statSync(join(dataDir, 'amr.db-wal'), { throwIfNoEntry: false });
    expect(wal?.size ?? 0).toBe(0);
    const { code } = await amr(['status', '--data', dataDir, '--json']);
    expect(code).toBe(1);
  });

  it('has logged JSON lines only, no stack traces and no secrets', () => {
    const text = daemon.log.join('\n');
    expect(daemon.log.filter((line) => messageOf(line) === null)).toEqual([]);
    expect(daemon.log.map(messageOf)).toEqual(
      expect.arrayContaining([
        'store opened',
        'started',
        'uplink connected',
        'stopping',
        'stopped',
      ]),
    );
    expect(text).not.toContain(PASSWORD);
    expect(text).not.toMatch(/\bat \S+ \(?\S+:\d+:\d+/);
    expect(JSON.stringify(subscriber.messages)).not.toContain(PASSWORD);
  });
});
