/**
 * Builds what `commands.ts` and `commands-1997.ts` parse; the layouts stand there. For tests and
 * training only: no module of the daemon imports this file, so that it cannot switch a meter.
 */
import { concatBytes } from '../../../src/core/bytes.ts';
import { pack } from '../format.ts';
import {
  type ClearEvents,
  type Credentials,
  OUTPUT_SIGNALS,
  type PasswordChange,
  RELAY_COMMANDS,
  type RelayCommand,
  type SealedRelayOrder,
  type Secret,
  type SecurityRequest,
  type WriteRequest,
} from './commands.ts';
import type { WriteRequest1997 } from './commands-1997.ts';
import { digitBytes } from './payload.ts';

function secretBytes({ authority, password }: Secret): Uint8Array {
  return concatBytes(digitBytes(authority, 1), digitBytes(password, 3));
}

function credentialBytes(credentials: Credentials): Uint8Array {
  return concatBytes(secretBytes(credentials), digitBytes(credentials.operator, 4));
}

export function encodeWrite(request: WriteRequest): Uint8Array {
  return concatBytes(digitBytes(request.di, 4), credentialBytes(request), request.content);
}

export const encodeFreeze = (digits: string) => digitBytes(digits, 4);

export const encodeBaud = (word: number) => Uint8Array.of(word);

export function encodePasswordChange(change: PasswordChange): Uint8Array {
  return concatBytes(digitBytes(change.di, 4), secretBytes(change.old), secretBytes(change.new));
}

export const encodePasswordSet = (secret: Secret) => secretBytes(secret);

export const encodeClear = (credentials: Credentials) => credentialBytes(credentials);

export function encodeClearEvents(request: ClearEvents): Uint8Array {
  return concatBytes(credentialBytes(request), digitBytes(request.di, 4));
}

export interface PlainRelayOrder extends Credentials {
  readonly command: RelayCommand;
  /** `YYYY-MM-DD HH:mm:ss`. */
  readonly validUntil: string;
}

export function encodeRelay(order: PlainRelayOrder): Uint8Array {
  return concatBytes(
    credentialBytes(order),
    Uint8Array.of(RELAY_COMMANDS[order.command], 0),
    pack(order.validUntil, { kind: 'time', layout: 'YYMMDDhhmmss' }),
  );
}

export function encodeSealedRelay(order: SealedRelayOrder): Uint8Array {
  return concatBytes(credentialBytes(order), order.mac, order.ciphertext);
}

export function encodeOutputPort(signal: (typeof OUTPUT_SIGNALS)[number]): Uint8Array {
  return Uint8Array.of(OUTPUT_SIGNALS.indexOf(signal));
}

export function encodeSecurityRequest({ di, operator, content }: SecurityRequest): Uint8Array {
  return concatBytes(digitBytes(di, 4), digitBytes(operator, 4), content);
}

export function encodeWrite1997(request: WriteRequest1997): Uint8Array {
  return concatBytes(digitBytes(request.di, 2), secretBytes(request), request.content);
}

export function encodePasswordChange1997(change: { old: Secret; new: Secret }): Uint8Array {
  return concatBytes(secretBytes(change.old), secretBytes(change.new));
}

export const encodeClearDemand1997 = (secret: Secret) => secretBytes(secret);
