/** What the schema complains of, in words that name the place, what was found and what is allowed. */
import { z } from 'zod';
import { type Path, type Problem, problemAt, suggestion } from './problem.ts';
import type { YamlFile } from './yaml-file.ts';

type Issue = z.core.$ZodIssue;

/** JSON Schema, as far as it tells which keys a place may have. */
interface Shape {
  readonly properties?: Readonly<Record<string, Shape>>;
  readonly additionalProperties?: Shape | boolean;
  readonly items?: Shape;
  readonly anyOf?: readonly Shape[];
}

function step(shape: Shape, key: string | number): Shape[] {
  const choices = shape.anyOf ?? [shape];
  return choices.flatMap(({ properties, additionalProperties, items }) => {
    const next = typeof key === 'number' ? items : (properties?.[key] ?? additionalProperties);
    return typeof next === 'object' ? [next] : [];
  });
}

/** The keys that may stand at a place; of all forms where there are several. */
function keysAt(whole: Shape, path: Path): string[] {
  let shapes = [whole];
  for (const key of path) shapes = shapes.flatMap((shape) => step(shape, key));
  const forms = shapes.flatMap((shape) => shape.anyOf ?? [shape]);
  return [...new Set(forms.flatMap(({ properties }) => Object.keys(properties ?? {})))];
}

const isUnknownKey = (issue: Issue) =>
  issue.code === 'unrecognized_keys' && issue.path.length === 0;
const isMissing = (issue: Issue) =>
  issue.code === 'invalid_type' && issue.message.endsWith('received undefined');

/** How far a value is from one of its forms: keys that tell the forms apart weigh most. */
function remoteness(issues: readonly Issue[]): number {
  return issues.length + 100 * issues.filter(isUnknownKey).length;
}

/** Of the forms that a value may have, the complaints of the one that it comes nearest to. */
function flatten(issue: Issue, base: Path = []): Issue[] {
  const path = [...base, ...issue.path.filter((key) => typeof key !== 'symbol')];
  if (issue.code !== 'invalid_union' || issue.errors.length === 0) return [{ ...issue, path }];
  const [closest = []] = [...issue.errors].sort((a, b) => remoteness(a) - remoteness(b));
  // A key that is misspelt need not be told of as missing, too: the form may be the other one.
  const unknown = closest.filter(isUnknownKey);
  const told = unknown.length > 0 ? closest.filter((inner) => !isMissing(inner)) : closest;
  return told.flatMap((inner) => flatten(inner, path));
}

function valueAt(value: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (inner, key) =>
      typeof inner === 'object' && inner !== null ? Reflect.get(inner, key) : undefined,
    value,
  );
}

/** What may hold a password is not shown: it may contain any character, slashes and "@" too. */
const withoutCredentials = (text: string) => text.replace(/^(\w+:\/\/)?.*@/s, '$1***@');

function unknownKey(key: string, known: readonly string[]): string {
  if (known.includes(key)) return `"${key}" does not go with the other keys here`;
  return `unknown key "${key}"${suggestion(key, known)}`;
}

/** The schema's words without its own labels. */
export function plainMessage(issue: Issue): string {
  return issue.message.replace(/^Invalid (input|option|string): /, '');
}

function messageOf(issue: Issue, path: Path, found: unknown): string {
  const key = path.at(-1) ?? 'the file';
  if (found === undefined) return `"${key}" is missing`;
  const text = typeof found === 'object' ? '' : `, found "${withoutCredentials(String(found))}"`;
  return `${key}: ${plainMessage(issue)}${text}`;
}

export function problemsOf(schema: z.ZodType, issues: readonly Issue[], yaml: YamlFile): Problem[] {
  if (issues.length === 0) return [];
  const whole = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as Shape;
  return issues
    .flatMap((issue) => flatten(issue))
    .flatMap((issue) => {
      const path = issue.path as Path;
      if (issue.code === 'unrecognized_keys') {
        const known = keysAt(whole, path);
        return issue.keys.map((key) =>
          problemAt(yaml.placeOfKey(path, key), [...path, key], unknownKey(key, known)),
        );
      }
      return [
        problemAt(yaml.placeOf(path), path, messageOf(issue, path, valueAt(yaml.value, path))),
      ];
    });
}
