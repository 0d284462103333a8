/** What `amr read` prints: one document, or a table for people. */
import { formatDecimal } from '../core/decimal.ts';
import type { DecodedValue, ItemReading, ReadResult, RegisterValue } from '../core/driver.ts';
import type { AmrError } from '../core/errors.ts';
import { formatInstant } from '../core/zoned-time.ts';
import { printLine, table } from './output.ts';

/** Identifiers that hold no registers, and what became of each. */
export interface ItemsRead {
  readonly readings: readonly ItemReading[];
  readonly failures: readonly { readonly identifier: string; readonly error: AmrError }[];
}

export interface Answer {
  readonly result: ReadResult;
  readonly items: ItemsRead;
}

interface ReportedValue extends DecodedValue {
  /** The meter's wall time of a demand. */
  readonly at?: string | null;
}

interface ReadReport {
  readonly meter: string;
  readonly readAt: string;
  readonly values: readonly ReportedValue[];
  /** `registers` are names, and the identifiers of what holds none. */
  readonly errors: readonly { code: string; message: string; registers: readonly string[] }[];
}

function reported({ register, value, flags, raw, at }: RegisterValue): ReportedValue {
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

const causeOf = ({ code, message }: AmrError, registers: readonly string[]) => ({
  code,
  message,
  registers,
});

/** `asked` is the address that stands where nothing answered. */
export function reportOf(asked: string, { result, items }: Answer): ReadReport {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
  return {
    meter: result.address ?? items.readings[0]?.address ?? asked,
    readAt: formatInstant(Date.now(), zone),
    values: [...result.values.map(reported), ...items.readings.flatMap(({ values }) => values)],
    errors: [
      ...result.failures.map(({ registers, error }) =>
        causeOf(
          error,
          registers.map(({ name }) => name),
        ),
      ),
      ...items.failures.map(({ identifier, error }) => causeOf(error, [identifier])),
    ],
  };
}

/** The bytes where there are some, else the flags. */
function whyNone({ flags = [], raw }: ReportedValue): string {
  const why = raw === undefined ? flags.join(', ') : `raw ${raw}`;
  return why === '' ? 'no value' : `no value (${why})`;
}

export function printReport(report: ReadReport): void {
  printLine(`meter ${report.meter} at ${report.readAt}`);
  const rows = report.values.map((one) => [
    one.obis ?? '-',
    one.name,
    one.value ?? whyNone(one),
    one.unit,
    one.at?.replace('T', ' ') ?? '',
  ]);
  const isTimed = rows.some(([, , , , at]) => at !== '');
  const header = ['obis', 'name', 'value', 'unit', ...(isTimed ? ['at'] : [])];
  if (rows.length > 0) for (const line of table(header, rows)) printLine(line);
  for (const { code, message, registers } of report.errors) {
    process.stderr.write(`${code}: ${message} (${registers.join(', ')})\n`);
  }
}
