/** What a register shows at a moment, `null` where the meter lacks it; nothing else matters. */
export type Look = (register: string, at: number) => string | null;
