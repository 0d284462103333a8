import { describe, expect, it } from 'vitest';
import { ANSWER_BYTES, answerOf, BYTE_MS, createRig, DELAY_MS } from './line-rig.ts';

describe('the pace of a simulated line', () => {
  it('gives the last byte at request time + delay + answer time', async () => {
    const { ask, heard, clock } = createRig();
    const start = clock.monotonic();
    await ask(9, 9, 1);
    expect((heard.at(-1)?.at ?? 0) - start).toBeCloseTo(
      3 * BYTE_MS + DELAY_MS + ANSWER_BYTES * BYTE_MS,
      6,
    );
  });

  it('gives every byte in its turn, never ahead of the wire', async () => {
    const { ask, heard } = createRig();
    await ask(1);
    const ends = heard.flatMap(({ at, bytes }) => [...bytes].map(() => at));
    const wire = ends.map((_, index) => BYTE_MS + DELAY_MS + (index + 1) * BYTE_MS);
    expect(ends).toHaveLength(ANSWER_BYTES);
    ends.forEach((at, index) => {
      expect(at).toBeGreaterThanOrEqual((wire[index] ?? 0) - 1e-6);
      expect(at).toBeLessThanOrEqual((wire[index] ?? 0) + 4);
    });
  });

  it('wakes in small pieces on a fast line, at most 4 ms behind', async () => {
    const { ask, heard } = createRig({ baudRate: 10_000, answerDelayMs: 0 });
    await ask(1);
    const ends = heard.flatMap(({ at, bytes }) => [...bytes].map(() => at));
    expect(ends).toHaveLength(ANSWER_BYTES);
    expect(heard.length).toBeLessThan(ANSWER_BYTES);
    ends.forEach((at, index) => {
      const wire = 1 + index + 1;
      expect(at).toBeGreaterThanOrEqual(wire - 1e-6);
      expect(at).toBeLessThanOrEqual(wire + 4 + 1e-6);
    });
    expect(ends.at(-1)).toBeCloseTo(1 + ANSWER_BYTES, 6);
  });

  it('does not drift over a hundred exchanges at an odd byte time', async () => {
    const { line, clock, heard } = createRig({ baudRate: 2400, bitsPerByte: 11 });
    const exchangeMs = ((1 + ANSWER_BYTES) * 11_000) / 2400 + DELAY_MS;
    for (let round = 0; round < 100; round++) {
      line.receive(Uint8Array.of(1));
      await clock.advance(exchangeMs);
    }
    expect(heard.reduce((sum, { bytes }) => sum + bytes.length, 0)).toBe(100 * ANSWER_BYTES);
    expect(heard.at(-1)?.at).toBeCloseTo(100 * exchangeMs, 3);
  });

  it('queues what a master sends too fast behind what is still going out', async () => {
    const { line, clock, heard } = createRig();
    line.receive(Uint8Array.from([9, 9, 9]));
    line.receive(Uint8Array.of(1));
    await clock.advance(10_000);
    expect(heard.at(-1)?.at).toBeCloseTo(4 * BYTE_MS + DELAY_MS + ANSWER_BYTES * BYTE_MS, 6);
  });

  it('stamps the journal with the moment the request was complete', async () => {
    const { ask, journal, clock } = createRig();
    const start = clock.now();
    await ask(9, 1);
    expect(journal).toEqual([
      { at: start + 2 * BYTE_MS, meter: '1', item: 'item', values: { register: 'true' } },
    ]);
  });
});

describe('talk on a simulated line', () => {
  it('ANDs the bytes of meters that answer at once', async () => {
    const { ask, takeHeard } = createRig();
    await ask(0);
    const [one, two] = [answerOf(1), answerOf(2)];
    expect([...takeHeard()]).toEqual([...one].map((byte, index) => byte & (two[index] ?? 0)));
  });

  it('garbles an answer that a master talks into', async () => {
    const { line, clock, takeHeard } = createRig();
    line.receive(Uint8Array.of(1));
    await clock.advance(BYTE_MS + DELAY_MS + 3 * BYTE_MS);
    line.receive(Uint8Array.of(0x90));
    await clock.advance(10_000);
    expect([...takeHeard()]).toEqual(
      [...answerOf(1)].map((byte, index) => (index === 3 ? 0x90 : byte)),
    );
  });

  it('lets every port hear, until it is detached', async () => {
    const { line, ask, takeHeard } = createRig();
    let count = 0;
    const detach = line.attach({
      write: (bytes) => {
        count += bytes.length;
      },
    });
    await ask(1);
    detach();
    await ask(2);
    expect([count, takeHeard().length]).toEqual([ANSWER_BYTES, 2 * ANSWER_BYTES]);
  });

  it('falls silent and leaves no timer behind when it is closed', async () => {
    const { line, clock, takeHeard } = createRig();
    line.receive(Uint8Array.of(1));
    await clock.advance(BYTE_MS + DELAY_MS + 2 * BYTE_MS);
    line.close();
    await clock.advance(0);
    expect(clock.waiting).toBe(0);
    await clock.advance(1000);
    expect(takeHeard()).toHaveLength(2);
  });

  it('refuses a fault for a meter that is not there', () => {
    expect(() => createRig().line.setFault('7', 'silent')).toThrow('no meter 7');
  });
});
