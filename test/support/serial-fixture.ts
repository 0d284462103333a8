import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Clock } from '../../src/core/clock.ts';
import type { Transport } from '../../src/core/transport.ts';
import { createSerialTransport } from '../../src/transport/serial.ts';
import { openPtyPair, type PtyPair } from './pty.ts';

export interface SerialFixture {
  readonly pair: PtyPair;
  /** A lock directory of its own. */
  readonly lockDir: string;
  /** A new transport at the near end, or at another path. */
  make(clock: Clock, path?: string): Transport;
  stop(): Promise<void>;
}

export async function openSerialFixture(): Promise<SerialFixture> {
  const pair = await openPtyPair();
  const lockDir = mkdtempSync(join(tmpdir(), 'amr-locks-'));
  return {
    pair,
    lockDir,
    make(clock, path = pair.near) {
      const settings = { path, baudRate: 9600, dataBits: 8, parity: 'none', stopBits: 1 } as const;
      return createSerialTransport(settings, { clock, lockDir });
    },
    async stop() {
      await pair.stop();
      rmSync(lockDir, { recursive: true, force: true });
    },
  };
}

/** What a transport lets its owner hear. */
export function observe(transport: Transport) {
  const chunks: Uint8Array[] = [];
  const losses: Error[] = [];
  transport.onData((bytes) => chunks.push(bytes));
  transport.onDown((reason) => losses.push(reason));
  return { chunks, losses, bytes: () => Buffer.concat(chunks) };
}
