/** What `amr decode` shows of the functions that are no plain reading; bytes without 33H. */
import type { DecodedValue } from '../../../src/core/driver.ts';
import { BAUD_RATES, type BaudTable, baudRateOf } from '../baud.ts';
import type { Shown } from '../format.ts';
import { hexReversed } from '../frame.ts';
import { findItem, type Item } from '../items.ts';
import { BAUD_RATES_1997 } from '../v1997/baud.ts';
import { find1997Item } from '../v1997/items.ts';
import { showBroadcastTime } from './broadcast-time.ts';
import * as codes from './codes.ts';
import {
  parseBaud,
  parseClear,
  parseClearEvents,
  parseFreeze,
  parseOutputPort,
  parsePasswordChange,
  parsePasswordSet,
  parseRelay,
  parseSecurityRequest,
  parseWrite,
  type Secret,
} from './commands.ts';
import { parseClearDemand1997, parsePasswordChange1997, parseWrite1997 } from './commands-1997.ts';
import { rawHex, wantLength } from './payload.ts';
import { parseAddress, parseFollowUpRequest, parseReadRequest, showFrom } from './reading.ts';

/** Throws FRAME_LENGTH where the payload does not have the form of the function. */
type Shower = (payload: Uint8Array) => DecodedValue[];
type Showers = Readonly<Record<number, Shower>>;

const one = (name: string, value: string | null, unit = ''): DecodedValue => ({
  obis: null,
  name,
  value,
  unit,
});

/** Bytes that nothing is known of; no value where there are none. */
export function showRaw(bytes: Uint8Array): DecodedValue[] {
  return bytes.length === 0 ? [] : [one('x_raw', rawHex(bytes))];
}

/** A password that is written as an item is nobody's to read. */
const HIDDEN = '******';

/** A moment, or the flag and the bytes that say why it is none. */
const oneMoment = (name: string, { value, flags, raw }: Shown): DecodedValue => ({
  ...one(name, typeof value === 'string' ? value : null),
  ...(flags.length === 0 ? {} : { flags }),
  ...(raw === undefined ? {} : { raw }),
});

/** Runs the parser for its checks alone: what it holds is nothing to show. */
function nothing(parse: (payload: Uint8Array) => unknown): Shower {
  return (payload) => {
    parse(payload);
    return [];
  };
}

const empty = nothing((payload) => wantLength(payload, 0));

const showTime: Shower = (payload) => [oneMoment('x_time', showBroadcastTime(payload))];
const showAddress: Shower = (payload) => [one('x_address', parseAddress(payload))];

function showReadRequest(payload: Uint8Array): DecodedValue[] {
  const { count } = parseReadRequest(payload);
  const from = showFrom(payload);
  if (count === null) return [];
  const records = one('x_record_count', `count ${count.replace(/^0/, '')}`);
  return from === null ? [records] : [records, oneMoment('x_record_from', from)];
}

/** The digits as one number, where the identifier is known; else who wrote which bytes. */
function showWritten(
  item: Item | undefined,
  { authority, content }: { authority: string; content: Uint8Array },
  operator?: string,
): DecodedValue[] {
  if (item !== undefined) {
    return [one('x_written', item.carries === 'secret' ? HIDDEN : hexReversed(content))];
  }
  const by = operator === undefined ? [] : [one('x_operator', `operator=${operator}`)];
  return [one('x_authority', `PA=${authority} password=${HIDDEN}`), ...by, ...showRaw(content)];
}

function showWrite(payload: Uint8Array): DecodedValue[] {
  const write = parseWrite(payload);
  return showWritten(findItem(write.di), write, write.operator);
}

function showWrite1997(payload: Uint8Array): DecodedValue[] {
  const write = parseWrite1997(payload);
  return showWritten(find1997Item(write.di), write);
}

/** MMDDhhmm with nines for any: how often, and when. */
function freezeMeaning(digits: string): string {
  const [, month = '', day = '', hour = '', minute = ''] = /^(..)(..)(..)(..)$/.exec(digits) ?? [];
  if (minute === '99') return 'at once';
  if (hour === '99') return `hourly at minute ${minute}`;
  if (day === '99') return `daily at ${hour}:${minute}`;
  if (month === '99') return `monthly on day ${day} at ${hour}:${minute}`;
  return `on ${month}-${day} at ${hour}:${minute}`;
}

function showFreeze(payload: Uint8Array): DecodedValue[] {
  const digits = parseFreeze(payload);
  return [{ ...one('x_freeze', digits), means: [freezeMeaning(digits)] }];
}

function showBaud(table: BaudTable): Shower {
  return (payload) => {
    const word = parseBaud(payload);
    const rate = baudRateOf(word, table);
    const text = `0x${hexReversed(payload)}`;
    return [one('x_baud', text, rate === null ? '' : `${rate} bps`)];
  };
}

const secretText = ({ authority, password }: Secret) => `${authority} ${password}`;

function showPasswords(change: { old: Secret; new: Secret }): DecodedValue[] {
  return [one('x_password_change', `${secretText(change.old)} -> ${secretText(change.new)}`)];
}

const showPasswordSet: Shower = (payload) => [
  one('x_password', secretText(parsePasswordSet(payload))),
];

function showRelay(payload: Uint8Array): DecodedValue[] {
  const order = parseRelay(payload);
  const { authority, password, operator } = order;
  const who = [
    one('x_authority', `PA=${authority} password(P2P1P0)=${password}`),
    one('x_operator', `operator=${operator}`),
  ];
  if ('ciphertext' in order) {
    const { mac, ciphertext } = order;
    return [...who, one('x_mac', rawHex(mac)), one('x_ciphertext', rawHex(ciphertext))];
  }
  const until = one('x_valid_until', `valid until ${order.validUntil}`);
  return [one('x_command', order.command), ...who, until];
}

const showOutputPort: Shower = (payload) => [one('x_signal', parseOutputPort(payload))];

function showSecurityRequest(payload: Uint8Array): DecodedValue[] {
  const { operator, content } = parseSecurityRequest(payload);
  return [one('x_operator', `operator=${operator}`), ...showRaw(content)];
}

const REQUESTS_2007: Showers = {
  [codes.SECURITY]: showSecurityRequest,
  [codes.BROADCAST_TIME]: showTime,
  [codes.READ]: showReadRequest,
  [codes.READ_FOLLOW_UP]: nothing(parseFollowUpRequest),
  [codes.READ_ADDRESS]: empty,
  [codes.WRITE]: showWrite,
  [codes.WRITE_ADDRESS]: showAddress,
  [codes.FREEZE]: showFreeze,
  [codes.CHANGE_BAUD]: showBaud(BAUD_RATES),
  [codes.CHANGE_PASSWORD]: (payload) => showPasswords(parsePasswordChange(payload)),
  [codes.CLEAR_DEMAND]: nothing(parseClear),
  [codes.CLEAR_METER]: nothing(parseClear),
  [codes.CLEAR_EVENTS]: (payload) => [one('x_cleared', parseClearEvents(payload).di)],
  [codes.RELAY_CONTROL]: showRelay,
  [codes.OUTPUT_PORT]: showOutputPort,
};

const ANSWERS_2007: Showers = {
  [codes.SECURITY]: (payload) => showRaw(payload.subarray(4)),
  [codes.READ_ADDRESS]: showAddress,
  [codes.CHANGE_BAUD]: showBaud(BAUD_RATES),
  [codes.CHANGE_PASSWORD]: showPasswordSet,
  // Whether the answer repeats the word is not settled.
  [codes.OUTPUT_PORT]: (payload) => (payload.length === 0 ? [] : showOutputPort(payload)),
};

const REQUESTS_1997: Showers = {
  [codes.READ_1997]: nothing((payload) => wantLength(payload, 2)),
  [codes.READ_FOLLOW_UP_1997]: nothing((payload) => wantLength(payload, 2)),
  [codes.REREAD_1997]: empty,
  [codes.WRITE_1997]: showWrite1997,
  [codes.BROADCAST_TIME]: showTime,
  [codes.WRITE_ADDRESS_1997]: showAddress,
  [codes.CHANGE_BAUD_1997]: showBaud(BAUD_RATES_1997),
  [codes.CHANGE_PASSWORD_1997]: (payload) => showPasswords(parsePasswordChange1997(payload)),
  [codes.CLEAR_DEMAND_1997]: nothing(parseClearDemand1997),
};

const ANSWERS_1997: Showers = {
  [codes.CHANGE_BAUD_1997]: (payload) =>
    payload.length === 0 ? [] : showBaud(BAUD_RATES_1997)(payload),
  [codes.CHANGE_PASSWORD_1997]: showPasswordSet,
};

const SHOWERS: Readonly<Record<codes.Edition, { requests: Showers; answers: Showers }>> = {
  'dlt645-2007': { requests: REQUESTS_2007, answers: ANSWERS_2007 },
  'dlt645-1997': { requests: REQUESTS_1997, answers: ANSWERS_1997 },
};

/** How a payload is shown; bytes of functions that the edition lacks are shown as they came. */
export function showerOf(
  edition: codes.Edition,
  direction: 'requests' | 'answers',
  code: number,
): Shower {
  return SHOWERS[edition][direction][code] ?? showRaw;
}
