import { type ReportDeps, tell } from './report.ts';

/** A broker with less room than this would not take the event either. */
const EVENT_ROOM_BYTES = 1024;
/** So many rows are remembered as told of. */
const MOST_TOLD = 10_000;

export interface TooLarge {
  readonly uplink: string;
  readonly stream: string;
  readonly seq: number;
  /** Of the message with this row alone. */
  readonly bytes: number;
  /** What a message may have. */
  readonly limit: number;
}

/**
 * Names a row that is left out because no message with it is small enough; each once in the life
 * of the function. Resolves when the event is on the disk.
 */
export function createTooLargeReport(deps: ReportDeps): (row: TooLarge) => Promise<void> {
  const told = new Map<string, Promise<void>>();

  const remember = (key: string, telling: Promise<void>) => {
    told.set(key, telling);
    // Not on the disk: the next attempt tells it again.
    telling.catch(() => told.delete(key));
    for (const oldest of told.keys()) {
      if (told.size <= MOST_TOLD) break;
      told.delete(oldest);
    }
  };

  const name = async (row: TooLarge) => {
    if (row.stream === 'event' && row.limit < EVENT_ROOM_BYTES) {
      deps.log.error({ ...row }, 'event left out, too large');
      return;
    }
    await tell(deps, { type: 'uplink.too-large', severity: 'alarm', detail: { ...row } });
  };

  return (row) => {
    const key = `${row.stream} ${row.seq}`;
    const known = told.get(key);
    if (known !== undefined) return known;
    const telling = name(row);
    remember(key, telling);
    return telling;
  };
}
