import type { Logger } from 'pino';
import type { AmrError } from '../core/errors.ts';
import type { Lane } from './turns.ts';

/** Says that a lane is refused once when it begins and once when it is over. */
export interface Refusals {
  refused(stream: Lane, err: AmrError): void;
  accepted(stream: Lane): void;
}

export function createRefusals(log: Logger): Refusals {
  const refusals = new Set<Lane>();
  return {
    refused(stream, err) {
      const facts = { err, stream, reason: err.context['reason'] ?? null };
      if (refusals.has(stream)) log.debug(facts, 'uplink message refused again');
      else log.warn(facts, 'uplink message refused');
      refusals.add(stream);
    },
    accepted(stream) {
      if (refusals.delete(stream)) log.info({ stream }, 'uplink messages accepted again');
    },
  };
}
