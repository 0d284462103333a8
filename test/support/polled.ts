import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type LoadedConfig, loadConfig } from '../../src/config/load.ts';
import { createNotes } from '../../src/core/notes.ts';
import type { Reading } from '../../src/core/reading.ts';
import type { Store } from '../../src/core/store.ts';

/** A configuration of one bus `b1` with Modbus meters, by id and unit, under one plan. */
export async function loadModbusConfig(settings: {
  readonly bus: string;
  readonly every: string;
  readonly units: Readonly<Record<string, number>>;
}): Promise<LoadedConfig> {
  const directory = mkdtempSync(join(tmpdir(), 'amr-polled-'));
  const meters = Object.entries(settings.units).map(
    ([id, unit]) =>
      `  - { id: ${id}, address: "${unit}", bus: b1, model: eastron-sdm630, plans: [p] }`,
  );
  const text = [
    'site: hz',
    'gateway: gw1',
    'timezone: Asia/Shanghai',
    `buses: { b1: { ${settings.bus} } }`,
    `plans: { p: { every: ${settings.every}, read: [energy, voltage, current, power], jitter: 0s } }`,
    'meters:',
    ...meters,
    '',
  ].join('\n');
  const file = join(directory, 'gateway.yaml');
  writeFileSync(file, text);
  try {
    return await loadConfig(file);
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** Takes readings at the seam of the store; a poller needs no more of it. */
export function createReadings() {
  const readings: Reading[] = [];
  const store = {
    notesOf: () => createNotes(),
    append: async (stream: string, bodies: readonly string[]) => {
      if (stream !== 'event') readings.push(...bodies.map((body): Reading => JSON.parse(body)));
      return readings.length;
    },
  };
  return { readings, store: store as unknown as Store };
}

/** The PDU that answers a request to read registers with zeros. */
export function zerosFor(request: Uint8Array): Uint8Array {
  const quantity = ((request[3] ?? 0) << 8) | (request[4] ?? 0);
  return Uint8Array.of(request[0] ?? 0, quantity * 2, ...new Uint8Array(quantity * 2));
}
