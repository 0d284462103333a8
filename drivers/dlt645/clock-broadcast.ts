/**
 * The meters' clocks, set for all at once with 08H. DL/T 645-2007 clause 7.6; the payload and its
 * address are the same in 1997, so that one frame reaches the meters of both editions.
 */
import type { Sender } from '../../src/core/bus.ts';
import { concatBytes } from '../../src/core/bytes.ts';
import type { TimeBroadcast } from '../../src/core/driver.ts';
import { formatInstant } from '../../src/core/zoned-time.ts';
import { encodeFrame, REQUEST_PREAMBLE, WAKE_UP } from './frame.ts';
import { encodeBroadcastTime } from './functions/broadcast-time.ts';
import { BROADCAST_TIME } from './functions/codes.ts';
import { BROADCAST } from './roll-call.ts';

/** Meters answer no broadcast; those that do must not speak into the next exchange. */
const QUIET_MS = 500;

/** The request with its wake-up bytes; `time` is the wall time `YYYY-MM-DD HH:mm:ss`. */
export function broadcastTimeFrame(time: string): Uint8Array {
  const payload = encodeBroadcastTime(time);
  const frame = encodeFrame({ address: BROADCAST, control: BROADCAST_TIME, payload });
  return concatBytes(new Uint8Array(REQUEST_PREAMBLE).fill(WAKE_UP), frame);
}

/**
 * Tells all meters of the line the time, to the nearest second of the moment of sending. Whether
 * they may be told is for the caller to know. Throws PORT_ errors, BUS_ABORTED and BUS_JAMMED.
 */
export function broadcastTime(
  sender: Sender,
  { clock, zone, priority, signal }: TimeBroadcast,
): Promise<void> {
  const request = () => {
    const local = formatInstant(clock.now() + 500, zone);
    return broadcastTimeFrame(local.slice(0, 19).replace('T', ' '));
  };
  return sender.send({ request, quietMs: QUIET_MS, priority, signal });
}
