/** What `amr scan` prints. */
import type { BusConfig } from '../config/schema.ts';
import type { Discovery, FoundMeter } from '../core/driver.ts';
import { framingHint, settingsText } from './line-text.ts';
import { printLine, table } from './output.ts';
import type { Sweep } from './scan-sweeps.ts';

/** What one sweep found. */
export interface Pass extends Discovery {
  readonly sweep: Sweep;
}

/** How the line is set, as far as that is known of it. */
interface LineFacts {
  readonly baudRate?: number;
  readonly parity?: string;
  readonly stopBits?: number;
}

export interface ScanReport {
  readonly meters: readonly (FoundMeter & LineFacts)[];
  /** Parts of all addresses where somebody was heard and not everybody found. */
  readonly unresolved: readonly ({ readonly pattern: string } & LineFacts)[];
  readonly errors: readonly ({ readonly code: string; readonly message: string } & LineFacts)[];
}

function factsOf(line: BusConfig): LineFacts {
  if ('modbusTcp' in line) return {};
  if ('tcp' in line) return { baudRate: line.tcp.baudRate };
  const { baudRate, parity, stopBits } = line.serial;
  return { baudRate, parity, stopBits };
}

/** `9600 8N1`, the rate alone behind a serial server, nothing for a connection. */
export function lineText(line: BusConfig): string {
  if ('modbusTcp' in line) return '';
  return 'tcp' in line ? String(line.tcp.baudRate) : settingsText(line.serial);
}

function messageOf({ sweep, endedBy }: Pass): string {
  if (endedBy === null) return '';
  const hint = sweep.driver === 'modbus' ? framingHint(sweep.line, endedBy.code) : null;
  return hint === null ? endedBy.message : `${endedBy.message}; ${hint}`;
}

export function scanReport(passes: readonly Pass[]): ScanReport {
  return {
    meters: passes.flatMap(({ meters, sweep }) =>
      meters.map((meter) => ({ ...meter, ...factsOf(sweep.line) })),
    ),
    unresolved: passes.flatMap(({ unresolved, sweep }) =>
      unresolved.map((pattern) => ({ pattern, ...factsOf(sweep.line) })),
    ),
    errors: passes.flatMap((pass) => {
      const { endedBy, sweep } = pass;
      if (endedBy === null) return [];
      return [{ code: endedBy.code, message: messageOf(pass), ...factsOf(sweep.line) }];
    }),
  };
}

/** What is to be given to `amr read` as its model, or what helps to find that out. */
function modelText({ protocol, models, says }: FoundMeter): string {
  if (models === undefined) return protocol;
  if (models.length > 0) return models.join(' or ');
  return says === undefined ? 'unknown' : `unknown; the device says: ${says}`;
}

function rowsOf({ meters, sweep }: Pass): string[][] {
  return meters.map((meter) => [
    meter.address,
    meter.protocol,
    lineText(sweep.line) || '-',
    modelText(meter),
  ]);
}

function notesOf({ meters, unresolved, endedBy, sweep }: Pass): string[] {
  const line = lineText(sweep.line);
  const at = line === '' ? '' : ` at ${line}`;
  const ignorant = meters.filter(({ answersAny }) => answersAny);
  return [
    ...ignorant.map(({ address }) => `unit ${address}: the device answers whatever unit is asked`),
    ...unresolved.map((pattern) => `${pattern}${at}: not everybody there was found`),
    ...(endedBy === null
      ? []
      : [`${endedBy.code}: ${messageOf({ meters, unresolved, endedBy, sweep })}`]),
  ];
}

/** Where nobody was found, what may be the reason or was not looked at. */
function adviceOf(passes: readonly Pass[]): string[] {
  const modbus = passes.filter(({ sweep }) => sweep.driver === 'modbus');
  const isComplete = modbus.every(({ endedBy }) => endedBy === null);
  const isFound = modbus.some(({ meters }) => meters.length > 0);
  const part = modbus.find(({ sweep }) => sweep.isPart)?.sweep.addresses;
  const [first] = modbus;
  const hint = first === undefined ? null : framingHint(first.sweep.line, 'BUS_NO_REPLY');
  return [
    ...(part === undefined
      ? []
      : [`Modbus: units ${part.at(0)} to ${part.at(-1)} were asked; --units 1-247 asks all`]),
    ...(hint === null || isFound || !isComplete ? [] : [`no Modbus meter: ${hint}`]),
  ];
}

export function printScan(passes: readonly Pass[]): void {
  const rows = passes.flatMap(rowsOf);
  if (rows.length === 0) printLine('no meter found');
  else for (const line of table(['address', 'protocol', 'line', 'model'], rows)) printLine(line);
  for (const note of [...passes.flatMap(notesOf), ...adviceOf(passes)]) {
    process.stderr.write(`${note}\n`);
  }
}
