import { describe, expect, it } from 'vitest';
import { FAULTS, type FaultName, parseFault } from '../../../src/sim/faults.ts';
import { ANSWER_BYTES, answerOf, BYTE_MS, createRig, DELAY_MS } from './line-rig.ts';

const END_MS = BYTE_MS + DELAY_MS + ANSWER_BYTES * BYTE_MS;
const TRUE = [...answerOf(1)];

/** What a master hears of meter 1 under a fault, and when the last byte of it came. */
async function heardUnder(fault: Parameters<ReturnType<typeof createRig>['line']['setFault']>[1]) {
  const rig = createRig();
  rig.line.setFault('1', fault);
  await rig.ask(1);
  const lastAt = rig.heard.at(-1)?.at ?? 0;
  return { ...rig, lastAt, bytes: [...rig.takeHeard()] };
}

type Check = () => Promise<void>;

/** What the meter itself must commit reaches it, and nothing else happens to its answer. */
function theMeterKnows(fault: FaultName): Check {
  return async () => {
    const { bytes, journal } = await heardUnder(fault);
    expect(bytes).toEqual([0xee]);
    expect(journal[0]).toMatchObject({ fault, values: { register: fault } });
  };
}

/** One check a fault: the table of faults must be covered whole. */
const CHECKS: Readonly<Record<FaultName, Check>> = {
  async silent() {
    const { bytes, journal } = await heardUnder('silent');
    expect([bytes, journal]).toEqual([[], []]);
  },
  async late() {
    const { bytes, lastAt } = await heardUnder({ name: 'late', ms: 700 });
    expect(bytes).toEqual(TRUE);
    expect(lastAt).toBeCloseTo(END_MS + 700, 6);
  },
  async echo() {
    const { bytes, heard: _, journal } = await heardUnder('echo');
    expect(bytes).toEqual([1, ...TRUE]);
    expect(journal[0]?.fault).toBe('echo');
  },
  async 'noise-before'() {
    const { bytes, lastAt } = await heardUnder('noise-before');
    const noise = bytes.length - ANSWER_BYTES;
    expect(noise).toBeGreaterThan(0);
    expect(noise).toBeLessThanOrEqual(8);
    expect(bytes.slice(noise)).toEqual(TRUE);
    expect(lastAt).toBeCloseTo(END_MS + noise * BYTE_MS, 6);
  },
  async 'noise-after'() {
    const { bytes } = await heardUnder('noise-after');
    expect(bytes.length).toBeGreaterThan(ANSWER_BYTES);
    expect(bytes.slice(0, ANSWER_BYTES)).toEqual(TRUE);
  },
  async 'bit-flip'() {
    const { bytes } = await heardUnder('bit-flip');
    const turned = bytes.map((byte, index) => byte ^ (TRUE[index] ?? 0));
    expect(turned.slice(0, ANSWER_BYTES / 2).every((bits) => bits === 0)).toBe(true);
    expect(turned.filter((bits) => bits !== 0)).toHaveLength(1);
    expect(Math.log2(turned.find((bits) => bits !== 0) ?? 0) % 1).toBe(0);
  },
  async truncated() {
    const { bytes } = await heardUnder('truncated');
    expect(bytes.length).toBeLessThan(ANSWER_BYTES);
    expect(bytes.length).toBeGreaterThanOrEqual(ANSWER_BYTES / 2);
    expect(bytes).toEqual(TRUE.slice(0, bytes.length));
  },
  async split() {
    const rig = createRig();
    rig.line.setFault('1', { name: 'split', ms: 300 });
    await rig.ask(1);
    const ends = rig.heard.map(({ at }) => at);
    const pauses = ends.map((at, index) => at - (ends[index - 1] ?? at));
    expect(Math.max(...pauses)).toBeCloseTo(300 + BYTE_MS, 6);
    expect(pauses.filter((pause) => pause > 2 * BYTE_MS)).toHaveLength(1);
    expect([...rig.takeHeard()]).toEqual(TRUE);
  },
  async glued() {
    const rig = createRig();
    await rig.ask(1);
    await rig.ask(2);
    rig.takeHeard();
    rig.line.setFault('1', 'glued');
    await rig.ask(1);
    expect([...rig.takeHeard()]).toEqual([...TRUE, ...answerOf(2)]);
  },
  'wrong-address': theMeterKnows('wrong-address'),
  'wrong-item': theMeterKnows('wrong-item'),
  'bad-record': theMeterKnows('bad-record'),
  exception: theMeterKnows('exception'),
  busy: theMeterKnows('busy'),
  'gateway-silent': theMeterKnows('gateway-silent'),
  'lying-count': theMeterKnows('lying-count'),
};

describe('the faults of a simulated line', () => {
  it.each(Object.entries(CHECKS))('%s does what it says', async (_, check) => {
    await check();
  });

  it('covers every fault of the table', () => {
    expect(Object.keys(CHECKS).sort()).toEqual(Object.keys(FAULTS).sort());
  });

  it('ends when it is taken back, and leaves other meters alone', async () => {
    const rig = createRig();
    rig.line.setFault('1', 'silent');
    await rig.ask(2);
    expect([...rig.takeHeard()]).toEqual([...answerOf(2)]);
    rig.line.setFault('1', null);
    await rig.ask(1);
    expect([...rig.takeHeard()]).toEqual(TRUE);
  });

  it('strikes with its probability, the same answers for the same seed', async () => {
    const pattern = async (seed: number) => {
      const rig = createRig({ seed });
      rig.line.setFault('1', { name: 'silent', probability: 0.3 });
      const lengths: number[] = [];
      for (let round = 0; round < 200; round++) {
        await rig.ask(1);
        lengths.push(rig.takeHeard().length);
      }
      return lengths;
    };
    const first = await pattern(5);
    expect(await pattern(5)).toEqual(first);
    expect(await pattern(6)).not.toEqual(first);
    const silent = first.filter((length) => length === 0).length;
    expect(silent).toBeGreaterThan(30);
    expect(silent).toBeLessThan(90);
  });
});

describe('a fault on the command line', () => {
  it.each([
    ['silent', { name: 'silent', probability: 1 }],
    ['bit-flip:0.25', { name: 'bit-flip', probability: 0.25 }],
    ['late:1:2500', { name: 'late', probability: 1, ms: 2500 }],
  ])('%s is understood', (text, fault) => {
    expect(parseFault(text)).toEqual(fault);
  });

  it.each(['', 'loud', 'toString', 'silent:', 'silent:2', 'late:1:x', 'late:1:2:3'])(
    '"%s" is refused with CONFIG_INVALID',
    (text) => {
      expect(() => parseFault(text)).toThrow(
        expect.objectContaining({ code: 'CONFIG_INVALID' }) as Error,
      );
    },
  );
});
