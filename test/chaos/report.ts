/** The table that a run ends with. */
import type { Outcome } from './verdict.ts';

export interface Row {
  readonly fault: string;
  readonly breaks: string;
  readonly verdict: 'ok' | 'failed' | 'not run';
  /** Why it was not run, or what is wrong. */
  readonly why: readonly string[];
  readonly seconds: number;
  readonly outcome: Omit<Outcome, 'complaints'> | null;
}

const HEADINGS = ['fault', 'due', 'read', 'delivered', 'lost', 'duplicated', 'late p99', 'verdict'];

const cell = (value: number | null | undefined) => (value == null ? '-' : String(value));

function lateness(ms: number | null | undefined): string {
  return ms == null ? '-' : `${(ms / 1000).toFixed(2)} s`;
}

function lossOf(outcome: Row['outcome']): string {
  if (outcome === null || outcome.named === 0) return cell(outcome?.lost);
  return `${outcome.lost} (${outcome.named} named)`;
}

function cellsOf({ fault, verdict, outcome }: Row): string[] {
  return [
    fault,
    cell(outcome?.due),
    cell(outcome?.read),
    cell(outcome?.delivered),
    lossOf(outcome),
    cell(outcome?.duplicated),
    lateness(outcome?.lateP99Ms),
    verdict,
  ];
}

/** Lines of text, one a fault, below the headings; what is wrong stands below its row. */
export function formatTable(rows: readonly Row[]): string {
  const cells = rows.map(cellsOf);
  const widths = HEADINGS.map((heading, column) =>
    Math.max(heading.length, ...cells.map((row) => row[column]?.length ?? 0)),
  );
  const isText = (column: number) => column === 0 || column === HEADINGS.length - 1;
  const line = (row: readonly string[]) =>
    row
      .map((text, column) => {
        const width = widths[column] ?? 0;
        return isText(column) ? text.padEnd(width) : text.padStart(width);
      })
      .join('  ')
      .trimEnd();
  const body = rows.flatMap((row, index) => [
    line(cells[index] ?? []),
    ...row.why.map((why) => `  ${why}`),
  ]);
  return [line(HEADINGS), ...body, ''].join('\n');
}
