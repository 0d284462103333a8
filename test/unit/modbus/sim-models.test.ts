import { describe, expect, it } from 'vitest';
import { type Cell, readSimMap, spanOf } from '../../../drivers/modbus/sim-map.ts';
import { loadModels } from '../../../src/config/models.ts';
import { fromHex, toHex } from '../../../src/core/bytes.ts';
import type { MeterModel } from '../../../src/core/model.ts';
import { createRig } from './sim-rig.ts';

/**
 * The model files give frames and the digits in them, written by hand: a meter that shows these
 * digits must tell the same digits, and where they are integers answer with the same bytes.
 */
const models = [...(await loadModels()).values()].filter(({ protocol }) => protocol === 'modbus');

type Example = MeterModel['examples'][number];

const examples = models.flatMap((model) =>
  model.examples.flatMap((example) =>
    example.request === undefined ? [] : [{ model, example, request: fromHex(example.request) }],
  ),
);

/** Where the SunSpec meter model of an example is: behind 'SunS' and a common model of 66. */
const SUNSPEC_BASE = 40_070;
function sunspecOf({ settings }: Example): number | null {
  // The names of models stay text, whatever they look like.
  const given = settings['sunspec'] as { model: string; base: number } | undefined;
  return given?.base === SUNSPEC_BASE ? Number(given.model) : null;
}

const TABLE_CODES = { holding: 3, input: 4 } as const;

/** A request for all that a cell has, without its unit. */
function readOf(cell: Cell): string {
  const { table, address, length } = spanOf(cell);
  return toHex(Uint8Array.of(TABLE_CODES[table], address >> 8, address & 0xff, 0, length));
}

/** The bytes that the example's answer has for a cell. */
function bytesIn(example: Example, request: Uint8Array, cell: Cell): string {
  const { address, length } = spanOf(cell);
  const first = (request[2] ?? 0) * 256 + (request[3] ?? 0);
  const at = 3 + (address - first) * 2;
  return toHex(fromHex(example.response).slice(at, at + length * 2));
}

describe('a meter made from a model file', () => {
  let bytesCompared = 0;
  let digitsCompared = 0;

  it.each(examples.map((row) => [row.model.model, row.example.request, row] as const))(
    '%s keeps what the example %s says',
    (_, __, { model, example, request }) => {
      const rig = createRig({ model, digits: example.expect });
      const cells = readSimMap(model).cells.filter(({ name }) => name in example.expect);
      for (const cell of cells) {
        const digits = example.expect[cell.name];
        // Without a mark of its own a meter shows zero.
        if (digits === null && cell.absent.length === 0) continue;
        const answer = rig.ask(`11 ${readOf(cell)}`);
        expect(rig.told.at(-1)?.[1]).toMatchObject({ [cell.name]: digits });
        digitsCompared += 1;
        const isWhole = !cell.form.kind.startsWith('f') && cell.absent.length < 2;
        if (!isWhole) continue;
        expect(answer?.slice(9)).toBe(bytesIn(example, request, cell));
        bytesCompared += 1;
      }
    },
  );

  it('tells what the examples of SunSpec say', () => {
    const told = examples.filter(({ model, example, request }) => {
      const sunspec = sunspecOf(example);
      if (sunspec === null) return false;
      const rig = createRig({ model, digits: example.expect, sunspecModel: sunspec });
      rig.ask(`11 ${toHex(request.slice(1, -2))}`);
      expect(rig.told[0]?.[1]).toMatchObject(example.expect);
      return true;
    });
    expect(told).toHaveLength(5);
  });

  it('covers all models', () => {
    expect(new Set(examples.map(({ model }) => model.model)).size).toBe(models.length);
    expect(models.length).toBeGreaterThan(20);
    expect(digitsCompared).toBeGreaterThan(400);
    expect(bytesCompared).toBeGreaterThan(150);
  });

  it('answers for every register of its model', () => {
    for (const model of models) {
      const rig = createRig({ model });
      const { cells } = readSimMap(model);
      for (const cell of cells) expect(rig.ask(`11 ${readOf(cell)}`)).toMatch(/^11 0[34]/);
      const told = new Set(rig.told.flatMap(([, values]) => Object.keys(values)));
      expect([...told]).toEqual(expect.arrayContaining(cells.map(({ name }) => name)));
    }
  });
});
