import type { Bus } from '../../../src/core/bus.ts';
import { AmrError } from '../../../src/core/errors.ts';
import type { MeterModel } from '../../../src/core/model.ts';
import { findRegister, type Register } from '../../../src/core/registers.ts';

/** What the line brings for a request: bytes, or the error with which the exchange ends. */
export type Reply = Uint8Array | AmrError;

export interface FakeBus extends Bus {
  /** Every identifier asked for, in order. */
  readonly asked: readonly string[];
  readonly requests: readonly Uint8Array[];
}

const WAKE_UP_BYTES = 4;

const pairs = (bytes: Uint8Array) =>
  Array.from(bytes, (byte) => byte.toString(16).toUpperCase().padStart(2, '0'));

/** A bus at its seam: the driver's framer and match decide, as on the real one. */
export function createFakeBus(replyTo: (di: string, address: string) => Reply): FakeBus {
  const asked: string[] = [];
  const requests: Uint8Array[] = [];
  return {
    name: 'fake',
    kind: 'line',
    asked,
    requests,
    async exchange({ request, framer, match }) {
      const frame = request.subarray(WAKE_UP_BYTES);
      const di = pairs(frame.slice(10, 14).map((byte) => byte - 0x33));
      const address = pairs(frame.subarray(1, 7));
      requests.push(request);
      asked.push(di.toReversed().join(''));
      const reply = replyTo(di.toReversed().join(''), address.toReversed().join(''));
      if (reply instanceof AmrError) throw reply;
      const frames = framer.push(reply);
      const found = frames.find(match);
      if (found !== undefined) return found;
      throw frames.length > 0
        ? new AmrError('BUS_FOREIGN_REPLY', 'only answers to something else came')
        : new AmrError('BUS_PARTIAL_REPLY', 'bytes came, but no whole frame');
    },
  };
}

export const silence = new AmrError('BUS_NO_REPLY', 'no answer came');

export const options = { priority: 'curve', signal: new AbortController().signal } as const;

export function registersNamed(...names: string[]): Register[] {
  return names.map((name) => {
    const register = findRegister(name);
    if (register === undefined) throw new Error(`no register ${name}`);
    return register;
  });
}

export function modelWith(blocks: string[], registers: Record<string, string> = {}): MeterModel {
  return {
    model: 'test',
    protocol: 'dlt645-2007',
    title: { en: 'test', zh: '测试' },
    source: 'test',
    line: { baudRate: 2400, parity: 'even', stopBits: 1 },
    products: [],
    side: 'secondary',
    settings: {},
    caveats: [],
    registers,
    blocks,
    groups: {},
    examples: [],
  };
}
