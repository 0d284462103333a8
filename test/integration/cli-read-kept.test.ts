import { describe, expect, it, onTestFinished } from 'vitest';
import { buildSimLine } from '../../src/cli/sim.ts';
import type { JournalEntry } from '../../src/core/slave.ts';
import { formatInstant } from '../../src/core/zoned-time.ts';
import { serveTcp } from '../../src/sim/serve.ts';
import { amr } from '../support/amr.ts';

const ZONE = 'Asia/Shanghai';
const METER = '000000000001';
const DRIFT_MS = -90_000;

/** Meters of one edition on a line, and `amr read` of the first of them. */
async function simulated(protocol = 'dlt645-2007') {
  const journal: JournalEntry[] = [];
  const line = await buildSimLine({
    model: protocol,
    kind: 'three',
    zone: ZONE,
    driftMs: DRIFT_MS,
    baudRate: 9600,
    onAnswer: (entry) => journal.push(entry),
  });
  const served = await serveTcp(line, { host: '127.0.0.1', port: 0 });
  onTestFinished(async () => {
    line.close();
    await served.close();
  });
  const bus = `tcp://127.0.0.1:${served.port}?baud=9600`;
  async function read(model: string, ...words: string[]) {
    const args = ['--bus', bus, '--model', model, '--address', METER, '--zone', ZONE];
    return await amr(['read', ...args, ...words]);
  }
  return {
    journal,
    read,
    async document(model: string, ...words: string[]) {
      const { code, stdout } = await read(model, '--json', ...words);
      return { code, ...JSON.parse(stdout) };
    },
  };
}

const today = () => formatInstant(Date.now() + DRIFT_MS, ZONE).slice(0, 10);

/** What the meter said it showed under this identifier. */
const truth = (journal: readonly JournalEntry[], item: RegExp) =>
  journal.filter((one) => item.test(one.item)).map(({ values }) => values);

describe('amr read of what a meter keeps', () => {
  it.each(['dlt645-2007', 'dlt645-1997'])(
    '--clock: of %s, and how far it is off',
    async (model) => {
      const { document, read } = await simulated(model);
      const report = await document(model, '--clock');
      expect(report).toMatchObject({ code: 0, meter: METER, errors: [] });
      expect(Math.abs(report.clock.offsetMs - DRIFT_MS)).toBeLessThan(2000);
      const { stdout } = await read(model, '--clock');
      expect(stdout).toMatch(/the meter is (89|90|91) s behind/);
    },
  );

  it('--freeze: the values of the day, with the time of the freeze', async () => {
    const { document, journal } = await simulated();
    const day = today();
    const report = await document('dlt645-2007', '--freeze', day, '1.8.0', '2.8.0');
    expect(report).toMatchObject({ code: 0, frozenAt: `${day}T00:00:00`, errors: [] });
    const [shown] = truth(journal, /^05060101$/);
    expect(report.values[0]).toMatchObject({
      name: 'energy_active_import',
      value: shown?.['energy_active_import'],
    });
    expect(report.values).toHaveLength(2);
  });

  it('--freeze: of a day that the meter does not keep', async () => {
    const { document } = await simulated();
    const report = await document('dlt645-2007', '--freeze', '2020-01-01', '1.8.0');
    expect(report).toMatchObject({
      code: 1,
      frozenAt: null,
      values: [],
      errors: [{ code: 'DATA_FREEZE_ABSENT', registers: ['energy_active_import'] }],
    });
  });

  it('--settlement: the values of the month, with its derived time', async () => {
    const { document, journal } = await simulated();
    const month = today().slice(0, 7);
    const report = await document('dlt645-2007', '--settlement', month, '1.8.0');
    expect(report).toMatchObject({
      code: 0,
      frozenAt: `${month}-01T00:00:00`,
      isTimeDerived: true,
      errors: [],
    });
    const [shown] = truth(journal, /^00010001$/);
    expect(report.values).toMatchObject([{ value: Object.values(shown ?? {})[0] }]);
  });

  it('--profile: every record of the span, and what was never noted', async () => {
    const { document, read } = await simulated();
    const day = formatInstant(Date.now() - 2 * 86_400_000, ZONE).slice(0, 10);
    const span = `${day}T01:00..${day}T01:45`;
    const report = await document('dlt645-2007', '--profile', span, '1.8.0', '1.8.1');
    expect(report.code).toBe(0);
    expect(report.records.map(({ meterTime }: { meterTime: string }) => meterTime)).toEqual(
      ['01:00', '01:15', '01:30', '01:45'].map((clock) => `${day}T${clock}:00`),
    );
    for (const { values } of report.records) {
      expect(values).toMatchObject([{ name: 'energy_active_import', unit: 'kWh' }]);
    }
    expect(report.errors).toMatchObject([
      { code: 'METER_UNSUPPORTED', registers: ['energy_active_import_t1'] },
    ]);
    const { stdout } = await read('dlt645-2007', '--profile', span, '1.8.0');
    expect(stdout.split('\n').filter((row) => row.startsWith(day))).toHaveLength(4);
    expect(stdout).toContain('4 records');
  });

  it('--events: counts, latest records and status', async () => {
    const { document, read } = await simulated();
    const report = await document('dlt645-2007', '--events');
    expect(report).toMatchObject({ code: 0, errors: [] });
    expect(report.events.length).toBeGreaterThanOrEqual(18);
    expect(report.status.length).toBeGreaterThan(10);
    const { stdout } = await read('dlt645-2007', '--events');
    expect(stdout).toMatch(/^voltage_loss +l1 +\d+ +\d+/m);
    expect(stdout).toMatch(/^x_status_word_3 +relay +/m);
  }, 120_000);

  it.each([
    ['--freeze', '2026-11-23', 'daily freeze'],
    ['--profile', '2026-11-23..2026-11-23', 'load profile'],
  ])('%s: where the driver lacks it, that is said', async (option, argument, what) => {
    const { read, journal } = await simulated('dlt645-1997');
    const words = [option, argument, '1.8.0'];
    const { code, stderr, stdout } = await read('dlt645-1997', ...words);
    expect({ code, stdout, asked: journal.length }).toEqual({ code: 2, stdout: '', asked: 0 });
    expect(stderr).toContain(`keep no ${what}`);
  });

  it.each([
    ['two of them', ['--clock', '--events'], '--clock and --events'],
    ['a clock and registers', ['--clock', '1.8.0'], 'leave out 1.8.0'],
    ['a freeze of nothing', ['--freeze', '2026-11-23'], 'name a register to read'],
    ['nothing', [], 'name a register to read'],
    ['no day', ['--freeze', '2026-02-29', '1.8.0'], 'a day such as'],
    ['no month', ['--settlement', '2026-13', '1.8.0'], 'a month such as'],
    ['a span that ends first', ['--profile', '2026-11-24..2026-11-23', '1.8.0'], 'FROM..TO'],
    ['no zone', ['--clock', '--zone', 'Mars/Olympus'], 'an IANA zone'],
  ])('%s: is wrong usage', async (_, words, message) => {
    const args = ['--bus', 'tcp://127.0.0.1:1', '--model', 'dlt645-2007'];
    const { code, stderr } = await amr(['read', ...args, ...words]);
    expect(code).toBe(2);
    expect(stderr).toContain(message);
  });

  it('says why nothing was read where the port cannot be had', async () => {
    const args = ['--json', '--bus', 'tcp://127.0.0.1:1', '--model', 'dlt645-2007'];
    const { code, stdout } = await amr(['read', ...args, '--freeze', '2026-11-23', '1.8.0']);
    expect([code, JSON.parse(stdout)]).toMatchObject([1, { errors: [{ registers: ['1.8.0'] }] }]);
    expect(JSON.parse(stdout).errors[0].code).toMatch(/^PORT_/);
  });
});

describe('amr read --model auto', () => {
  it.each(['dlt645-2007', 'dlt645-1997'])('reads a meter of %s as such', async (model) => {
    const { document, journal } = await simulated(model);
    const report = await document('auto', 'voltage');
    expect(report).toMatchObject({ code: 0, meter: METER, errors: [] });
    const plain = await document(model, 'voltage');
    const decimals = (one: { values: readonly { value: string }[] }) =>
      one.values.map(({ value }) => value.split('.')[1]?.length ?? 0);
    expect(decimals(report)).toEqual(decimals(plain));
    expect(report.values).toHaveLength(3);
    expect(journal.length).toBeGreaterThan(0);
  });

  it('says so where the meter answers in neither edition', async () => {
    const { read } = await simulated();
    const { code, stdout } = await read('auto', '--json', '--address', '999', 'voltage');
    expect([code, JSON.parse(stdout)]).toMatchObject([
      1,
      { meter: '000000000999', values: [], errors: [{ code: 'BUS_NO_REPLY' }] },
    ]);
  });
});
