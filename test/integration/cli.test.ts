import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { amr } from '../support/amr.ts';

const VERBS = [
  'run',
  'demo',
  'check',
  'read',
  'scan',
  'models',
  'decode',
  'status',
  'buffer',
  'sim',
];

/** The answer of meter 123456789012 for item 00010000 with 123456.78, checksum CCH. */
const ANSWER = '68 12 90 78 56 34 12 68 91 08 33 33 34 33 AB 89 67 45 CC 16';
const DECODED = {
  protocol: 'dlt645-2007',
  ok: true,
  direction: 'response',
  preamble: 4,
  address: '123456789012',
  control: '91',
  function: 'read',
  di: '00010000',
  more: false,
  error: null,
  values: [{ obis: '1-0:1.8.0', name: 'energy_active_import', value: '123456.78', unit: 'kWh' }],
};
const not = (code: string) => ({ ok: false, error: { code, meaning: expect.any(String) } });

const GOOD_CONFIG = `
site: hz-xihu
gateway: gw17
timezone: Asia/Shanghai
buses:
  rs485-1: { serial: { path: /dev/ttyS1, baudRate: 2400, parity: even } }
plans:
  daily: { at: "00:05", every: day, read: freeze-daily, backfill: 7d }
  curve: { every: 15m, read: [energy, voltage] }
meters:
  - { id: "000012345678", bus: rs485-1, model: dlt645-2007, plans: [daily, curve], ct: 40 }
uplinks:
  - mqtt: { url: mqtt://127.0.0.1:1883, delivery: headend }
`;

function configFile(text: string): string {
  const directory = mkdtempSync(join(tmpdir(), 'amr-check-'));
  onTestFinished(() => rmSync(directory, { recursive: true, force: true }));
  const file = join(directory, 'gateway.yaml');
  writeFileSync(file, text);
  return file;
}

describe('amr', () => {
  it('tells the version of the package', async () => {
    const { version } = JSON.parse(readFileSync('package.json', 'utf8'));
    expect(await amr(['--version'])).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' });
  });

  it('lists every verb with what it does', async () => {
    const { code, stdout } = await amr(['--help']);
    expect(code).toBe(0);
    for (const verb of VERBS) expect(stdout).toMatch(new RegExp(`^  ${verb} +\\w+`, 'm'));
    const listed = stdout.match(/^ {2}[a-z]+(?= )/gm)?.map((word) => word.trim());
    expect(listed?.filter((word) => word !== 'help')).toEqual(VERBS);
  });

  it.each(VERBS)('shows how to use %s, with an example', async (verb) => {
    const { code, stdout, stderr } = await amr([verb, '--help']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(new RegExp(`^Usage: amr ${verb} `));
    expect(stdout).toMatch(new RegExp(`^Examples?:\\n  amr ${verb}\\b`, 'm'));
  });

  it.each([
    ['no verb', []],
    ['an unknown verb', ['reed']],
    ['a verb that is a word of the language', ['constructor']],
    ['an unknown option of a verb', ['decode', '--jsn', '68']],
    ['a verb without its argument', ['check']],
    ['a wrong number', ['demo', '--for', 'ever']],
    ['a wrong choice', ['sim', '--kind', 'two']],
  ] as const)('exits with 2 for %s, without a stack trace', async (_, words) => {
    const { code, stdout, stderr } = await amr(words);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).not.toBe('');
    expect(stderr).not.toMatch(/^ +at /m);
  });

  it('has nothing to tell of a gateway that does not run', async () => {
    const { code, stdout, stderr } = await amr(['status', '--json', '--data', tmpdir()]);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(/^amr: no gateway answers in .*\n$/);
  });
});

describe('amr decode', () => {
  it.each([
    ['one argument', [`FEFEFEFE${ANSWER.replaceAll(' ', '')}`]],
    ['several arguments', ['FE', 'FE', 'FE', 'FE', ...ANSWER.split(' ')]],
    ['lower case', [`fe fe fe fe ${ANSWER.toLowerCase()}`]],
  ])('takes the bytes as %s', async (_, hex) => {
    const { code, stdout } = await amr(['decode', '--json', ...hex]);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toEqual([DECODED]);
  });

  it('keeps the decoded example of its own help true', async () => {
    const { stdout } = await amr(['decode', '--help']);
    const hex = /amr decode ([0-9A-F ]+)/.exec(stdout)?.[1] ?? '';
    const { stdout: decoded } = await amr(['decode', '--json', hex]);
    expect(JSON.parse(decoded)).toEqual([DECODED]);
  });

  it('gives one array for every line of its input, bad ones too', async () => {
    const lines = [
      ANSWER,
      'these are no bytes',
      '',
      `${ANSWER} FE ${ANSWER}`,
      ANSWER.replace('CC', 'CD'),
      ANSWER,
    ];
    const { code, stdout, stderr } = await amr(['decode', '--json', '-'], `${lines.join('\n')}\n`);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const plain = { ...DECODED, preamble: 0 };
    const printed = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(printed).toMatchObject([
      [plain],
      [not('FRAME_MALFORMED')],
      [],
      [plain, { ...plain, preamble: 1 }],
      [{ ...not('FRAME_CHECKSUM'), values: [] }],
      [plain],
    ]);
  });

  it('explains a frame to people', async () => {
    const { stdout } = await amr(['decode', ANSWER]);
    expect(stdout).toMatch(/^from meter 123456789012: read .*1-0:1\.8\.0 .*123456\.78 +kWh\n$/s);
  });

  it('names the protocols that it knows', async () => {
    const { code, stderr } = await amr(['decode', '--protocol', 'semaphore', '68']);
    expect(code).toBe(2);
    expect(stderr).toMatch(/^amr: .*semaphore.*\n$/);
  });
});

describe('amr check', () => {
  it('exits with 0 for a good configuration', async () => {
    const { code, stderr } = await amr(['check', configFile(GOOD_CONFIG)]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  });

  it.each([
    ['a misspelt key', ['baudRate', 'baudrate'], /gateway\.yaml:6.*baudrate/],
    ['a value out of range', ['every: 15m', 'every: 7m'], /gateway\.yaml:9.*every/],
    ['a bus that is not there', ['bus: rs485-1', 'bus: rs485-2'], /gateway\.yaml:11.*rs485-2/],
    ['a model that is not there', ['model: dlt645-2007', 'model: abacus'], /abacus/],
    ['no YAML', ['buses:', 'buses: {'], /gateway\.yaml:\d+/],
  ] as const)('exits with 78 and says where: %s', async (_, [from, to], says) => {
    const { code, stdout, stderr } = await amr([
      'check',
      configFile(GOOD_CONFIG.replace(from, to)),
    ]);
    expect(code).toBe(78);
    expect(stdout + stderr).toMatch(says);
    expect(stdout + stderr).not.toMatch(/^ +at /m);
  });

  it('exits with 78 for a file that is not there', async () => {
    const { code, stdout, stderr } = await amr(['check', join(tmpdir(), 'no-such.yaml')]);
    expect(code).toBe(78);
    expect(stdout + stderr).toMatch(/no-such\.yaml/);
    expect(stdout + stderr).not.toMatch(/^ +at /m);
  });
});
