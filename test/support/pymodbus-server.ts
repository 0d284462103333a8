/** Modbus meters by pymodbus, an implementation apart from ours, in a process of its own. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';

const SERVER = fileURLToPath(new URL('pymodbus-server.py', import.meta.url));
/** That of the distribution, as its packages are. */
const PYTHON = '/usr/bin/python3';

const isPresent = spawnSync(PYTHON, ['-c', 'import pymodbus.server']).status === 0;

/** True where its tests are to be skipped; with AMR_REQUIRE_REAL=1 they fail instead. */
export const lacksPymodbusServer = !isPresent && process.env['AMR_REQUIRE_REAL'] !== '1';

/** `broken` makes every request to the unit fail with exception 04H. */
export type ForeignType = 'u16' | 'i16' | 'u32' | 'i32' | 'u64' | 'i64' | 'f32' | 'f64' | 'broken';

/** A value as it is packed there, in digits. */
export type ForeignValue = readonly [
  table: 'holding' | 'input',
  address: number,
  type: ForeignType,
  order: 'ABCD' | 'CDAB' | 'BADC' | 'DCBA',
  value: string,
];

export interface ForeignMeters {
  /** The far end of a serial line, `null` for none. */
  readonly serial: string | null;
  readonly units: Readonly<Record<number, readonly ForeignValue[]>>;
  /** Units that refuse everything with this exception. */
  readonly refusing: Readonly<Record<number, number>>;
}

const portsSchema = z.object({ modbusTcp: z.int(), rtuOverTcp: z.int() });

/** The TCP ports by framing. */
export interface PymodbusServer extends z.infer<typeof portsSchema> {
  stop(): Promise<void>;
}

/** Resolves when it listens everywhere. */
export async function startPymodbusServer(meters: ForeignMeters): Promise<PymodbusServer> {
  const child = spawn(PYTHON, [SERVER, JSON.stringify(meters)], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = once(child, 'close');
  let complaints = '';
  child.stderr.on('data', (chunk: Buffer) => {
    complaints += String(chunk);
  });
  const stop = async () => {
    child.kill('SIGKILL');
    await ended;
  };
  for await (const line of createInterface({ input: child.stdout })) {
    return { ...portsSchema.parse(JSON.parse(line)), stop };
  }
  throw new Error(`pymodbus ended with ${child.exitCode}: ${complaints}`);
}
