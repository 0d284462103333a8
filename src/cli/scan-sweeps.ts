/** Which protocols `amr scan` tries, over which lines, in the order that finds meters soonest. */
import type { BusConfig } from '../config/schema.ts';
import { AmrError } from '../core/errors.ts';
import { type KnownSettings, parseBusUrl } from './bus-url.ts';

/** By the words of the command line, the drivers that look for their meters. */
const DRIVERS_OF = { dlt645: 'dlt645-2007', modbus: 'modbus' } as const;
export type ScanProtocol = keyof typeof DRIVERS_OF;
export const SCAN_PROTOCOLS = Object.keys(DRIVERS_OF);

/** What is usual in the field, the commonest first. */
const USUAL: Readonly<Record<ScanProtocol, readonly KnownSettings[]>> = {
  dlt645: [2400, 9600, 1200, 4800, 19_200].map((baudRate) => ({ baudRate, parity: 'even' })),
  modbus: [
    { baudRate: 9600, parity: 'none' },
    { baudRate: 9600, parity: 'even' },
    { baudRate: 19_200, parity: 'even' },
    { baudRate: 19_200, parity: 'none' },
    { baudRate: 2400, parity: 'none' },
  ],
};
const PARITIES: Readonly<Record<ScanProtocol, readonly ('none' | 'even')[]>> = {
  dlt645: ['even'],
  modbus: ['none', 'even'],
};
/** Where several settings are tried, the units that meters mostly have. */
const FEW_UNITS = 32;

export interface SweepOptions {
  readonly bus: string;
  /** Both on a line and Modbus on a connection where absent. */
  readonly protocol?: ScanProtocol;
  readonly baud?: readonly number[];
  /** Of Modbus; all where absent, or the first ones where several settings are tried. */
  readonly units?: readonly number[];
}

/** One search of one protocol over one line. */
export interface Sweep {
  readonly driver: string;
  readonly line: BusConfig;
  readonly addresses?: readonly string[];
  /** Only a part of the addresses, although all were to be found. */
  readonly isPart: boolean;
}

function settingsOf(protocol: ScanProtocol, baud: SweepOptions['baud']): readonly KnownSettings[] {
  if (baud === undefined) return USUAL[protocol];
  return baud.flatMap((baudRate) => PARITIES[protocol].map((parity) => ({ baudRate, parity })));
}

/** What the URL says holds, but for the rates that were named besides. */
function lineWith(url: string, usual: KnownSettings, { baud }: SweepOptions): BusConfig {
  const line = parseBusUrl(url, usual);
  const { baudRate } = usual;
  if (!('serial' in line) || baud === undefined || baudRate === undefined) return line;
  return { ...line, serial: { ...line.serial, baudRate } };
}

/** A serial port as it may be set; behind a TCP port the settings are not ours. */
function linesOf(protocol: ScanProtocol, options: SweepOptions): BusConfig[] {
  const lines = settingsOf(protocol, options.baud).map((usual) =>
    lineWith(options.bus, usual, options),
  );
  const different = new Map(lines.map((line) => [JSON.stringify(line), line]));
  return [...different.values()];
}

function sweepsOf(protocol: ScanProtocol, options: SweepOptions): Sweep[] {
  const lines = linesOf(protocol, options);
  const driver = DRIVERS_OF[protocol];
  if (protocol !== 'modbus') return lines.map((line) => ({ driver, line, isPart: false }));
  const isPart = options.units === undefined && lines.length > 1;
  const few = Array.from({ length: FEW_UNITS }, (_, index) => index + 1);
  const units = options.units ?? (isPart ? few : undefined);
  const addresses = units === undefined ? {} : { addresses: units.map(String) };
  return lines.map((line) => ({ driver, line, ...addresses, isPart }));
}

/**
 * For each protocol its sweeps; the first that finds a meter may be the last of them. Throws
 * CONFIG_INVALID for what does not go together.
 */
export function planSweeps(options: SweepOptions): Sweep[][] {
  const line = parseBusUrl(options.bus);
  if (options.baud !== undefined && !('serial' in line)) {
    throw new AmrError('CONFIG_INVALID', '--baud: only the rate of a serial port can be set here');
  }
  const isConnection = 'modbusTcp' in line;
  if (isConnection && options.protocol === 'dlt645') {
    throw new AmrError('CONFIG_INVALID', '--protocol: DL/T 645 does not go over Modbus TCP');
  }
  if (options.protocol === 'dlt645' && options.units !== undefined) {
    throw new AmrError('CONFIG_INVALID', '--units are of Modbus');
  }
  const both: readonly ScanProtocol[] = isConnection ? ['modbus'] : ['dlt645', 'modbus'];
  const protocols = options.protocol === undefined ? both : [options.protocol];
  return protocols.map((protocol) => sweepsOf(protocol, options));
}
