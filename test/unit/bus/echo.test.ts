import { describe, expect, it } from 'vitest';
import { createEchoStripper } from '../../../src/bus/echo.ts';
import { concatBytes } from '../../../src/core/bytes.ts';
import { answer, createRig, NO_REPLY_AT, REQUEST_BYTES, request } from './rig.ts';

/** What is left of these chunks. */
function strip(...chunks: Uint8Array[]) {
  const stripper = createEchoStripper(request(1));
  const rest = concatBytes(...chunks.map((chunk) => stripper.strip(chunk)));
  return { rest: [...rest], isComplete: stripper.isComplete };
}

describe('the echo of a request', () => {
  it('is taken off, and once only', () => {
    expect(strip(request(1))).toEqual({ rest: [], isComplete: true });
    expect(strip(request(1), request(1))).toEqual({ rest: [...request(1)], isComplete: true });
  });

  it('is taken off in whatever chunks it comes', () => {
    const stream = concatBytes(request(1), answer(1, 7));
    for (let first = 0; first <= stream.length; first++) {
      for (let second = first; second <= stream.length; second++) {
        const chunks = [[0, first] as const, [first, second] as const, [second] as const];
        const { rest, isComplete } = strip(...chunks.map((range) => stream.slice(...range)));
        expect(rest).toEqual([...answer(1, 7)]);
        expect(isComplete).toBe(true);
      }
    }
  });

  it('is not found in an answer that begins with the same bytes', () => {
    expect(strip(answer(1, 7))).toEqual({ rest: [...answer(1, 7)], isComplete: false });
    const pieces = Array.from(answer(1, 7), (byte) => Uint8Array.of(byte));
    expect(strip(...pieces)).toEqual({ rest: [...answer(1, 7)], isComplete: false });
  });
});

describe('a bus on an adapter that hears itself', () => {
  it('takes the answer behind the echo and counts the echo', async () => {
    const { ask, line, bus, clock } = createRig();
    const fate = ask(1);
    line.hearAfter(60, concatBytes(request(1), answer(1, 7)));
    await clock.advance(1000);
    expect(fate.frame).toEqual({ key: 1, value: 7 });
    expect(bus.counters).toMatchObject({ echoes: 1, strayBytes: 0, foreignFrames: 0 });
  });

  it('reports no answer when only the echo came', async () => {
    const { ask, line, bus, clock } = createRig();
    const fate = ask(1);
    line.hearAfter(60, request(1));
    await clock.advance(1000);
    expect(fate).toMatchObject({ code: 'BUS_NO_REPLY', at: NO_REPLY_AT });
    expect(bus.counters).toMatchObject({ echoes: 1, strayBytes: 0 });
  });

  it('reports a piece of an answer that could have become an echo as a piece', async () => {
    const { ask, line, bus, clock } = createRig();
    const fate = ask(1);
    line.hearAfter(100, answer(1).subarray(0, 4));
    await clock.advance(1000);
    expect(fate.code).toBe('BUS_PARTIAL_REPLY');
    expect(bus.counters).toMatchObject({ echoes: 0, strayBytes: 4 });
  });

  it('takes an answer without echo, padded like the request', async () => {
    const { ask, line, bus, clock } = createRig();
    const fate = ask(1);
    line.hearAfter(100, answer(1, 7).subarray(0, REQUEST_BYTES - 1));
    line.hearAfter(120, answer(1, 7).subarray(REQUEST_BYTES - 1));
    await clock.advance(1000);
    expect(fate.frame).toEqual({ key: 1, value: 7 });
    expect(bus.counters.echoes).toBe(0);
  });
});
