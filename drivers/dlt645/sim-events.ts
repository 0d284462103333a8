import { type MeterEvent, type MeterMemory, SHOWN } from '../../src/core/slave.ts';
import { type Cell, joinCells, type Shown, zeroCell } from './sim-cells.ts';
import type { Part } from './sim-event-parts.ts';
import { COUNTS, type CountRow, type EventRow, ITEMISED, RECORDS } from './sim-event-table.ts';
import { COUNT } from './sim-forms.ts';

/** The meter's events: counts, records, and records field by field. */
const LAST_RECORD = 10;
const BLOCK = 0xff;

/** What there was no event for is zeros. */
function partCell({ name, form, of }: Part, event: MeterEvent | null, suffix = ''): Cell {
  const named = name + suffix;
  return event === null ? zeroCell(named, form.width) : form.cell(named, of(event));
}

const nameOf = ({ kind, phase, what }: CountRow, isOneOfMany: boolean) => {
  const name = what === 'count' ? SHOWN.eventCount : SHOWN.eventMinutes;
  if (phase !== undefined) return `${name}_l${phase}`;
  return isOneOfMany ? `${name}_${kind}` : name;
};

function showCounts(rows: readonly CountRow[], memory: MeterMemory): Shown | null {
  const kinds = new Set(rows.map(({ kind }) => kind));
  const cells = rows.map((row) => {
    const log = memory.events(row.kind, row.phase);
    const shown = log === null ? null : String(log[row.what]);
    return COUNT.cell(nameOf(row, kinds.size > 1), shown);
  });
  return joinCells(cells);
}

function showRecord({ kind, phase, parts }: EventRow, number: number, memory: MeterMemory) {
  if (number < 1 || number > LAST_RECORD) return null;
  const log = memory.events(kind, phase);
  if (log === null) return null;
  const event = log.recall(number);
  return joinCells(parts.map((part) => partCell(part, event)));
}

/** One field of the last ten events, one after another. */
function showField({ kind, phase }: EventRow, part: Part, memory: MeterMemory): Shown | null {
  const log = memory.events(kind, phase);
  if (log === null) return null;
  const numbers = Array.from({ length: LAST_RECORD }, (_, index) => index + 1);
  return joinCells(numbers.map((number) => partCell(part, log.recall(number), `_${number}`)));
}

/** DI1 is the field, FF all of them; DI0 the record, FF the last ten. */
function showItemised(row: EventRow, [field = 0, number = 0]: number[], memory: MeterMemory) {
  if (field === BLOCK && row.hasBlock !== false) return showRecord(row, number, memory);
  const part = row.parts[field - 1];
  if (part === undefined) return null;
  if (number === BLOCK) return showField(row, part, memory);
  return showRecord({ ...row, parts: [part] }, number, memory);
}

/** Counts, or a record: the last event is 01, the tenth last 0A, zeros where none was. */
export function showEvent(item: string, memory: MeterMemory): Shown | null {
  const counts = COUNTS[item];
  if (counts !== undefined) return showCounts(counts, memory);
  const [di1 = 0, di0 = 0] = [4, 6].map((at) => Number.parseInt(item.slice(at, at + 2), 16));
  const itemised = ITEMISED[item.slice(0, 4)];
  if (itemised !== undefined) return showItemised(itemised, [di1, di0], memory);
  const row = RECORDS[item.slice(0, 6)];
  return row === undefined ? null : showRecord(row, di0, memory);
}
