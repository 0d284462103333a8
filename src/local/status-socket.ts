/** How the daemon is, told to who may open its socket in the data directory. */
import { rm } from 'node:fs/promises';
import { connect, createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { z } from 'zod';
import { AmrError } from '../core/errors.ts';

const statusReportSchema = z.object({
  pid: z.int(),
  version: z.string(),
  since: z.string(),
  /** Every bus has been served lately. */
  alive: z.boolean(),
  /** The store takes what is read. */
  storing: z.boolean(),
  /** Bytes that it had written to disks since its start, `null` where the system does not tell. */
  written: z.number().nullable(),
  /** Its store grows no larger. */
  maxBytes: z.number(),
});

export type StatusReport = z.infer<typeof statusReportSchema>;

const socketIn = (dataDir: string) => join(dataDir, 'amr.sock');
const ANSWER_MS = 5000;

/** Answers every connection with one JSON line. The caller holds the lock of the directory. */
export async function serveStatus(
  dataDir: string,
  report: () => StatusReport,
): Promise<{ close(): Promise<void> }> {
  const path = socketIn(dataDir);
  // What a killed daemon left behind; the lock says that nobody listens on it.
  await rm(path, { force: true });
  const callers = new Set<Socket>();
  const server = createServer((socket) => {
    callers.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => callers.delete(socket));
    socket.end(`${JSON.stringify(report())}\n`);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, resolve);
  });
  return {
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        // Who holds on to the line does not hold the daemon.
        for (const caller of callers) caller.destroy();
      }),
  };
}

function readAll(path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let text = '';
    const socket = connect(path);
    socket.setTimeout(ANSWER_MS, () => socket.destroy(new Error('no answer')));
    socket.setEncoding('utf8');
    socket.on('data', (chunk: string) => {
      text += chunk;
    });
    socket.on('end', () => resolve(text));
    socket.on('error', reject);
  });
}

/** Asks the daemon of this data directory. Throws STORE_FAILED where none answers. */
export async function askStatus(dataDir: string): Promise<StatusReport> {
  try {
    return statusReportSchema.parse(JSON.parse(await readAll(socketIn(dataDir))));
  } catch (thrown) {
    const isForbidden = thrown instanceof Error && 'code' in thrown && thrown.code === 'EACCES';
    const reason = isForbidden
      ? 'permission denied; ask as its user or as root'
      : 'none is running';
    throw new AmrError('STORE_FAILED', `no gateway answers in ${dataDir}: ${reason}`, {
      cause: thrown,
    });
  }
}
