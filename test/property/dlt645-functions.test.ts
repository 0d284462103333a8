import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decode } from '../../drivers/dlt645/decode.ts';
import {
  encodeBroadcastTime,
  parseBroadcastTime,
} from '../../drivers/dlt645/functions/broadcast-time.ts';
import * as built from '../../drivers/dlt645/functions/command-payloads.ts';
import {
  OUTPUT_SIGNALS,
  parseBaud,
  parseClear,
  parseClearEvents,
  parseFreeze,
  parseOutputPort,
  parsePasswordChange,
  parsePasswordSet,
  parseRelay,
  parseSecurityRequest,
  parseWrite,
  RELAY_COMMANDS,
  type RelayCommand,
} from '../../drivers/dlt645/functions/commands.ts';
import {
  parseClearDemand1997,
  parsePasswordChange1997,
  parseWrite1997,
} from '../../drivers/dlt645/functions/commands-1997.ts';
import * as reading from '../../drivers/dlt645/functions/reading.ts';
import { wireFrame } from '../unit/dlt645/wire.ts';

const digitsOf = (count: number) =>
  fc
    .array(fc.constantFrom(...'0123456789ABCDEF'), { minLength: count, maxLength: count })
    .map((digits) => digits.join(''));
const contentOf = (minLength: number) => fc.uint8Array({ minLength, maxLength: 60 });

const timeOf = fc
  .date({
    min: new Date('2000-01-01T00:00:00Z'),
    max: new Date('2099-12-31T23:59:59Z'),
    noInvalidDate: true,
  })
  .map((date) => date.toISOString().slice(0, 19).replace('T', ' '));

const secretOf = fc.record({ authority: digitsOf(2), password: digitsOf(6) });
// 98 begins the sealed form of the relay order.
const credentialsOf = fc.record({
  authority: digitsOf(2).filter((authority) => authority !== '98'),
  password: digitsOf(6),
  operator: digitsOf(8),
});

/** `parse` gives back what `encode` was given, for whatever `arbitrary` makes. */
interface Codec {
  readonly name: string;
  /** Under which the payload is decoded, too. */
  readonly control: number;
  readonly check: fc.IProperty<unknown>;
}

function codec<T>(
  [name, control]: readonly [string, number],
  arbitrary: fc.Arbitrary<T>,
  { encode, parse }: { encode: (value: T) => Uint8Array; parse: (payload: Uint8Array) => unknown },
): Codec {
  const check = fc.property(arbitrary, (value) => {
    const payload = encode(value);
    expect(parse(payload)).toEqual(value);
    const [frame] = decode(wireFrame({ address: '123456789012', control, payload }));
    expect(frame).toMatchObject({ ok: true, error: null });
  });
  return { name, control, check };
}

const relayOf = fc.record({
  command: fc.constantFrom(...(Object.keys(RELAY_COMMANDS) as RelayCommand[])),
  validUntil: timeOf,
});

const CODECS: readonly Codec[] = [
  codec(['08', 0x08], timeOf, { encode: encodeBroadcastTime, parse: parseBroadcastTime }),
  codec(
    ['11 for load records', 0x11],
    fc.record({
      di: digitsOf(8),
      count: fc.integer({ min: 1, max: 9 }),
      from: timeOf.map((time) => time.slice(0, 16)),
    }),
    {
      encode: ({ di, ...form }) => reading.encodeReadRequest(di, form),
      parse(payload) {
        const { di, count, from } = reading.parseReadRequest(payload);
        return { di, count: Number(count), from };
      },
    },
  ),
  codec(
    ['11 plain', 0x11],
    digitsOf(8).map((di) => ({ di, count: null, from: null })),
    { encode: ({ di }) => reading.encodeReadRequest(di), parse: reading.parseReadRequest },
  ),
  codec(['12', 0x12], fc.record({ di: digitsOf(8), sequence: fc.integer({ min: 1, max: 255 }) }), {
    encode: reading.encodeFollowUpRequest,
    parse: reading.parseFollowUpRequest,
  }),
  codec(
    ['92', 0x92],
    fc.record({
      // An identifier that no table has, so that any content is shown.
      di: digitsOf(6).map((digits) => `7F${digits}`),
      content: contentOf(0),
      sequence: fc.integer({ min: 1, max: 255 }),
    }),
    { encode: reading.encodeFollowUpAnswer, parse: reading.parseFollowUpAnswer },
  ),
  codec(['93', 0x93], digitsOf(12), {
    encode: reading.encodeAddress,
    parse: reading.parseAddress,
  }),
  codec(['15', 0x15], digitsOf(12), {
    encode: reading.encodeAddress,
    parse: reading.parseAddress,
  }),
  codec(
    ['14', 0x14],
    fc
      .tuple(credentialsOf, digitsOf(8), contentOf(1))
      .map(([who, di, content]) => ({ ...who, di, content })),
    { encode: built.encodeWrite, parse: parseWrite },
  ),
  codec(['16', 0x16], digitsOf(8), { encode: built.encodeFreeze, parse: parseFreeze }),
  codec(['17', 0x17], fc.nat(255), { encode: built.encodeBaud, parse: parseBaud }),
  codec(['18', 0x18], fc.record({ di: digitsOf(8), old: secretOf, new: secretOf }), {
    encode: built.encodePasswordChange,
    parse: parsePasswordChange,
  }),
  codec(['98', 0x98], secretOf, { encode: built.encodePasswordSet, parse: parsePasswordSet }),
  codec(['19', 0x19], credentialsOf, { encode: built.encodeClear, parse: parseClear }),
  codec(['1A', 0x1a], credentialsOf, { encode: built.encodeClear, parse: parseClear }),
  codec(
    ['1B', 0x1b],
    fc.tuple(credentialsOf, digitsOf(8)).map(([who, di]) => ({ ...who, di })),
    { encode: built.encodeClearEvents, parse: parseClearEvents },
  ),
  codec(
    ['1C', 0x1c],
    fc.tuple(credentialsOf, relayOf).map(([who, order]) => ({ ...who, ...order })),
    { encode: built.encodeRelay, parse: parseRelay },
  ),
  codec(
    ['1C sealed', 0x1c],
    fc.record({
      authority: fc.constant('98'),
      password: digitsOf(6),
      operator: digitsOf(8),
      mac: fc.uint8Array({ minLength: 4, maxLength: 4 }),
      ciphertext: fc.uint8Array({ minLength: 16, maxLength: 16 }),
    }),
    { encode: built.encodeSealedRelay, parse: parseRelay },
  ),
  codec(['1D', 0x1d], fc.constantFrom(...OUTPUT_SIGNALS), {
    encode: built.encodeOutputPort,
    parse: parseOutputPort,
  }),
  codec(
    ['03', 0x03],
    fc.record({
      di: fc.constantFrom('070000FF', '070003FF', '070301FF', '078001FF', '078003FF'),
      operator: digitsOf(8),
      content: contentOf(0),
    }),
    { encode: built.encodeSecurityRequest, parse: parseSecurityRequest },
  ),
  codec(
    ['04 of 1997', 0x04],
    fc.record({
      di: digitsOf(4),
      authority: digitsOf(2),
      password: digitsOf(6),
      content: contentOf(1),
    }),
    { encode: built.encodeWrite1997, parse: parseWrite1997 },
  ),
  codec(['0F of 1997', 0x0f], fc.record({ old: secretOf, new: secretOf }), {
    encode: built.encodePasswordChange1997,
    parse: parsePasswordChange1997,
  }),
  codec(['10 of 1997', 0x10], secretOf, {
    encode: built.encodeClearDemand1997,
    parse: parseClearDemand1997,
  }),
];

describe('the payload of every function', () => {
  it('is covered', () => {
    expect(CODECS).toHaveLength(22);
    expect(new Set(CODECS.map(({ control }) => control)).size).toBe(20);
  });

  it.each(CODECS)('$name is parsed to what it was built from', ({ check }) => {
    fc.assert(check, { numRuns: 200 });
  });
});

describe('decode', () => {
  it('shows any payload under any control byte in both editions without a defect', () => {
    let shown = 0;
    fc.assert(
      fc.property(fc.nat(255), contentOf(0), fc.boolean(), (control, payload, isOld) => {
        const bytes = wireFrame({ address: '123456789012', control, payload });
        const [frame, ...more] = decode(bytes, isOld ? 'dlt645-1997' : 'dlt645-2007');
        expect([frame?.ok, more]).toEqual([true, []]);
        expect(frame?.error?.code).not.toBe('INTERNAL');
        shown += frame?.values.length ?? 0;
      }),
      { numRuns: 3000 },
    );
    expect(shown).toBeGreaterThan(500);
  });
});
