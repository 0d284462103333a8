import { describe, expect, it } from 'vitest';
import { readAddress, readContent, readItem } from '../../../drivers/dlt645/exchange.ts';
import { type Dlt645Frame, parseFrame } from '../../../drivers/dlt645/frame.ts';
import type { Bus } from '../../../src/core/bus.ts';
import { concatBytes, toHex } from '../../../src/core/bytes.ts';
import { AmrError } from '../../../src/core/errors.ts';
import { options, type Reply, silence } from './fake-bus.ts';
import { lowFirst, refusal, wireFrame } from './wire.ts';

const METER = '123456789012';
const DI = '03300501';
const WAKE_UP_BYTES = 4;

interface ScriptedBus extends Bus {
  /** Control byte and payload of every request. */
  readonly asked: string[];
  readonly addresses: string[];
  readonly waits: number[];
}

/** A bus at its seam: what the line brings for the nth request. */
function scripted(reply: (nth: number, request: Dlt645Frame) => Reply): ScriptedBus {
  const bus: ScriptedBus = {
    name: 'scripted',
    kind: 'line',
    asked: [],
    addresses: [],
    waits: [],
    async exchange({ request, framer, match, firstByteMs }) {
      const frame = parseFrame(request.subarray(WAKE_UP_BYTES));
      const brought = reply(bus.asked.length, frame);
      bus.asked.push(toHex(Uint8Array.of(frame.control, ...frame.payload)));
      bus.addresses.push(frame.address);
      bus.waits.push(firstByteMs);
      if (brought instanceof AmrError) throw brought;
      const found = framer.push(brought).find(match);
      if (found !== undefined) return found;
      throw new AmrError('BUS_FOREIGN_REPLY', 'only answers to something else came');
    },
  };
  return bus;
}

const inOrder = (...replies: readonly Reply[]) =>
  scripted((nth) => replies[nth] ?? new AmrError('INTERNAL', 'asked too often'));

const first = (content: string, more = true, address = METER) =>
  wireFrame({
    address,
    control: more ? 0xb1 : 0x91,
    payload: concatBytes(lowFirst(DI), lowFirst(content)),
  });

const part = (content: string, sequence: number, { more = false, di = DI, address = METER } = {}) =>
  wireFrame({
    address,
    control: more ? 0xb2 : 0x92,
    payload: concatBytes(lowFirst(di), lowFirst(content), Uint8Array.of(sequence)),
  });

const ASK = '11 01 05 30 03';
const askPart = (sequence: number) => `12 01 05 30 03 0${sequence}`;

async function failureOf(promise: Promise<unknown>): Promise<AmrError> {
  const thrown = await promise.then(
    () => null,
    (reason: unknown) => reason,
  );
  if (!(thrown instanceof AmrError)) throw new Error('it did not fail');
  return thrown;
}

const read = (bus: Bus) => readContent(bus, METER, DI, options);

describe('an answer in several frames', () => {
  it('is joined from all of them, asked for by number', async () => {
    const bus = inOrder(first('0201'), part('0403', 1, { more: true }), part('0605', 2));
    const { address, content } = await read(bus);
    expect([address, toHex(content)]).toEqual([METER, '01 02 03 04 05 06']);
    expect(bus.asked).toEqual([ASK, askPart(1), askPart(2)]);
  });

  it('is decoded after it is joined: a value may stand in two frames', async () => {
    const di = '0201FF00';
    const payload = concatBytes(lowFirst(di), lowFirst('102205'));
    const begun = wireFrame({ address: METER, control: 0xb1, payload });
    const answer = await readItem(inOrder(begun, part('219822', 1, { di })), METER, di, options);
    expect(answer.values.map(({ value }) => value)).toMatchObject([
      { coefficient: 2205n },
      { coefficient: 2210n },
      { coefficient: 2198n },
    ]);
  });

  it('gives the values that came whole where it broke off twice, and why no more', async () => {
    const di = '0201FF00';
    const payload = concatBytes(lowFirst(di), lowFirst('102205'));
    const begun = wireFrame({ address: METER, control: 0xb1, payload });
    const { address, values, cutShort } = await readItem(
      inOrder(begun, silence, begun, silence),
      METER,
      di,
      options,
    );
    expect([address, values.map(({ field }) => field.name)]).toEqual([METER, ['voltage_l1']]);
    expect(values[0]?.value).toMatchObject({ coefficient: 2205n });
    expect(cutShort).toMatchObject({ code: 'BUS_NO_REPLY', context: { partial: '052210' } });
  });

  it.each([
    ['no whole value came', '0201FF00', '05', 'BUS_NO_REPLY'],
    ['its length would tell what it is', '03010000', '000001000001000001', 'BUS_NO_REPLY'],
    ['its separators would tell what it is', '0506FF01', '0000150824', 'BUS_NO_REPLY'],
    ['the caller aborts', '0201FF00', '22102205', 'BUS_ABORTED'],
  ] as const)('gives no value where %s', async (_, di, content, code) => {
    const payload = concatBytes(lowFirst(di), lowFirst(content));
    const begun = wireFrame({ address: METER, control: 0xb1, payload });
    const end = new AmrError(code, 'over');
    const { code: failed } = await failureOf(
      readItem(inOrder(begun, end, begun, end), METER, di, options),
    );
    expect(failed).toBe(code);
  });

  it('is not ended by a late double of a part', async () => {
    const second = concatBytes(part('0403', 1, { more: true }), part('0605', 2));
    const { content } = await read(inOrder(first('0201'), part('0403', 1, { more: true }), second));
    expect(toHex(content)).toBe('01 02 03 04 05 06');
  });

  it('is begun once more where a part does not come, and then whole', async () => {
    const bus = inOrder(first('0201'), silence, first('0201'), part('0403', 1));
    expect(toHex((await read(bus)).content)).toBe('01 02 03 04');
    expect(bus.asked).toEqual([ASK, askPart(1), ASK, askPart(1)]);
  });

  it.each([
    ['another number', part('0403', 7)],
    ['another identifier', part('0403', 1, { di: '03300502' })],
  ])('fails where a part bears %s twice, and keeps what came', async (_, wrong) => {
    const bus = inOrder(first('0201'), wrong, first('0201'), wrong);
    const { code, context } = await failureOf(read(bus));
    expect([code, context]).toEqual(['METER_WRONG_ITEM', { di: DI, partial: '0102' }]);
    expect(bus.asked).toEqual([ASK, askPart(1), ASK, askPart(1)]);
  });

  it('keeps the longer of the two beginnings', async () => {
    const longer = [first('0201'), part('0403', 1, { more: true }), silence] as const;
    const once = await failureOf(read(inOrder(...longer, first('0201'), silence)));
    expect([once.code, once.context['partial']]).toEqual(['BUS_NO_REPLY', '01020304']);
    const then = await failureOf(read(inOrder(first('0201'), silence, ...longer)));
    expect(then.context['partial']).toBe('01020304');
  });

  it('keeps the first beginning where there is no second one', async () => {
    const { code, context } = await failureOf(read(inOrder(first('0201'), silence, silence)));
    expect([code, context['partial']]).toEqual(['BUS_NO_REPLY', '0102']);
  });

  it.each(['PORT_LOST', 'BUS_ABORTED'] as const)('is not begun again after %s', async (code) => {
    const bus = inOrder(first('0201'), new AmrError(code, 'gone'));
    expect(await failureOf(read(bus))).toMatchObject({ code, context: { partial: '0102' } });
    expect(bus.asked).toHaveLength(2);
  });

  it('fails at once where the meter refuses a part, and does not call it unsupported', async () => {
    const refused = wireFrame({ address: METER, control: 0xd2, payload: Uint8Array.of(2) });
    const bus = inOrder(first('0201'), refused);
    const { code, context } = await failureOf(read(bus));
    expect([code, context]).toEqual(['METER_EXCEPTION', { err: '0x02', di: DI, partial: '0102' }]);
    expect(bus.asked).toHaveLength(2);
  });

  it('ends after 255 parts, whatever the meter says', async () => {
    const bus = scripted((nth) => (nth === 0 ? first('01') : part('02', nth, { more: true })));
    const { code, context } = await failureOf(read(bus));
    expect([code, bus.asked.length]).toEqual(['METER_EXCEPTION', 256]);
    expect(String(context['partial'])).toHaveLength(512);
  });

  it('goes on with the meter that began, where a wildcard fits several', async () => {
    const other = part('0909', 1, { address: '000000000001' });
    const bus = inOrder(first('0201'), concatBytes(other, part('0403', 1)));
    const { address, content } = await readContent(bus, 'AAAAAAAAAAAA', DI, options);
    expect([address, toHex(content)]).toEqual([METER, '01 02 03 04']);
    expect(bus.addresses).toEqual(['AAAAAAAAAAAA', METER]);
  });
});

describe('the first question', () => {
  it.each([
    ['plain', {}, '11 01 05 30 03'],
    ['for so many load records', { count: 3 }, '11 01 05 30 03 03'],
    [
      'for load records from a time',
      { from: '2024-08-15 00:15' },
      '11 01 05 30 03 01 15 00 15 08 24',
    ],
  ])('is %s', async (_, form, wanted) => {
    const bus = inOrder(first('', false));
    const { content } = await readContent(bus, METER, DI, options, form);
    expect([bus.asked, content.length]).toEqual([[wanted], 0]);
  });

  it.each([{ count: 0 }, { count: 10 }, { count: 1.5 }, { from: '2024-02-30 00:00' }])(
    'is not sent as %j',
    async (form) => {
      const bus = inOrder();
      const { code } = await failureOf(readContent(bus, METER, DI, options, form));
      expect([code, bus.asked]).toEqual(['DATA_INVALID', []]);
    },
  );

  it('waits longer for records that meters gather slowly', async () => {
    const bus = inOrder(first('01', false), silence);
    await read(bus);
    await failureOf(readContent(bus, METER, '02010100', options));
    expect(bus.waits).toEqual([2000, 500]);
  });

  it.each([
    [0x02, 'METER_UNSUPPORTED'],
    [0x01, 'METER_UNSUPPORTED'],
    [0x04, 'METER_EXCEPTION'],
    [0x06, 'METER_EXCEPTION'],
  ])('refused with %d is %s', async (err, code) => {
    const thrown = await failureOf(read(inOrder(refusal(METER, err))));
    expect([thrown.code, thrown.context]).toEqual([code, { err: `0x0${err}`, di: DI }]);
  });
});

describe('the address of the only meter', () => {
  const answer = (address: string, told: string) =>
    wireFrame({ address, control: 0x93, payload: lowFirst(told) });

  it.each([METER, 'AAAAAAAAAAAA'])('is told under %s', async (head) => {
    const bus = inOrder(answer(head, METER));
    expect(await readAddress(bus, options)).toBe(METER);
    expect([bus.asked, bus.addresses]).toEqual([['13'], ['AAAAAAAAAAAA']]);
  });

  it.each([
    ['the head is of another meter', answer('000000000001', METER)],
    ['it is too short', answer(METER, '7890')],
    ['it is a refusal', wireFrame({ address: METER, control: 0xd3, payload: lowFirst(METER) })],
  ])('is not taken where %s', async (_, reply) => {
    expect((await failureOf(readAddress(inOrder(reply), options))).code).toBe('BUS_FOREIGN_REPLY');
  });
});
