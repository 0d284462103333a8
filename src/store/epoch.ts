import { STREAMS, type Stream } from '../core/reading.ts';
import type { Watermark } from './watermark.ts';

/** Numbers that were committed and handed out, and that the database has no more. */
export interface LostTail {
  readonly stream: Stream;
  readonly from: number;
  readonly to: number;
}

export interface EpochDecision {
  readonly epoch: number;
  /** Why the epoch is a new one, `null` where it goes on; `first` on an empty directory. */
  readonly reason: 'first' | 'watermark-missing' | 'epoch-mismatch' | 'tail-lost' | null;
  readonly lost: readonly LostTail[];
}

interface Witnesses {
  /** What the database says; epoch 0 for a fresh one. */
  readonly stored: Watermark;
  readonly watermark: Watermark | null;
  readonly now: number;
}

function lostTails(stored: Watermark, watermark: Watermark | null): LostTail[] {
  if (watermark === null) return [];
  return STREAMS.filter((stream) => watermark.heads[stream] > stored.heads[stream]).map(
    (stream) => ({ stream, from: stored.heads[stream] + 1, to: watermark.heads[stream] }),
  );
}

function reasonOf({ stored, watermark }: Witnesses, isTailLost: boolean): EpochDecision['reason'] {
  if (watermark === null) return stored.epoch === 0 ? 'first' : 'watermark-missing';
  if (isTailLost) return 'tail-lost';
  return watermark.epoch === stored.epoch ? null : 'epoch-mismatch';
}

/**
 * The epoch goes on only where database and watermark agree on it and the database holds every
 * number handed out. Otherwise a new one begins: above both, and not below the seconds since
 * 1970, so that a wiped directory does not start again with old numbers (given a sane clock).
 */
export function decideEpoch(witnesses: Witnesses): EpochDecision {
  const { stored, watermark, now } = witnesses;
  const lost = lostTails(stored, watermark);
  const reason = reasonOf(witnesses, lost.length > 0);
  if (reason === null) return { epoch: stored.epoch, reason, lost };
  const known = Math.max(stored.epoch, watermark?.epoch ?? 0);
  return { epoch: Math.max(known + 1, Math.floor(now / 1000)), reason, lost };
}
