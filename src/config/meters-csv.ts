/**
 * A list of meters as a spreadsheet saves it: RFC 4180 with a heading line of the keys of a
 * meter. Semicolons may stand for commas, `#` begins a comment line, plans are joined by `+`.
 */

import { plainMessage } from './issues.ts';
import { type Place, type Problem, problemAt, suggestion } from './problem.ts';
import { type MeterConfig, meterSchema } from './schema.ts';

const COLUMNS = Object.keys(meterSchema.shape);

export interface CsvMeter {
  readonly meter: MeterConfig;
  readonly place: Place;
}

interface Row {
  readonly line: number;
  readonly fields: readonly string[];
}

/** The records with the lines they begin on; a quoted field may hold separators and line ends. */
function parseRecords(text: string, separator: ',' | ';'): Row[] {
  const field = new RegExp(`(?:"((?:[^"]|"")*)"|([^${separator}\n]*))(${separator}|\n|$)`, 'g');
  const rows: Row[] = [];
  let fields: string[] = [];
  let line = 1;
  let begins = 1;
  for (const [whole, quoted, plain = '', end] of text.matchAll(field)) {
    fields.push(quoted === undefined ? plain.trim() : quoted.replaceAll('""', '"'));
    line += whole.split('\n').length - 1;
    if (end === separator) continue;
    if (fields.some((one) => one !== '')) rows.push({ line: begins, fields });
    fields = [];
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
    else input[column] = column === 'ct' || column === 'pt' ? Number(text) : text;
  }
  return input;
}

function checkHeader(header: readonly string[], place: Place): Problem[] {
  const unknown = header.filter((column) => !COLUMNS.includes(column));
  const missing = ['id', 'bus', 'model', 'plans'].filter((column) => !header.includes(column));
  return [
    ...unknown.map((column) =>
      problemAt(place, [column], `unknown column "${column}"${suggestion(column, COLUMNS)}`),
    ),
    ...missing.map((column) => problemAt(place, [column], `the column "${column}" is missing`)),
  ];
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
  const [header, ...records] = parseRecords(lines, separator);
  const placeOf = (row: Row | undefined): Place => ({ file, line: row?.line ?? 1, column: 1 });
  if (header === undefined) {
    return {
      meters: [],
      problems: [problemAt(placeOf(undefined), [], 'the file holds no meters')],
    };
  }
  const problems = checkHeader(header.fields, placeOf(header));
  if (problems.length > 0) return { meters: [], problems };
  const meters: CsvMeter[] = [];
  for (const record of records) {
    const place = placeOf(record);
    const parsed = meterSchema.safeParse(toInput(header.fields, record.fields));
    if (parsed.success) meters.push({ meter: parsed.data, place });
    else {
      for (const issue of parsed.error.issues) {
        const column = String(issue.path[0] ?? '');
        problems.push(problemAt(place, [column], `${column}: ${plainMessage(issue)}`));
      }
    }
  }
  return { meters, problems };
}
