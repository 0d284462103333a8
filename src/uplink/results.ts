import { z } from 'zod';
import type { Notes } from '../core/notes.ts';
import { type CmdRes, cmdResSchema } from './contract.ts';

/** So many commands are remembered with their answers. */
const KEPT = 256;

/** Answers that say "not now": the same command may come again. */
const PASSING = new Set(['UPLINK_BUSY', 'GATEWAY_STOPPED']);

const keptSchema = z.object({ number: z.int().min(0), answer: cmdResSchema });

/**
 * The answers to the latest commands, by their id, so that a command that comes twice is carried
 * out once. Those given outlive a restart, one note each, written round and round.
 */
export interface Results {
  /** The answer to the command of this id, perhaps still to come. */
  recall(id: string): Promise<CmdRes> | undefined;
  keep(id: string, answer: Promise<CmdRes>): void;
}

function load(notes: Notes) {
  return Array.from({ length: KEPT }, (_, slot) => notes.recall(String(slot)))
    .flatMap((text) => {
      try {
        return text === null ? [] : [keptSchema.parse(JSON.parse(text))];
      } catch {
        // Of another version: the command is carried out again.
        return [];
      }
    })
    .sort((a, b) => a.number - b.number);
}

export function createResults(notes: Notes): Results {
  const known = new Map<string, Promise<CmdRes>>();
  let next = 0;
  for (const { number, answer } of load(notes)) {
    known.set(answer.id, Promise.resolve(answer));
    next = number + 1;
  }

  const settle = (answer: CmdRes) => {
    if (PASSING.has(answer.error?.code ?? '')) {
      known.delete(answer.id);
      return;
    }
    notes.note(String(next % KEPT), JSON.stringify({ number: next, answer }));
    next += 1;
  };

  return {
    recall: (id) => known.get(id),
    keep(id, answer) {
      known.set(id, answer);
      for (const oldest of known.keys()) {
        if (known.size <= KEPT) break;
        known.delete(oldest);
      }
      void answer.then(settle);
    },
  };
}
