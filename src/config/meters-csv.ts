/**
 * A list of meters as a spreadsheet saves it: RFC 4180 with a heading line of the keys of a
 * meter. Semicolons may stand for commas, `#` begins a comment line, plans are joined by `+`.
 */

import { plainMessage } from './issues.ts';
import { type Place, type Problem, problemAt, suggestion } from './problem.ts';
import { type MeterConfig, meterSchema } from './schema.ts';

const COLUMNS = Object.keys(meterSchema.omit({ settings: true }).shape);
const NUMBERS: readonly string[] = ['ct', 'pt', 'baudRate', 'stopBits'];

export interface CsvMeter {
  readonly meter: MeterConfig;
  readonly place: Place;
}

interface Row {
  readonly line: number;
  readonly fields: readonly string[];
  /** A quote is not closed, or text stands beside it: nobody knows where the field ends. */
  readonly hasStrayQuote: boolean;
}

/** The records with the lines they begin on; a quoted field may hold separators and line ends. */
function parseRecords(text: string, separator: ',' | ';'): Row[] {
  const field = new RegExp(`(?:"((?:[^"]|"")*)"|([^${separator}\n]*))(${separator}|\n|$)`, 'g');
  const rows: Row[] = [];
  let fields: string[] = [];
  let line = 1;
  let begins = 1;
  let hasStrayQuote = false;
  for (const [whole, quoted, plain = '', end] of text.matchAll(field)) {
    fields.push(quoted === undefined ? plain.trim() : quoted.replaceAll('""', '"'));
    hasStrayQuote ||= quoted === undefined && plain.trimStart().startsWith('"');
    line += whole.split('\n').length - 1;
    if (end === separator) continue;
    if (fields.some((one) => one !== '')) rows.push({ line: begins, fields, hasStrayQuote });
    fields = [];
    hasStrayQuote = false;
    begins = line;
  }
  return rows;
}

function toInput(
  header: readonly string[],
  fields: readonly string[],
): Readonly<{ [key: string]: unknown }> {
  const input: { [key: string]: unknown } = {};
  for (const [index, column] of header.entries()) {
    const text = fields[index] ?? '';
    if (text === '') continue;
    if (column === 'plans') input[column] = text.split('+').map((plan) => plan.trim());
    else input[column] = NUMBERS.includes(column) ? Number(text) : text;
  }
  return input;
}

function checkHeader(header: readonly string[], place: Place): Problem[] {
  const twice = header.filter((column, index) => header.indexOf(column) !== index);
  const unknown = header.filter((column) => !COLUMNS.includes(column));
  const missing = ['id', 'bus', 'model', 'plans'].filter((column) => !header.includes(column));
  return [
    ...unknown.map((column) =>
      problemAt(place, [column], `unknown column "${column}"${suggestion(column, COLUMNS)}`),
    ),
    ...missing.map((column) => problemAt(place, [column], `the column "${column}" is missing`)),
    ...twice.map((column) => problemAt(place, [column], `the column "${column}" stands twice`)),
  ];
}

/** What makes a record unfit to be taken apart into columns. */
function recordFault(header: readonly string[], { fields, hasStrayQuote }: Row): string | null {
  if (hasStrayQuote) return 'a quote is not closed, or text stands beside it';
  if (fields.slice(header.length).every((text) => text === '')) return null;
  // Such as a decimal comma: the ratio "1,5" would be read as 1, and what follows moves on.
  return `${fields.length} fields, but ${header.length} columns`;
}

/** The meter of a record, or what is wrong with it. */
function readRecord(header: readonly string[], row: Row, place: Place): CsvMeter | Problem[] {
  const fault = recordFault(header, row);
  if (fault !== null) return [problemAt(place, [], fault)];
  const parsed = meterSchema.safeParse(toInput(header, row.fields));
  if (parsed.success) return { meter: parsed.data, place };
  return parsed.error.issues.map((issue) => {
    const column = String(issue.path[0] ?? '');
    const text = row.fields[header.indexOf(column)] ?? '';
    if (text === '') return problemAt(place, [column], `"${column}" is missing`);
    return problemAt(place, [column], `${column}: ${plainMessage(issue)}, found "${text}"`);
  });
}

/** Spreadsheets save empty columns at the right, too. */
function withoutEmptyEnd(fields: readonly string[]): readonly string[] {
  return fields.slice(0, fields.findLastIndex((text) => text !== '') + 1);
}

export function readMetersCsv(
  file: string,
  text: string,
): { readonly meters: CsvMeter[]; readonly problems: Problem[] } {
  const body = text.replace(/^\uFEFF/, '').replaceAll('\r\n', '\n');
  // A comment line keeps its number: it is emptied, not taken out.
  const lines = body.replace(/^#.*$/gm, '');
  const [heading = ''] = lines.split('\n').filter((line) => line.trim() !== '');
  const separator = heading.includes(';') && !heading.includes(',') ? ';' : ',';
  const [heads, ...records] = parseRecords(lines, separator);
  const placeOf = (row: Row | undefined): Place => ({ file, line: row?.line ?? 1, column: 1 });
  if (heads === undefined) {
    return {
      meters: [],
      problems: [problemAt(placeOf(undefined), [], 'the file holds no meters')],
    };
  }
  const header = withoutEmptyEnd(heads.fields);
  const problems = checkHeader(header, placeOf(heads));
  if (problems.length > 0) return { meters: [], problems };
  const meters: CsvMeter[] = [];
  for (const record of records) {
    const read = readRecord(header, record, placeOf(record));
    if (Array.isArray(read)) problems.push(...read);
    else meters.push(read);
  }
  return { meters, problems };
}
