import { describe, expect, it } from 'vitest';
import { createNotes, notesAbout } from '../../../src/core/notes.ts';

describe('notes of what was learned of a device', () => {
  it('are there for that device alone', () => {
    const notes = createNotes();
    notesAbout('1/sdm630/a0', notes).note('holes', 'holding:6+1');
    expect(notesAbout('1/sdm630/a0', notes).recall('holes')).toBe('holding:6+1');
    for (const other of [
      '2/sdm630/a0',
      '1/sdm72/a0',
      '1/sdm630/a',
      '1/sdm630/a0 holding:6+1',
      '',
    ]) {
      expect(notesAbout(other, notes).recall('holes'), other).toBeNull();
    }
  });

  it('are nothing where they were written without a device', () => {
    const notes = createNotes();
    notes.note('holes', 'holding:6+1');
    expect(notesAbout('1/sdm630/a0', notes).recall('holes')).toBeNull();
  });

  it('may be empty, and may be forgotten', () => {
    const notes = createNotes();
    const own = notesAbout('1', notes);
    own.note('holes', '');
    expect(own.recall('holes')).toBe('');
    own.note('holes', null);
    expect(own.recall('holes')).toBeNull();
    expect(notes.recall('holes')).toBeNull();
  });
});
