import { describe, expect, it } from 'vitest';
import { fromHex, toHex } from '../../../src/core/bytes.ts';
import type { MeterKind } from '../../../src/sim/curve.ts';
import { createDisplay } from '../../../src/sim/load.ts';
import { createVirtualClock } from '../../support/virtual-clock.ts';
import { createMeter } from './sim-rig.ts';

function createRealMeter(kind: MeterKind) {
  const clock = createVirtualClock();
  const display = createDisplay({ clock, kind, seed: 1, zone: 'Asia/Shanghai' });
  return createMeter({}, {}, { display });
}

const bytesOf = (answer: string | null) => (answer ?? '').split(' ').slice(1);
/** `00 01 FF 00` as people write it, low byte first as it travels. */
const travelling = (identifier: string) => toHex(fromHex(identifier).reverse());
const counted = (prefix: string, last: number) =>
  Array.from({ length: last }, (_, index) => `${prefix} ${toHex(Uint8Array.of(index + 1))}`);

/** What a three-phase meter has, high byte first; the length of the bytes behind each. */
const LENGTHS: readonly (readonly [identifiers: readonly string[], length: number])[] = [
  [['00 00', '00 01', '00 02', '00 03', '00 04', '00 05', '00 08'].map((di) => `${di} FF 00`), 20],
  [['00 15 00 00', '00 1C 00 00', '00 2B 00 0C', '00 3D 00 01'], 4],
  [['00 01 00 FF', '00 01 04 FF', '00 17 00 FF'], 4 * 13],
  [counted('00 01 00', 12), 4],
  [['01 01 FF 00', '01 03 FF 0C', '01 08 FF 01'], 8 * 5],
  [['01 15 00 00', '01 2B 00 01', '01 01 04 0C'], 8],
  [['01 01 00 FF'], 8 * 13],
  [['02 07 FF 00', '02 08 FF 00', '02 09 FF 00'], 6],
  [['02 0A 01 FF', '02 0B 03 FF'], 42],
  [counted('02 80 00', 2).slice(1), 2],
  [['01', '03', '04', '05', '06'].map((di0) => `02 80 00 ${di0}`), 3],
  [['07', '08', '09'].map((di0) => `02 80 00 ${di0}`), 2],
  [['02 80 00 0A', '04 00 01 01'], 4],
  [['04 00 01 02', '04 00 04 09', '04 00 04 0A'], 3],
  [['04 00 01 0C'], 7],
  [['04 00 04 03'], 32],
  [['04 00 04 01', '04 00 04 02', '04 00 04 04', '04 00 04 05', '04 00 04 06'], 6],
  [['04 00 04 07', '04 00 04 08'], 4],
  [['04 00 04 0B', '04 00 04 0C'], 10],
  [['04 00 04 0D'], 16],
  [counted('04 00 05', 7), 2],
  [['04 00 05 FF'], 14],
  [[...counted('04 00 06', 3), ...counted('04 00 09', 2), '04 00 02 04'], 1],
  [[...counted('04 00 0B', 3), '04 00 0A 02', '04 00 0A 07'], 2],
  [['05 00 00 01', '05 00 00 0C', '05 06 00 3E'], 5],
  [['05 00 10 01', '05 06 10 01'], 24],
  [['05 00 09 01', '05 06 0A 01'], 40],
  [['03 01 00 00'], 18],
  [['03 01 01 01', '03 01 02 0A', '03 01 03 01'], 131],
  [['03 11 00 00', '03 30 00 00', '03 30 0D 00', '1D 00 00 01', '1E 00 00 01'], 3],
  [['03 11 00 01'], 12],
  [['03 30 00 01'], 50],
  [['03 30 0D 01'], 60],
  [['1D 00 01 01', '1E 00 01 0A'], 6],
  [['06 00 00 00', '06 00 00 02'], 103],
  [['06 01 00 02'], 33],
];

describe('a meter of the simulator', () => {
  it('holds all that a three-phase meter has, at its length', () => {
    const meter = createRealMeter('three');
    const lengths = LENGTHS.flatMap(([identifiers, length]) =>
      identifiers.map((identifier) => {
        const answered = meter.read(travelling(identifier));
        return [identifier, answered.split(' ').length, length] as const;
      }),
    );
    expect(lengths.filter(([, answered, wanted]) => answered !== wanted)).toEqual([]);
    expect(lengths).toHaveLength(107);
  });

  it('lacks with one phase what belongs to three', () => {
    const meter = createRealMeter('single');
    const lacking = ['00 03 00 00', '00 29 00 00', '01 03 00 00', '03 01 02 01', '02 0A 02 FF'];
    const answers = lacking.map((identifier) => meter.ask('11', travelling(identifier)));
    expect(answers).toEqual(lacking.map(() => 'D1: 02'));
    // Time, two energies and two demands with four tariffs each, eight powers.
    expect(bytesOf(meter.ask('11', '01 FF 06 05'))).toHaveLength(4 + 5 + 2 * 20 + 2 * 40 + 24);
  });

  it('shows a long block of a real display in two frames', () => {
    const meter = createRealMeter('three');
    const block = '01 FF 06 05';
    const first = bytesOf(meter.ask('11', block)).slice(4);
    const last = bytesOf(meter.ask('12', `${block} 01`)).slice(4, -1);
    const groups = ['00', '01', '02', '03', '04', '05', '06', '07', '08', '09', '0A', '10'];
    const single = groups.map((group) => meter.read(`01 ${group} 06 05`));
    expect([...first, ...last].join(' ')).toBe(single.join(' '));
    expect(first.length + last.length).toBe(5 + 8 * 20 + 2 * 40 + 24);
  });
});
