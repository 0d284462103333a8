/** The page of all meter models, in English and Chinese, from the files that the drivers use. */
import { placedIn } from '../src/cli/model-place.ts';
import { loadModels } from '../src/config/models.ts';
import type { Driver } from '../src/core/driver.ts';
import { bestEvidence, type MeterModel } from '../src/core/model.ts';
import { findRegister } from '../src/core/registers.ts';
import { loadDriver } from '../src/field.ts';

const INTRODUCTION = `# Meter models

Generated from the model files; [README.md](README.md) tells how to add one.
由表型文件生成；添加新表型的方法见 [README.md](README.md)。

A register's value is published in the unit and in the step shown. Addresses are those on the wire,
from 0. A type without a word order has the most significant word first (ABCD).
数值按表中的单位和分辨率发布。寄存器地址为报文中的地址，从 0 开始；未注明字序者高字在前（ABCD）。

Side 侧: what the values are of where the meter sits behind transformers.

| side | values | 数值 |
| --- | --- | --- |
| primary | of the primary side, the ratios are in | 一次侧，已乘变比 |
| secondary | of the terminals; multiply by CT × PT | 二次侧，需乘以 CT × PT |
| as-set | as the meter is set; ask or compare with the load | 取决于表内设置 |
| direct | no transformers | 直接接入 |
| unknown | no source says; compare with the load | 未知 |

Evidence 依据: the best that the example frames of the model come from. Frames of meters and of
documents show that the map is right; constructed ones only that it is read as it is written.

| evidence | frames |
| --- | --- |
| captured | a meter sent them 实表报文 |
| published | a document shows them 文献中的报文 |
| constructed | made from the register map 按寄存器表构造 |
`;

const cell = (text: string) => text.replaceAll('|', '\\|');
const row = (cells: readonly string[]) => `| ${cells.map(cell).join(' | ')} |`;

function tableOf(header: readonly string[], rows: readonly (readonly string[])[]): string {
  return [row(header), row(header.map(() => '---')), ...rows.map(row)].join('\n');
}

function overview(models: readonly MeterModel[]): string {
  const rows = models.map((one) => [
    `[${one.model}](#${one.model})`,
    one.title.en,
    one.title.zh,
    one.products.join(', '),
    one.protocol,
    String(Object.keys(one.registers).length),
    one.side,
    bestEvidence(one),
  ]);
  const header = [
    'model 表型',
    'meter',
    '电能表',
    'products 产品',
    'protocol 规约',
    'registers 数据项',
    'side 侧',
    'evidence 依据',
  ];
  return tableOf(header, rows);
}

function registerRow(name: string, model: MeterModel, driver: Driver): string[] {
  const register = findRegister(name);
  if (register === undefined) throw new Error(`${model.model}: no register ${name}`);
  const { obis, label, unit } = register;
  const { where, form } = placedIn(model, name);
  const step = driver.resolution(model, register) ?? '';
  return [`\`${name}\``, obis ?? '', label.en, label.zh, where, form, unit, step];
}

const REGISTER_HEADER = [
  ...['register 数据项', 'OBIS', 'English', '中文', 'where 地址', 'type 类型', 'unit 单位'],
  'step 分辨率',
];

async function sectionOf(model: MeterModel): Promise<string> {
  const driver = await loadDriver(model.protocol);
  const { title, line, side, source, caveats, registers } = model;
  const rows = Object.keys(registers).map((name) => registerRow(name, model, driver));
  const links = caveats.map(({ text, link }) =>
    link === undefined ? `- ${text}` : `- ${text} ([source](${link}))`,
  );
  return [
    `## ${model.model}\n`,
    `${title.en}. ${title.zh}。\n`,
    `Line 线路: ${line.baudRate} baud, parity ${line.parity}, stop bits ${line.stopBits}.\n`,
    `Side 侧: ${side}. Evidence 依据: ${bestEvidence(model)}.\n`,
    ...(links.length === 0 ? [] : [`${links.join('\n')}\n`]),
    `${tableOf(REGISTER_HEADER, rows)}\n`,
    `Source 来源: ${source}.\n`,
  ].join('\n');
}

/** config/models/MODELS.md. */
export async function modelsPage(): Promise<string> {
  const models = [...(await loadModels()).values()].sort((a, b) => (a.model < b.model ? -1 : 1));
  const sections = await Promise.all(models.map(sectionOf));
  return [INTRODUCTION, `${overview(models)}\n`, ...sections].join('\n');
}
