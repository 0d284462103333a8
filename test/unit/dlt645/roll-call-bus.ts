import type { Bus } from '../../../src/core/bus.ts';
import { AmrError } from '../../../src/core/errors.ts';
import { lowFirst } from './wire.ts';

/** A question as the line carries it. */
export interface Asked {
  /** As printed, AA for a wildcard byte. */
  readonly address: string;
  readonly control: number;
  readonly payload: readonly number[];
}

export interface RollCallBus extends Bus {
  readonly asked: readonly Asked[];
}

const WAKE_UP_BYTES = 4;

function parse(request: Uint8Array): Asked {
  const frame = request.subarray(WAKE_UP_BYTES);
  const address = Buffer.from(frame.slice(1, 7).toReversed()).toString('hex').toUpperCase();
  const payload = [...frame.slice(10, -2)].map((byte) => (byte - 0x33) & 0xff);
  return { address, control: frame[8] ?? 0, payload };
}

/** A bus at its seam: what the line brings decides as on the real one; an error ends it. */
export function createRollCallBus(bring: (asked: Asked) => Uint8Array | AmrError): RollCallBus {
  const asked: Asked[] = [];
  return {
    name: 'roll call',
    kind: 'line',
    asked,
    async exchange({ request, framer, match, signal }) {
      if (signal.aborted) throw new AmrError('BUS_ABORTED', 'the exchange was aborted');
      const question = parse(request);
      asked.push(question);
      const brought = bring(question);
      if (brought instanceof AmrError) throw brought;
      if (brought.length === 0) throw new AmrError('BUS_NO_REPLY', 'no answer came');
      const frames = framer.push(brought);
      const answer = frames.find(match);
      if (answer !== undefined) return answer;
      throw frames.length > 0
        ? new AmrError('BUS_FOREIGN_REPLY', 'only answers to something else came')
        : new AmrError('BUS_PARTIAL_REPLY', 'bytes came, but no whole frame');
    },
  };
}

/** True where a meter of this address feels called: AA for a byte fits any. */
export const isCalled = (called: string, address: string) =>
  (called.match(/../g) ?? []).every(
    (byte, at) => byte === 'AA' || byte === address.slice(at * 2, at * 2 + 2),
  );

/** Answers that begin at the same moment: a 0 on the line wins. */
export function melt(answers: readonly Uint8Array[]): Uint8Array {
  const length = Math.max(0, ...answers.map((answer) => answer.length));
  return Uint8Array.from({ length }, (_, at) =>
    answers.reduce((byte, answer) => byte & (answer[at] ?? 0xff), 0xff),
  );
}

export const addressBytes = (address: string) => lowFirst(address);
