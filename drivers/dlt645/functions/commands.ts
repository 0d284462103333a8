/**
 * What changes or switches a meter of 2007: the reading side alone, for those who listen.
 * DL/T 645-2007 clauses 7.3 to 7.12; 03H, 1CH and 1DH as meters have them. Without 33H:
 *
 *   credentials     := PA P0 P1 P2 C0 C1 C2 C3
 *   write       14H := DI0..DI3 credentials content               7.3
 *   address     15H := A0..A5, sent to AA six times               7.5
 *   freeze      16H := mm hh DD MM, 99 for any                    7.7
 *   baud        17H := Z, one bit set                             7.8; the answer is the same
 *   password    18H := DI0..DI3 PAo P0o P1o P2o PAn P0n P1n P2n   7.9; the answer PAn..P2n
 *   demand      19H := credentials                                7.10
 *   meter       1AH := credentials                                7.11
 *   events      1BH := credentials DI0..DI3, FF for all           7.12
 *   relay       1CH := credentials N1 N2 ss mm hh DD MM YY
 *                    | 98 P0 P1 P2 C0..C3 mac(4) ciphertext(16)
 *   output port 1DH := word
 *   security    03H := DI0..DI3 C0..C3 content; the answer DI0..DI3 content
 */
import { byteAt } from '../../../src/core/bytes.ts';
import { digitsAt, wantAtLeast, wantLength } from './payload.ts';

/** Digits as they stand, high digit first. */
export interface Secret {
  /** Password level: 00 may do most. */
  readonly authority: string;
  readonly password: string;
}

export interface Credentials extends Secret {
  readonly operator: string;
}

const secretAt = (payload: Uint8Array, at: number): Secret => ({
  authority: digitsAt(payload, at, at + 1),
  password: digitsAt(payload, at + 1, at + 4),
});

const credentialsAt = (payload: Uint8Array, at: number): Credentials => ({
  ...secretAt(payload, at),
  operator: digitsAt(payload, at + 4, at + 8),
});

export interface WriteRequest extends Credentials {
  readonly di: string;
  /** What is written, in the order on the wire. */
  readonly content: Uint8Array;
}

export function parseWrite(payload: Uint8Array): WriteRequest {
  wantAtLeast(payload, 13);
  const di = digitsAt(payload, 0, 4);
  return { di, ...credentialsAt(payload, 4), content: payload.subarray(12) };
}

/** The digits MMDDhhmm: 99999999 at once, 99999915 each hour at minute 15. */
export function parseFreeze(payload: Uint8Array): string {
  wantLength(payload, 4);
  return digitsAt(payload, 0, 4);
}

/** Z of request and answer. */
export function parseBaud(payload: Uint8Array): number {
  wantLength(payload, 1);
  return byteAt(payload, 0);
}

export interface PasswordChange {
  /** 04000C01 to 04000C0A, levels 0 to 9. */
  readonly di: string;
  readonly old: Secret;
  readonly new: Secret;
}

export function parsePasswordChange(payload: Uint8Array): PasswordChange {
  wantLength(payload, 12);
  return {
    di: digitsAt(payload, 0, 4),
    old: secretAt(payload, 4),
    new: secretAt(payload, 8),
  };
}

/** The answer to a change of the password: the new one. */
export function parsePasswordSet(payload: Uint8Array): Secret {
  wantLength(payload, 4);
  return secretAt(payload, 0);
}

/** 19H and 1AH. */
export function parseClear(payload: Uint8Array): Credentials {
  wantLength(payload, 8);
  return credentialsAt(payload, 0);
}

export interface ClearEvents extends Credentials {
  /** FFFFFFFF for all, or a class of events with FF for its last byte. */
  readonly di: string;
}

export function parseClearEvents(payload: Uint8Array): ClearEvents {
  wantLength(payload, 12);
  return { ...credentialsAt(payload, 0), di: digitsAt(payload, 8, 12) };
}

/** N1 of 1CH. */
export const RELAY_COMMANDS = {
  trip: 0x1a,
  'allow close': 0x1b,
  'direct close': 0x1c,
  alarm: 0x2a,
  'alarm off': 0x2b,
  'power keep': 0x3a,
  'power keep off': 0x3b,
} as const;
export type RelayCommand = keyof typeof RELAY_COMMANDS;

export interface RelayOrder extends Credentials {
  /** A word of RELAY_COMMANDS, or N1 as `0x..`. */
  readonly command: string;
  /** `YYYY-MM-DD HH:mm:ss`; the digits as they stand, be they a time or not. */
  readonly validUntil: string;
}

/** The form for meters with a security module: PA is 98. */
export interface SealedRelayOrder extends Credentials {
  readonly mac: Uint8Array;
  readonly ciphertext: Uint8Array;
}

const SEALED_AUTHORITY = 0x98;
const PLAIN_LENGTH = 16;
const SEALED_LENGTH = 28;

function relayWord(code: number): string {
  const found = Object.entries(RELAY_COMMANDS).find(([, one]) => one === code);
  return found?.[0] ?? `0x${code.toString(16).padStart(2, '0').toUpperCase()}`;
}

function timeDigits(payload: Uint8Array, at: number): string {
  const [YY, MM, DD, hh, mm, ss] = digitsAt(payload, at, at + 6).match(/../g) ?? [];
  return `20${YY}-${MM}-${DD} ${hh}:${mm}:${ss}`;
}

export function parseRelay(payload: Uint8Array): RelayOrder | SealedRelayOrder {
  const isSealed = payload[0] === SEALED_AUTHORITY;
  wantLength(payload, isSealed ? SEALED_LENGTH : PLAIN_LENGTH);
  const credentials = credentialsAt(payload, 0);
  if (isSealed) {
    return { ...credentials, mac: payload.subarray(8, 12), ciphertext: payload.subarray(12) };
  }
  const command = relayWord(byteAt(payload, 8));
  return { ...credentials, command, validUntil: timeDigits(payload, 10) };
}

/** What the multi-function output of a meter gives; the index is the word sent. */
export const OUTPUT_SIGNALS = ['clock second pulse', 'demand period', 'tariff switching'] as const;

/** The signal in words, or the byte as `0x..`. */
export function parseOutputPort(payload: Uint8Array): string {
  wantLength(payload, 1);
  return OUTPUT_SIGNALS[byteAt(payload, 0)] ?? `0x${digitsAt(payload, 0, 1)}`;
}

export interface SecurityRequest {
  readonly di: string;
  readonly operator: string;
  readonly content: Uint8Array;
}

export function parseSecurityRequest(payload: Uint8Array): SecurityRequest {
  wantAtLeast(payload, 8);
  return {
    di: digitsAt(payload, 0, 4),
    operator: digitsAt(payload, 4, 8),
    content: payload.subarray(8),
  };
}
