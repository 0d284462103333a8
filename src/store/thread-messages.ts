/** What goes between the threads of the store; plain data, as structured cloning wants it. */
import { AmrError, type ErrorCode, type ErrorContext } from '../core/errors.ts';
import type { AmrEvent, Stream } from '../core/reading.ts';
import type { Heads } from './heads.ts';
import type { StoreOptions } from './sqlite-store.ts';
import type { Write } from './writer.ts';

/** The options that can cross to the thread. */
export type ThreadSettings = Pick<StoreOptions, 'dataDir' | 'uplinks' | 'keepRows' | 'maxBytes'>;

export type Call =
  | { readonly op: 'commit'; readonly writes: readonly Write[] }
  | {
      readonly op: 'range';
      readonly stream: Stream;
      readonly from: number;
      readonly limit: number;
    }
  | { readonly op: 'stats' | 'prune' | 'close' };

export interface NumberedCall {
  readonly id: number;
  readonly call: Call;
}

export interface Acked {
  readonly uplink: string;
  readonly stream: Stream;
  readonly acked: number;
}

export interface Noted {
  readonly meter: string;
  readonly key: string;
  readonly value: string;
}

/** All that the main thread knows without asking. */
export interface Snapshot {
  readonly epoch: number;
  readonly heads: Heads;
  readonly cursors: readonly Acked[];
  readonly notes: readonly Noted[];
}

export interface ThrownError {
  readonly code: ErrorCode;
  readonly message: string;
  readonly context: ErrorContext;
}

export type Told =
  | { readonly kind: 'opened'; readonly snapshot: Snapshot; readonly events: readonly AmrEvent[] }
  | { readonly kind: 'failed'; readonly error: ThrownError }
  | { readonly kind: 'renewed'; readonly snapshot: Snapshot }
  | { readonly kind: 'heads'; readonly heads: Heads }
  | { readonly kind: 'event'; readonly event: AmrEvent }
  | { readonly kind: 'log'; readonly line: string }
  | { readonly kind: 'done'; readonly id: number; readonly value: unknown }
  | { readonly kind: 'refused'; readonly id: number; readonly error: ThrownError };

export function packError({ code, message, context }: AmrError): ThrownError {
  return { code, message, context };
}

export function unpackError({ code, message, context }: ThrownError): AmrError {
  return new AmrError(code, message, { context });
}

/**
 * Collects what is said within one turn and sends it as one message: a message costs more than
 * what it carries.
 */
export function createOutbox<T>(post: (messages: readonly T[]) => void): (message: T) => void {
  let waiting: T[] = [];
  return (message) => {
    waiting.push(message);
    if (waiting.length > 1) return;
    queueMicrotask(() => {
      const messages = waiting;
      waiting = [];
      post(messages);
    });
  };
}
