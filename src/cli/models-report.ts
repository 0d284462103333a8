/** What `amr models` prints: a document, or lines of 80 columns. */
import type { Driver } from '../core/driver.ts';
import { bestEvidence, type MeterModel } from '../core/model.ts';
import { findRegister, type Register } from '../core/registers.ts';
import { marksText, placedIn } from './model-place.ts';
import { table } from './output.ts';

/** A model, its driver where there is one, and what keeps the model from being used. */
export interface Checked {
  readonly model: MeterModel;
  readonly driver: Driver | null;
  readonly complaints: readonly string[];
}

const COLUMNS = 80;

/** Breaks a text between its words; a word that is wider stands alone. */
function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(/\s+/)) {
    const last = lines.at(-1);
    const isRoom = last !== undefined && last.length + 1 + word.length <= width;
    if (isRoom) lines.splice(-1, 1, `${last} ${word}`);
    else lines.push(word);
  }
  return lines;
}

/** A text behind its name, further lines below the text. */
function entry(name: string, text: string, indent: number): string[] {
  const head = name.padEnd(indent);
  return wrap(text, COLUMNS - indent).map((line, index) =>
    `${index === 0 ? head : ' '.repeat(indent)}${line}`.trimEnd(),
  );
}

export function listDocument(all: readonly Checked[]) {
  return all.map(({ model: one, complaints }) => ({
    ...{ model: one.model, protocol: one.protocol, title: one.title, products: one.products },
    ...{ side: one.side, evidence: bestEvidence(one) },
    registers: Object.keys(one.registers).length,
    complaints,
  }));
}

/** One model a row; the last column takes as many lines as it needs. */
export function listLines(all: readonly Checked[]): string[] {
  const header = ['model', 'protocol', 'registers'];
  const rows = all.map(({ model: { model, protocol, registers } }) => [
    model,
    protocol,
    String(Object.keys(registers).length),
  ]);
  const [head = '', ...heads] = table(header, rows);
  const indent = Math.max(head.length, ...heads.map((line) => line.length)) + 2;
  const lines = all.flatMap(({ model: { title, products } }, index) => {
    const text = products.length === 0 ? title.en : `${title.en}: ${products.join(', ')}`;
    return entry(heads[index] ?? '', text, indent);
  });
  return [`${head.padEnd(indent)}meters`, ...lines];
}

/** What the catalogue and the model say of one register. */
function registerDocument({ model, driver }: Checked, name: string) {
  const register: Register | undefined = findRegister(name);
  const { where, form } = placedIn(model, name);
  return {
    obis: register?.obis ?? null,
    name,
    label: register?.label ?? null,
    unit: register?.unit ?? null,
    resolution: register === undefined ? null : (driver?.resolution(model, register) ?? null),
    ...{ where, form },
  };
}

export function modelDocument(checked: Checked) {
  const { model, protocol, title, products, source, line, side, settings } = checked.model;
  const { caveats, groups, registers, examples } = checked.model;
  return {
    ...{ model, protocol, title, products, source, line, side, settings, caveats, groups },
    registers: Object.keys(registers).map((name) => registerDocument(checked, name)),
    examples: examples.length,
    evidence: bestEvidence(checked.model),
    complaints: checked.complaints,
  };
}

const settingText = (value: unknown) =>
  typeof value === 'object' ? JSON.stringify(value) : String(value);

function headLines(model: MeterModel): string[] {
  const { title, products, source, protocol, line, side, settings } = model;
  const stops = `${line.stopBits} stop bit${line.stopBits === 1 ? '' : 's'}`;
  const { identification, ...others } = settings;
  const marks = marksText(identification);
  const told = marks === null ? settings : others;
  const set = Object.entries(told).map(([key, value]) => `${key} ${settingText(value)}`);
  const rows = [
    ['meter', title.en],
    ['products', products.join(', ')],
    ['protocol', [protocol, ...set].join(', ')],
    ['known by', marks ?? ''],
    ['line', `${line.baudRate} baud, parity ${line.parity}, ${stops}`],
    ['side', side],
    ['source', source],
    ['evidence', bestEvidence(model)],
  ] as const;
  return rows.flatMap(([name, text]) => (text === '' ? [] : entry(name, text, 10)));
}

function registerLines(checked: Checked): string[] {
  const rows = Object.keys(checked.model.registers).map((name) => {
    const { obis, where, form, unit, resolution } = registerDocument(checked, name);
    return [name, obis ?? '-', `${where} ${form}`.trim(), unit ?? '', resolution ?? ''];
  });
  return table(['register', 'obis', 'where', 'unit', 'step'], rows);
}

export function modelLines(checked: Checked): string[] {
  const { model } = checked;
  const groups = Object.entries(model.groups).flatMap(([name, registers]) =>
    entry(name, registers.join(' '), 16),
  );
  const caveats = model.caveats.flatMap(({ text, link }) => [
    ...entry('-', text, 2),
    ...(link === undefined ? [] : [`  ${link}`]),
  ]);
  return [
    model.model,
    ...headLines(model),
    ...['', ...registerLines(checked)],
    ...['', 'groups', ...groups],
    ...(caveats.length === 0 ? [] : ['', 'caveats', ...caveats]),
  ];
}
