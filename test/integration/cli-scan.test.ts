import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { buildModbusTcpMeters, buildSimLine, type SimLineSettings } from '../../src/cli/sim.ts';
import { serveModbusTcp } from '../../src/sim/modbus-tcp.ts';
import { serveTcp } from '../../src/sim/serve.ts';
import { amr } from '../support/amr.ts';

const TWO = { model: 'eastron-sdm630', meters: 2, firstAddress: '17' } as const;
const FOUND = { protocol: 'modbus', models: ['eastron-sdm630'], says: expect.any(String) };

async function connection(settings: SimLineSettings): Promise<string> {
  const meters = await buildModbusTcpMeters(settings);
  const served = await serveModbusTcp(meters, { host: '127.0.0.1', port: 0 });
  onTestFinished(async () => {
    meters.close();
    await served.close();
  });
  return `modbus-tcp://127.0.0.1:${served.port}?latency=50ms`;
}

async function line(settings: SimLineSettings): Promise<string> {
  const sim = await buildSimLine({ baudRate: 19_200, ...settings });
  const served = await serveTcp(sim, { host: '127.0.0.1', port: 0 });
  onTestFinished(async () => {
    await served.close();
    sim.close();
  });
  return `rtu-over-tcp://127.0.0.1:${served.port}?baud=19200&latency=50ms`;
}

/** What listens at a port and says this to whatever comes. */
async function says(answer: string): Promise<number> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.once('data', () => socket.end(answer));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  return (server.address() as AddressInfo).port;
}

describe('amr scan for Modbus meters', () => {
  it('finds those behind a Modbus TCP address', async () => {
    const bus = await connection(TWO);
    const args = ['scan', '--json', '--bus', bus, '--units', '16-18'];
    const { code, stdout, stderr } = await amr(args);
    expect({ code, stderr, report: JSON.parse(stdout) }).toEqual({
      code: 0,
      stderr: '',
      report: {
        meters: ['17', '18'].map((address) => ({ address, ...FOUND })),
        unresolved: [],
        errors: [],
      },
    });
  });

  it('finds both protocols on one line, in a table for people', async () => {
    const bus = await line({ meters: 1, firstAddress: '5', beside: [TWO] });
    const { code, stdout, stderr } = await amr(['scan', '--bus', bus, '--units', '17,30']);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout.split('\n')).toEqual([
      '     address  protocol      line  model',
      '000000000005  dlt645-2007  19200  dlt645-2007',
      '          17  modbus       19200  eastron-sdm630',
      '',
    ]);
  });

  it('shows what a meter that is of no known model says of itself', async () => {
    const bus = await connection({ ...TWO, model: 'orno-we516' });
    const { stdout } = await amr(['scan', '--bus', bus, '--units', '17']);
    expect(stdout).toMatch(/^ +17 +modbus +- +unknown; the device says: \S+/m);
  });

  it('names the other framing where what comes is no Modbus TCP', async () => {
    const port = await says('HTTP/1.1 400 Bad Request\r\n\r\n');
    const { code, stdout, stderr } = await amr(['scan', '--bus', `modbus-tcp://127.0.0.1:${port}`]);
    expect({ code, stdout }).toEqual({ code: 1, stdout: 'no meter found\n' });
    expect(stderr).toMatch(/^(FRAME_MALFORMED|PORT_LOST): .*try rtu-over-tcp:\/\/127/m);
  });

  it('names the other framing where nobody answers on a line behind a server', async () => {
    const bus = await line({ meters: 1 });
    const args = ['scan', '--bus', bus, '--protocol', 'modbus', '--units', '1-2'];
    const { code, stderr } = await amr(args);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^no Modbus meter: .*try modbus-tcp:\/\/127/m);
  });

  it.each([
    ['units that are none', ['--units', '0-3'], /--units/],
    ['units the wrong way round', ['--units', '9-3'], /--units/],
    ['DL/T 645 over Modbus TCP', ['--protocol', 'dlt645'], /--protocol/],
    ['a protocol that is none', ['--protocol', 'morse'], /--protocol/],
  ])('refuses %s', async (_, words, complaint) => {
    const refused = await amr(['scan', '--bus', 'modbus-tcp://127.0.0.1:9', ...words]);
    expect({ code: refused.code, stdout: refused.stdout }).toEqual({ code: 2, stdout: '' });
    expect(refused.stderr).toMatch(complaint);
  });
});
