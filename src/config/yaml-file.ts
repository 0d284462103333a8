/** A YAML file as values, with the place of each of them. */

import type { Document, Node } from 'yaml';
import { isAlias, isMap, isPair, isScalar, isSeq, LineCounter, parseDocument, visit } from 'yaml';
import { type Path, type Place, type Problem, problemAt } from './problem.ts';

export interface YamlFile {
  readonly value: unknown;
  readonly problems: readonly Problem[];
  /** The value at the path, or what is nearest above it. */
  placeOf(path: Path): Place;
  /** The key itself, where a value hangs on a key that should not be there. */
  placeOfKey(path: Path, key: string): Place;
}

/**
 * Keys whose values are text even when they look like numbers: an address 000000012345 written
 * without quotes is read as it stands there, not as the number 12345.
 */
const TEXT_KEYS: readonly unknown[] = ['id', 'address', 'site', 'gateway', 'bus', 'model', 'name'];

/** Keys that mean something to the language and nothing to a configuration. */
const FORBIDDEN_KEYS: readonly unknown[] = ['__proto__', 'constructor', 'prototype'];

function nodeAt(document: Document.Parsed, path: Path): Node | null {
  for (let length = path.length; length >= 0; length--) {
    const node: unknown =
      length === 0 ? document.contents : document.getIn(path.slice(0, length), true);
    if (node !== null && typeof node === 'object' && 'range' in node) return node as Node;
  }
  return null;
}

/** Keys whose lists hold text, by the same rule. */
const TEXT_LIST_KEYS: readonly unknown[] = ['plans', 'read'];

/** Gives a number that stands in the place of text the digits back that it was written with. */
function keepDigits(node: unknown): void {
  if (isScalar(node) && typeof node.value === 'number') node.value = node.source ?? node.value;
}

/** Aliases and odd keys are refused; what stands in the place of text is read as text. */
function inspect(document: Document.Parsed, complain: (node: Node, message: string) => void): void {
  visit(document, (_, node) => {
    if (isAlias(node)) complain(node, 'aliases are not allowed here, write the value out');
    if (!isPair(node) || !isScalar(node.key)) return;
    const { key, value } = node;
    if (FORBIDDEN_KEYS.includes(key.value)) complain(key, `the key "${key.value}" is not allowed`);
    keepDigits(key);
    if (TEXT_KEYS.includes(key.value) || TEXT_LIST_KEYS.includes(key.value)) keepDigits(value);
    if (TEXT_LIST_KEYS.includes(key.value) && isSeq(value)) value.items.forEach(keepDigits);
  });
}

export function readYaml(file: string, text: string): YamlFile {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const placeAt = (offset: number): Place => {
    const { line, col } = lines.linePos(offset);
    return { file, line: Math.max(line, 1), column: Math.max(col, 1) };
  };
  const placeOf = (path: Path) => placeAt(nodeAt(document, path)?.range?.[0] ?? 0);
  // One fault of nesting is told once for every level; the first says it all.
  const faults = new Map<string, Problem>();
  for (const { pos, message } of [...document.errors, ...document.warnings]) {
    faults.set(`${pos[0]} ${message}`, problemAt(placeAt(pos[0]), [], message));
  }
  const problems = [...faults.values()];
  inspect(document, (node, message) => {
    problems.push(problemAt(placeAt(node.range?.[0] ?? 0), [], message));
  });
  return {
    value: problems.length > 0 ? null : document.toJS(),
    problems,
    placeOf,
    placeOfKey(path, key) {
      const map = nodeAt(document, path);
      const pair = isMap(map)
        ? map.items.find((item) => isScalar(item.key) && String(item.key.value) === key)
        : undefined;
      return isScalar(pair?.key) ? placeAt(pair.key.range?.[0] ?? 0) : placeOf(path);
    },
  };
}
