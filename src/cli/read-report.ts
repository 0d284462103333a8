/** What `amr read` prints: one document, or a table for people. */
import { formatDecimal } from '../core/decimal.ts';
import {
  type DecodedValue,
  FLAG_ABSENT,
  FLAG_INVALID,
  FLAG_SUSPECT,
  type ItemReading,
  type ReadFailure,
  type ReadResult,
  type RegisterValue,
} from '../core/driver.ts';
import type { AmrError } from '../core/errors.ts';
import type { Register } from '../core/registers.ts';
import { formatInstant } from '../core/zoned-time.ts';
import { printLine, table } from './output.ts';

/** Identifiers that hold no registers, and what became of each. */
export interface ItemsRead {
  readonly readings: readonly (ItemReading & { readonly identifier: string })[];
  readonly failures: readonly { readonly identifier: string; readonly error: AmrError }[];
}

export interface Answer {
  readonly result: ReadResult;
  /** Registers that were asked for by an identifier. */
  readonly identifiers: ReadonlyMap<Register, string>;
  readonly items: ItemsRead;
}

export interface ReportedValue extends DecodedValue {
  /** Where the caller asked by it: what was frozen bears the name of what is live. */
  readonly identifier?: string;
  /** The meter's wall time of a demand. */
  readonly at?: string | null;
}

/** `registers` are names, and the words for what holds none. */
export interface Cause {
  readonly code: string;
  readonly message: string;
  readonly registers: readonly string[];
}

/** What every document has; the option that was given adds its own. */
export interface ReadReport {
  readonly meter: string;
  readonly readAt: string;
  readonly errors: readonly Cause[];
}

export interface ValuesReport extends ReadReport {
  readonly values: readonly ReportedValue[];
}

export function reportedValue({ register, value, flags, raw, at }: RegisterValue): ReportedValue {
  const { obis, name, unit } = register;
  return {
    obis,
    name,
    value: value === null ? null : formatDecimal(value),
    unit,
    ...(at === undefined ? {} : { at }),
    ...(flags.length === 0 ? {} : { flags }),
    ...(raw === undefined ? {} : { raw }),
  };
}

export const causeOf = ({ code, message }: AmrError, registers: readonly string[]): Cause => ({
  code,
  message,
  registers,
});

export function failureCauses(failures: readonly ReadFailure[]): Cause[] {
  return failures.map(({ registers, error }) =>
    causeOf(
      error,
      registers.map(({ name }) => name),
    ),
  );
}

/** The meter, and the moment of the document. */
export function headOf(meter: string, zone: string): Pick<ReadReport, 'meter' | 'readAt'> {
  return { meter, readAt: formatInstant(Date.now(), zone) };
}

/** `asked` is the address that stands where nothing answered. */
export function reportOf(
  asked: string,
  { result, identifiers, items }: Answer,
  zone: string,
): ValuesReport {
  const named = (value: ReportedValue, identifier: string | undefined): ReportedValue =>
    identifier === undefined ? value : { ...value, identifier };
  return {
    ...headOf(result.address ?? items.readings[0]?.address ?? asked, zone),
    values: [
      ...result.values.map((one) => named(reportedValue(one), identifiers.get(one.register))),
      ...items.readings.flatMap(({ values, identifier }) =>
        values.map((one) => named(one, identifier)),
      ),
    ],
    errors: [
      ...failureCauses(result.failures),
      ...items.failures.map(({ identifier, error }) => causeOf(error, [identifier])),
    ],
  };
}

const FLAG_WORDS: Readonly<Record<string, string>> = {
  [FLAG_INVALID]: 'no such value',
  [FLAG_SUSPECT]: 'suspect',
  [FLAG_ABSENT]: 'not there',
};

/** What there is to say of a value: its moment, why it is none, what its bits mean. */
function noteOf({ at, flags = [], raw, means = [] }: ReportedValue): string {
  const moment = at == null ? [] : [`at ${at.replace('T', ' ')}`];
  const why = flags.map((flag) => `${flag} ${FLAG_WORDS[flag] ?? ''}`.trim());
  const bytes = raw === undefined ? [] : [`raw ${raw}`];
  return [...moment, ...why, ...bytes, ...means].join(', ');
}

/**
 * With a header where there are values, with a column of identifiers and one of notes where a
 * value has one.
 */
export function valueTable(values: readonly ReportedValue[]): string[] {
  const isIdentified = values.some(({ identifier }) => identifier !== undefined);
  const rows = values.map((one) => [
    ...(isIdentified ? [one.identifier ?? '-'] : []),
    one.obis ?? '-',
    one.name,
    one.value ?? 'no value',
    one.unit,
    noteOf(one),
  ]);
  const isNoted = rows.some((row) => row.at(-1) !== '');
  const header = [
    ...(isIdentified ? ['identifier'] : []),
    'obis',
    'name',
    'value',
    'unit',
    ...(isNoted ? ['note'] : []),
  ];
  return rows.length === 0 ? [] : table(header, rows);
}

/** The document for people: what went wrong goes to stderr. */
export function printReport(report: ReadReport, lines: readonly string[]): void {
  printLine(`meter ${report.meter} at ${report.readAt}`);
  for (const line of lines) printLine(line);
  for (const { code, message, registers } of report.errors) {
    const whose = registers.length === 0 ? '' : ` (${registers.join(', ')})`;
    process.stderr.write(`${code}: ${message}${whose}\n`);
  }
}
