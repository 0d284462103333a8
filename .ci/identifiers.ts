/** The page of all data identifiers, in English and Chinese, from the tables that decode them. */
import type { Format } from '../drivers/dlt645/format.ts';
import { type Field, findItem, type Item, TABLES } from '../drivers/dlt645/items.ts';
import { sampleIdentifiers } from '../drivers/dlt645/tables/patterns.ts';
import type { Row } from '../drivers/dlt645/tables/row.ts';
import { itemsOf } from '../drivers/dlt645/v1997/items.ts';
import { ROWS_1997 } from '../drivers/dlt645/v1997/rows.ts';
import { fieldWidth } from '../drivers/dlt645/values.ts';

const INTRODUCTION = `# Data identifiers

Generated from \`tables/\`; every row decodes, encodes and is tested. Identifiers are DI3 DI2 DI1 DI0.
由 \`tables/\` 生成；每一行都可解码、编码并经过测试。数据标识按 DI3 DI2 DI1 DI0 书写。

| in an identifier | 含义 | means                                                       |
| ---------------- | ---- | ----------------------------------------------------------- |
| T                | 费率 | 00 the total, 01 to 3F a tariff, FF all of them             |
| S                | 结算 | 00 the running period, 01 the last settlement to 0C, FF all |
| P, L             | 相   | 01 to 03 a phase; P: FF all of them                         |
| V, W             | 相   | 00 the total, 01 to 03 a phase; V: FF all of them           |
| H                | 谐波 | 01 to 15 the order, FF all of them                          |
| Q, R             | 记录 | 01 the last record to 0A; R: FF all of them                 |
| F, G             | 字段 | the field of the record; F: FF all of them                  |

Two places are never FF at once. "EXT" is in no text of the standard: meters of the State Grid have it.
In names \`*\` is the place of tariff (\`_t1\`), phase (\`_l1\`), order or number; names without \`x_\` have
the OBIS code shown, less those of freezes. A settlement has its number behind the name, and \`x_\` before
it: \`x_energy_active_import_s1\`. A block may come shorter. "signed": the top bit is the sign.
`;

const INTRODUCTION_1997 = `## DL/T 645-1997

Identifiers are DI1 DI0. 数据标识按 DI1 DI0 书写。

| in an identifier | 含义   | means                                                              |
| ---------------- | ------ | ------------------------------------------------------------------ |
| 90\\|94\\|98       | 月份   | the present month, the last one (\`_s1\`) and the one before (\`_s2\`) |
| T                | 费率   | 0 the total, 1 to E a tariff, F all of them                        |
| P                | 相     | 1 to 3 a phase, F all of them                                      |
| V                | 相     | 0 the total, 1 to 3 a phase, F all of them                         |

90FF, 91FF and so on are all directions of one DI1, 9FFF all energies of all months.
`;

function digitsOf(format: Format): string {
  switch (format.kind) {
    case 'time':
      return format.layout;
    case 'number': {
      const whole = format.bytes * 2 - format.decimals;
      const digits = 'X'.repeat(whole) + (format.decimals > 0 ? '.' : '');
      return `${digits}${'X'.repeat(format.decimals)}${format.signed ? ' signed' : ''}`;
    }
    case 'digits':
      return `N${format.bytes * 2}`;
    case 'text':
      return 'ASCII';
    default:
      return 'binary';
  }
}

const formOf = ({ format, time, unit }: Field) =>
  [digitsOf(format), time === undefined ? '' : `+ ${time.layout}`, unit].filter(Boolean).join(' ');

/** Equal neighbours counted: `YYMMDDhhmmss ×2, XXXXXX.XX kWh ×16`. */
function contentOf({ fields, carries }: Item): string {
  if (carries === 'secret') return 'write-only 只写';
  if (carries === 'bytes') return 'bytes 原始数据';
  const runs: { form: string; count: number }[] = [];
  for (const form of fields.map(formOf)) {
    const last = runs.at(-1);
    if (last?.form === form) last.count += 1;
    else runs.push({ form, count: 1 });
  }
  return runs.map(({ form, count }) => (count === 1 ? form : `${form} ×${count}`)).join(', ');
}

const widthOf = (fields: readonly Field[]) =>
  fields.reduce((sum, field) => sum + fieldWidth(field), 0);

function lengthOf({ fields, layouts = [] }: Item): string {
  return [fields, ...layouts].map(widthOf).filter(Boolean).join(' or ');
}

function namesOf({ fields }: Row): string {
  const [first, ...more] = fields.map(({ name }) => `\`${name}\``);
  if (more.length === 0) return first ?? '';
  return more.length < 4 ? [first, ...more].join(' ') : `${first} … ${more.at(-1)}`;
}

/** The row as its first single identifier has it; a record of fields as a whole. */
function sampleOf(row: Row): Item | undefined {
  const samples = sampleIdentifiers(row);
  const isItemised = row.pattern.split(' ').includes('F');
  const di = isItemised ? samples.find((one) => one.slice(4, 6) === 'FF') : samples[0];
  return findItem(di ?? '');
}

function lineOf(row: Row, item: Item | undefined): string {
  if (item === undefined) throw new Error(`no item for ${row.pattern}`);
  const isOfRegister = item.fields.length === 1 && !item.isPast;
  const obis = isOfRegister ? item.fields[0]?.register?.obis : undefined;
  const cells = [
    row.pattern.replaceAll('|', '\\|'),
    lengthOf(item),
    contentOf(item),
    namesOf(row),
    obis ?? '',
    row.label.en,
    row.label.zh,
    row.access,
    row.source,
  ];
  return `| ${cells.join(' | ')} |`;
}

const HEAD = `| identifier 数据标识 | bytes 长度 | content 格式 | name 名称 | OBIS | English | 中文 | access | source 来源 |
| --- | --- | --- | --- | --- | --- | --- | --- | --- |`;

/** drivers/dlt645/IDENTIFIERS.md. */
export function identifiersPage(): string {
  const tables = TABLES.map(({ en, zh, rows }) => {
    const lines = rows().map((row) => lineOf(row, sampleOf(row)));
    return `## ${en} ${zh}\n\n${HEAD}\n${lines.join('\n')}\n`;
  });
  const lines1997 = ROWS_1997.map((row) => lineOf(row, itemsOf(row)[0]));
  const table1997 = `${HEAD}\n${lines1997.join('\n')}\n`;
  return [INTRODUCTION, ...tables, INTRODUCTION_1997, table1997].join('\n');
}
