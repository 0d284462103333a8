/**
 * Load records, 06. DL/T 645-2007 table A.7 and annex B. Records go on from frame to frame, so one
 * answer is shown as the bytes that it is.
 */
import type { Label, Row } from './row.ts';

const KINDS: readonly (readonly [pattern: string, label: Label])[] = [
  ['00', { en: 'earliest', zh: '最早记录块' }],
  ['01', { en: 'from a given time', zh: '给定时间记录块' }],
  ['02', { en: 'newest', zh: '最近一个记录块' }],
];

const CLASSES: readonly (readonly [pattern: string, label: Label])[] = [
  ['00', { en: 'load records of all classes', zh: '负荷记录' }],
  ['01..06', { en: 'load records of one class', zh: '第1至6类负荷记录' }],
];

export const loadRecordRows = (): Row[] =>
  CLASSES.flatMap(([di2, of]) =>
    KINDS.map(([di0, which]) => ({
      pattern: `06 ${di2} 00 ${di0}`,
      label: { en: `${of.en}, ${which.en}`, zh: `${of.zh}${which.zh}` },
      source: 'table A.7, annex B',
      access: 'R',
      fields: [],
      carries: 'bytes',
      isPast: true,
    })),
  );
