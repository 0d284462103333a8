/** What `amr read --clock`, `--freeze` and their like print: one document, or tables for people. */
import { formatDecimal } from '../core/decimal.ts';
import type {
  ClockReading,
  EventsResult,
  NotedEvent,
  ProfileRecord,
  ProfileResult,
  RegisterValue,
} from '../core/driver.ts';
import { formatInstant } from '../core/zoned-time.ts';
import { table } from './output.ts';
import type { Kept } from './read-kept.ts';
import { type Cause, causeOf, failureCauses, reportedValue, valueTable } from './read-report.ts';

/** The part of the document that the option adds, the same for people, and what went wrong. */
export interface KeptReport {
  /** The address in the answer, where it tells one. */
  readonly meter?: string;
  readonly body: Readonly<Record<string, unknown>>;
  readonly lines: readonly string[];
  readonly errors: readonly Cause[];
  /** Nothing at all was read. */
  readonly isEmpty: boolean;
}

const shownTime = (time: string) => time.replace('T', ' ');

/** A meter shows whole seconds: on average its clock is half a second further than shown. */
function drift({ offsetMs }: ClockReading): string {
  const seconds = Math.round((offsetMs + 500) / 1000);
  if (seconds === 0) return 'the meter is in time to the second';
  return `the meter is ${Math.abs(seconds)} s ${seconds > 0 ? 'ahead' : 'behind'}`;
}

function clockReport({ clock, error }: Extract<Kept, { kind: 'clock' }>, zone: string): KeptReport {
  const errors = error === undefined ? [] : [causeOf(error, ['clock'])];
  if (clock === null) return { body: { clock }, lines: [], errors, isEmpty: true };
  const { meterTime, readAt, offsetMs } = clock;
  const here = formatInstant(readAt, zone);
  return {
    body: { clock: { meterTime, readAt: here, offsetMs } },
    lines: [
      `the meter shows  ${shownTime(meterTime)}`,
      `it is            ${shownTime(here.slice(0, 19))} in ${zone}`,
      drift(clock),
    ],
    errors,
    isEmpty: false,
  };
}

function freezeReport({
  kind,
  result,
}: Extract<Kept, { kind: 'freeze' | 'settlement' }>): KeptReport {
  const { frozenAt, values, failures } = result;
  const isSettlement = kind === 'settlement';
  const derived = isSettlement ? { isTimeDerived: true } : {};
  const when = isSettlement ? 'settled, by its settlement day, at' : 'frozen at';
  const shown = values.map(reportedValue);
  return {
    ...(result.address === undefined ? {} : { meter: result.address }),
    body: { frozenAt, ...derived, values: shown },
    lines: frozenAt === null ? [] : [`${when} ${shownTime(frozenAt)}`, ...valueTable(shown)],
    errors: failureCauses(failures),
    isEmpty: values.length === 0,
  };
}

const digitsOf = ({ value }: RegisterValue) => (value === null ? '-' : formatDecimal(value));

/** A column for each register that any record has. */
function profileTable(records: readonly ProfileRecord[]): string[] {
  const registers = [
    ...new Set(records.flatMap(({ values }) => values.map((one) => one.register))),
  ];
  const isMarked = records.some(({ flags }) => flags.length > 0);
  const header = ['time', ...registers.map(({ name, unit }) => `${name} ${unit}`.trim())];
  const rows = records.map(({ meterTime, values, flags }) => [
    shownTime(meterTime.slice(0, 16)),
    ...registers.map((register) => {
      const value = values.find((one) => one.register.id === register.id);
      return value === undefined ? '-' : digitsOf(value);
    }),
    ...(isMarked ? [flags.length > 0 ? 'marked incorrect by the meter' : ''] : []),
  ]);
  return rows.length === 0 ? [] : table([...header, ...(isMarked ? [''] : [])], rows);
}

function profileReport({ records, failures, issues }: ProfileResult): KeptReport {
  const shown = records.map(({ meterTime, values, flags }) => ({
    meterTime,
    values: values.map(reportedValue),
    ...(flags.length === 0 ? {} : { flags }),
  }));
  return {
    body: { records: shown },
    lines: [...profileTable(records), `${records.length} records`],
    errors: [...failureCauses(failures), ...issues.map((error) => causeOf(error, []))],
    isEmpty: records.length === 0,
  };
}

interface Moments {
  /** When the latest began, or when it happened where it did not last. */
  readonly latest: string;
  readonly until: string;
  /** A clock that was set has two times for one moment. */
  readonly note: string;
}

/** The moments of the latest record, by the names of its fields. */
function momentsOf({ event, phase, latest }: NotedEvent): Moments {
  const stem = phase === null ? `x_${event}` : `x_${event}_${phase}`;
  const at = (field: string) => latest.find(({ name }) => name === `${stem}_${field}`)?.value ?? '';
  const [before, after] = [at('time_before'), at('time_after')];
  return {
    latest: at('start') || at('time') || after,
    until: at('end'),
    note: before === '' ? '' : `set from ${before} to ${after || '-'}`,
  };
}

const numberOf = (number: number | null) => (number === null ? '-' : String(number));

function eventTable(events: readonly NotedEvent[]): string[] {
  const rows = events.map((event) => {
    const { latest, until, note } = momentsOf(event);
    const counts = [numberOf(event.count), numberOf(event.minutes)];
    return [event.event, event.phase ?? '', ...counts, latest, until, note];
  });
  const isNoted = rows.some((row) => row.at(-1) !== '');
  const header = ['event', 'phase', 'times', 'minutes', 'latest', 'until'];
  return rows.length === 0 ? [] : table([...header, ...(isNoted ? ['note'] : [])], rows);
}

/** Bits that are set, and what always is in one state or another. */
function statusTable(status: EventsResult['status']): string[] {
  const rows = status
    .filter(({ number, state }) => number !== 0 || state !== null)
    .map(({ word, name, state }) => [word, name, state ?? 'set']);
  return rows.length === 0 ? [] : table(['word', 'status', 'state'], rows);
}

function eventsReport({ events, status, failures }: EventsResult): KeptReport {
  const tables = [eventTable(events), statusTable(status)].filter(({ length }) => length > 0);
  return {
    body: { events, status },
    lines: tables.flatMap((lines, index) => (index === 0 ? lines : ['', ...lines])),
    errors: failures.map(({ what, error }) => causeOf(error, [what])),
    isEmpty: events.length === 0 && status.length === 0,
  };
}

export function keptReport(kept: Kept, zone: string): KeptReport {
  switch (kept.kind) {
    case 'clock':
      return clockReport(kept, zone);
    case 'profile':
      return profileReport(kept.result);
    case 'events':
      return eventsReport(kept.result);
    default:
      return freezeReport(kept);
  }
}
