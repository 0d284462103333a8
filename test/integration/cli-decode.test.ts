import { describe, expect, it } from 'vitest';
import { amr } from '../support/amr.ts';

const HEAD = '68 12 90 78 56 34 12 68';

/** What people see of these bytes, without the padding of the columns. */
async function shown(hex: string): Promise<string[]> {
  const { code, stdout, stderr } = await amr(['decode', hex]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return stdout
    .trimEnd()
    .split('\n')
    .map((line) => line.replace(/(\S) {2,}/g, '$1 | '));
}

describe('amr decode for people', () => {
  it('says who speaks to whom, and what', async () => {
    const request = `FE FE ${HEAD} 11 04 33 33 34 33 68 16`;
    const answer = `FE FE FE FE ${HEAD} 91 08 33 33 34 33 AB 89 67 45 CC 16`;
    expect(await shown(`${request} ${answer}`)).toEqual([
      'to meter 123456789012: read 00010000',
      '  dlt645-2007, control 11H, 2 wake-up bytes',
      'from meter 123456789012: read 00010000',
      '  dlt645-2007, control 91H, 4 wake-up bytes',
      '  obis | name | value | unit',
      '  1-0:1.8.0 | energy_active_import | 123456.78 | kWh',
    ]);
  });

  it('says why there is no value, and from which bytes', async () => {
    // 80 00 12 3A is no number; of three phases two are all FF.
    const invalid = await shown(`${HEAD} 91 08 33 33 34 33 B3 33 45 6D 84 16`);
    expect(invalid.at(-1)).toBe(
      '  1-0:1.8.0 | energy_active_import | no value | kWh | 2.5.257 no such value, raw 8000123a',
    );
    const absent = await shown(`${HEAD} 91 0A 33 32 34 35 89 55 32 32 32 32 95 16`);
    expect(absent.slice(-2)).toEqual([
      '  1-0:52.7.0 | voltage_l2 | no value | V | 2.5.259 not there',
      '  1-0:72.7.0 | voltage_l3 | no value | V | 2.5.259 not there',
    ]);
  });

  it('says what a status word means', async () => {
    const lines = await shown(`${HEAD} 91 06 36 38 33 37 83 33 AB 16`);
    expect(lines.at(-1)).toMatch(
      /x_status_word_3 \| 0x0050 .*\| relay: open, relay command: open$/,
    );
  });

  it('says why a meter refuses', async () => {
    expect(await shown(`${HEAD} D1 01 35 8D 16`)).toEqual([
      'from meter 123456789012: read refused',
      '  dlt645-2007, control D1H',
      '  no data (0x02)',
    ]);
  });

  it('says what is told to all meters, and what is no frame', async () => {
    const broadcast = '68 99 99 99 99 99 99 68 08 06 8C 8B 56 64 45 59 E3 16';
    const lines = await shown(`${broadcast} ${HEAD} 91 08 33 33 34 33 AB 89 67 45 CD 16`);
    expect(lines[0]).toBe('to all meters: broadcast-time');
    expect(lines.at(-1)).toMatch(/^no good frame: .* \(FRAME_CHECKSUM\)$/);
  });
});
