import type { Database } from 'better-sqlite3';
import { createNotes, type Notes } from '../core/notes.ts';
import type { Write } from './writer.ts';

export interface NoteRow {
  readonly meter: string;
  readonly key: string;
  readonly value: string;
}

/**
 * The notes of all meters, kept in memory and handed to `write` as they change, which must not
 * throw.
 */
export function loadNotes(db: Database, write: (write: Write) => void) {
  const select = db.prepare<[], NoteRow>('SELECT meter, key, value FROM note');
  const meters = new Map<string, Notes>();
  const known = (meter: string) => {
    const notes = meters.get(meter) ?? createNotes();
    meters.set(meter, notes);
    return notes;
  };
  for (const row of select.all()) known(row.meter).note(row.key, row.value);
  return {
    all: () => select.all(),
    of(meter: string): Notes {
      const notes = known(meter);
      return {
        recall: notes.recall,
        note(key, value) {
          if (notes.recall(key) === value) return;
          notes.note(key, value);
          write({ kind: 'note', meter, key, value });
        },
      };
    },
  };
}
