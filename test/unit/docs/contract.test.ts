import { readFileSync } from 'node:fs';
import { Ajv } from 'ajv';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { asyncapiDocument } from '../../../.ci/asyncapi.ts';
import { contractPage } from '../../../.ci/contract-page.ts';
import { CONTRACT, type ContractRow } from '../../../src/uplink/contract.ts';

const read = (name: string) =>
  readFileSync(new URL(`../../../config/contract/${name}`, import.meta.url), 'utf8');

const reference = z.strictObject({ $ref: z.string() });

/** The parts of AsyncAPI 3.0.0 that the document may have, with nothing beside them. */
const documentSchema = z.strictObject({
  asyncapi: z.literal('3.0.0'),
  id: z.url(),
  info: z.strictObject({
    title: z.string(),
    version: z.string(),
    description: z.string(),
    license: z.strictObject({ name: z.string() }),
  }),
  defaultContentType: z.literal('application/json'),
  channels: z.record(
    z.string(),
    z.strictObject({
      address: z.string(),
      parameters: z.record(z.string(), reference),
      messages: z.record(z.string(), reference),
    }),
  ),
  operations: z.record(
    z.string(),
    z.strictObject({
      action: z.enum(['send', 'receive']),
      channel: reference,
      messages: z.array(reference).length(1),
      bindings: z.strictObject({
        mqtt: z.strictObject({
          qos: z.literal(1),
          retain: z.boolean(),
          bindingVersion: z.literal('0.2.0'),
        }),
      }),
      reply: z.strictObject({ channel: reference, messages: z.array(reference) }).optional(),
    }),
  ),
  components: z.strictObject({
    parameters: z.record(
      z.string(),
      z.strictObject({ description: z.string(), enum: z.array(z.string()).optional() }),
    ),
    messages: z.record(
      z.string(),
      z.strictObject({
        name: z.string(),
        summary: z.string(),
        description: z.string().optional(),
        contentType: z.literal('application/zlib').optional(),
        payload: reference,
      }),
    ),
  }),
});

const raw: unknown = parse(read('asyncapi.yaml'));
const document = documentSchema.parse(raw);

/** What `#/a/b` points at, `undefined` for nothing. */
function pointed(ref: string): unknown {
  return ref
    .replace(/^#\//, '')
    .split('/')
    .reduce<unknown>(
      (node, key) =>
        typeof node === 'object' && node !== null ? Reflect.get(node, key) : undefined,
      raw,
    );
}

function referencesIn(node: unknown): string[] {
  if (typeof node !== 'object' || node === null) return [];
  const own = '$ref' in node && typeof node.$ref === 'string' ? [node.$ref] : [];
  return own.concat(Object.values(node).flatMap(referencesIn));
}

const rows: readonly ContractRow[] = Object.values(CONTRACT);
const topics = rows.flatMap(({ topic, deflated }) => [topic, ...(deflated ? [deflated] : [])]);

describe('the AsyncAPI document', () => {
  it('is the one that the code makes', () => {
    expect(read('asyncapi.yaml')).toBe(asyncapiDocument());
  });

  it('has a channel for every topic of the contract, compressed ones too, and no other', () => {
    const addresses = Object.values(document.channels).map(({ address }) => address);
    expect(addresses.sort()).toEqual(
      topics.map((topic) => `amr/v1/{site}/{gateway}/${topic}`).sort(),
    );
  });

  it('declares exactly the parameters that stand in each address', () => {
    for (const { address, parameters } of Object.values(document.channels)) {
      const named = Array.from(address.matchAll(/\{(\w+)\}/g), ([, name]) => name);
      expect(Object.keys(parameters).sort(), address).toEqual(named.sort());
    }
  });

  it('sends what goes up and receives what comes down, retained as the contract has it', () => {
    const operations = Object.values(document.operations);
    expect(operations).toHaveLength(topics.length);
    for (const { action, channel, bindings } of operations) {
      const { address } = documentSchema.shape.channels.valueType.parse(pointed(channel.$ref));
      const topic = address.replace('amr/v1/{site}/{gateway}/', '');
      const row = rows.find((one) => one.topic === topic || one.deflated === topic);
      expect({ action, retain: bindings.mqtt.retain }, address).toEqual({
        action: row?.direction === 'up' ? 'send' : 'receive',
        retain: row?.retained,
      });
    }
  });

  it('points at nothing that is not there', () => {
    const references = referencesIn(raw);
    expect(references.length).toBeGreaterThan(5 * topics.length);
    for (const ref of references) {
      if (ref.startsWith('#/')) expect(pointed(ref), ref).toBeDefined();
      else expect(() => JSON.parse(read(ref)), ref).not.toThrow();
    }
  });

  it('has bodies that compile in the dialect of AsyncAPI too, which is draft 7', () => {
    const bodies = new Set(
      Object.values(document.components.messages).map((one) => one.payload.$ref),
    );
    expect(bodies.size).toBe(rows.length);
    for (const ref of bodies) {
      const { $schema: _, ...schema } = JSON.parse(read(ref));
      const ajv = new Ajv({
        strict: true,
        strictTypes: false,
        strictRequired: false,
        validateFormats: false,
      });
      expect(() => ajv.compile(schema), ref).not.toThrow();
    }
  });
});

describe('the page for headend developers', () => {
  const page = read('README.md');
  const example = read('headend.example.ts');

  it('shows the topics and the example as they are', () => {
    expect(contractPage(page, example)).toBe(page);
    for (const topic of topics) expect(page).toContain(`\`${topic}\``);
    expect(page).toContain(example.trimEnd());
  });

  it('has an example of forty lines at the most', () => {
    expect(example.trimEnd().split('\n').length).toBeLessThanOrEqual(40);
  });

  it('names only fields of the contract', () => {
    const fields = Array.from(page.matchAll(/\{("[^}]*)\}/g), ([, text = '']) => text)
      .flatMap((text) => Array.from(text.matchAll(/"(\w+)"/g), ([, name = '']) => name))
      .filter((name) => !['resend', 'read'].includes(name));
    const schemas = rows.map(({ schema }) =>
      JSON.stringify(z.toJSONSchema(schema, { io: 'input' })),
    );
    expect(fields.length).toBeGreaterThan(8);
    for (const name of fields) expect(schemas.join(), name).toContain(`"${name}":`);
  });
});
