/** DL/T 645: what is decoded, and frames in a stream that is cut anywhere. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { decode } from '../drivers/dlt645/decode.ts';
import { encodeFrame } from '../drivers/dlt645/frame.ts';
import { createFramer } from '../drivers/dlt645/framer.ts';
import { concatBytes, fromHex } from '../src/core/bytes.ts';
import { packageRoot } from '../src/host/package-root.ts';
import { chunks, createRandomBytes, mutate, type Target } from './fuzz-random.ts';

const TRICKY = [0x68, 0x16, 0xfe, 0xaa, 0xff, 0x00, 0x91, 0xb1, 0x92, 0xd1];

const FRAMES = z
  .array(z.object({ frame: z.string() }))
  .parse(
    JSON.parse(readFileSync(join(packageRoot(), 'fixtures/frames/dlt645/vectors.json'), 'utf8')),
  )
  .map(({ frame }) => fromHex(frame));

export function fuzzDlt645(seed: number): Target {
  const random = createRandomBytes(seed, TRICKY);
  const someFrame = () => (random.pick(FRAMES) ?? new Uint8Array(0)).slice();

  /** A sound frame around any control byte and payload, so that the inner decoders are reached. */
  function soundFrame(): Uint8Array {
    const payload = random.bytes(random.below(8) === 0 ? 255 : 40);
    const known = someFrame();
    const start = known.indexOf(0x68);
    const identifier = known.slice(start + 10, start + 14).map((byte) => byte - 0x33);
    payload.set(identifier.subarray(0, payload.length));
    return encodeFrame({ address: '123456789012', control: random.byte(), payload });
  }

  const mutated = () => mutate(someFrame(), random);
  const makers = [mutated, mutated, soundFrame, someFrame, () => random.bytes(80)];

  function framesCut(bytes: Uint8Array): number {
    const framer = createFramer();
    return chunks(bytes, random).reduce((sum, chunk) => sum + framer.push(chunk).length, 0);
  }

  return {
    name: 'dlt645',
    input() {
      const parts = Array.from({ length: 1 + random.below(4) }, () => random.pick(makers)?.());
      return concatBytes(...parts.filter((part) => part !== undefined));
    },
    tryOne(bytes) {
      const frames = decode(bytes, random.below(2) === 0 ? 'dlt645-2007' : 'dlt645-1997');
      const good = frames.filter(({ ok }) => ok).length;
      if (frames.some(({ ok, values }) => !ok && values.length > 0)) {
        return { good, complaint: 'values without a good frame' };
      }
      const isCut = framesCut(bytes) !== good;
      return { good, complaint: isCut ? 'frames depend on how the stream is cut' : null };
    },
  };
}
