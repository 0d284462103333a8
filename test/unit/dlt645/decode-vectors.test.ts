import { describe, expect, it } from 'vitest';
import { decode } from '../../../drivers/dlt645/decode.ts';
import { dlt645 } from '../../../drivers/dlt645/driver.ts';
import { concatBytes, fromHex } from '../../../src/core/bytes.ts';
import type { DecodedFrame } from '../../../src/core/driver.ts';
import { findRegister } from '../../../src/core/registers.ts';
import { BAD_CHECKSUMS, GOOD, VECTORS, type Vector } from './fixtures.ts';

/** The only frame in there. */
function decodeOne({ frame }: Vector): DecodedFrame {
  const [decoded, ...more] = decode(fromHex(frame));
  if (decoded === undefined) throw new Error('no frame at all');
  expect(more).toEqual([]);
  return decoded;
}

/** An error word is told apart from the values; the vectors count it as one. */
function valuesOf({ error, values }: DecodedFrame): (string | null)[] {
  const shown = values.map(({ value }) => value);
  return error?.err === undefined ? shown : [error.err, ...shown];
}

/**
 * These word the password of 1CH in another way than the published frames with the same layout;
 * one function has one wording.
 */
const OTHERWISE_WORDED = ['07-248', '07-249', '07-250', '07-252', '07-253'];
/** This writes an item that no table lists: its credentials are told apart, less the password. */
const UNLISTED = '07-136';

function wantedOf({ id, values }: Vector): (string | null)[] {
  const [first] = values;
  if (id === UNLISTED) {
    return ['PA=00 password=******', 'operator=00000000', first?.slice(16) ?? null];
  }
  return OTHERWISE_WORDED.includes(id)
    ? values.map((value) => value?.replace('password=', 'password(P2P1P0)=') ?? null)
    : values;
}

describe('the frames of the fixtures', () => {
  it('are as many as were put there', () => {
    expect([VECTORS.length, GOOD.length, BAD_CHECKSUMS.length]).toEqual([207, 198, 9]);
    const editions = GOOD.map(({ protocol }) => protocol);
    expect(editions.filter((one) => one === 'dlt645-1997')).toHaveLength(53);
  });

  it.each(GOOD)('$id: the header is told', (row) => {
    expect(decodeOne(row)).toMatchObject({
      protocol: row.protocol,
      ok: true,
      direction: row.direction,
      preamble: row.preamble,
      address: row.address,
      control: row.control,
      di: row.di,
    });
  });

  it.each(GOOD)('$id: the values are told to the last digit', (row) => {
    expect(valuesOf(decodeOne(row))).toEqual(wantedOf(row));
  });

  it.each(GOOD.filter(({ registers }) => registers !== undefined))(
    '$id: the values bear the names of the catalogue',
    (row) => {
      const registers = (row.registers ?? []).map((name) => ({
        // What was frozen is not what the register holds.
        obis: row.di?.startsWith('05') ? null : (findRegister(name)?.obis ?? null),
        name,
        unit: row.unit,
      }));
      expect(decodeOne(row).values).toMatchObject(registers);
    },
  );

  it.each(BAD_CHECKSUMS)('$id: refused', (row) => {
    const decoded = decodeOne(row);
    expect(decoded).toMatchObject({ ok: false, error: { code: 'FRAME_CHECKSUM' }, values: [] });
    expect(decoded).not.toHaveProperty('address');
  });

  it('are told the same when all stand in one stream, through the driver too', () => {
    const bytes = concatBytes(...GOOD.map(({ frame }) => fromHex(frame)));
    const frames = dlt645.decode(bytes);
    expect(frames).toEqual(GOOD.map(decodeOne));
  });
});
