/**
 * The one way in which a model file is written: keys in the order of the schema, registers in the
 * order of the catalogue, one register a line, addresses in hex, decimals and frames quoted, lines
 * of 100 columns. Comments stay with the key that they stand before.
 */
import {
  type Document,
  isMap,
  isPair,
  isScalar,
  isSeq,
  type Node,
  type Pair,
  parseDocument,
  Scalar,
  type ScalarTag,
  visit,
  YAMLSeq,
} from 'yaml';
import { settingsSchema } from '../drivers/modbus/source.ts';
import { modelSchema } from '../src/core/model.ts';
import { REGISTERS } from '../src/core/registers.ts';

const LINE_WIDTH = 100;
const INDENT = 2;

/** How a value is written. */
interface Form {
  /** The order of the keys; others follow in theirs. */
  readonly keys?: readonly string[];
  /** On one line in braces or brackets; lists only where they fit. */
  readonly isFlow?: true;
  readonly isQuoted?: true;
  readonly isHex?: true;
  /** Of values by key. */
  readonly of?: Readonly<Record<string, Form>>;
  /** Of all other values. */
  readonly each?: Form;
}

const QUOTED: Form = { isQuoted: true };
const HEX: Form = { isHex: true };
const LIST: Form = { isFlow: true };
const CATALOGUE = REGISTERS.map(({ name }) => name);

const PLACE: Form = { isFlow: true, of: { holding: HEX, input: HEX, equals: QUOTED } };

const WORD: Form = {};

const REGISTER: Form = {
  // Protocols that have identifiers have one in the place of the map, or several in it.
  isQuoted: true,
  each: QUOTED,
  isFlow: true,
  keys: [
    ...['at', 'holding', 'input', 'sunspec', 'type', 'order', 'bits', 'scale', 'scaleRegister'],
    ...['sign', 'unit', 'resolution', 'absent', 'dlt645-2007', 'dlt645-1997'],
  ],
  of: {
    at: HEX,
    holding: HEX,
    input: HEX,
    sunspec: WORD,
    type: WORD,
    order: WORD,
    unit: WORD,
    scaleRegister: PLACE,
    sign: { ...PLACE, keys: ['holding', 'input', 'bit', 'negative'] },
    absent: { isFlow: true, each: { isHex: true, isQuoted: true } },
  },
};

const EXAMPLE: Form = {
  keys: ['evidence', 'source', 'settings', 'request', 'response', 'expect'],
  of: {
    settings: { isFlow: true, each: { isFlow: true, keys: ['model', 'base'] } },
    request: QUOTED,
    response: QUOTED,
    expect: { keys: CATALOGUE, each: QUOTED },
  },
};

const MODEL: Form = {
  keys: Object.keys(modelSchema.shape),
  of: {
    title: { keys: ['en', 'zh'] },
    products: LIST,
    line: { isFlow: true, keys: ['baudRate', 'parity', 'stopBits'] },
    settings: {
      keys: Object.keys(settingsSchema.shape),
      of: { identification: { each: { ...PLACE, keys: ['holding', 'input', 'type', 'order'] } } },
    },
    caveats: { each: { keys: ['text', 'link'] } },
    registers: { keys: CATALOGUE, each: REGISTER },
    blocks: { each: QUOTED },
    groups: {
      keys: [
        ...['energy', 'demand', 'voltage', 'current', 'power', 'power-reactive', 'power-factor'],
        ...['instant', 'freeze-daily'],
      ],
      each: LIST,
    },
    examples: { each: EXAMPLE },
  },
};

/** `0x004A`, and longer where the number is. */
const HEX_TAG: ScalarTag = {
  tag: 'tag:yaml.org,2002:int',
  default: true,
  format: 'HEX',
  test: /^0x[0-9a-fA-F]+$/,
  identify: (value) => typeof value === 'number' && Number.isInteger(value) && value >= 0,
  resolve: (text) => Number(text),
  stringify: ({ value }) => `0x${Number(value).toString(16).toUpperCase().padStart(4, '0')}`,
};

const nameOf = ({ key }: Pair) => String(isScalar(key) ? key.value : key);

/** Where the value begins on its line. */
interface At {
  readonly column: number;
  /** Of the keys beside it. */
  readonly indent: number;
}

function formScalar(scalar: Scalar, { isQuoted, isHex }: Form, { column }: At): void {
  const { value } = scalar;
  if (isHex && typeof value === 'number') scalar.format = 'HEX';
  if (typeof value !== 'string') return;
  const isLong = column + value.length + 2 > LINE_WIDTH;
  if (isLong && value.includes(' ')) scalar.type = Scalar.BLOCK_FOLDED;
  else scalar.type = isQuoted ? Scalar.QUOTE_DOUBLE : Scalar.PLAIN;
}

/** Braces have a space inside, brackets none. */
class TightList extends YAMLSeq {
  static of({ items, flow, comment, commentBefore }: YAMLSeq): TightList {
    return Object.assign(new TightList(), { items, flow, comment, commentBefore });
  }

  override toString(...[context, ...more]: Parameters<YAMLSeq['toString']>): string {
    if (context === undefined) return super.toString();
    return super.toString({ ...context, flowCollectionPadding: '' }, ...more);
  }
}

function fits({ items }: YAMLSeq, column: number): boolean {
  const widths = items.map((item) => (isScalar(item) ? String(item.value).length : LINE_WIDTH));
  return column + widths.reduce((sum, width) => sum + width + 2, 0) <= LINE_WIDTH;
}

function formList(list: YAMLSeq, form: Form, { column, indent }: At): YAMLSeq {
  const own = { column: indent + INDENT + 2, indent: indent + INDENT + 2 };
  list.items = list.items.map((item) => formed(item, form.each ?? {}, own));
  list.flow = form.isFlow === true && fits(list, column);
  return list.flow ? TightList.of(list) : list;
}

function formPairs(pairs: Pair[], form: Form, indent: number): void {
  const { keys = [], of = {}, each = {} } = form;
  const rankOf = (pair: Pair) => {
    const rank = keys.indexOf(nameOf(pair));
    return rank === -1 ? keys.length : rank;
  };
  pairs.sort((a, b) => rankOf(a) - rankOf(b));
  for (const pair of pairs) {
    const name = nameOf(pair);
    if (isScalar(pair.key)) pair.key.type = Scalar.PLAIN;
    const at = { column: indent + name.length + 2, indent };
    pair.value = formed(pair.value, of[name] ?? each, at);
  }
}

/** The node as it is to be written. */
function formed(node: unknown, form: Form, at: At): unknown {
  if (isScalar(node)) formScalar(node, form, at);
  if (isSeq(node)) return formList(node, form, at);
  if (!isMap(node)) return node;
  node.flow = form.isFlow === true;
  // A list sets its own maps off already.
  formPairs(node.items as Pair[], form, at.indent === at.column ? at.indent : at.indent + INDENT);
  return node;
}

/** Blank lines mean nothing; a comment before the first one belongs to the first key. */
function closeUp(document: Document.Parsed): void {
  const isNode = (node: unknown): node is Node => typeof node === 'object' && node !== null;
  visit(document, (_, node) => {
    const inner = isPair(node) ? node.key : node;
    if (isNode(inner)) inner.spaceBefore = false;
  });
  const first = isMap(document.contents) ? document.contents.items[0]?.key : undefined;
  if (document.commentBefore === null || !isScalar(first)) return;
  const comments = [document.commentBefore, first.commentBefore].filter((one) => one != null);
  first.commentBefore = comments.join('\n');
  document.commentBefore = null;
}

/** The model file in its form; the same for a text that has it. Throws for what is no YAML. */
export function formatModel(text: string): string {
  const document = parseDocument(text, {
    customTags: (tags) => [HEX_TAG, ...tags],
    prettyErrors: true,
  });
  const [fault] = document.errors;
  if (fault !== undefined) throw fault;
  closeUp(document);
  formed(document.contents, MODEL, { column: 0, indent: 0 });
  return document.toString({ lineWidth: LINE_WIDTH, indent: INDENT });
}
