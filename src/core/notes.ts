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
