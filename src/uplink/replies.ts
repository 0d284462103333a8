import type { Logger } from 'pino';
import type { OutgoingMessage } from './session.ts';

/** So many answers wait at the most; the oldest is given up for a newer one. */
const MOST_WAITING = 64;

/** Answers to commands, which wait for a connection and go before everything else. */
export interface Replies {
  push(message: OutgoingMessage): void;
  take(): OutgoingMessage | null;
  /** The connection went before it was through. */
  putBack(message: OutgoingMessage): void;
}

export function createReplies(log: Logger): Replies {
  let waiting: readonly OutgoingMessage[] = [];
  const hold = (messages: readonly OutgoingMessage[]) => {
    waiting = messages.slice(-MOST_WAITING);
    if (waiting.length < messages.length) log.warn('answer to a command given up');
  };
  return {
    push: (message) => hold([...waiting, message]),
    putBack: (message) => hold([message, ...waiting]),
    take() {
      const [first = null, ...rest] = waiting;
      waiting = rest;
      return first;
    },
  };
}
