/**
 * Which function a frame is of. The editions share the frame and differ in the codes: those of
 * 1997 end at 10H, those of 2007 begin at 11H but for 08H, and 03H, which meters have beside it.
 */
import { type Dlt645Frame, functionOf, hexReversed, isAbnormal } from '../frame.ts';

export type Edition = 'dlt645-2007' | 'dlt645-1997';

export const SECURITY = 0x03;
export const BROADCAST_TIME = 0x08;
export const READ = 0x11;
export const READ_FOLLOW_UP = 0x12;
export const READ_ADDRESS = 0x13;
export const WRITE = 0x14;
export const WRITE_ADDRESS = 0x15;
export const FREEZE = 0x16;
export const CHANGE_BAUD = 0x17;
export const CHANGE_PASSWORD = 0x18;
export const CLEAR_DEMAND = 0x19;
export const CLEAR_METER = 0x1a;
export const CLEAR_EVENTS = 0x1b;
export const RELAY_CONTROL = 0x1c;
export const OUTPUT_PORT = 0x1d;

export const READ_1997 = 0x01;
export const READ_FOLLOW_UP_1997 = 0x02;
export const REREAD_1997 = 0x03;
export const WRITE_1997 = 0x04;
export const WRITE_ADDRESS_1997 = 0x0a;
export const CHANGE_BAUD_1997 = 0x0c;
export const CHANGE_PASSWORD_1997 = 0x0f;
export const CLEAR_DEMAND_1997 = 0x10;

type Names = Readonly<Record<number, string>>;

/** DL/T 645-2007 clause 7; 03H, 1CH and 1DH are later additions. */
const NAMES_2007: Names = {
  [SECURITY]: 'security',
  [BROADCAST_TIME]: 'broadcast-time',
  [READ]: 'read',
  [READ_FOLLOW_UP]: 'read-follow-up',
  [READ_ADDRESS]: 'read-address',
  [WRITE]: 'write',
  [WRITE_ADDRESS]: 'write-address',
  [FREEZE]: 'freeze',
  [CHANGE_BAUD]: 'change-baud',
  [CHANGE_PASSWORD]: 'change-password',
  [CLEAR_DEMAND]: 'clear-demand',
  [CLEAR_METER]: 'clear-meter',
  [CLEAR_EVENTS]: 'clear-events',
  [RELAY_CONTROL]: 'relay-control',
  [OUTPUT_PORT]: 'output-port',
};

const NAMES_1997: Names = {
  [READ_1997]: 'read',
  [READ_FOLLOW_UP_1997]: 'read-follow-up',
  [REREAD_1997]: 're-read',
  [WRITE_1997]: 'write',
  [BROADCAST_TIME]: 'broadcast-time',
  [WRITE_ADDRESS_1997]: 'write-address',
  [CHANGE_BAUD_1997]: 'change-baud',
  [CHANGE_PASSWORD_1997]: 'change-password',
  [CLEAR_DEMAND_1997]: 'clear-demand',
};

/** Functions whose payload begins with an identifier. */
const WITH_IDENTIFIER: Readonly<Record<Edition, readonly number[]>> = {
  'dlt645-2007': [READ, READ_FOLLOW_UP, WRITE, SECURITY],
  'dlt645-1997': [READ_1997, READ_FOLLOW_UP_1997, REREAD_1997, WRITE_1997],
};

/** The identifiers of the security function: authentication, keys, data read back, infrared. */
const SECURITY_IDENTIFIERS: readonly string[] = [
  '070000FF',
  '070001FF',
  '070002FF',
  '070003FF',
  '070301FF',
  '078001FF',
  '078002FF',
  '078003FF',
];

/** 03H: security answers in two error bytes, and otherwise begins with one of its identifiers. */
function isSecurity(frame: Dlt645Frame): boolean {
  const { payload } = frame;
  if (isAbnormal(frame)) return payload.length === 2;
  return SECURITY_IDENTIFIERS.includes(hexReversed(payload.subarray(0, 4)));
}

/**
 * The edition that a frame is of. `asked` decides about 08H, which is the same in both, and 1997
 * about 03H: there it re-reads, and the bytes of a value may look like an identifier.
 */
export function editionOf(frame: Dlt645Frame, asked: Edition): Edition {
  const code = functionOf(frame);
  if (code === BROADCAST_TIME) return asked;
  if (code === SECURITY) return isSecurity(frame) ? asked : 'dlt645-1997';
  const isLater = code >= READ;
  return isLater ? 'dlt645-2007' : 'dlt645-1997';
}

/** `unknown` where neither edition has the code: vendors use 1FH for their own ends. */
export function functionName(frame: Dlt645Frame, edition: Edition): string {
  const names = edition === 'dlt645-2007' ? NAMES_2007 : NAMES_1997;
  return names[functionOf(frame)] ?? 'unknown';
}

/** Bytes of an identifier. */
export const identifierWidth = (edition: Edition) => (edition === 'dlt645-2007' ? 4 : 2);

/** The identifier in the payload, eight or four hex digits; `null` where there is none. */
export function identifierOf(frame: Dlt645Frame, edition: Edition = 'dlt645-2007'): string | null {
  const width = identifierWidth(edition);
  if (!WITH_IDENTIFIER[edition].includes(functionOf(frame)) || isAbnormal(frame)) return null;
  return frame.payload.length < width ? null : hexReversed(frame.payload.subarray(0, width));
}
