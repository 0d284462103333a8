/** Everything around the gateway: meters, broker, network, headend and the disk. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Mosquitto, startMosquitto } from '../support/broker.ts';
import { type Headend, startHeadend } from './headend.ts';
import { type Meters, startMeters } from './meters.ts';
import { startProxy, type TcpProxy } from './proxy.ts';
import type { Ends, Settings } from './settings.ts';

export interface Parts {
  /** For files of the fault. */
  readonly dir: string;
  readonly dataDir: string;
  readonly meters: Meters;
  readonly broker: Mosquitto;
  readonly proxy: TcpProxy;
  readonly headend: Headend;
  /** What the gateway is to connect to. */
  readonly ends: Ends;
  /** Ends the processes and removes the files. */
  close(): Promise<void>;
}

/** What must be undone, the last first, also where the next part does not start. */
type Undo = (() => unknown)[];

async function undoAll(undo: Undo): Promise<void> {
  for (const step of undo.toReversed()) await step();
}

function openDisk({ tmpfs }: Settings, undo: Undo) {
  const dir = mkdtempSync(join(tmpdir(), 'amr-chaos-'));
  undo.push(() => rmSync(dir, { recursive: true, force: true }));
  const disk = join(dir, 'disk');
  mkdirSync(disk);
  if (tmpfs !== null) {
    execFileSync('mount', ['-t', 'tmpfs', '-o', tmpfs, 'tmpfs', disk]);
    undo.push(() => execFileSync('umount', [disk]));
  }
  return { dir, dataDir: join(disk, 'data') };
}

async function startBroker(settings: Settings, dir: string, undo: Undo) {
  const { broker: lines, uplink } = await settings.prepare(dir);
  const broker = await startMosquitto(['user root', 'max_queued_messages 1000000', ...lines]);
  undo.push(broker.stop);
  const proxy = await startProxy(Number(new URL(broker.url).port));
  undo.push(proxy.close);
  const brokerUrl = settings.isBehindProxy ? `mqtt://127.0.0.1:${proxy.port}` : broker.url;
  return { broker, proxy, brokerUrl, uplink };
}

async function start(settings: Settings, undo: Undo): Promise<Parts> {
  const { dir, dataDir } = openDisk(settings, undo);
  const meters = await startMeters(settings.meters, join(dir, 'journal.jsonl'));
  undo.push(meters.stop);
  const { broker, proxy, brokerUrl, uplink } = await startBroker(settings, dir, undo);
  const acknowledges = settings.delivery === 'headend';
  const headend = await startHeadend({ url: broker.url, acknowledges });
  undo.push(headend.close);
  const ends = { meters: meters.port, ids: meters.ids, brokerUrl, uplink };
  const close = () => undoAll(undo);
  return { dir, dataDir, meters, broker, proxy, headend, ends, close };
}

/** All of them run when this resolves; none of them when it rejects. */
export async function startParts(settings: Settings): Promise<Parts> {
  const undo: Undo = [];
  try {
    return await start(settings, undo);
  } catch (thrown) {
    await undoAll(undo);
    throw thrown;
  }
}
