import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import { systemClock } from '../../src/core/clock.ts';
import { createNotes } from '../../src/core/notes.ts';
import { buildBuses, loadMeters } from '../../src/field.ts';
import { type FarEnd, lacksSocat, openFarEnd, openPtyPair, type PtyPair } from '../support/pty.ts';
import { lineStateOf } from '../support/stty.ts';

const configOf = (path: string) => `
site: s1
gateway: gw1
buses:
  b1: { serial: { path: ${path}, baudRate: 9600 } }
plans:
  curve: { every: 15m, read: energy }
meters:
  - { id: plain, address: 1, bus: b1, model: dlt645-2007, plans: [curve] }
  - { id: same, address: 2, bus: b1, model: dlt645-2007, plans: [curve], baudRate: 9600, parity: even }
  - { id: other, address: 3, bus: b1, model: dlt645-2007, plans: [curve], baudRate: 2400, stopBits: 2 }
`;

describe.skipIf(lacksSocat)(
  'a configured line with meters that talk differently (needs socat)',
  () => {
    let pair: PtyPair;
    let far: FarEnd;
    let directory: string;

    beforeEach(async () => {
      pair = await openPtyPair();
      far = await openFarEnd(pair.far);
      directory = mkdtempSync(join(tmpdir(), 'amr-mixed-'));
    });

    afterEach(async () => {
      await far.stop();
      await pair.stop();
      rmSync(directory, { recursive: true });
    });

    it('asks every meter in its own form, and switches where that differs', async () => {
      const file = join(directory, 'gateway.yaml');
      writeFileSync(file, configOf(pair.near));
      const loaded = await loadConfig(file);
      const log = pino({ level: 'silent' });
      const deps = { clock: systemClock, log, random: () => 0, notesOf: () => createNotes() };
      const [field] = buildBuses(loaded.config, await loadMeters(loaded), deps);
      if (field === undefined) throw new Error('no bus was built');
      const stop = new AbortController();
      const running = field.link.run(stop.signal);
      await field.link.firstAttempt;

      const seen: [string, number, number][] = [];
      for (const { meter, registers, session } of [...field.duties, ...field.duties]) {
        const before = far.received().length;
        const abort = new AbortController();
        const reading = session.read(registers, { priority: 'curve', signal: abort.signal });
        await expect.poll(() => far.received().length, { timeout: 5000 }).toBeGreaterThan(before);
        const { baudRate, stopBits } = lineStateOf(pair.near);
        seen.push([meter, baudRate, stopBits]);
        abort.abort();
        await reading.catch(() => undefined);
      }
      const round = [
        ['plain', 9600, 1],
        ['same', 9600, 1],
        ['other', 2400, 2],
      ];
      expect(seen).toEqual([...round, ...round]);
      expect(field.bus.counters.switches).toBe(3);
      expect(field.link.attempts).toBe(1);
      stop.abort();
      await running;
    }, 30_000);
  },
);
