import { readdirSync, readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, it } from 'vitest';
import {
  CONTRACT,
  contractSchemas,
  metaTopic,
  readingsMessageSchema,
  statusTopic,
  streamTopic,
} from '../../../src/uplink/contract.ts';

const folder = new URL('../../../config/contract/', import.meta.url);
const at = { site: 'hz-xihu', gateway: 'gw17' };

const example = {
  v: 1,
  gateway: 'gw17',
  epoch: 3,
  stream: 'billing',
  seq: 108_233,
  sent: '2026-11-23T00:05:07.120+08:00',
  clock: 'synced',
  readings: [
    {
      meter: '000012345678',
      kind: 'freeze-daily',
      slot: '2026-11-23T00:00:00+08:00',
      readAt: '2026-11-23T00:05:06.910+08:00',
      meterTime: '2026-11-23T00:00:00+08:00',
      source: 'poll',
      quality: 'good',
      values: {
        '1-0:1.8.0': '12345.67',
        '1-0:1.8.1': '2345.67',
        '1-0:1.6.0': { value: '7.8123', at: '2026-11-03T19:15:00+08:00' },
      },
      flags: { '1-0:1.8.1': ['2.6.9'] },
    },
  ],
};

function compile(name: string) {
  const ajv = new Ajv2020({ strict: false, validateFormats: false });
  return ajv.compile(JSON.parse(contractSchemas()[`${name}.schema.json`] ?? '{}'));
}

describe('the wire contract', () => {
  it('puts every topic below the root of the gateway', () => {
    expect(statusTopic(at)).toBe('amr/v1/hz-xihu/gw17/status');
    expect(metaTopic(at, 'm1')).toBe('amr/v1/hz-xihu/gw17/meta/m1');
    expect(streamTopic(at, 'billing')).toBe('amr/v1/hz-xihu/gw17/data/billing');
    expect(streamTopic(at, 'event')).toBe('amr/v1/hz-xihu/gw17/event');
  });

  it('retains what describes the gateway and never data', () => {
    const retained = Object.entries(CONTRACT).filter(([, row]) => row.retained);
    expect(retained.map(([name]) => name)).toEqual(['status', 'birth', 'meta']);
    expect(Object.keys(CONTRACT)).toHaveLength(8);
  });

  it('takes the example of the contract, in zod and as JSON Schema alike', () => {
    expect(readingsMessageSchema.parse(example)).toEqual(example);
    expect(compile('data')(example)).toBe(true);
  });

  it('lets receivers ignore unknown fields', () => {
    const grown = { ...example, later: 1, readings: [{ ...example.readings[0], later: 2 }] };
    expect(readingsMessageSchema.safeParse(grown).success).toBe(true);
    expect(compile('data')(grown)).toBe(true);
  });

  it('refuses numbers for register values, since a float does not hold money', () => {
    const broken = { ...example, readings: [{ ...example.readings[0], values: { a: 12.5 } }] };
    expect(readingsMessageSchema.safeParse(broken).success).toBe(false);
    expect(compile('data')(broken)).toBe(false);
  });

  it('is published as the schema files in config/contract', () => {
    const files = contractSchemas();
    const present = readdirSync(folder).filter((name) => name.endsWith('.schema.json'));
    expect(present.sort()).toEqual(Object.keys(files).sort());
    for (const [name, text] of Object.entries(files)) {
      expect(readFileSync(new URL(name, folder), 'utf8'), name).toBe(text);
      expect(JSON.parse(text)).toMatchObject({
        $schema: 'https://json-schema.org/draft/2020-12/schema',
      });
    }
  });
});
