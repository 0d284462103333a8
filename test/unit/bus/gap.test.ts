import { describe, expect, it } from 'vitest';
import { answer, createRig, QUIET_MS, REQUEST_BYTES, SENT_MS, TURNAROUND_MS } from './rig.ts';

const GAP_MS = 35;
const gapMs = () => GAP_MS;

describe('the gap before a request', () => {
  it('is kept since the last byte heard where it is longer than the turnaround', async () => {
    const { ask, line, clock, sent } = createRig();
    ask(1);
    ask(2, { gapMs });
    line.hearAfter(100, answer(1));
    await clock.advance(300);
    expect(sent()).toEqual([
      [1, 0],
      [2, 100 + GAP_MS],
    ]);
  });

  it('does not shorten a longer turnaround', async () => {
    const { ask, line, clock, sent } = createRig({ turnaroundMs: 50 });
    ask(1);
    ask(2, { gapMs });
    line.hearAfter(100, answer(1));
    await clock.advance(300);
    expect(sent()[1]).toEqual([2, 150]);
  });

  it('starts anew with every byte, be it behind the answer or while nobody waits', async () => {
    const { ask, line, clock, sent } = createRig();
    ask(1);
    line.hearAfter(100, answer(1));
    line.hearAfter(130, Uint8Array.of(0));
    await clock.advance(140);
    ask(2, { gapMs });
    line.hearAfter(10, Uint8Array.of(0));
    await clock.advance(300);
    expect(sent()[1]).toEqual([2, 150 + GAP_MS]);
  });

  it('counts from the end of what was sent, at the speed of the line', async () => {
    const { ask, line, bus, clock, sent } = createRig();
    const { signal } = new AbortController();
    const request = () => Uint8Array.of(1);
    await bus.send({ request, quietMs: 0, priority: 'curve', signal });
    ask(2, { gapMs });
    line.onRequest(() => line.hearAfter(100, answer(2)));
    await clock.advance(300);
    // One byte takes 10 ms.
    expect(sent()[1]).toEqual([2, 10 + GAP_MS]);
  });

  it('is not waited for where the line has been silent for longer', async () => {
    const { ask, line, clock, sent } = createRig();
    ask(1);
    line.hearAfter(100, answer(1));
    await clock.advance(1000);
    ask(2, { gapMs });
    await clock.advance(0);
    expect(sent()[1]).toEqual([2, 1000]);
  });

  it('does not shorten the quiet time after a failure', async () => {
    const { ask, clock, sent } = createRig();
    ask(1, { firstByteMs: 100 });
    ask(2, { gapMs });
    await clock.advance(1000);
    expect(sent()[1]).toEqual([2, SENT_MS + 100 + 40 + QUIET_MS]);
  });

  it('is asked with the settings in force when the request goes out', async () => {
    const { ask, line, clock, sent } = createRig();
    const asked: number[] = [];
    const ofThree = ({ baudRate, bitsPerByte }: { baudRate: number; bitsPerByte: number }) => {
      asked.push(baudRate);
      return (3.5 * bitsPerByte * 1000) / baudRate;
    };
    const fast = { baudRate: 11_000, dataBits: 8, parity: 'none', stopBits: 2 } as const;
    line.onRequest((bytes) => line.hearAfter(100, answer(bytes[5] ?? 0)));
    ask(1, { gapMs: ofThree });
    ask(2, { gapMs: ofThree, line: fast });
    ask(3, { gapMs: ofThree, line: fast });
    await clock.advance(1000);
    // First the line is silent in its old form, then the port is set.
    expect(sent()).toEqual([
      [1, 0],
      [2, 100 + 35],
      [3, 100 + 35 + 100 + 3.5],
    ]);
    expect(asked.at(-1)).toBe(11_000);
    expect(REQUEST_BYTES).toBe(6);
    expect(TURNAROUND_MS).toBeLessThan(3.5);
  });
});
