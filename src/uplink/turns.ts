import { STREAMS, type Stream } from '../core/reading.ts';

/** Every so many messages one goes to the stream that was served longest ago. */
const FAIR_EVERY = 4;

export interface Turns {
  /** The streams, the one whose turn it is first. */
  order(): readonly Stream[];
  /** A message of this stream went out. */
  served(stream: Stream): void;
}

/**
 * Whose turn it is. The streams are served in the order of STREAMS, so that events and billing
 * readings overtake a backlog of curves; but every fourth message goes to the stream served
 * longest ago, so that the last one gets a sixteenth of the line whatever the others have.
 */
export function createTurns(): Turns {
  const servedAt: Record<Stream, number> = { event: 0, billing: 0, curve: 0, live: 0 };
  let turn = 1;
  return {
    order: () =>
      turn % FAIR_EVERY === 0 ? [...STREAMS].sort((a, b) => servedAt[a] - servedAt[b]) : STREAMS,
    served(stream) {
      servedAt[stream] = turn;
      turn += 1;
    },
  };
}
