import { describe, expect, it, onTestFinished } from 'vitest';
import { amr } from '../support/amr.ts';
import { SOURCE_AMR } from '../support/build.ts';
import { startSim } from '../support/sim-process.ts';

async function sim(...args: readonly string[]) {
  const started = await startSim(args, SOURCE_AMR);
  onTestFinished(() => started.stop());
  return started;
}

async function read(bus: string, model: string, address: string, ...words: readonly string[]) {
  const args = ['read', '--json', '--bus', `${bus}?latency=50ms`, '--model', model];
  const { stdout } = await amr([...args, '--address', address, ...words]);
  const { values, errors } = JSON.parse(stdout);
  return {
    values: values.map((one: { name: string }) => one.name),
    errors: errors.map(({ code, registers }: { code: string; registers: string[] }) => [
      code,
      ...registers,
    ]),
  };
}

describe('amr sim', () => {
  it('has meters of several models on one line', async () => {
    const also = ['--also', 'eastron-sdm630:2:17', '--also', 'abb-b23'];
    const { listening, meters } = await sim(
      ...['--listen', '127.0.0.1:0', '--baud', '19200', '--meters', '1', ...also],
    );
    expect(meters).toEqual(['000000000001', '17', '18', '1']);
    const good = { values: ['voltage_l1'], errors: [] };
    expect(await read(listening, 'dlt645-2007', '1', 'voltage_l1')).toEqual(good);
    expect(await read(listening, 'eastron-sdm630', '18', 'voltage_l1')).toEqual(good);
    expect(await read(listening, 'abb-b23', '1', 'voltage_l1')).toEqual(good);
  });

  it('refuses registers that are named as holes, and no other', async () => {
    const { listening } = await sim(
      ...['--model', 'eastron-sdm630', '--meters', '1', '--modbus-tcp', '127.0.0.1:0'],
      ...['--hole', 'input:0x34', '--hole', 'holding:0'],
    );
    expect(await read(listening, 'eastron-sdm630', '1', 'voltage_l1', 'power_active')).toEqual({
      values: ['voltage_l1'],
      errors: [['METER_UNSUPPORTED', 'power_active']],
    });
  });

  it('has the SunSpec model that is named, where it is named', async () => {
    const { listening } = await sim(
      ...['--model', 'sunspec-meter', '--meters', '1', '--modbus-tcp', '127.0.0.1:0'],
      ...['--sunspec', '213:50000'],
    );
    const voltage = await read(listening, 'sunspec-meter', '1', 'voltage_l1');
    expect(voltage).toEqual({ values: ['voltage_l1'], errors: [] });
    // 50000 and 50001 hold the marker; where it usually is there is nothing.
    const words = ['holding:50000:2', 'holding:40000:2'];
    const { errors } = await read(listening, 'sunspec-meter', '1', ...words);
    expect(errors).toEqual([['METER_UNSUPPORTED', expect.stringMatching(/40000/)]]);
  });

  it.each([
    ['a second --model', ['--model', 'abb-b23', '--model', 'eastron-sdm630'], /--also/],
    ['a group of no form', ['--also', 'abb-b23:x'], /--also.*MODEL/],
    ['two meters of one address', ['--model', 'abb-b23', '--also', 'abb-b23:1:8'], /address 8/],
    ['a model that is none', ['--also', 'sdm630'], /did you mean eastron-sdm630\?/],
    ['a hole in no table', ['--hole', 'coil:1'], /--hole.*holding/],
    ['a hole beyond the table', ['--hole', 'input:65536'], /--hole/],
    ['a SunSpec model that is no meter', ['--sunspec', '103'], /--sunspec/],
  ])('refuses %s', async (_, words, complaint) => {
    const { code, stdout, stderr } = await amr(['sim', '--listen', '127.0.0.1:0', ...words]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toMatch(complaint);
  });
});
