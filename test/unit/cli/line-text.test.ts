import { describe, expect, it } from 'vitest';
import { parseBusUrl } from '../../../src/cli/bus-url.ts';
import { explained } from '../../../src/cli/line-text.ts';
import { loadModels } from '../../../src/config/models.ts';

const models = await loadModels();

function told(url: string, code: string, model = 'eastron-sdm630'): string {
  const found = models.get(model);
  if (found === undefined) throw new Error(model);
  const cause = { code, message: 'no answer came', registers: [] };
  return explained(cause, parseBusUrl(url, found.line), found).message;
}

const PORT = 'serial:/dev/ttyUSB0';

describe('why nothing was read', () => {
  it.each([
    [PORT, 'the port was set to 9600 8N1, as eastron-sdm630 is usually delivered'],
    [
      `${PORT}?baud=2400&parity=even&stop=2`,
      'the port was set to 2400 8E2, but eastron-sdm630 is usually delivered with 9600 8N1: baud=9600&parity=none&stop=1',
    ],
    ['tcp://10.0.0.5:4001', 'does it speak Modbus TCP? try modbus-tcp://10.0.0.5:4001'],
    [
      'modbus-tcp://[::1]:502',
      'is it a serial server that passes RTU frames? try rtu-over-tcp://[::1]:502',
    ],
  ])('may be how the line is spoken to: %s', (url, hint) => {
    expect(told(url, 'BUS_NO_REPLY')).toBe(`no answer came; ${hint}`);
  });

  it('is another framing where the far end hangs up or talks nonsense', () => {
    expect(told('tcp://host:1', 'PORT_LOST')).toMatch(/try modbus-tcp:/);
    expect(told('modbus-tcp://host', 'FRAME_MALFORMED')).toMatch(/try rtu-over-tcp:/);
  });

  it.each([
    ['a refusal', PORT, 'METER_UNSUPPORTED', 'eastron-sdm630'],
    ['a port that is not there', 'tcp://host:1', 'PORT_OPEN_FAILED', 'eastron-sdm630'],
    ['a port that is lost', PORT, 'PORT_LOST', 'eastron-sdm630'],
    ['a meter of DL/T 645 behind a server', 'tcp://host:1', 'BUS_NO_REPLY', 'dlt645-2007'],
  ])('is not that with %s', (_, url, code, model) => {
    expect(told(url, code, model)).toBe('no answer came');
  });
});
