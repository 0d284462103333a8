/*
 * A process that is meant to be killed: appends, reads, acknowledges and prunes without end, and
 * prints `stream seq body` for each row after its append resolved. Argument: the data directory.
 */
import { randomUUID } from 'node:crypto';
import { writeSync } from 'node:fs';
import { pino } from 'pino';
import { systemClock } from '../../src/core/clock.ts';
import { STREAMS, type Stream } from '../../src/core/reading.ts';
import { openStore } from '../../src/store/sqlite-store.ts';

const log = pino({ level: 'silent' });
const dataDir = process.argv[2] ?? '';
const { store } = openStore({
  dataDir,
  log,
  clock: systemClock,
  uplinks: ['main'],
  commitMs: 1,
  keepRows: 1_000_000,
});

async function writeForever(stream: Stream): Promise<never> {
  for (let round = 0; ; round++) {
    const bodies = Array.from({ length: 1 + (round % 3) }, () => JSON.stringify(randomUUID()));
    const first = await store.append(stream, bodies);
    // Past Node's own buffers, so that the line is out before anything else happens.
    writeSync(1, bodies.map((body, index) => `${stream} ${first + index} ${body}\n`).join(''));
    await store.range(stream, first, bodies.length);
    if (round % 5 === 0) await store.ack('main', stream, first);
    if (round % 20 === 0) await store.prune();
  }
}

await Promise.all([...STREAMS, ...STREAMS].map(writeForever));
