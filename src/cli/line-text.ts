/** Lines in words: how a serial port is set, and what else the far end may speak. */
import type { BusConfig } from '../config/schema.ts';
import type { MeterModel } from '../core/model.ts';
import type { LineSettings } from '../core/transport.ts';
import type { Cause } from './read-report.ts';

const PARITY_LETTERS: Readonly<Record<LineSettings['parity'], string>> = {
  none: 'N',
  even: 'E',
  odd: 'O',
};

/** `9600 8N1`. */
export function settingsText({
  baudRate,
  dataBits = 8,
  parity,
  stopBits,
}: Omit<LineSettings, 'dataBits'> & { readonly dataBits?: 7 | 8 }): string {
  return `${baudRate} ${dataBits}${PARITY_LETTERS[parity]}${stopBits}`;
}

function placeOf({ host, port }: { host: string; port: number }): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/** Signs that the far end does not speak as it is spoken to. */
const SIGNS: readonly string[] = [
  'BUS_NO_REPLY',
  'BUS_PARTIAL_REPLY',
  'FRAME_MALFORMED',
  'PORT_LOST',
];

/** Which other framing of Modbus to try, `null` where the error is no sign of that. */
export function framingHint(bus: BusConfig, code: string): string | null {
  if (!SIGNS.includes(code)) return null;
  if ('tcp' in bus) return `does it speak Modbus TCP? try modbus-tcp://${placeOf(bus.tcp)}`;
  if (!('modbusTcp' in bus)) return null;
  return `is it a serial server that passes RTU frames? try rtu-over-tcp://${placeOf(bus.modbusTcp)}`;
}

/** Where bytes got no answer: how the port was set, and how such a meter is usually delivered. */
function settingsHint(bus: BusConfig, code: string, { model, line }: MeterModel): string | null {
  if (!('serial' in bus) || !code.startsWith('BUS_') || !SIGNS.includes(code)) return null;
  const used = settingsText(bus.serial);
  const usual = settingsText(line);
  if (used === usual) return `the port was set to ${used}, as ${model} is usually delivered`;
  const { baudRate, parity, stopBits } = line;
  const words = `baud=${baudRate}&parity=${parity}&stop=${stopBits}`;
  return `the port was set to ${used}, but ${model} is usually delivered with ${usual}: ${words}`;
}

/** The cause with what may have led to it. */
export function explained(cause: Cause, bus: BusConfig, model: MeterModel): Cause {
  const framing = model.protocol === 'modbus' ? framingHint(bus, cause.code) : null;
  const hint = settingsHint(bus, cause.code, model) ?? framing;
  return hint === null ? cause : { ...cause, message: `${cause.message}; ${hint}` };
}
