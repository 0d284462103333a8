import { readFileSync } from 'node:fs';
import { crc32 } from 'node:zlib';
import { z } from 'zod';
import { STREAMS, type Stream } from '../core/reading.ts';
import { replaceDurably } from './files.ts';
import type { Heads } from './heads.ts';

/**
 * The second witness of the numbers given, in a file beside the database: SQLite shortens a
 * damaged WAL without a word, and only something outside can tell. It never lies below a number
 * that was handed out, and never above what was committed when it was written.
 */
const seq = z.int().min(0);

const watermarkSchema = z.object({
  v: z.literal(1),
  epoch: z.int().min(1),
  heads: z.object({ event: seq, billing: seq, curve: seq, live: seq }),
  crc: z.int(),
});

export interface Watermark {
  readonly epoch: number;
  readonly heads: Heads;
}

function checksum({ epoch, heads }: Watermark): number {
  const facts = [epoch, ...STREAMS.map((stream) => heads[stream])];
  return crc32(facts.join(' '));
}

/** `null` where the file is missing or cannot be trusted. */
export function readWatermark(path: string): Watermark | null {
  try {
    const { epoch, heads, crc } = watermarkSchema.parse(JSON.parse(readFileSync(path, 'utf8')));
    return checksum({ epoch, heads }) === crc ? { epoch, heads } : null;
  } catch {
    return null;
  }
}

/** When this returns, the watermark survives a power cut. */
export function writeWatermark(path: string, { epoch, heads }: Watermark): void {
  const crc = checksum({ epoch, heads });
  replaceDurably(path, `${JSON.stringify({ v: 1, epoch, heads, crc })}\n`);
}

export interface WatermarkKeeper {
  /** Before it returns, the watermark covers this number; `heads` are the committed ones. */
  cover(stream: Stream, seq: number, heads: Heads): void;
  /** Covers all that is committed: what is lost then is named, even if nobody has seen it. */
  raise(heads: Heads): void;
}

/** Raises the watermark to all heads at once, so that a backlog drains without further writes. */
export function keepWatermark(path: string, onDisk: Watermark): WatermarkKeeper {
  let covered = onDisk;
  const raise = (heads: Heads) => {
    const raised = { epoch: covered.epoch, heads };
    writeWatermark(path, raised);
    covered = raised;
  };
  return {
    cover(stream, seq, heads) {
      if (seq > covered.heads[stream]) raise(heads);
    },
    raise(heads) {
      if (STREAMS.some((stream) => heads[stream] > covered.heads[stream])) raise(heads);
    },
  };
}
