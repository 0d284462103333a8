import { describe, expect, it } from 'vitest';
import { read1997Item } from '../../../drivers/dlt645/v1997/exchange.ts';
import { concatBytes, fromHex } from '../../../src/core/bytes.ts';
import { formatDecimal } from '../../../src/core/decimal.ts';
import { AmrError } from '../../../src/core/errors.ts';
import { lowFirst, wireFrame } from '../dlt645/wire.ts';
import { PARTS } from './fixtures.ts';
import {
  answer97,
  METER,
  options,
  refusal97,
  type ScriptedBus,
  scripted,
  silence,
} from './wire.ts';

const DI = '901F';
const kWh = (...numbers: string[]) =>
  concatBytes(...numbers.map((text) => lowFirst(text.replace('.', '').padStart(8, '0'))));

/** A bus that gives these replies in turn. */
function inTurn(...replies: readonly (Uint8Array | AmrError)[]): ScriptedBus {
  const left = [...replies];
  return scripted(() => left.shift() ?? new AmrError('INTERNAL', 'asked too often'));
}

async function read(bus: ScriptedBus, address = METER, di = DI) {
  const { values, cutShort, ...answer } = await read1997Item({ bus, address, options }, di);
  return {
    ...answer,
    cutShort: cutShort?.code,
    shown: values.map(({ value }) =>
      value === null || typeof value === 'string' ? value : formatDecimal(value),
    ),
  };
}

describe('a long answer', () => {
  it('is asked on with 02H and the same identifier until the last part', async () => {
    const bus = inTurn(...PARTS.map(({ frame }) => fromHex(frame)));
    expect(await read(bus)).toEqual({
      address: METER,
      cutShort: undefined,
      shown: ['1234.56', '100.00', '200.00', '34.56'],
    });
    expect(bus.asked).toEqual([`${METER} 01 901F`, `${METER} 02 901F`]);
  });

  it('ends at a part with nothing in it, and keeps what came', async () => {
    const bus = inTurn(answer97(DI, kWh('1.00'), 0xa1), answer97(DI, new Uint8Array(0), 0xa2));
    expect(await read(bus)).toEqual({
      address: METER,
      cutShort: 'METER_WRONG_ITEM',
      shown: ['1.00'],
    });
  });

  it('may be cut in the middle of a value', async () => {
    const content = kWh('1.00', '2.00', '3.00');
    const bus = inTurn(
      answer97(DI, content.slice(0, 5), 0xa1),
      answer97(DI, content.slice(5, 6), 0xa2),
      answer97(DI, content.slice(6), 0x82),
    );
    expect((await read(bus)).shown).toEqual(['1.00', '2.00', '3.00']);
    expect(bus.asked).toHaveLength(3);
  });

  it.each([
    ['silence', silence, 'BUS_NO_REPLY'],
    ['a refusal', refusal97(0x02, 0xc2), 'METER_EXCEPTION'],
    ['the identifier of another item', answer97('902F', kWh('9.00'), 0x82), 'BUS_FOREIGN_REPLY'],
    ['the first part again', answer97(DI, kWh('9.00')), 'BUS_FOREIGN_REPLY'],
    ['another meter', answer97(DI, kWh('9.00'), 0x82, '123456789013'), 'BUS_FOREIGN_REPLY'],
  ])('that ends in %s keeps what had come, marked', async (_, reply, code) => {
    const bus = inTurn(
      answer97(DI, concatBytes(kWh('1.00', '2.00'), Uint8Array.of(7)), 0xa1),
      reply,
    );
    expect(await read(bus)).toEqual({ address: METER, cutShort: code, shown: ['1.00', '2.00'] });
    // A lost part has no number by which to ask for it again.
    expect(bus.asked).toHaveLength(2);
  });

  it('of which no value came whole is no answer', async () => {
    const bus = inTurn(answer97(DI, Uint8Array.of(1, 2, 3), 0xa1), silence);
    await expect(read(bus)).rejects.toMatchObject({ code: 'BUS_NO_REPLY' });
  });

  it.each([
    ['with content', kWh('1.00'), 16],
    ['with nothing', new Uint8Array(0), 400],
  ])('without end, %s, is given up', async (_, content, most) => {
    const bus = scripted((question) =>
      answer97(DI, content, question.startsWith('01') ? 0xa1 : 0xa2),
    );
    await expect(read(bus)).rejects.toMatchObject({ code: 'METER_WRONG_ITEM' });
    expect(bus.asked.length).toBeLessThanOrEqual(most + 1);
  });

  it('ends at once with the caller', async () => {
    const aborted = new AmrError('BUS_ABORTED', 'the exchange was aborted');
    await expect(read(inTurn(answer97(DI, kWh('1.00'), 0xa1), aborted))).rejects.toBe(aborted);
  });

  it('goes on with the meter that began, where a wildcard was asked', async () => {
    const bus = inTurn(answer97(DI, kWh('1.00'), 0xa1), answer97(DI, kWh('2.00'), 0x82));
    expect(await read(bus, 'AAAAAAAAAAAA')).toMatchObject({ address: METER });
    expect(bus.asked).toEqual(['AAAAAAAAAAAA 01 901F', `${METER} 02 901F`]);
  });
});

describe('an answer', () => {
  it.each([
    ['its own address', METER, METER],
    ['a wildcard', 'AAAAAAAA9012', METER],
    ['all meters', '999999999999', METER],
    ['a wildcard, answered with it', 'AAAAAAAAAAAA', 'AAAAAAAAAAAA'],
  ])('to %s is taken', async (_, asked, answered) => {
    const bus = inTurn(answer97('9010', kWh('1.23'), 0x81, answered));
    expect(await read(bus, asked, '9010')).toMatchObject({ address: answered, shown: ['1.23'] });
  });

  it.each([
    ['of another meter', answer97('9010', kWh('1.23'), 0x81, '123456789013')],
    ['with wildcards nobody asked with', answer97('9010', kWh('1.23'), 0x81, 'AAAAAAAAAAAA')],
    ['of another identifier', answer97('9020', kWh('1.23'))],
    ['of 2007', answer97('9010', kWh('1.23'), 0x91)],
    ['that is a request', answer97('9010', kWh('1.23'), 0x01)],
    ['without identifier', wireFrame({ address: METER, control: 0x81 })],
    [
      'with two error bytes',
      wireFrame({ address: METER, control: 0xc1, payload: lowFirst('0202') }),
    ],
  ])('%s is none', async (_, reply) => {
    await expect(read(inTurn(reply), METER, '9010')).rejects.toMatchObject({
      code: 'BUS_FOREIGN_REPLY',
    });
  });

  it.each([
    [0x01, 'METER_UNSUPPORTED', 'illegal data'],
    [0x02, 'METER_UNSUPPORTED', 'no such identifier'],
    [0x04, 'METER_EXCEPTION', 'password wrong'],
    [0x06, 'METER_EXCEPTION', 'no such identifier, password wrong'],
    [0x00, 'METER_EXCEPTION', 'no error bit set'],
  ])('that refuses with %i is %s', async (err, code, meaning) => {
    await expect(read(inTurn(refusal97(err)), METER, '9010')).rejects.toMatchObject({
      code,
      message: `meter ${METER} refuses 9010: ${meaning}`,
    });
  });

  it('of the wrong length is refused', async () => {
    await expect(
      read(inTurn(answer97('9010', Uint8Array.of(1, 2, 3))), METER, '9010'),
    ).rejects.toMatchObject({ code: 'FRAME_LENGTH' });
  });

  it('is never asked for by an identifier that the tables lack', async () => {
    const bus = inTurn();
    await expect(read(bus, METER, 'E010')).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
    expect(bus.asked).toEqual([]);
  });
});
