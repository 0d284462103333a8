import { describe, expect, it } from 'vitest';
import { parseBusUrl } from '../../../src/cli/bus-url.ts';

const USUAL = { baudRate: 19_200, parity: 'none', stopBits: 2 } as const;

describe('the URL of a line', () => {
  it.each([
    ['modbus-rtu:/dev/ttyUSB0?baud=9600&parity=none', 'serial:/dev/ttyUSB0?baud=9600&parity=none'],
    ['rtu-over-tcp://10.0.0.5:4001?latency=1s', 'tcp://10.0.0.5:4001?latency=1s'],
    ['rtu-over-tcp://[::1]:4001', 'tcp://[::1]:4001'],
  ])('may be %s for %s', (other, url) => {
    expect(parseBusUrl(other)).toEqual(parseBusUrl(url));
  });

  it('is silent of what is usual', () => {
    const path = '/dev/ttyUSB0';
    expect(parseBusUrl(`serial:${path}`, USUAL)).toMatchObject({ serial: { path, ...USUAL } });
    expect(parseBusUrl(`serial:${path}?parity=even`, USUAL)).toMatchObject({
      serial: { ...USUAL, parity: 'even' },
    });
    expect(parseBusUrl(`serial:${path}`)).toMatchObject({
      serial: { baudRate: 2400, parity: 'even', stopBits: 1 },
    });
  });

  it('says of a serial server what it says alone', () => {
    expect(parseBusUrl('tcp://host:1', USUAL)).toEqual(parseBusUrl('tcp://host:1'));
  });
});
