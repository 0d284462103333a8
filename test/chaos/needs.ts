/** What a fault needs of the machine; where it is not there the fault is not run, and says so. */
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const SEARCH_PATH = `${process.env['PATH'] ?? ''}:/usr/sbin:/usr/local/sbin`;

function works(command: string, args: readonly string[]): boolean {
  const { status } = spawnSync(command, args, {
    stdio: 'ignore',
    env: { ...process.env, PATH: SEARCH_PATH },
  });
  return status === 0;
}

const exists = (command: string) =>
  spawnSync(command, ['-h'], { env: { ...process.env, PATH: SEARCH_PATH } }).error === undefined;

function canMount(): boolean {
  const place = mkdtempSync(join(tmpdir(), 'amr-chaos-mount-'));
  try {
    return (
      works('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', place]) && works('umount', [place])
    );
  } finally {
    rmdirSync(place);
  }
}

/** Looks on at a process that is not its child, as it must at the gateway. */
function canAttach(): boolean {
  const { pid = 0 } = spawn('sleep', ['1'], { stdio: 'ignore' });
  // It ends with the process, and with 0 where it was attached.
  return works('strace', ['-o', '/dev/null', '-e', 'trace=none', '-p', `${pid}`]);
}

const NEEDS = {
  mosquitto: { without: 'needs mosquitto', probe: () => exists('mosquitto') },
  passwords: { without: 'needs mosquitto_passwd', probe: () => exists('mosquitto_passwd') },
  mount: { without: 'needs the right to mount (root)', probe: canMount },
  strace: { without: 'needs strace', probe: () => works('strace', ['-o', '/dev/null', 'true']) },
  attach: { without: 'needs strace and the right to attach it (root)', probe: canAttach },
  openssl: { without: 'needs openssl', probe: () => works('openssl', ['version']) },
} as const;

export type Need = keyof typeof NEEDS;

const known = new Map<Need, boolean>();

/** Says what is missing, `null` where nothing is. */
export function missing(needs: readonly Need[]): string | null {
  const absent = needs.find((need) => {
    const isThere = known.get(need) ?? NEEDS[need].probe();
    known.set(need, isThere);
    return !isThere;
  });
  return absent === undefined ? null : NEEDS[absent].without;
}
