import { describe, expect, it } from 'vitest';
import { createSession } from '../../../drivers/dlt645/session.ts';
import { concatBytes } from '../../../src/core/bytes.ts';
import { formatDecimal } from '../../../src/core/decimal.ts';
import { FLAG_ABSENT, FLAG_INVALID, type ReadResult } from '../../../src/core/driver.ts';
import { AmrError } from '../../../src/core/errors.ts';
import { sessionDeps } from '../../support/session-deps.ts';
import {
  createFakeBus,
  modelWith,
  options,
  type Reply,
  registersNamed,
  silence,
} from './fake-bus.ts';
import { lowFirst, NO_VALUE, readAnswer, refusal, shownNumber, wireFrame } from './wire.ts';

const ADDRESS = '123456789012';
const VOLTAGES = registersNamed('voltage_l1', 'voltage_l2', 'voltage_l3');
const VOLTAGE_BLOCK = '0201FF00';

const numbers = (...texts: string[]) => texts.map((text) => shownNumber(text, 2));

/** A meter that answers these identifiers and refuses all others. */
function meterWith(replies: Readonly<Record<string, Reply>>, blocks = [VOLTAGE_BLOCK]) {
  const bus = createFakeBus((di, address) => replies[di] ?? refusal(address, 0x02));
  return {
    bus,
    session: createSession(bus, { address: ADDRESS, model: modelWith(blocks) }, sessionDeps()),
  };
}

const shownBy = ({ values }: ReadResult) =>
  Object.fromEntries(
    values.map(({ register, value }) => [
      register.name,
      value === null ? null : formatDecimal(value),
    ]),
  );
const failedIn = ({ failures }: ReadResult) =>
  failures.map(({ registers, error }) => [error.code, ...registers.map(({ name }) => name)]);

const single = (di: string, text: string) => readAnswer(ADDRESS, di, ...numbers(text));
const block = (...texts: string[]) => readAnswer(ADDRESS, VOLTAGE_BLOCK, ...numbers(...texts));

describe('a block that breaks off', () => {
  it('gives what came whole, and fails the rest alone', async () => {
    const payload = concatBytes(lowFirst(VOLTAGE_BLOCK), ...numbers('220.5', '221.0'));
    const begun = wireFrame({ address: ADDRESS, control: 0xb1, payload });
    const bus = createFakeBus(() => (bus.asked.length % 2 === 1 ? begun : silence));
    const session = createSession(
      bus,
      { address: ADDRESS, model: modelWith([VOLTAGE_BLOCK]) },
      sessionDeps(),
    );
    const result = await session.read(VOLTAGES, options);
    expect(shownBy(result)).toEqual({ voltage_l1: '220.5', voltage_l2: '221.0' });
    expect(failedIn(result)).toEqual([['BUS_NO_REPLY', 'voltage_l3']]);
    expect(bus.asked).toHaveLength(4);
  });
});

describe('what is asked', () => {
  it('is one block where it holds two or more of the wanted registers', async () => {
    const { bus, session } = meterWith({ [VOLTAGE_BLOCK]: block('220.5', '221.0', '219.8') });
    const result = await session.read(registersNamed('voltage_l3', 'voltage_l1'), options);
    expect(bus.asked).toEqual([VOLTAGE_BLOCK]);
    expect(shownBy(result)).toEqual({ voltage_l1: '220.5', voltage_l3: '219.8' });
    expect(failedIn(result)).toEqual([]);
  });

  it('is the register alone where one is wanted or the model has no block', async () => {
    const replies = { '02010100': single('02010100', '220.5') };
    const one = meterWith(replies);
    await one.session.read(registersNamed('voltage_l1'), options);
    expect(one.bus.asked).toEqual(['02010100']);
    const without = meterWith(replies, []);
    await without.session.read(VOLTAGES, options);
    expect(without.bus.asked).toEqual(['02010100', '02010200', '02010300']);
  });

  it('is asked where the model says the register is', async () => {
    const bus = createFakeBus(() => silence);
    const model = modelWith([], { voltage_l1: '02010300' });
    await createSession(bus, { address: ADDRESS, model: model }, sessionDeps()).read(
      registersNamed('voltage_l1'),
      options,
    );
    expect(bus.asked).toEqual(['02010300']);
  });

  it('leaves as the standard writes it, woken up by four FE', async () => {
    const bus = createFakeBus(() => silence);
    const session = createSession(
      bus,
      { address: '003411001043', model: modelWith([]) },
      sessionDeps(),
    );
    await session.read(registersNamed('frequency'), options);
    const frame = wireFrame({
      address: '003411001043',
      control: 0x11,
      payload: lowFirst('02800002'),
    });
    expect([...(bus.requests[0] ?? [])]).toEqual([0xfe, 0xfe, 0xfe, 0xfe, ...frame]);
  });
});

describe('a refused block', () => {
  it('is asked one by one instead, and never again', async () => {
    const { bus, session } = meterWith({
      '02010100': single('02010100', '220.5'),
      '02010200': single('02010200', '221.0'),
    });
    const result = await session.read(VOLTAGES, options);
    expect(bus.asked).toEqual([VOLTAGE_BLOCK, '02010100', '02010200', '02010300']);
    expect(shownBy(result)).toEqual({ voltage_l1: '220.5', voltage_l2: '221.0' });
    expect(failedIn(result)).toEqual([['METER_UNSUPPORTED', 'voltage_l3']]);
    await session.read(VOLTAGES, options);
    expect(bus.asked).toHaveLength(7);
    expect(bus.asked.slice(4)).not.toContain(VOLTAGE_BLOCK);
  });

  it.each([
    ['other error', 0x01],
    ['no data', 0x02],
    ['both', 0x03],
  ])('is one that the meter answers with "%s"', async (_, err) => {
    const { bus, session } = meterWith({ [VOLTAGE_BLOCK]: refusal(ADDRESS, err) });
    await session.read(VOLTAGES, options);
    expect(bus.asked).toHaveLength(4);
  });

  it('is none where the meter only wants a password', async () => {
    const { bus, session } = meterWith({ [VOLTAGE_BLOCK]: refusal(ADDRESS, 0x06) });
    const result = await session.read(VOLTAGES, options);
    expect(bus.asked).toEqual([VOLTAGE_BLOCK]);
    expect(result.failures[0]?.error).toMatchObject({
      code: 'METER_EXCEPTION',
      context: { err: '0x06', di: VOLTAGE_BLOCK },
    });
  });

  it('is none where the meter was silent', async () => {
    let isSilent = true;
    const bus = createFakeBus((di) => {
      if (di !== VOLTAGE_BLOCK) return refusal(ADDRESS, 0x02);
      return isSilent ? silence : block('220.5', '221.0', '219.8');
    });
    const session = createSession(
      bus,
      { address: ADDRESS, model: modelWith([VOLTAGE_BLOCK]) },
      sessionDeps(),
    );
    expect(failedIn(await session.read(VOLTAGES, options))).toHaveLength(1);
    isSilent = false;
    expect(failedIn(await session.read(VOLTAGES, options))).toEqual([]);
    expect(bus.asked).toEqual([VOLTAGE_BLOCK, VOLTAGE_BLOCK]);
  });
});

describe('what is answered', () => {
  it('names as unsupported what a short block leaves out', async () => {
    const { session } = meterWith({ [VOLTAGE_BLOCK]: block('220.5', '221.0') });
    const result = await session.read(VOLTAGES, options);
    expect(shownBy(result)).toEqual({ voltage_l1: '220.5', voltage_l2: '221.0' });
    expect(failedIn(result)).toEqual([['METER_UNSUPPORTED', 'voltage_l3']]);
  });

  it('keeps a register without a number, with the flag that says why', async () => {
    const content = [...numbers('220.5', NO_VALUE), Uint8Array.of(0x0a, 0x00)];
    const { session } = meterWith({
      [VOLTAGE_BLOCK]: readAnswer(ADDRESS, VOLTAGE_BLOCK, ...content),
    });
    const { values, failures } = await session.read(VOLTAGES, options);
    expect(failures).toEqual([]);
    expect(values.map(({ value, flags }) => [value === null, ...flags])).toEqual([
      [false],
      [true, FLAG_ABSENT],
      [true, FLAG_INVALID],
    ]);
  });

  it('is kept where another of several asks fails', async () => {
    const { session } = meterWith(
      {
        '02010100': single('02010100', '220.5'),
        '02010200': silence,
        '02010300': single('02010300', '219.8'),
      },
      [],
    );
    const result = await session.read(VOLTAGES, options);
    expect(shownBy(result)).toEqual({ voltage_l1: '220.5', voltage_l3: '219.8' });
    expect(failedIn(result)).toEqual([['BUS_NO_REPLY', 'voltage_l2']]);
  });

  it('is refused where its length is not that of the register', async () => {
    const { session } = meterWith({
      '02010100': readAnswer(ADDRESS, '02010100', lowFirst('002205')),
    });
    const result = await session.read(registersNamed('voltage_l1'), options);
    expect(failedIn(result)).toEqual([['FRAME_LENGTH', 'voltage_l1']]);
  });

  it('is not taken where no value is whole and its further frames do not come', async () => {
    const payload = lowFirst(`05${VOLTAGE_BLOCK}`);
    const { session } = meterWith({
      [VOLTAGE_BLOCK]: wireFrame({ address: ADDRESS, control: 0xb1, payload }),
    });
    const result = await session.read(VOLTAGES, options);
    expect(result.values).toEqual([]);
    expect(failedIn(result)[0]?.[0]).toBe('BUS_FOREIGN_REPLY');
  });

  const payload = lowFirst('220502010100');
  it.each([
    ['of another identifier', single('02010200', '220.5')],
    ['of another meter', readAnswer('123456789013', '02010100', ...numbers('220.5'))],
    ['with a wildcard in its address', readAnswer('AAAAAAAAAAAA', '02010100', ...numbers('220.5'))],
    ['sent by a master', wireFrame({ address: ADDRESS, control: 0x11, payload })],
    [
      'that is the request come back',
      wireFrame({ address: ADDRESS, control: 0x11, payload: lowFirst('02010100') }),
    ],
    ['to another function', wireFrame({ address: ADDRESS, control: 0x92, payload })],
    ['that is another meter refusing', refusal('123456789013', 0x02)],
    ['that refuses without an error byte', wireFrame({ address: ADDRESS, control: 0xd1 })],
    [
      'that refuses another function',
      wireFrame({ address: ADDRESS, control: 0xd4, payload: Uint8Array.of(2) }),
    ],
  ])('is no frame %s', async (_, reply) => {
    const { session } = meterWith({ '02010100': reply });
    const result = await session.read(registersNamed('voltage_l1'), options);
    expect(failedIn(result)).toEqual([['BUS_FOREIGN_REPLY', 'voltage_l1']]);
  });
});

describe('a wildcard address', () => {
  it.each([
    ['AAAAAAAAAAAA', ADDRESS],
    ['AAAAAAAA9012', ADDRESS],
    ['AAAAAAAAAAAA', 'AAAAAAAAAAAA'],
  ])('%s brings the address %s in the answer', async (asked, answered) => {
    const bus = createFakeBus((di) => readAnswer(answered, di, ...numbers('220.5')));
    const session = createSession(bus, { address: asked, model: modelWith([]) }, sessionDeps());
    const result = await session.read(registersNamed('voltage_l1'), options);
    expect(result).toMatchObject({ address: answered, failures: [] });
  });

  it('leaves no room where it gives the digits', async () => {
    const bus = createFakeBus((di) => readAnswer('123456789013', di, ...numbers('220.5')));
    const session = createSession(
      bus,
      { address: 'AAAAAAAA9012', model: modelWith([]) },
      sessionDeps(),
    );
    const result = await session.read(registersNamed('voltage_l1'), options);
    expect(failedIn(result)).toEqual([['BUS_FOREIGN_REPLY', 'voltage_l1']]);
    expect(result).not.toHaveProperty('address');
  });
});

describe('a read that is in vain', () => {
  const MANY = [...VOLTAGES, ...registersNamed('frequency', 'current_n', 'power_active')];

  it('ends after two silent asks, and names every register', async () => {
    const bus = createFakeBus(() => silence);
    const session = createSession(bus, { address: ADDRESS, model: modelWith([]) }, sessionDeps());
    const { failures } = await session.read(MANY, options);
    expect(bus.asked).toHaveLength(2);
    const named = failures.flatMap(({ registers }) => registers);
    expect(named).toEqual(MANY);
    expect(new Set(failures.map(({ error }) => error.code))).toEqual(new Set(['BUS_NO_REPLY']));
  });

  it.each(['BUS_PARTIAL_REPLY', 'BUS_FOREIGN_REPLY', 'BUS_JAMMED'] as const)(
    'ends after two asks with %s too',
    async (code) => {
      const bus = createFakeBus(() => new AmrError(code, 'no answer'));
      await createSession(bus, { address: ADDRESS, model: modelWith([]) }, sessionDeps()).read(
        MANY,
        options,
      );
      expect(bus.asked).toHaveLength(2);
    },
  );

  it('goes on where the meter has answered anything, a refusal included', async () => {
    const { bus, session } = meterWith(
      { '02010200': silence, '02010300': silence, '02800002': silence },
      [],
    );
    await session.read(MANY, options);
    expect(bus.asked).toHaveLength(MANY.length);
  });

  it('goes on where a block was refused', async () => {
    const { bus, session } = meterWith({ '02010100': silence, '02010200': silence });
    await session.read(MANY, options);
    expect(bus.asked).toHaveLength(1 + MANY.length);
  });

  it('ends at once when the port is gone', async () => {
    const { bus, session } = meterWith(
      {
        '02010100': single('02010100', '220.5'),
        '02010200': new AmrError('PORT_LOST', 'unplugged'),
      },
      [],
    );
    const result = await session.read(MANY, options);
    expect(bus.asked).toEqual(['02010100', '02010200']);
    expect(shownBy(result)).toEqual({ voltage_l1: '220.5' });
    const codes = result.failures.map(({ error }) => error.code);
    expect(new Set(codes)).toEqual(new Set(['PORT_LOST']));
    expect(result.failures.flatMap(({ registers }) => registers)).toEqual(MANY.slice(1));
  });

  it('rejects when it is aborted, and when the driver itself is broken', async () => {
    const aborted = createFakeBus(() => new AmrError('BUS_ABORTED', 'aborted'));
    const read = createSession(
      aborted,
      { address: ADDRESS, model: modelWith([]) },
      sessionDeps(),
    ).read(MANY, options);
    await expect(read).rejects.toMatchObject({ code: 'BUS_ABORTED' });
    expect(aborted.asked).toHaveLength(1);
    const broken = createFakeBus(() => {
      throw new TypeError('a defect');
    });
    const failing = createSession(
      broken,
      { address: ADDRESS, model: modelWith([]) },
      sessionDeps(),
    ).read(MANY, options);
    await expect(failing).rejects.toThrow(TypeError);
  });
});
