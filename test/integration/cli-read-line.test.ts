/** How `amr read` sets a serial port, and what it says where nobody answers. */
import { describe, expect, it, onTestFinished } from 'vitest';
import { amr } from '../support/amr.ts';
import { lacksSocat, openPtyPair } from '../support/pty.ts';
import { lineStateOf } from '../support/stty.ts';

const HOW = ['--json', '--retries', '0', '--address', '1'];

async function readFromNobody(query: string, model: string) {
  const pair = await openPtyPair();
  onTestFinished(() => pair.stop());
  const bus = `serial:${pair.near}${query}`;
  const args = ['read', ...HOW, '--bus', bus, '--model', model, 'energy_active_import'];
  const { code, stdout } = await amr(args);
  const [error] = JSON.parse(stdout).errors;
  return { code, error: `${error.code}: ${error.message}`, line: lineStateOf(pair.near) };
}

describe.skipIf(lacksSocat)('amr read over a serial port (needs socat)', () => {
  it.each([
    ['schneider-iem3155', 19_200, '19200 8E1'],
    ['dlt645-2007', 2400, '2400 8E1'],
  ])('talks as %s is delivered, and says so', async (model, baudRate, settings) => {
    const { code, error, line } = await readFromNobody('', model);
    expect({ code, line }).toEqual({ code: 1, line: { baudRate, stopBits: 1 } });
    expect(error).toBe(
      `BUS_NO_REPLY: no answer came; the port was set to ${settings}, as ${model} is usually delivered`,
    );
  });

  it('talks as the URL says, and names how the meter is usually delivered', async () => {
    const { error, line } = await readFromNobody('?baud=2400&stop=2', 'eastron-sdm630');
    expect(line).toEqual({ baudRate: 2400, stopBits: 2 });
    expect(error).toMatch(/set to 2400 8N2, but eastron-sdm630 .* with 9600 8N1: baud=9600&/);
  });
});
