import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeFrame, parseFrame } from '../../drivers/dlt645/frame.ts';
import { createFramer } from '../../drivers/dlt645/framer.ts';
import { dlt645v1997 } from '../../drivers/dlt645/v1997/driver.ts';
import { read1997Item } from '../../drivers/dlt645/v1997/exchange.ts';
import { find1997Item, ITEMS_1997 } from '../../drivers/dlt645/v1997/items.ts';
import { createSlave1997 } from '../../drivers/dlt645/v1997/sim.ts';
import { decodeItem, encodeItem } from '../../drivers/dlt645/values.ts';
import { concatBytes, toHex } from '../../src/core/bytes.ts';
import { decimal, formatDecimal } from '../../src/core/decimal.ts';
import { AmrError } from '../../src/core/errors.ts';
import { lowFirst, NO_VALUE, shownNumber, wireFrame } from '../unit/dlt645/wire.ts';
import { WORDINGS_97 } from '../unit/dlt645-1997/digest.ts';
import { answer97, METER, options, scripted } from '../unit/dlt645-1997/wire.ts';

const byteOf = fc.integer({ min: 0, max: 255 });
const trickyByteOf = fc.oneof(byteOf, fc.constantFrom(0x68, 0x16, 0xfe, 0x81, 0x43, 0xc3));
const bytesOf = (maxLength: number) =>
  fc.array(trickyByteOf, { maxLength }).map((bytes) => Uint8Array.from(bytes));
const digitsOf = (count: number) =>
  fc.integer({ min: 0, max: 10 ** count - 1 }).map((value) => String(value).padStart(count, '0'));

/** Numbers in the digest's own words: identifier, and the digits of as many fields as wished. */
const rowOf = fc.constantFrom(...WORDINGS_97.entries()).chain(([di, wording]) =>
  fc.record({
    di: fc.constant(di),
    wording: fc.constant(wording),
    digits: fc.array(fc.oneof(digitsOf(wording.bytes * 2), fc.constant(NO_VALUE)), {
      minLength: 1,
      maxLength: wording.names.length,
    }),
  }),
);

const itemOf = (di: string) => {
  const item = find1997Item(di);
  if (item === undefined) throw new Error(`no item ${di}`);
  return item;
};

describe('every row of 1997', () => {
  it('decodes to the digits that the meter had, and encodes to the same bytes', () => {
    const covered = new Set<string>();
    fc.assert(
      fc.property(rowOf, ({ di, wording, digits }) => {
        const { decimals, bytes } = wording;
        if (decimals === null) return;
        const content = concatBytes(...digits.map((text) => shownNumber(text, bytes)));
        const values = decodeItem(itemOf(di), content);
        const shown = values.map(({ value }) =>
          value === null || typeof value === 'string' ? value : formatDecimal(value),
        );
        const wanted = digits.map((text) =>
          text === NO_VALUE ? null : formatDecimal(decimal(BigInt(text), decimals)),
        );
        expect(shown).toEqual(wanted);
        expect(toHex(encodeItem(itemOf(di), values))).toBe(toHex(content));
        covered.add(di);
      }),
      { numRuns: 3000 },
    );
    expect(covered.size).toBeGreaterThan(500);
  });

  it('shows again what it encodes, times, codes and blocks of blocks included', () => {
    const part = fc.integer({ min: 1, max: 12 });
    const cells = fc.record({
      numbers: fc.array(fc.nat(99), { minLength: 1, maxLength: 1 }),
      month: part,
      day: fc.integer({ min: 1, max: 28 }),
      hour: fc.integer({ min: 0, max: 23 }),
    });
    const pair = (value: number) => String(value).padStart(2, '0');
    const all = [...ITEMS_1997.values()];
    for (const item of all) {
      fc.assert(
        fc.property(cells, ({ numbers, month, day, hour }) => {
          const [count = 0] = numbers;
          const values = item.fields.map(({ format }) => {
            switch (format.kind) {
              case 'number':
                return { value: decimal(count, format.decimals) };
              case 'bits':
                return { value: `0x${pair(count)}` };
              case 'time': {
                const text = {
                  MMDDhhmm: `${pair(month)}-${pair(day)} ${pair(hour)}:00`,
                  YYMMDDWW: `2026-${pair(month)}-${pair(day)} weekday 3`,
                  hhmmss: `${pair(hour)}:00:00`,
                  DDhh: `${pair(day)} ${pair(hour)}`,
                }[format.layout as string];
                return { value: text ?? null };
              }
              default:
                return { value: String(count).padStart(format.bytes * 2, '0') };
            }
          });
          const shown = decodeItem(item, encodeItem(item, values));
          expect(shown.map(({ value }) => value)).toEqual(values.map(({ value }) => value));
        }),
        { numRuns: 2 },
      );
    }
    expect(all).toHaveLength(1375);
  });
});

describe('noise', () => {
  it('invents no frame and loses none, wherever the stream is cut', () => {
    const frameOf = rowOf.map(({ di, wording, digits }) =>
      answer97(di, concatBytes(...digits.map((text) => shownNumber(text, wording.bytes)))),
    );
    fc.assert(
      fc.property(
        fc.array(frameOf, { maxLength: 4 }),
        bytesOf(20),
        fc.nat(),
        (frames, noise, cut) => {
          // Without a start byte, noise can neither be a frame nor swallow one.
          const harmless = noise.map((byte) => (byte === 0x68 ? 0x69 : byte));
          const bytes = concatBytes(harmless, ...frames.flatMap((frame) => [frame, harmless]));
          const at = cut % (bytes.length + 1);
          const framer = createFramer();
          const found = [bytes.slice(0, at), bytes.slice(at)].flatMap((some) => framer.push(some));
          expect(found.map((frame) => toHex(encodeFrame(frame)))).toEqual(frames.map(toHex));
        },
      ),
      { numRuns: 300 },
    );
  });

  it('makes a read fail in the ways that are known, and no other', async () => {
    const mutated = fc.tuple(rowOf, fc.nat(), byteOf, fc.constantFrom(0x81, 0xa1, 0xc1, 0x82));
    let read = 0;
    await fc.assert(
      fc.asyncProperty(mutated, bytesOf(20), async ([row, at, byte, control], noise) => {
        const { di, wording, digits } = row;
        const content = concatBytes(...digits.map((text) => shownNumber(text, wording.bytes)));
        const answer = answer97(di, content, control);
        const bytes = concatBytes(
          noise,
          at % 2 === 0 ? answer : answer.with(at % answer.length, byte),
        );
        try {
          const { values } = await read1997Item(
            { bus: scripted(() => bytes), address: METER, options },
            di,
          );
          read += values.length;
        } catch (thrown) {
          expect(thrown).toBeInstanceOf(AmrError);
        }
      }),
      { numRuns: 500 },
    );
    expect(read).toBeGreaterThan(100);
  });

  it('is decoded to something that can be printed, whatever it is', () => {
    const answers = fc
      .record({ di: fc.constantFrom(...ITEMS_1997.keys()), content: bytesOf(70), control: byteOf })
      .map(({ di, content, control }) => answer97(di, content, control));
    let good = 0;
    fc.assert(
      fc.property(fc.array(fc.oneof(answers, bytesOf(100)), { maxLength: 4 }), (parts) => {
        const frames = dlt645v1997.decode(concatBytes(...parts));
        good += frames.filter(({ ok }) => ok).length;
        for (const { ok, values } of frames) if (!ok) expect(values).toEqual([]);
      }),
      { numRuns: 500 },
    );
    expect(good).toBeGreaterThan(200);
  });

  it('makes no simulated meter answer what was not asked of it', () => {
    const display = { show: () => '1', showDailyFreeze: () => null };
    fc.assert(
      fc.property(bytesOf(60), fc.boolean(), (noise, isAsked) => {
        const slave = createSlave1997({ address: METER, display, preamble: 0 });
        const request = wireFrame({ address: METER, control: 1, payload: lowFirst('9010') });
        const answer = slave.receive(isAsked ? concatBytes(noise, request) : noise);
        if (answer !== null) expect(parseFrame(answer).address).toBe(METER);
        if (isAsked) expect(answer).not.toBeNull();
      }),
      { numRuns: 500 },
    );
  });
});
