import { describe, expect, it, onTestFinished } from 'vitest';
import { amr } from '../support/amr.ts';
import { startByteSlave } from '../support/byte-slave.ts';

/*
 * The meter 123456789012 by hand after DL/T 645-2007, 33H added to every byte of the payload: what
 * it answers, by the four bytes of the identifier as they come.
 */
const FRAME = 'FE FE FE FE 68 12 90 78 56 34 12 68';
const REQUEST_BYTES = 20;
const ENERGY = '33 33 34 33';
const STATUS_3 = '36 38 33 37';
const ALL_COMBINED = '33 32 33 33';
const INVALID = `${FRAME} 91 08 ${ENERGY} B3 33 45 6D 84 16`;
const ABSENT = `${FRAME} 91 08 ${ENERGY} 32 32 32 32 B4 16`;
/** 0050H: bits 4 and 6. */
const STATUS = `${FRAME} 91 06 ${STATUS_3} 83 33 AB 16`;
/** Two of 64 values. */
const SHORT_BLOCK = `${FRAME} 91 0C ${ALL_COMBINED} AB 89 67 45 44 55 66 37 04 16`;
/** 220.5 V and 221.0 V of three phases. */
const VOLTAGES = '33 32 34 35';
const TWO_VOLTAGES = `${FRAME} 91 08 ${VOLTAGES} 38 55 43 55 12 16`;
const NO_SUCH_ITEM = `${FRAME} D1 01 35 8D 16`;

async function read(answers: Readonly<Record<string, string>>, words: readonly string[]) {
  const slave = await startByteSlave(REQUEST_BYTES, (request) => [
    answers[request.slice(42, 53)] ?? NO_SUCH_ITEM,
  ]);
  onTestFinished(() => slave.close());
  const bus = `tcp://127.0.0.1:${slave.port}`;
  const args = ['--bus', bus, '--model', 'dlt645-2007', '--retries', '0', ...words];
  const done = await amr(['read', ...args]);
  return { ...done, asked: slave.requests.map((request) => request.slice(42, 53)) };
}

interface Marked {
  readonly identifier?: string;
  readonly value: string;
}

const bit = (name: string, value: string) => ({ obis: null, name, value, unit: '' });

describe('amr read of an identifier', () => {
  it('prints what the tables say of a status word', async () => {
    const { code, stdout, asked } = await read({ [STATUS_3]: STATUS }, ['--json', '04000503']);
    expect(asked).toEqual([STATUS_3]);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      meter: '123456789012',
      values: [
        bit('x_status_word_3', '0x0050'),
        bit('x_status_word_3_bit_4', 'relay: open'),
        bit('x_status_word_3_bit_6', 'relay command: open'),
      ],
      errors: [],
    });
  });

  it('names the identifier in the errors, beside the registers that came', async () => {
    const { code, stdout } = await read({ [ENERGY]: ABSENT }, ['--json', '1.8.0', '04000503']);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      values: [{ name: 'energy_active_import', value: null, flags: ['2.5.259'] }],
      errors: [{ code: 'METER_UNSUPPORTED', registers: ['04000503'] }],
    });
  });

  it('tells frozen values from the live one of the same name', async () => {
    const INSTANT = '34 34 33 38';
    const DAILY = '34 34 39 38';
    const answers = {
      [INSTANT]: `${FRAME} 91 08 ${INSTANT} 35 33 33 33 C0 16`,
      [DAILY]: `${FRAME} 91 08 ${DAILY} 34 33 33 33 C5 16`,
      [ENERGY]: `${FRAME} 91 08 ${ENERGY} 36 33 33 33 BB 16`,
    };
    const words = ['05000101', '05060101', 'energy_active_import'];
    const { stdout } = await read(answers, ['--json', ...words]);
    const { values } = JSON.parse(stdout);
    expect(values.map(({ name }: { name: string }) => name)).toEqual(
      Array.from({ length: 3 }, () => 'energy_active_import'),
    );
    expect(values.map(({ identifier, value }: Marked) => [identifier, value])).toEqual([
      [undefined, '0.03'],
      ['05000101', '0.02'],
      ['05060101', '0.01'],
    ]);
    const forPeople = await read(answers, words);
    expect(forPeople.stdout).toMatch(/^identifier +obis /m);
    expect(forPeople.stdout).toMatch(/^ *- +1-0:1\.8\.0 +energy_active_import +0\.03/m);
    expect(forPeople.stdout).toMatch(/^ *05060101 .* 0\.01/m);
  });

  it('marks a register by the identifier that stands for it, unless it is named besides', async () => {
    const answers = { [VOLTAGES]: TWO_VOLTAGES };
    const identifiersOf = async (...words: string[]) => {
      const { stdout } = await read(answers, ['--json', ...words]);
      return JSON.parse(stdout).values.map((one: { identifier?: string }) => one.identifier);
    };
    expect(await identifiersOf('0201ff00')).toEqual(['0201FF00', '0201FF00']);
    expect(await identifiersOf('0201FF00', 'voltage_l2')).toEqual(['0201FF00', undefined]);
  });

  it('never asks for a password', async () => {
    const { code, asked, stderr } = await read({}, ['04000C01']);
    expect({ code, asked }).toEqual({ code: 2, asked: [] });
    expect(stderr).toContain('04000C01');
  });

  it.each([
    ['an identifier of no list', '050000FF', 'no listed identifier of dlt645-2007'],
    ['a password', '04000c01', 'passwords are never read'],
    ['no identifier', 'energie', 'no register or group "energie"; its groups are '],
  ])('says of %s what it is', async (_, word, message) => {
    const { code, asked, stderr } = await read({}, [word]);
    expect({ code, asked }).toEqual({ code: 2, asked: [] });
    expect(stderr).toContain(message);
    expect(stderr).toContain(word);
  });

  it.each([
    ['the flag', ABSENT, '2.5.259 not there', { flags: ['2.5.259'] }],
    [
      'the bytes',
      INVALID,
      '2.5.257 no such value, raw 8000123a',
      { flags: ['2.5.257'], raw: '8000123a' },
    ],
  ])('tells %s where there is no value', async (_, answer, why, more) => {
    const forPeople = await read({ [ENERGY]: answer }, ['1.8.0']);
    expect(forPeople.stdout).toMatch(new RegExp(`no value .*${why}$`, 'm'));
    const { stdout } = await read({ [ENERGY]: answer }, ['--json', '1.8.0']);
    const shown = { obis: '1-0:1.8.0', name: 'energy_active_import', value: null, unit: 'kWh' };
    expect(JSON.parse(stdout)).toMatchObject({ values: [{ ...shown, ...more }] });
    expect(Object.keys(JSON.parse(stdout).values[0])).toHaveLength(4 + Object.keys(more).length);
  });

  it('asks a block as one and does not complain of tariffs that the meter lacks', async () => {
    const answers = { [ALL_COMBINED]: SHORT_BLOCK };
    const { stdout, asked } = await read(answers, ['--json', '0000FF00']);
    expect(asked).toEqual([ALL_COMBINED]);
    const { values, errors } = JSON.parse(stdout);
    expect(values.map(({ value }: { value: string }) => value)).toEqual(['123456.78', '43322.11']);
    expect(errors).toEqual([]);
  });

  it.each([
    ['a register that was named besides', ['0201FF00', 'voltage_l3'], ['voltage_l3']],
    ['no register of the block alone', ['0201FF00'], []],
  ])('misses from a short block %s', async (_, words, missed) => {
    const { stdout } = await read({ [VOLTAGES]: TWO_VOLTAGES }, ['--json', ...words]);
    const { values, errors } = JSON.parse(stdout);
    expect(values.map(({ name }: { name: string }) => name)).toEqual(['voltage_l1', 'voltage_l2']);
    expect(errors.flatMap(({ registers }: { registers: string[] }) => registers)).toEqual(missed);
  });

  it('says that the meter has nothing of a block', async () => {
    const { code, stdout } = await read({}, ['--json', '0201FF00']);
    const { errors } = JSON.parse(stdout);
    expect(code).toBe(1);
    expect(errors.flatMap(({ registers }: { registers: string[] }) => registers)).toEqual([
      'voltage_l1',
      'voltage_l2',
      'voltage_l3',
    ]);
  });

  it('asks again as often as it was told to', async () => {
    const silent = { [STATUS_3]: '' };
    const { asked, stdout } = await read(silent, ['--json', '--retries', '1', '04000503']);
    expect(asked).toEqual([STATUS_3, STATUS_3]);
    expect(JSON.parse(stdout)).toMatchObject({
      values: [],
      errors: [{ code: 'BUS_NO_REPLY', registers: ['04000503'] }],
    });
  });

  it('prints the cause when the port cannot be had', async () => {
    const { port, close } = await startByteSlave(REQUEST_BYTES, () => []);
    await close();
    const args = ['--json', '--bus', `tcp://127.0.0.1:${port}`, '--model', 'dlt645-2007'];
    const { code, stdout } = await amr(['read', ...args, '04000503']);
    expect(code).toBe(1);
    const errors = [{ code: 'PORT_OPEN_FAILED', registers: ['04000503'] }];
    expect(JSON.parse(stdout)).toMatchObject({ values: [], errors });
  });
});
