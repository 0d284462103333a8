import { Command } from 'commander';
import { AmrError } from '../core/errors.ts';
import { askStatus, type StatusReport } from '../local/status-socket.ts';
import { inspectStore, type StoreView } from '../store/inspect.ts';
import { DEFAULT_MAX_BYTES } from '../store/sqlite-store.ts';
import { printJson, printLine, table } from './output.ts';

interface BufferOptions {
  readonly data: string;
  readonly json?: true;
}

const MIB = 1024 * 1024;
const DAY_MS = 86_400_000;

/** What the gateway that runs there says of itself, `null` where none does. */
async function running(dataDir: string): Promise<StatusReport | null> {
  try {
    return await askStatus(dataDir);
  } catch (thrown) {
    if (thrown instanceof AmrError) return null;
    throw thrown;
  }
}

/** Megabytes a day that the gateway has the disk write, since its start. */
function wearOf(status: StatusReport | null): number | null {
  if (status === null || status.written === null) return null;
  const ms = Date.now() - Date.parse(status.since);
  return ms <= 0 ? null : Math.round(((status.written / MIB) * DAY_MS) / ms);
}

/** Hours until the cap if nothing more is delivered, at the rate of the newest rows. */
function hoursLeft({ streams, rowsPerHour, bytesPerRow }: StoreView, maxBytes: number) {
  if (rowsPerHour === null || bytesPerRow === null) return null;
  const waiting = streams.reduce(
    (sum, { waiting: by }) => sum + Math.max(0, ...Object.values(by)),
    0,
  );
  const free = maxBytes - waiting * bytesPerRow;
  return Math.max(0, Math.floor(free / (rowsPerHour * bytesPerRow)));
}

const orDash = (value: number | string | null, unit = '') =>
  value === null ? '-' : `${value}${unit}`;

function print(report: ReturnType<typeof reportOf>): void {
  const { streams, bytes, maxBytes, rowsPerHour, hoursLeft: hours, wearMbPerDay } = report;
  const uplinks = [...new Set(streams.flatMap(({ waiting }) => Object.keys(waiting)))];
  const header = [
    'stream',
    'newest',
    'held',
    ...uplinks.map((name) => `waits for ${name}`),
    'oldest waiting',
  ];
  const rows = streams.map(({ stream, head, rows: held, waiting, oldestWaiting }) => [
    stream,
    String(head),
    String(held),
    ...uplinks.map((name) => String(waiting[name] ?? 0)),
    orDash(oldestWaiting),
  ]);
  for (const line of table(header, rows)) printLine(line);
  const [used, cap] = [bytes, maxBytes].map((size) => (size / MIB).toFixed(1));
  printLine(`${used} of ${cap} MiB, ${orDash(rowsPerHour)} rows an hour`);
  printLine(
    `room without any delivery: ${orDash(hours, ' h')}; written: ${orDash(wearMbPerDay, ' MB a day')}`,
  );
}

function reportOf(view: StoreView, status: StatusReport | null) {
  const maxBytes = status?.maxBytes ?? DEFAULT_MAX_BYTES;
  return { ...view, maxBytes, hoursLeft: hoursLeft(view, maxBytes), wearMbPerDay: wearOf(status) };
}

async function buffer({ data, json }: BufferOptions): Promise<void> {
  const report = reportOf(inspectStore(data), await running(data));
  if (json) printJson(report);
  else print(report);
}

export function bufferCommand(): Command {
  return new Command('buffer')
    .description('Show what the store holds and what waits for delivery; the gateway may run.')
    .option('--data <dir>', 'data directory', '/var/lib/amr')
    .option('--json', 'one JSON document')
    .addHelpText('after', '\nExample:\n  amr buffer --data /var/lib/amr')
    .action(buffer);
}
