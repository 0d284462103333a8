import type { Bus } from '../../../src/core/bus.ts';
import { concatBytes, toHex } from '../../../src/core/bytes.ts';
import { AmrError } from '../../../src/core/errors.ts';
import type { MeterModel } from '../../../src/core/model.ts';
import { lowFirst, wireFrame } from '../dlt645/wire.ts';

export const METER = '123456789012';
export const options = { priority: 'curve', signal: new AbortController().signal } as const;
export const silence = new AmrError('BUS_NO_REPLY', 'no answer came');

/** An answer: 81H, or A1H, 82H, A2H in a chain. */
export function answer97(di: string, content: Uint8Array, control = 0x81, address = METER) {
  return wireFrame({ address, control, payload: concatBytes(lowFirst(di), content) });
}

export function refusal97(err: number, control = 0xc1, address = METER) {
  return wireFrame({ address, control, payload: Uint8Array.of(err) });
}

export interface ScriptedBus extends Bus {
  /** `123456789012 01 9010`: whom, which function, which identifier. */
  readonly asked: string[];
  readonly requests: Uint8Array[];
}

/** A bus at its seam: the driver's framer and match decide, as on the real one. */
export function scripted(reply: (question: string) => Uint8Array | AmrError): ScriptedBus {
  const bus: ScriptedBus = {
    name: 'scripted',
    kind: 'line',
    asked: [],
    requests: [],
    async exchange({ request, framer, match }) {
      const frame = request.slice(4);
      const digits = (bytes: Uint8Array) => toHex(bytes.toReversed()).replaceAll(' ', '');
      const address = digits(frame.slice(1, 7));
      const di = digits(frame.slice(10, 12).map((byte) => byte - 0x33));
      const control = toHex(frame.slice(8, 9));
      bus.requests.push(request);
      bus.asked.push(`${address} ${control} ${di}`);
      const brought = reply(`${control} ${di}`);
      if (brought instanceof AmrError) throw brought;
      const found = framer.push(brought).find(match);
      if (found !== undefined) return found;
      throw new AmrError('BUS_FOREIGN_REPLY', 'only answers to something else came');
    },
  };
  return bus;
}

export function model97(blocks: string[] = [], registers: Record<string, string> = {}): MeterModel {
  return {
    model: 'test-1997',
    protocol: 'dlt645-1997',
    title: { en: 'test', zh: '测试' },
    source: 'test',
    line: { baudRate: 1200, parity: 'even', stopBits: 1 },
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
