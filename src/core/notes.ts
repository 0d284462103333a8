/** What a driver remembers of one meter: short texts that outlive a restart where a store keeps them. */
export interface Notes {
  /** The text noted last under this key, `null` where there is none. */
  recall(key: string): string | null;
  /** Notes the text; `null` forgets the key. What is lost in a crash is found out anew. */
  note(key: string, value: string | null): void;
}

/** Notes that live as long as the object. */
export function createNotes(): Notes {
  const texts = new Map<string, string>();
  return {
    recall: (key) => texts.get(key) ?? null,
    note(key, value) {
      if (value === null) texts.delete(key);
      else texts.set(key, value);
    },
  };
}

/**
 * Notes of what was learned of one device. The texts begin with the word for it; one that was
 * learned of another device is as if it had never been noted.
 */
export function notesAbout(device: string, notes: Notes): Notes {
  const head = `${device} `;
  return {
    recall(key) {
      const text = notes.recall(key);
      return text?.startsWith(head) ? text.slice(head.length) : null;
    },
    note: (key, value) => notes.note(key, value === null ? null : head + value),
  };
}
