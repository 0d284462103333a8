/** The gateway's own death: at any moment, at chosen steps, and in good order. */
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Fault, Scale } from '../fault.ts';
import type { Gateway } from '../gateway.ts';
import type { Rig } from '../rig.ts';
import { pause, until } from '../until.ts';

/** SIGKILL, unless it has ended by itself, which it must not. */
async function kill(rig: Rig, gateway: Gateway): Promise<void> {
  if (!gateway.isRunning) rig.complain(`it ended by itself: ${gateway.log.at(-1)}`);
  await gateway.end('SIGKILL');
  rig.broke();
}

async function killAtRandom(rig: Rig, { kills, random }: Scale): Promise<void> {
  for (let count = 0; count < kills; count++) {
    const gateway = rig.spawn();
    // One in four dies while it starts.
    if (random.between(0, 3) > 0) await rig.polled(1);
    await pause(random.between(0, 2000));
    await kill(rig, gateway);
    rig.look();
  }
}

/** What is waited for before the kill, and within how many milliseconds after it the kill comes. */
const STEPS = {
  commit: { within: 40, wait: (rig: Rig) => rig.polled(1) },
  publish: { within: 15, wait: (rig: Rig) => rig.flow(1) },
  ack: { within: 150, wait: (rig: Rig) => rig.flow(rig.settings.meters) },
} as const;

async function killAtSteps(rig: Rig, { rounds, random }: Scale): Promise<void> {
  for (let round = 0; round < 2 * rounds - 1; round++) {
    for (const { within, wait } of Object.values(STEPS)) {
      const gateway = await rig.start();
      await wait(rig);
      await pause(random.between(0, within));
      await kill(rig, gateway);
      rig.look();
    }
  }
}

/** The writes of a commit, of the watermark and of a checkpoint. */
const CALLS = ['pwrite64', 'fdatasync', 'rename', 'fsync', 'write', 'ftruncate'] as const;
const MOST_CALLS = 60;

async function killAtCalls(rig: Rig, { rounds, random }: Scale): Promise<void> {
  for (let round = 0; round < rounds; round++) {
    for (const call of CALLS) {
      const when = random.between(1, MOST_CALLS);
      const gateway = rig.spawn({ inject: [`inject=${call}:signal=SIGKILL:when=${when}`] });
      await until('the call', () => !gateway.isRunning || Date.now() - gateway.spawnedAt > 6000);
      await gateway.end('SIGKILL');
      rig.broke();
      rig.look();
    }
  }
}

/** A stop is clean when the log is in the database and the process says 0. */
async function stopAgainAndAgain(rig: Rig, { rounds, random }: Scale): Promise<void> {
  for (let round = 0; round < rounds; round++) {
    const gateway = await rig.start();
    await pause(random.between(0, 1500));
    const asked = performance.now();
    const code = await gateway.end('SIGTERM');
    const ms = Math.round(performance.now() - asked);
    rig.broke();
    if (code !== 0) rig.complain(`exit code ${code} at SIGTERM`);
    if (ms > 5000) rig.complain(`SIGTERM took ${ms} ms`);
    const wal = join(rig.dataDir, 'amr.db-wal');
    if (existsSync(wal) && statSync(wal).size > 0) rig.complain('SIGTERM left a log behind');
    rig.look();
  }
}

export const KILL_FAULTS: readonly Fault[] = [
  {
    name: 'kill',
    breaks: 'kill -9 at random moments',
    quick: true,
    needs: ['mosquitto'],
    bounds: { firstPollMs: 3000 },
    run: killAtRandom,
  },
  {
    name: 'kill-step',
    breaks: 'kill -9 during commit, publish and acknowledgement',
    quick: true,
    needs: ['mosquitto'],
    run: killAtSteps,
  },
  {
    name: 'kill-call',
    breaks: 'kill -9 at a system call of the store, one after another',
    quick: false,
    needs: ['mosquitto', 'strace'],
    run: killAtCalls,
  },
  {
    name: 'sigterm',
    breaks: 'SIGTERM at random moments',
    quick: false,
    needs: ['mosquitto'],
    run: stopAgainAndAgain,
  },
];
