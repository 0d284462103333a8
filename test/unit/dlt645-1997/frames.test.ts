import { describe, expect, it } from 'vitest';
import { parseFrame } from '../../../drivers/dlt645/frame.ts';
import { read1997Item } from '../../../drivers/dlt645/v1997/exchange.ts';
import { find1997Item } from '../../../drivers/dlt645/v1997/items.ts';
import { decodeItem } from '../../../drivers/dlt645/values.ts';
import { concatBytes, fromHex, toHex } from '../../../src/core/bytes.ts';
import { formatDecimal } from '../../../src/core/decimal.ts';
import { ANSWERS, PARTS, REFUSALS, REQUESTS } from './fixtures.ts';
import { options, scripted, silence } from './wire.ts';

const withoutWakeUp = (hex: string) => fromHex(hex.replace(/^(FE )+/, ''));

function decoded(di: string, content: Uint8Array) {
  const item = find1997Item(di);
  if (item === undefined) throw new Error(`no item ${di}`);
  return decodeItem(item, content).map(({ field, value }) => ({
    name: field.name,
    unit: field.unit,
    value: value === null || typeof value === 'string' ? value : formatDecimal(value),
  }));
}

describe('the frames of 1997 meters', () => {
  it('are as many as were put there', () => {
    expect([ANSWERS, PARTS, REFUSALS, REQUESTS].map(({ length }) => length)).toEqual([25, 2, 3, 9]);
  });

  it.each(ANSWERS)('$frame: the values are told to the last digit', (row) => {
    const frame = parseFrame(withoutWakeUp(row.frame));
    expect(frame.address).toBe(row.address);
    const wanted = row.values.map((value, index) => ({
      name: row.names[index],
      unit: row.unit,
      value,
    }));
    expect(decoded(row.di ?? '', frame.payload.subarray(2))).toEqual(wanted);
  });

  it('of a long answer are one block, in the order of the parts', () => {
    const contents = PARTS.map(({ frame }) => parseFrame(fromHex(frame)).payload.subarray(2));
    const values = decoded('901F', concatBytes(...contents)).map(({ value }) => value);
    expect(values).toEqual(PARTS.flatMap((part) => part.values));
    expect(values).toHaveLength(4);
  });

  const known = REQUESTS.filter(({ di }) => find1997Item(di ?? '') !== undefined);

  it.each(known)('$frame: asked byte by byte as written', async ({ frame, address, di }) => {
    const bus = scripted(() => silence);
    await expect(read1997Item({ bus, address, options }, di ?? '')).rejects.toBe(silence);
    const [request = new Uint8Array(0)] = bus.requests;
    expect(toHex(request)).toBe(toHex(concatBytes(fromHex('FE FE FE FE'), withoutWakeUp(frame))));
  });

  it('ask for identifiers of the tables but for one of a vendor', () => {
    expect(known).toHaveLength(8);
  });

  it.each(REFUSALS.filter(({ control }) => control === 'C1'))(
    '$frame: a refusal to read is one of the identifier',
    async ({ frame, address, err }) => {
      const bus = scripted(() => fromHex(frame));
      await expect(read1997Item({ bus, address, options }, '90FF')).rejects.toMatchObject({
        code: 'METER_UNSUPPORTED',
        context: { err, di: '90FF' },
      });
    },
  );
});
