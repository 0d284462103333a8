import { STREAMS } from '../core/reading.ts';

/** What goes to the headend: the streams, and rows that it has asked for again. */
export const LANES = [...STREAMS, 'resend'] as const;
export type Lane = (typeof LANES)[number];

/**
 * The shares of the line while every lane has something to send: of 19 messages 8 are events, 8
 * billing readings. What a lane leaves unused the others divide alike, so a backlog of curves
 * alone has the whole line, and with live readings beside it half of it.
 */
export const SHARES: Readonly<Record<Lane, number>> = {
  event: 8,
  billing: 8,
  curve: 1,
  live: 1,
  resend: 1,
};

export interface Turns {
  /** The lanes, the one whose turn it is first. */
  order(): readonly Lane[];
  /** A message of this lane went out. */
  served(lane: Lane): void;
}

/**
 * Whose turn it is: start-time fair queueing. Each message costs its lane the inverse of its
 * share, and the lane that has spent least is served. A lane that had nothing to send has saved
 * nothing, but its next message goes ahead of every backlog but one message of each lane.
 */
export function createTurns(): Turns {
  const spent: Record<Lane, number> = { event: 0, billing: 0, curve: 0, live: 0, resend: 0 };
  let now = 0;
  const startOf = (lane: Lane) => Math.max(spent[lane], now);
  return {
    order: () => [...LANES].sort((a, b) => startOf(a) - startOf(b)),
    served(lane) {
      now = startOf(lane);
      spent[lane] = now + 1 / SHARES[lane];
    },
  };
}
