/**
 * What changes a meter of 1997: the reading side alone, for those who listen. Layouts as real
 * meters have them. Without 33H:
 *
 *   write    04H := DI0 DI1 PA P0 P1 P2 content
 *   address  0AH := A0..A5
 *   baud     0CH := Z, one bit set
 *   password 0FH := PAo P0 P1 P2 PAn P0 P1 P2; the answer PAn P0 P1 P2
 *   demand   10H := PA P0 P1 P2
 */
import type { Secret } from './commands.ts';
import { digitsAt, wantAtLeast, wantLength } from './payload.ts';

const secretAt = (payload: Uint8Array, at: number): Secret => ({
  authority: digitsAt(payload, at, at + 1),
  password: digitsAt(payload, at + 1, at + 4),
});

export interface WriteRequest1997 extends Secret {
  readonly di: string;
  /** What is written, in the order on the wire. */
  readonly content: Uint8Array;
}

export function parseWrite1997(payload: Uint8Array): WriteRequest1997 {
  wantAtLeast(payload, 7);
  return { di: digitsAt(payload, 0, 2), ...secretAt(payload, 2), content: payload.subarray(6) };
}

export function parsePasswordChange1997(payload: Uint8Array): { old: Secret; new: Secret } {
  wantLength(payload, 8);
  return { old: secretAt(payload, 0), new: secretAt(payload, 4) };
}

export function parseClearDemand1997(payload: Uint8Array): Secret {
  wantLength(payload, 4);
  return secretAt(payload, 0);
}
