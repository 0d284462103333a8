import { realpathSync, rmSync, writeFileSync } from 'node:fs';
import { describe, expect, it, onTestFinished } from 'vitest';
import { amr } from '../support/amr.ts';
import { type ByteSlave, type Script, startByteSlave } from '../support/byte-slave.ts';
import { lacksSocat, openPtyPair } from '../support/pty.ts';
import { bridge, termiosOf } from '../support/tty.ts';

/*
 * The meter 123456789012 and the item 00010000, forward active energy. Bytes by hand after
 * DL/T 645-2007: address and item low byte first, 33H added to every byte of the payload, the
 * checksum is the sum of all bytes from the first 68H on.
 */
const METER = '123456789012';
const WAKE_UP = 'FE FE FE FE';
/** Control 11H, 4 bytes: item 00 00 01 00. */
const REQUEST = `${WAKE_UP} 68 12 90 78 56 34 12 68 11 04 33 33 34 33 68 16`;
const REQUEST_BYTES = 20;
/** Control 91H, 8 bytes: the item, then 78 56 34 12 for 123456.78. */
const ANSWER = '68 12 90 78 56 34 12 68 91 08 33 33 34 33 AB 89 67 45 CC 16';
/** The same item of meter 123456789013, which shows 443322.11. */
const NEIGHBOUR = '68 13 90 78 56 34 12 68 91 08 33 33 34 33 44 55 66 77 63 16';
/** Control D1H, ERR 02H: no such item. */
const NO_SUCH_ITEM = '68 12 90 78 56 34 12 68 D1 01 35 8D 16';

const GOOD = {
  meter: METER,
  readAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}[+-]\d\d:\d\d$/),
  values: [{ obis: '1-0:1.8.0', name: 'energy_active_import', value: '123456.78', unit: 'kWh' }],
  errors: [],
};

const failed = (code: string) => ({
  ...GOOD,
  values: [],
  errors: [{ code, message: expect.any(String), registers: ['energy_active_import'] }],
});

async function slave(script: Script): Promise<ByteSlave> {
  const started = await startByteSlave(REQUEST_BYTES, () => script);
  onTestFinished(() => started.close());
  return started;
}

/** A serial port with the slave at the far end of its line. */
async function serialPort({ port }: ByteSlave): Promise<string> {
  const pair = await openPtyPair();
  onTestFinished(() => pair.stop());
  const joint = await bridge(pair.far, port);
  onTestFinished(() => joint.close());
  return pair.near;
}

/** Reads once, without repeats, and gives the one document that was printed. */
async function readOnce(bus: string, more: readonly string[] = []) {
  const args = ['--json', '--retries', '0', '--bus', bus, '--model', 'dlt645-2007'];
  const done = await amr(['read', ...args, '--address', METER, ...more, '1-0:1.8.0']);
  const report: unknown = done.stdout === '' ? null : JSON.parse(done.stdout);
  return { ...done, report };
}

const ANSWERS: readonly (readonly [string, Script])[] = [
  ['comes plain', [`${WAKE_UP} ${ANSWER}`]],
  ['comes without wake-up bytes', [ANSWER]],
  ['is cut in two with a pause', [`${WAKE_UP} ${ANSWER.slice(0, 29)}`, 300, ANSWER.slice(30)]],
  ['is glued behind a frame of another meter', [`${WAKE_UP} ${NEIGHBOUR} ${WAKE_UP} ${ANSWER}`]],
  ['is followed at once by another frame', [`${WAKE_UP} ${ANSWER} ${WAKE_UP} ${NEIGHBOUR}`]],
  ['follows noise', [`00 FF 68 11 16 A5 68 ${WAKE_UP} ${ANSWER}`]],
  ['follows the echo of the request', [REQUEST, 30, `${WAKE_UP} ${ANSWER}`]],
  ['follows a broken copy of itself', [`${ANSWER.replace('CC', 'CD')} ${WAKE_UP} ${ANSWER}`]],
];

describe('amr read', () => {
  it.each(ANSWERS)('prints the value when the answer %s', async (_, script) => {
    const { port, requests } = await slave(script);
    const { code, stderr, report } = await readOnce(`tcp://127.0.0.1:${port}`);
    expect({ code, stderr, requests, report }).toEqual({
      code: 0,
      stderr: '',
      requests: [REQUEST],
      report: GOOD,
    });
  });

  it.each([
    ['the meter has no such item', 'METER_UNSUPPORTED', [`${WAKE_UP} ${NO_SUCH_ITEM}`]],
    ['nothing answers', 'BUS_NO_REPLY', []],
    ['only another meter answers', 'BUS_FOREIGN_REPLY', [`${WAKE_UP} ${NEIGHBOUR}`]],
    ['the checksum is wrong', 'BUS_PARTIAL_REPLY', [ANSWER.replace('CC', 'CD')]],
    ['the answer breaks off', 'BUS_PARTIAL_REPLY', [`${WAKE_UP} ${ANSWER.slice(0, 40)}`]],
  ] as const)('prints the cause when %s', async (_, cause, script) => {
    const { port } = await slave(script);
    const { code, report } = await readOnce(`tcp://127.0.0.1:${port}`);
    expect({ code, report }).toEqual({ code: 1, report: failed(cause) });
  });

  it('asks again as often as it was told to', async () => {
    const { port, requests } = await slave([NEIGHBOUR]);
    await readOnce(`tcp://127.0.0.1:${port}`, ['--retries', '1']);
    expect(requests).toEqual([REQUEST, REQUEST]);
  });

  it('names the meter that answered where none was named', async () => {
    const { port } = await slave([`${WAKE_UP} ${ANSWER}`]);
    const bus = `tcp://127.0.0.1:${port}`;
    const { stdout } = await amr([
      'read',
      '--json',
      '--bus',
      bus,
      '--model',
      'dlt645-2007',
      '1.8.0',
    ]);
    expect(JSON.parse(stdout)).toEqual(GOOD);
  });

  it('prints a table for people', async () => {
    const { port } = await slave([`${WAKE_UP} ${ANSWER}`]);
    const bus = `tcp://127.0.0.1:${port}`;
    const { stdout } = await amr(['read', '--bus', bus, '--model', 'dlt645-2007', '00010000']);
    expect(stdout).toMatch(
      /^meter 123456789012 at .*\n.*\bobis .*\n.*\b1-0:1\.8\.0 .* 123456\.78 +kWh\n$/,
    );
  });

  it('prints the cause when the port cannot be had', async () => {
    const { port, close } = await startByteSlave(REQUEST_BYTES, () => []);
    await close();
    const { code, report } = await readOnce(`tcp://127.0.0.1:${port}`);
    expect({ code, report }).toEqual({ code: 1, report: failed('PORT_OPEN_FAILED') });
  });

  it.each([
    ['a line of no known kind', ['--bus', 'carrier-pigeon:loft', '1-0:1.8.0'], /--bus/],
    ['a line without a port', ['--bus', 'tcp://127.0.0.1', '1-0:1.8.0'], /--bus/],
    ['a word in the line', ['--bus', 'serial:/dev/ttyS9?bauds=9', '1-0:1.8.0'], /bauds/],
    ['an unknown model', ['--model', 'sdm631', '1-0:1.8.0'], /sdm631.*mean eastron-sdm630\?/],
    ['an unknown word for one', ['--model', 'aut', '1-0:1.8.0'], /mean auto or dlt645-auto\?/],
    ['an unknown register', ['1-0:99.99.0'], /99\.99\.0/],
    ['a bad address', ['--address', '12345678901234', '1-0:1.8.0'], /12345678901234/],
    ['no register', [], /register/],
  ] as const)('refuses %s in one line', async (_, words, says) => {
    const some = ['--bus', 'tcp://127.0.0.1:9', '--model', 'dlt645-2007'];
    const { code, stdout, stderr } = await amr(['read', '--json', ...some, ...words]);
    expect(code).toBe(2);
    expect(stdout).toBe('');
    expect(stderr).toMatch(says);
    expect(stderr.trimEnd().split('\n')).toHaveLength(1);
  });
});

describe.skipIf(lacksSocat)('amr read on a serial port', () => {
  it('reads the same', async () => {
    const meter = await slave([`${WAKE_UP} ${ANSWER}`]);
    const { requests } = meter;
    const path = await serialPort(meter);
    const { code, report } = await readOnce(`serial:${path}?baud=2400&parity=even`);
    expect({ code, requests, report }).toEqual({ code: 0, requests: [REQUEST], report: GOOD });
  });

  it('leaves a port alone that another program has locked', async () => {
    const meter = await slave([`${WAKE_UP} ${ANSWER}`]);
    const { requests } = meter;
    const path = await serialPort(meter);
    const device = realpathSync(path).replace('/dev/', '').replaceAll('/', '_');
    const lock = `/run/lock/LCK..${device}`;
    writeFileSync(lock, `${String(process.pid).padStart(10)}\n`);
    onTestFinished(() => rmSync(lock, { force: true }));
    const before = termiosOf(path);
    const { code, report } = await readOnce(`serial:${path}?baud=9600&parity=none`);
    expect({ code, report, requests }).toEqual({
      code: 1,
      report: failed('PORT_BUSY'),
      requests: [],
    });
    expect(JSON.stringify(report)).toContain(`process ${process.pid}`);
    expect(termiosOf(path)).toBe(before);
  });
});
