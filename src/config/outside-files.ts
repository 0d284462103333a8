/** The files that a configuration names: found from its own folder, readable, of the right kind. */
import { readFile } from 'node:fs/promises';
import { isAbsolute, join } from 'node:path';
import type { Complain } from './cross-check.ts';
import type { Config, MqttConfig } from './schema.ts';

const CERTIFICATE = /-----BEGIN (TRUSTED )?CERTIFICATE-----/;
const PRIVATE_KEY = /-----BEGIN ([A-Z]+ )?PRIVATE KEY-----/;

/** The keys of an uplink that name files, and what must stand in the file. */
const MQTT_FILES = {
  ca: { holds: CERTIFICATE, what: 'a PEM certificate' },
  clientCertificate: { holds: CERTIFICATE, what: 'a PEM certificate' },
  clientKey: { holds: PRIVATE_KEY, what: 'a PEM private key' },
  usernameFile: { holds: /\S/, what: 'a user name' },
  passwordFile: { holds: /\S/, what: 'a password' },
} as const;

type MqttFile = keyof typeof MQTT_FILES;
const MQTT_FILE_KEYS = Object.keys(MQTT_FILES) as MqttFile[];

const inFolder = (folder: string, path: string) => (isAbsolute(path) ? path : join(folder, path));

function withPlacedFiles(mqtt: MqttConfig, folder: string): MqttConfig {
  const placed: { [Key in MqttFile]?: string } = {};
  for (const key of MQTT_FILE_KEYS) {
    const path = mqtt[key];
    if (path !== undefined) placed[key] = inFolder(folder, path);
  }
  return { ...mqtt, ...placed };
}

/** The same configuration with every path counted from the folder of its file. */
export function withPlacedPaths(config: Config, folder: string): Config {
  const { metersFile, modelsDir } = config;
  return {
    ...config,
    ...(metersFile === undefined ? {} : { metersFile: inFolder(folder, metersFile) }),
    ...(modelsDir === undefined ? {} : { modelsDir: inFolder(folder, modelsDir) }),
    uplinks: config.uplinks.map(({ name, mqtt }) => ({
      name,
      mqtt: withPlacedFiles(mqtt, folder),
    })),
  };
}

/** Why a file cannot be read, in the words of the operating system. */
export function readFault(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message.replace(/, open.*$/, '') : String(thrown);
}

/** Complains of files that cannot be read now or hold something else. Never shows their content. */
export async function checkFiles({ uplinks }: Config, complain: Complain): Promise<void> {
  for (const [index, { mqtt }] of uplinks.entries()) {
    for (const key of MQTT_FILE_KEYS) {
      const path = mqtt[key];
      if (path === undefined) continue;
      const { holds, what } = MQTT_FILES[key];
      try {
        const text = await readFile(path, 'utf8');
        if (!holds.test(text))
          complain(['uplinks', index, 'mqtt', key], `${path} holds no ${what.replace(/^a /, '')}`);
      } catch (thrown) {
        complain(['uplinks', index, 'mqtt', key], `${path} cannot be read: ${readFault(thrown)}`);
      }
    }
  }
}
