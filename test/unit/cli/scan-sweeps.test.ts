import { describe, expect, it } from 'vitest';
import { lineText } from '../../../src/cli/scan-report.ts';
import { planSweeps, type SweepOptions } from '../../../src/cli/scan-sweeps.ts';

const SERIAL = 'serial:/dev/ttyUSB0';
const planned = (options: SweepOptions) =>
  planSweeps(options).map((sweeps) =>
    sweeps.map(({ driver, line, addresses }) => [driver, lineText(line), addresses?.length]),
  );

describe('what a scan tries', () => {
  it('is all that is usual on a serial port of which nothing is said', () => {
    expect(planned({ bus: SERIAL })).toEqual([
      ['2400 8E1', '9600 8E1', '1200 8E1', '4800 8E1', '19200 8E1'].map((line) => [
        'dlt645-2007',
        line,
        undefined,
      ]),
      ['9600 8N1', '9600 8E1', '19200 8E1', '19200 8N1', '2400 8N1'].map((line) => [
        'modbus',
        line,
        32,
      ]),
    ]);
  });

  it('is every unit where the settings are known', () => {
    const bus = `${SERIAL}?baud=4800&parity=odd&stop=2`;
    expect(planned({ bus })).toEqual([
      [['dlt645-2007', '4800 8O2', undefined]],
      [['modbus', '4800 8O2', undefined]],
    ]);
    expect(planned({ bus: 'tcp://host:4001' })).toEqual([
      [['dlt645-2007', '2400', undefined]],
      [['modbus', '2400', undefined]],
    ]);
    expect(planned({ bus: 'modbus-tcp://host' })).toEqual([[['modbus', '', undefined]]]);
  });

  it('leaves open what the URL leaves open', () => {
    expect(planned({ bus: `${SERIAL}?baud=9600`, protocol: 'modbus' })).toEqual([
      [
        ['modbus', '9600 8N1', 32],
        ['modbus', '9600 8E1', 32],
      ],
    ]);
    const none = planned({ bus: `${SERIAL}?parity=none`, protocol: 'modbus' });
    expect(none.flat().map(([, line]) => line)).toEqual(['9600 8N1', '19200 8N1', '2400 8N1']);
  });

  it('is the rates and units that were named', () => {
    const baud = [1200, 38_400];
    expect(planned({ bus: `${SERIAL}?baud=9600`, baud, units: [1, 2] })).toEqual([
      [
        ['dlt645-2007', '1200 8E1', undefined],
        ['dlt645-2007', '38400 8E1', undefined],
      ],
      [
        ['modbus', '1200 8N1', 2],
        ['modbus', '1200 8E1', 2],
        ['modbus', '38400 8N1', 2],
        ['modbus', '38400 8E1', 2],
      ],
    ]);
  });

  it.each([
    ['a rate of no serial port', { bus: 'tcp://host:1', baud: [9600] }, /--baud/],
    ['DL/T 645 over Modbus TCP', { bus: 'modbus-tcp://host', protocol: 'dlt645' }, /--protocol/],
    ['units of DL/T 645', { bus: SERIAL, protocol: 'dlt645', units: [1] }, /--units/],
  ] as const)('is not %s', (_, options, says) => {
    expect(() => planSweeps(options)).toThrow(says);
  });
});
