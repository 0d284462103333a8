import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { z } from 'zod';
import { loadModels, packagedModelsDir } from '../../src/config/models.ts';
import { amr } from '../support/amr.ts';

const known = await loadModels();
const SDM630 = join(packagedModelsDir(), 'modbus', 'eastron-sdm630.yaml');

function ownDir(): string {
  const dir = mkdtempSync(join(tmpdir(), 'amr-models-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

/** A directory with the SDM630 under another name, changed. */
function ownModel(change: (text: string) => string): string {
  const dir = ownDir();
  const text = readFileSync(SDM630, 'utf8').replace('model: eastron-sdm630', 'model: own-meter');
  writeFileSync(join(dir, 'own-meter.yaml'), change(text));
  return dir;
}

const listSchema = z.array(
  z.object({
    model: z.string(),
    protocol: z.string(),
    title: z.object({ en: z.string(), zh: z.string() }),
    products: z.array(z.string()),
    registers: z.number(),
    complaints: z.array(z.string()),
  }),
);

describe('amr models', () => {
  it('lists every model within 80 columns', async () => {
    const { code, stdout, stderr } = await amr(['models']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const lines = stdout.trimEnd().split('\n');
    expect(lines.filter((line) => line.length > 80)).toEqual([]);
    const names = lines.slice(1).flatMap((line) => /^\S+/.exec(line)?.[0] ?? []);
    expect(names).toEqual([...known.keys()].sort());
    expect(stdout).toMatch(/^eastron-sdm630 +modbus +44 {2}Eastron SDM630 three-phase meter:$/m);
    expect(stdout).toMatch(/^ +SDM630-Modbus, SDM630-Modbus V2,$/m);
  });

  it('lists them for machines', async () => {
    const { code, stdout } = await amr(['models', '--json']);
    expect(code).toBe(0);
    const list = listSchema.parse(JSON.parse(stdout));
    expect(list.map(({ model }) => model)).toEqual([...known.keys()].sort());
    for (const { model, title, registers, complaints } of list) {
      const { registers: own, title: ownTitle } = known.get(model) ?? { registers: {} };
      expect({ title, registers }).toEqual({
        title: ownTitle,
        registers: Object.keys(own).length,
      });
      expect(complaints).toEqual([]);
    }
  });

  it('shows what one of them says', async () => {
    const { code, stdout, stderr } = await amr(['models', 'carlo-gavazzi-em24']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    const lines = stdout.split('\n');
    for (const line of [
      'products  EM24-DIN',
      'protocol  modbus, table input, type i32, order CDAB, maxRegisters 11, maxGap 4',
      'line      9600 baud, parity none, 1 stop bit',
      'energy_active_import       1-0:1.8.0   input 0x003E i32 CDAB  kWh      0.1',
      'power_active               1-0:16.7.0  input 0x0028 i32 CDAB  kW    0.0001',
      'power_factor               1-0:13.7.0  input 0x0035 i16              0.001',
      'energy          energy_active_import energy_active_export',
      '- The total is at 003EH. Some open-source maps read 0042H, which this protocol',
      '  https://community.victronenergy.com/t/em24-will-not-work-with-cerbogx/24247',
    ]) {
      expect(lines).toContain(line);
    }
    expect(stdout).toMatch(/^source {4}Carlo Gavazzi EM24-DIN PFA/m);
  });

  it('shows in hex what a scan knows the meter by', async () => {
    const [one, two] = await Promise.all(
      ['eastron-sdm630', 'socomec-countis-e24'].map((name) => amr(['models', name])),
    );
    expect(one?.stdout).toMatch(/^known by {2}holding 0xFC02 u16 is 0x0070$/m);
    expect(one?.stdout).toMatch(/^protocol {2}modbus, table input, .*order ABCD, maxRegisters 80/m);
    expect(one?.stdout).not.toContain('{');
    expect(two?.stdout.replace(/\s+/g, ' ')).toContain(
      'known by holding 0xC350 u64 is 0x53004F0043004F and holding 0xC38E u16 is 0x4532',
    );
  });

  it('shows it for machines', async () => {
    const { code, stdout } = await amr(['models', 'eastron-sdm630', '--json']);
    const model = known.get('eastron-sdm630');
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      model: 'eastron-sdm630',
      title: { zh: '伊斯特朗 SDM630 三相电能表' },
      line: { baudRate: 9600, parity: 'none', stopBits: 1 },
      settings: { table: 'input', maxRegisters: 80 },
      caveats: model?.caveats,
      groups: model?.groups,
      source: model?.source,
      examples: model?.examples.length,
      complaints: [],
      registers: expect.arrayContaining([
        {
          obis: '1-0:16.7.0',
          name: 'power_active',
          label: { en: 'active power, import positive', zh: '总有功功率' },
          unit: 'kW',
          resolution: '0.0001',
          where: 'input 0x0034',
          form: 'f32',
        },
      ]),
    });
  });

  it('shows identifiers and SunSpec points as well', async () => {
    const dlt = await amr(['models', 'dlt645-2007']);
    expect(dlt.stdout).toMatch(/^energy_active_import +1-0:1\.8\.0 +00010000 +kWh +0\.01$/m);
    const sunspec = await amr(['models', 'sunspec-meter']);
    expect(sunspec.stdout).toMatch(/^frequency +1-0:14\.7\.0 +SunSpec Hz +Hz +0\.01$/m);
  });

  it('keeps within 80 columns whatever the model, but for links', async () => {
    const shown = await Promise.all(
      ['dlt645-2007', 'dlt645-auto', 'abb-b23', 'orno-we516', 'sunspec-meter', 'inepro-pro380'].map(
        (name) => amr(['models', name]),
      ),
    );
    const lines = shown.flatMap(({ stdout }) => stdout.split('\n'));
    expect(lines.length).toBeGreaterThan(250);
    expect(lines.filter((line) => line.length > 80 && !/^ {2}https?:/.test(line))).toEqual([]);
  });

  it.each([
    ['sdm', /did you mean eastron-sdm120 or eastron-sdm230 or eastron-sdm630 or /],
    ['eastron-sdm631', /did you mean eastron-sdm630\?/],
    ['sdm631', /did you mean eastron-sdm630\?/],
    ['constructor', /`amr models` lists all/],
  ])('does not know "%s", but names near it', async (name, hint) => {
    const { code, stdout, stderr } = await amr(['models', name]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(hint);
  });

  it('has own models besides, which hold where the names are the same', async () => {
    const dir = ownModel((text) => text);
    mkdirSync(join(dir, 'deeper'));
    const same = join(dir, 'deeper', 'eastron-sdm630.yaml');
    copyFileSync(SDM630, same);
    writeFileSync(same, readFileSync(same, 'utf8').replace('Eastron SDM630 three', 'Our three'));
    const { code, stdout } = await amr(['models', '--dir', dir, '--json']);
    const list = listSchema.parse(JSON.parse(stdout));
    expect(code).toBe(0);
    expect(list).toHaveLength(known.size + 1);
    expect(list.find(({ model }) => model === 'own-meter')?.registers).toBe(44);
    const eastron = list.find(({ model }) => model === 'eastron-sdm630');
    expect(eastron?.title.en).toBe('Our three-phase meter');
  });

  it('names what is wrong with an own model', async () => {
    const dir = ownModel((text) =>
      text.replace('at: 0x0002, ', 'at: 0x0001, ').replace('  energy: [', '  energy: [no_such, '),
    );
    const { code, stdout, stderr } = await amr(['models', '--dir', dir, 'own-meter']);
    expect(code).toBe(1);
    expect(stdout).toMatch(/^own-meter$/m);
    expect(stderr).toMatch(/^own-meter: voltage_l2: overlaps voltage_l1$/m);
    expect(stderr).toMatch(/^own-meter: group energy: .*no register or group "no_such"/m);
  });

  it('names the line of a file that does not fit', async () => {
    const dir = ownModel((text) => text.replace('parity: none', 'parity: mark'));
    const { code, stdout, stderr } = await amr(['models', '--dir', dir]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(/own-meter\.yaml:\d+:\d+: parity: /);
  });

  it('has no driver for a protocol that there is not', async () => {
    const dir = ownModel((text) => text.replace('protocol: modbus', 'protocol: morse'));
    const { code, stderr } = await amr(['models', '--dir', dir, 'own-meter']);
    expect(code).toBe(1);
    expect(stderr).toContain('own-meter: no driver for morse');
  });

  it('says so where the directory is not there', async () => {
    const { code, stderr } = await amr(['models', '--dir', join(ownDir(), 'nowhere')]);
    expect(code).toBe(2);
    expect(stderr).toMatch(/nowhere.*cannot be read/);
  });
});
