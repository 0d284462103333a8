import { describe, expect, it } from 'vitest';
import { decodeModbus } from '../../../drivers/modbus/decode.ts';
import { concatBytes, fromHex } from '../../../src/core/bytes.ts';
import type { DecodedFrame } from '../../../src/core/driver.ts';
import { RTU, TCP, VECTORS, type Vector } from './codec-vectors.ts';

/** The only frame in there. */
function decodeOne({ frame }: Pick<Vector, 'frame'>): DecodedFrame {
  const [decoded, ...more] = decodeModbus(fromHex(frame));
  if (decoded === undefined) throw new Error('no frame at all');
  expect(more).toEqual([]);
  return decoded;
}

/** Without the one whose content is a good frame itself. */
const simple = ({ id }: Vector) => id !== 'rtu-input-resp-holds-a-frame';

const valuesOf = ({ values }: DecodedFrame) => values.map(({ name, value }) => [name, value]);

describe('the frames of the fixtures', () => {
  it('are as many as were put there, of every kind', () => {
    expect([VECTORS.length, RTU.length, TCP.length]).toEqual([46, 37, 9]);
    expect(new Set(VECTORS.map(({ function: name }) => name)).size).toBe(10);
    expect(VECTORS.filter(({ error }) => error !== null)).toHaveLength(10);
  });

  it.each(VECTORS)('$id: the header is told', (row) => {
    const decoded = decodeOne(row);
    expect(decoded).toMatchObject({
      protocol: row.protocol,
      ok: true,
      address: String(row.unit),
      control: row.control,
      function: row.function,
    });
    expect([decoded.direction ?? null, decoded.more]).toEqual([row.direction, row.more]);
  });

  it.each(VECTORS)('$id: every value is told', (row) => {
    expect(valuesOf(decodeOne(row))).toEqual(row.values);
  });

  it.each(VECTORS)('$id: a refusal is told as one, and nothing else', (row) => {
    const { error } = decodeOne(row);
    expect(error?.err ?? null).toBe(row.error);
    expect(error?.code ?? null).toBe(row.error === null ? null : 'METER_EXCEPTION');
  });

  it.each([
    ['RTU', RTU.filter(({ direction }) => direction !== null)],
    ['Modbus TCP', TCP],
  ])('are told the same when all of %s stand in one stream', (_, rows) => {
    const bytes = concatBytes(...rows.map(({ frame }) => fromHex(frame)));
    expect(decodeModbus(bytes)).toEqual(rows.map(decodeOne));
  });

  it.each(RTU.filter(simple))('$id: a wrong byte is a broken frame, wherever it is', (row) => {
    const bytes = fromHex(row.frame);
    for (const at of bytes.keys()) {
      const frames = decodeModbus(bytes.with(at, (bytes[at] ?? 0) ^ 0x10));
      expect(frames.map(({ ok, values }) => [ok, values])).toEqual(frames.map(() => [false, []]));
      expect(frames.length).toBeGreaterThan(0);
    }
  });

  it.each(VECTORS.filter(simple))('$id: a frame that is cut is no good frame', (row) => {
    const bytes = fromHex(row.frame);
    for (const end of bytes.keys()) {
      const frames = decodeModbus(bytes.subarray(0, end));
      expect(frames.filter(({ ok }) => ok)).toEqual([]);
      expect(frames.length > 0).toBe(end > 0);
    }
  });
});
