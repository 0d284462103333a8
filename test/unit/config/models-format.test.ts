import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { isMap, isPair, isScalar, parseDocument, Scalar, visit } from 'yaml';
import { formatModel } from '../../../.ci/model-format.ts';
import { packagedModelsDir } from '../../../src/config/models.ts';

const files = readdirSync(packagedModelsDir(), { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.yaml'))
  .map((file) => ({ file, text: readFileSync(join(packagedModelsDir(), file), 'utf8') }));

/** The same model as somebody else might have typed it: every key elsewhere, every style another. */
function scrambled(text: string): string {
  const document = parseDocument(text);
  visit(document, {
    Map: (_, map) => {
      map.items.reverse();
      map.flow = false;
    },
    Seq: (_, list) => {
      // In block style a comment behind the last entry of a map would become that of the next one.
      const hasComment = list.items.some((item) => isMap(item) && item.comment != null);
      if (!hasComment) list.flow = false;
    },
    Scalar: (key, scalar) => {
      if (key === 'key') return;
      if (typeof scalar.value === 'number') delete scalar.format;
      scalar.type = typeof scalar.value === 'string' ? Scalar.QUOTE_SINGLE : Scalar.PLAIN;
    },
  });
  const contents = document.contents;
  if (!isMap(contents)) throw new Error('no map');
  for (const pair of contents.items)
    if (isPair(pair) && isScalar(pair.key)) pair.key.spaceBefore = true;
  return document.toString({ lineWidth: 60, indent: 4 });
}

describe('the files of the models', () => {
  it('are found', () => {
    expect(files.length).toBeGreaterThanOrEqual(23);
  });

  it.each(files)('$file is in its form', ({ text }) => {
    expect(formatModel(text)).toBe(text);
  });

  it.each(files)('$file gets its form back', ({ text }) => {
    const other = scrambled(text);
    expect(other).not.toBe(text);
    expect(formatModel(other)).toBe(text);
  });

  it.each(files)('$file: one register a line, addresses in hex, decimals in quotes', ({ text }) => {
    const registers = parseDocument(text).get('registers');
    const lines = text.split('\n').filter((line) => /^ {2}\w+: (\{.*\}|"[0-9A-F]+")$/.test(line));
    expect(isMap(registers) ? registers.items : []).toHaveLength(lines.length);
    expect(lines.join('\n')).not.toMatch(/\b(at|holding|input): (?!0x[0-9A-F]{4}\b)/);
    expect(text).not.toMatch(/^ {6}\w+: -?[\d.]+$|resolution: [^"]/m);
  });
});

describe('the form of a model file', () => {
  it('keeps comments with the keys that they stand before', () => {
    const text =
      '# head\n\nprotocol: modbus # why\n# the name\nmodel: m\nregisters:\n  # a lone one\n  voltage_l1: { type: u16, at: 14 }\n';
    expect(formatModel(text)).toBe(
      '# the name\nmodel: m\n# head\nprotocol: modbus # why\nregisters:\n  # a lone one\n  voltage_l1: { at: 0x000E, type: u16 }\n',
    );
  });

  it('refuses what is no YAML, with its line', () => {
    expect(() => formatModel('model: [x\n')).toThrow(/line 2/);
  });

  it('keeps unknown keys, behind the others', () => {
    expect(formatModel('zzz: 1\nmodel: m\n')).toBe('model: m\nzzz: 1\n');
  });
});
