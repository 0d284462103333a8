import { describe, expect, it } from 'vitest';
import { createTurns, LANES, type Lane, SHARES } from '../../../src/uplink/turns.ts';

type Turns = ReturnType<typeof createTurns>;

/** Who is served in the next messages when these lanes have something to send. */
function serve(turns: Turns, busy: readonly Lane[], messages: number): Lane[] {
  return Array.from({ length: messages }, () => {
    const lane = turns.order().find((each) => busy.includes(each));
    if (lane === undefined) throw new Error('nobody is served');
    turns.served(lane);
    return lane;
  });
}

const countsOf = (served: readonly Lane[]) =>
  Object.fromEntries(LANES.map((lane) => [lane, served.filter((each) => each === lane).length]));

describe('the turns', () => {
  it('divide the line by the table while every lane has something to send', () => {
    const round = Object.values(SHARES).reduce((sum, share) => sum + share, 0);
    expect(countsOf(serve(createTurns(), LANES, round))).toEqual(SHARES);
    const counts = countsOf(serve(createTurns(), LANES, 100 * round));
    for (const lane of LANES) expect(counts[lane]).toBeCloseTo(100 * SHARES[lane], -1);
  });

  it('give what one lane leaves to the others', () => {
    expect(countsOf(serve(createTurns(), ['curve', 'live'], 100))).toMatchObject({
      curve: 50,
      live: 50,
    });
    expect(countsOf(serve(createTurns(), ['curve'], 100))).toMatchObject({ curve: 100 });
  });

  it('serve a lane that wakes up at once, however long the others have had the line', () => {
    const turns = createTurns();
    serve(turns, ['curve'], 100_000);
    expect(serve(turns, ['curve', 'live'], 2)).toContain('live');
    serve(turns, ['curve', 'resend'], 1_000);
    expect(serve(turns, ['curve', 'resend', 'event'], 3)).toContain('event');
  });

  it('make up for no silence', () => {
    const turns = createTurns();
    serve(turns, ['curve'], 1_000);
    expect(countsOf(serve(turns, ['curve', 'live'], 100))['curve']).toBeGreaterThanOrEqual(49);
  });
});
