import { describe, expect, it } from 'vitest';
import { discover, partsOf } from '../../../drivers/dlt645/discover.ts';
import { concatBytes, toHex } from '../../../src/core/bytes.ts';
import type { DiscoverOptions, DiscoverProgress } from '../../../src/core/driver.ts';
import { AmrError } from '../../../src/core/errors.ts';
import { type Asked, createRollCallBus, isCalled, melt } from './roll-call-bus.ts';
import { lowFirst, readAnswer, refusal, shownNumber, wireFrame } from './wire.ts';

const ENERGY = '00010000';
const OWN_ADDRESS = '04000401';
const NOTHING = new Uint8Array(0);
const GARBLE = Uint8Array.of(0x68, 0x00, 0x02, 0x10);

const options: DiscoverOptions = {
  priority: 'on-demand',
  signal: new AbortController().signal,
  protocols: ['dlt645-2007'],
};

const diOf = ({ payload }: Asked) =>
  Buffer.from(payload.toReversed()).toString('hex').toUpperCase();

/** What a meter of 2007 that shows no energy yet says to one question. */
function answerOf(address: string, asked: Asked): Uint8Array {
  if (!isCalled(asked.address, address)) return NOTHING;
  if (asked.control === 0x13) {
    return wireFrame({ address, control: 0x93, payload: lowFirst(address) });
  }
  if (asked.control !== 0x11) return NOTHING;
  if (diOf(asked) === ENERGY) return readAnswer(address, ENERGY, shownNumber('0.00', 4));
  return readAnswer(address, OWN_ADDRESS, lowFirst(address));
}

const meltedLine = (addresses: readonly string[]) =>
  createRollCallBus((asked) => {
    const answers = addresses.map((address) => answerOf(address, asked));
    return melt(answers.filter((answer) => answer.length > 0));
  });

const addressesOf = (meters: readonly { address: string }[]) =>
  meters.map(({ address }) => address).sort();

const texts = (asked: readonly Asked[]) =>
  asked.map(({ address, control }) => `${address} ${control.toString(16)}`);

describe('the search for meters', () => {
  it('asks a lone meter three times: 13H to all, an item of all, an item by its name', async () => {
    const requests: string[] = [];
    const bus = meltedLine(['123456789012']);
    const spied: typeof bus = {
      ...bus,
      exchange(exchange) {
        requests.push(toHex(exchange.request));
        return bus.exchange(exchange);
      },
    };
    const found = await discover(spied, options);
    expect(found).toEqual({
      meters: [{ address: '123456789012', protocol: 'dlt645-2007' }],
      unresolved: [],
      endedBy: null,
    });
    // 2 x 68 + 6 x AA + 13 = 4DF; + 11 + 4 + 33 33 34 33 = 5AE; the last adds up to 268.
    expect(requests).toEqual([
      'FE FE FE FE 68 AA AA AA AA AA AA 68 13 00 DF 16',
      'FE FE FE FE 68 AA AA AA AA AA AA 68 11 04 33 33 34 33 AE 16',
      'FE FE FE FE 68 12 90 78 56 34 12 68 11 04 33 33 34 33 68 16',
    ]);
  });

  it('ends after two questions where nobody answers', async () => {
    const bus = createRollCallBus(() => NOTHING);
    expect(await discover(bus, options)).toEqual({ meters: [], unresolved: [], endedBy: null });
    expect(texts(bus.asked)).toEqual(['AAAAAAAAAAAA 13', 'AAAAAAAAAAAA 11']);
  });

  it('goes through the low byte all the same when told to be thorough', async () => {
    const meter = '000000004711';
    const bus = createRollCallBus((asked) =>
      asked.address === 'AAAAAAAAAAAA' ? NOTHING : answerOf(meter, asked),
    );
    const found = await discover(bus, { ...options, isThorough: true });
    expect(addressesOf(found.meters)).toEqual([meter]);
    expect(bus.asked.length).toBeGreaterThanOrEqual(100);
  });

  it.each([
    ['whose low bytes differ', ['000000000001', '000000000002', '000000000099']],
    ['that differ in the high byte alone', ['003456789012', '993456789012']],
    ['of which one hides behind the other', ['003456789011', '013456789011']],
    ['of which one hides behind the other, sum odd', ['003456789012', '013456789012']],
    ['of which two hide behind a third', ['000000000002', '110000000002', '440000000002']],
  ])('finds meters %s', async (_, addresses) => {
    const found = await discover(meltedLine(addresses), options);
    expect(addressesOf(found.meters)).toEqual(addresses);
    expect(found.unresolved).toEqual([]);
  });

  it('tells two meters apart that answer one after the other', async () => {
    const addresses = ['000000000011', '220000000011'];
    const bus = createRollCallBus((asked) =>
      concatBytes(...addresses.map((address) => answerOf(address, asked))),
    );
    const found = await discover(bus, options);
    expect(addressesOf(found.meters)).toEqual(addresses);
    expect(bus.asked.length).toBeLessThan(1000);
  });

  it('looks behind a clean answer that follows garbled ones', async () => {
    const quick = ['000000000001', '000000000002'];
    const slow = '000000000003';
    const bus = createRollCallBus((asked) => {
      const first = quick.map((address) => answerOf(address, asked));
      return concatBytes(melt(first.filter((one) => one.length > 0)), answerOf(slow, asked));
    });
    const found = await discover(bus, options);
    expect(addressesOf(found.meters)).toEqual([...quick, slow]);
  });

  it('tells two meters apart that answer one after the other, with wildcards', async () => {
    const addresses = ['000000000011', '220000000011'];
    const bus = createRollCallBus((asked) => {
      const called = addresses.filter((address) => isCalled(asked.address, address));
      if (asked.control !== 0x11) return NOTHING;
      return concatBytes(
        ...called.map((one) => readAnswer(asked.address, diOf(asked), lowFirst(one))),
      );
    });
    expect(addressesOf((await discover(bus, options)).meters)).toEqual(addresses);
  });

  it('takes a refusal for a sign of life, and silence to the second item', async () => {
    const meter = '000000000042';
    const bus = createRollCallBus((asked) => {
      if (!isCalled(asked.address, meter) || asked.control !== 0x11) return NOTHING;
      return diOf(asked) === ENERGY ? refusal(meter, 0x02) : NOTHING;
    });
    expect(addressesOf((await discover(bus, options)).meters)).toEqual([meter]);
  });

  it('learns the address of a meter that answers with wildcards from its payload', async () => {
    const meter = '000000123456';
    const bus = createRollCallBus((asked) => {
      if (!isCalled(asked.address, meter)) return NOTHING;
      if (asked.control === 0x13) {
        return wireFrame({ address: asked.address, control: 0x93, payload: lowFirst(meter) });
      }
      return readAnswer(asked.address, ENERGY, shownNumber('1.00', 4));
    });
    const found = await discover(bus, options);
    expect(addressesOf(found.meters)).toEqual([meter]);
    expect(bus.asked).toHaveLength(3);
  });

  it('goes down to the last byte where wildcards are all that a meter answers with', async () => {
    const meter = '000000123456';
    const bus = createRollCallBus((asked) =>
      isCalled(asked.address, meter) && asked.control === 0x11
        ? readAnswer(asked.address, ENERGY, shownNumber('1.00', 4))
        : NOTHING,
    );
    const found = await discover(bus, options);
    expect(found).toMatchObject({ meters: [{ address: meter }], unresolved: [] });
    expect(bus.asked.length).toBeGreaterThan(600);
  });

  it('finds a 1997 meter that knows only the broadcast address', async () => {
    const meter = '000000000161';
    const bus = createRollCallBus(({ address, control }) =>
      control === 0x01 && (address === '999999999999' || address === meter)
        ? wireFrame({
            address: meter,
            control: 0x81,
            payload: Uint8Array.of(0x10, 0x90, 0, 0, 0, 0),
          })
        : NOTHING,
    );
    const { protocols, ...both } = options;
    const found = await discover(bus, both);
    expect(found.meters).toEqual([{ address: meter, protocol: 'dlt645-1997' }]);
    expect(protocols).toHaveLength(1);
  });
});

describe('a search on a bad line', () => {
  it('invents no meter from an address that does not answer to its name', async () => {
    const ghost = '123456789012';
    const bus = createRollCallBus((asked) =>
      asked.address.includes('AA') ? answerOf(ghost, asked) : NOTHING,
    );
    const found = await discover(bus, options);
    expect(found.meters).toEqual([]);
    expect(found.unresolved).not.toEqual([]);
  });

  it('asks again where bytes came that are no frame, before it goes deeper', async () => {
    const meter = '000000000042';
    let questions = 0;
    const bus = createRollCallBus((asked) => {
      questions += 1;
      return questions === 1 ? GARBLE : answerOf(meter, asked);
    });
    expect(addressesOf((await discover(bus, options)).meters)).toEqual([meter]);
    expect(bus.asked).toHaveLength(4);
  });

  it('follows up an answer that came too late for its own question', async () => {
    const addresses = ['000000000001', '000000000002', '000000000003'];
    let late: Uint8Array = NOTHING;
    const bus = createRollCallBus((asked) => {
      const [first, ...others] = addresses.map((address) => answerOf(address, asked));
      const isLate = asked.address === 'AAAAAAAAAA01' && first !== undefined;
      const brought = [late, melt(others.filter((one) => one.length > 0))];
      late = isLate ? first : NOTHING;
      return concatBytes(...brought, isLate ? NOTHING : (first ?? NOTHING));
    });
    expect(addressesOf((await discover(bus, options)).meters)).toEqual(addresses);
  });

  it('names what it could not resolve: two meters with one address', async () => {
    const address = '000000000007';
    const bus = createRollCallBus((asked) => (isCalled(asked.address, address) ? GARBLE : NOTHING));
    const found = await discover(bus, options);
    expect(found).toMatchObject({ meters: [], unresolved: [address], endedBy: null });
  });

  it('names the part under which noise was heard and nobody found', async () => {
    const bus = createRollCallBus(({ address }) =>
      address === 'AAAAAAAAAAAA' || address === 'AAAAAAAAAA33' ? GARBLE : NOTHING,
    );
    const found = await discover(bus, options);
    expect(found).toMatchObject({ meters: [], unresolved: ['AAAAAAAAAA33'], endedBy: null });
  });

  it('gives what it has when it is told to end, and what it has not gone through', async () => {
    const end = new AbortController();
    const addresses = ['000000000001', '000000000002', '000000005577', '000000006677'];
    const onProgress = ({ asked }: DiscoverProgress) => {
      if (asked === 150) end.abort();
    };
    const found = await discover(meltedLine(addresses), {
      ...options,
      signal: end.signal,
      onProgress,
    });
    expect(addressesOf(found.meters)).toEqual(['000000000001', '000000000002']);
    expect(found.unresolved).toEqual(['AAAAAAAAAA77']);
    expect(found.endedBy?.code).toBe('BUS_ABORTED');
  });

  it('ends with the cause when the port is lost', async () => {
    const lost = new AmrError('PORT_LOST', 'unplugged');
    const found = await discover(
      createRollCallBus(() => lost),
      options,
    );
    expect(found).toEqual({ meters: [], unresolved: ['AAAAAAAAAAAA'], endedBy: lost });
  });
});

describe('the order of a search', () => {
  it('begins with the bytes that found meters have in that place', () => {
    const parts = partsOf('AAAAAAAAAA01', ['000000004402', '000000004403', '000000003304']);
    expect(parts.slice(0, 4)).toEqual([
      'AAAAAAAA4401',
      'AAAAAAAA3301',
      'AAAAAAAA0001',
      'AAAAAAAA0101',
    ]);
    expect(new Set(parts).size).toBe(100);
  });

  it('tells how many questions are left', async () => {
    const told: DiscoverProgress[] = [];
    await discover(meltedLine(['000000000001', '110000000077', '220000000077']), {
      ...options,
      onProgress: (progress) => told.push({ ...progress, meters: [...progress.meters] }),
    });
    expect(told[0]).toEqual({
      protocol: 'dlt645-2007',
      pattern: 'AAAAAAAAAAAA',
      asked: 1,
      left: 0,
      meters: [],
    });
    const first = told.find(({ pattern }) => pattern === 'AAAAAAAAAA00');
    expect(first?.left).toBe(99);
    const later = told.find(({ pattern }) => pattern === 'AAAAAAAAAA78');
    expect(later).toMatchObject({ left: 21 + 100, meters: [{ address: '000000000001' }] });
    expect(told.at(-1)?.left).toBe(0);
  });
});
