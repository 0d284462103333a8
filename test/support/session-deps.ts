import { systemClock } from '../../src/core/clock.ts';
import type { SessionDeps } from '../../src/core/driver.ts';
import { createNotes } from '../../src/core/notes.ts';

/** What a session is given besides its bus: the real clock and an empty notebook. */
export function sessionDeps(): SessionDeps {
  return { clock: systemClock, notes: createNotes() };
}
