import { describe, expect, it } from 'vitest';
import { createSession } from '../../../drivers/dlt645/session.ts';
import { concatBytes, fromHex, toHex } from '../../../src/core/bytes.ts';
import { formatDecimal } from '../../../src/core/decimal.ts';
import { FLAG_SUSPECT, type ProfileResult } from '../../../src/core/driver.ts';
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
import { FIRST_GROUP, MARKED, recordOf } from './load-records.ts';
import { lowFirst, readAnswer, refusal, shownNumber, shownTime, wireFrame } from './wire.ts';

const ADDRESS = '123456789012';
const ALL = '06000001';
const ENERGY_CLASS = '06040001';
const ENERGY = registersNamed('energy_active_import');
const MIXED = registersNamed('energy_active_import', 'voltage_l1');
const NOTHING = new Uint8Array(0);
const MINUTE_MS = 60_000;

/** What one request wants: `count` records from `from` on, `YYYY-MM-DDTHH:mm`. */
interface Wanted {
  readonly control: number;
  readonly di: string;
  readonly count: number;
  readonly from: string;
}

function wantedIn(request: Uint8Array): Wanted {
  const payload = request.subarray(14, -2).map((byte) => byte - 0x33);
  const [year, month, day, hour, minute] = [...payload.subarray(5, 10)]
    .reverse()
    .map((byte) => byte.toString(16).padStart(2, '0'));
  return {
    control: request[12] ?? 0,
    di: toHex(payload.subarray(0, 4).toReversed()).replaceAll(' ', ''),
    count: payload[4] ?? 0,
    from: `20${year}-${month}-${day}T${hour}:${minute}`,
  };
}

/** Energies alone: 32 bytes a record; the import counts the minutes of the day. */
function energyRecord(time: string): Uint8Array {
  const [hour = 0, minute = 0] = time.slice(11).split(':').map(Number);
  const energies = concatBytes(
    shownNumber(String((hour * 60 + minute) * 100), 4),
    shownNumber('0', 12),
  );
  const groups = [NOTHING, NOTHING, NOTHING, energies, NOTHING, NOTHING];
  return recordOf(shownTime(time), groups);
}

const at = (clock: string) => `2024-08-15T${clock}`;
const span = (from: string, to: string) => ({ from: `${at(from)}:00`, to: `${at(to)}:00` });
const moved = (time: string, minutes: number) =>
  new Date(Date.parse(`${time}:00Z`) + minutes * MINUTE_MS).toISOString().slice(0, 16);

/** A meter with records of these times; `pick` says which of them a request brings. */
function meterWith(pick: (wanted: Wanted) => readonly string[] | Reply, settings = {}) {
  const wants: Wanted[] = [];
  const bus = createFakeBus((di) => {
    const wanted = wantedIn(bus.requests.at(-1) ?? NOTHING);
    wants.push(wanted);
    const picked = pick(wanted);
    if (picked instanceof AmrError || picked instanceof Uint8Array) return picked;
    return readAnswer(ADDRESS, di, ...picked.map(energyRecord));
  });
  const model = { ...modelWith([]), settings };
  const session = createSession(bus, { address: ADDRESS, model }, sessionDeps());
  return {
    wants,
    bus,
    read: async (from: string, to: string, registers = ENERGY) => {
      if (session.readProfile === undefined) throw new Error('no profile');
      return session.readProfile(span(from, to), registers, options);
    },
  };
}

/** The first so many records from the asked time on, as most meters answer. */
const nextOnes =
  (times: readonly string[]) =>
  ({ from, count }: Wanted) =>
    times.filter((time) => time >= from).slice(0, count);

const clocksIn = ({ records }: ProfileResult) =>
  records.map(({ meterTime }) => meterTime.slice(11, 16));
const quarters = (count: number) =>
  Array.from({ length: count }, (_, index) => moved(at('00:00'), index * 15));

describe('the load profile', () => {
  it('is asked for as the standard writes it', async () => {
    const { bus, read } = meterWith(() => []);
    await read('00:15', '00:15', MIXED);
    const payload = fromHex('01 00 00 06 02 15 00 15 08 24');
    const frame = wireFrame({ address: ADDRESS, control: 0x11, payload });
    expect(bus.requests).toHaveLength(1);
    expect(toHex(bus.requests[0] ?? NOTHING)).toBe(`FE FE FE FE ${toHex(frame)}`);
  });

  it('has every record of the span once, in order, with the values wanted', async () => {
    const times = quarters(96);
    const { read, wants } = meterWith(nextOnes(times));
    const result = await read('01:00', '05:30');
    expect(clocksIn(result)).toEqual(times.slice(4, 23).map((time) => time.slice(11)));
    expect(result).toMatchObject({ failures: [], issues: [] });
    const values = result.records.map(({ values: [first] }) =>
      first?.value ? formatDecimal(first.value) : null,
    );
    expect(values).toEqual(times.slice(4, 23).map((_, index) => `${(index + 4) * 15}.00`));
    expect(result.records.every(({ values: some }) => some.length === 1)).toBe(true);
    // Two, then as many of 32 bytes as 196 hold.
    expect(wants.map(({ count }) => count)).toEqual([2, 6, 6, 6]);
  });

  it('has its times in the order that the model names', async () => {
    const shown = '2024-08-15T10:15';
    const groups = [NOTHING, NOTHING, NOTHING, shownNumber('1', 16), NOTHING, NOTHING];
    const reversed = recordOf(shownTime(shown).toReversed(), groups);
    const answer = () => readAnswer(ADDRESS, ENERGY_CLASS, reversed);
    const { read } = meterWith(answer, { loadRecordTimeOrder: 'year-first' });
    expect(clocksIn(await read('10:15', '10:15'))).toEqual(['10:15']);
    // Minute first it would be 08:24 of another day: the span tells.
    expect(clocksIn(await meterWith(answer).read('10:15', '10:15'))).toEqual(['10:15']);
    const wrong = await meterWith(answer, { loadRecordTimeOrder: 'minute-first' }).read(
      '10:15',
      '10:15',
    );
    expect(wrong.records).toEqual([]);
    expect(wrong.issues).toMatchObject([
      { code: 'DATA_INVALID', message: expect.stringContaining('loadRecordTimeOrder') },
    ]);
  });

  it('is read from one class where that holds all that is wanted', async () => {
    const times = quarters(4);
    const one = meterWith(nextOnes(times));
    await one.read('00:00', '00:45');
    expect(new Set(one.bus.asked)).toEqual(new Set([ENERGY_CLASS]));
    const all = meterWith(nextOnes(times));
    await all.read('00:00', '00:45', MIXED);
    expect(new Set(all.bus.asked)).toEqual(new Set([ALL]));
  });

  it('is read from all classes where the meter refuses the one', async () => {
    const times = quarters(4);
    const { read, bus } = meterWith((wanted) =>
      wanted.di === ALL ? nextOnes(times)(wanted) : refusal(ADDRESS, 0x02),
    );
    expect(clocksIn(await read('00:00', '00:45'))).toHaveLength(4);
    expect(bus.asked.slice(0, 2)).toEqual([ENERGY_CLASS, ALL]);
    expect(bus.asked.filter((di) => di === ENERGY_CLASS)).toHaveLength(1);
  });

  it('ends where the meter has no more', async () => {
    const times = quarters(3);
    const { read, wants } = meterWith(nextOnes(times));
    expect(clocksIn(await read('00:00', '23:45'))).toEqual(['00:00', '00:15', '00:30']);
    // Behind the last record, and one interval behind it.
    expect(wants.slice(-2).map(({ from }) => from)).toEqual([at('00:31'), at('00:45')]);
  });

  it('is empty where the meter answers with the identifier alone', async () => {
    const none = fromHex('68 12 90 78 56 34 12 68 91 04 34 33 34 39 EF 16');
    const { read, wants } = meterWith(() => none);
    const result = await read('00:00', '23:45', registersNamed('voltage_l1'));
    expect(result).toEqual({ records: [], failures: [], issues: [] });
    expect(wants).toHaveLength(1);
  });

  it('goes over a gap', async () => {
    const times = quarters(96).filter((time) => time < at('01:00') || time > at('04:00'));
    const { read } = meterWith(nextOnes(times));
    const result = await read('00:30', '04:30');
    expect(clocksIn(result)).toEqual(['00:30', '00:45', '04:15', '04:30']);
  });

  it('is whole at a meter that knows only the exact time of a record', async () => {
    const times = quarters(20);
    const { read } = meterWith((wanted) =>
      times.includes(wanted.from) ? nextOnes(times)(wanted) : [],
    );
    expect(clocksIn(await read('00:00', '04:45'))).toHaveLength(20);
  });

  it('is whole at a meter that gives one record at a time, the one before again', async () => {
    const times = quarters(8);
    const { read } = meterWith(({ from, count }) => {
      const first = times.findLastIndex((time) => time <= from);
      return times.slice(first, first + (from === at('00:00') ? count : 1));
    });
    expect(clocksIn(await read('00:00', '01:45'))).toHaveLength(8);
  });

  it('ends at a meter that says the same again and again', async () => {
    const { read, wants } = meterWith(() => quarters(2));
    expect(clocksIn(await read('00:00', '23:45'))).toEqual(['00:00', '00:15']);
    expect(wants).toHaveLength(3);
  });
});

describe('a load record that is not sound', () => {
  it('carries the doubt of the meter to every value', async () => {
    const voltages = registersNamed('voltage_l1', 'voltage_l2');
    const { read } = meterWith(({ from }) =>
      from === at('00:30') ? readAnswer(ADDRESS, '06010001', MARKED) : [],
    );
    const { records } = await read('00:30', '00:30', voltages);
    expect(records).toMatchObject([
      {
        meterTime: '2024-08-15T00:30:00',
        flags: [FLAG_SUSPECT],
        values: [{ flags: [FLAG_SUSPECT] }, { flags: [FLAG_SUSPECT] }],
      },
    ]);
  });

  it('is told of and does not stop the others', async () => {
    const broken = FIRST_GROUP.with(10, 0x11);
    const { read } = meterWith(({ di, from }) =>
      from === at('00:15') ? readAnswer(ADDRESS, di, broken, energyRecord(at('00:30'))) : [],
    );
    const result = await read('00:15', '00:45');
    expect(clocksIn(result)).toEqual(['00:30']);
    expect(result.issues.map(({ code }) => code)).toEqual(['FRAME_CHECKSUM']);
  });

  it('is left out where it is of another time than the wanted', async () => {
    const times = [at('00:00'), at('00:15'), at('00:30')];
    const { read } = meterWith(() => times);
    const result = await read('00:15', '00:20');
    expect(clocksIn(result)).toEqual(['00:15']);
    // One before the span was not asked for; one behind it only came along.
    expect(result.issues).toMatchObject([{ context: { time: '2024-08-15 00:00' } }]);
  });

  it('is told of where it is far behind the wanted', async () => {
    const { read } = meterWith(() => [at('00:15'), '2024-08-17T00:00']);
    const result = await read('00:15', '00:20');
    expect(clocksIn(result)).toEqual(['00:15']);
    expect(result.issues).toMatchObject([{ context: { time: '2024-08-17 00:00' } }]);
  });
});

describe('a load profile that fails', () => {
  it('names what no load record holds, and asks for nothing else', async () => {
    const { read, bus } = meterWith(() => []);
    const result = await read('00:00', '01:00', registersNamed('energy_active_import_t1'));
    expect(result.failures.map(({ error }) => error.code)).toEqual(['METER_UNSUPPORTED']);
    expect(bus.asked).toEqual([]);
  });

  it('keeps what came before', async () => {
    const times = quarters(96);
    const { read } = meterWith((wanted) =>
      wanted.from < at('01:45') ? nextOnes(times)(wanted) : silence,
    );
    const result = await read('00:00', '23:45');
    expect(clocksIn(result)).toEqual(times.slice(0, 8).map((time) => time.slice(11)));
    expect(result.failures).toMatchObject([{ registers: ENERGY, error: { code: 'BUS_NO_REPLY' } }]);
  });

  it('keeps what an answer brought before it broke off', async () => {
    const whole = concatBytes(...quarters(2).map(energyRecord));
    const payload = concatBytes(lowFirst(ENERGY_CLASS), whole.subarray(0, 40));
    const begun = wireFrame({ address: ADDRESS, control: 0xb1, payload });
    const { read } = meterWith(({ control }) => (control === 0x12 ? silence : begun));
    const result = await read('00:00', '01:00');
    expect(clocksIn(result)).toEqual(['00:00']);
    expect(result.failures).toHaveLength(1);
    expect(result.issues).toEqual([]);
  });

  it('costs one exchange at a silent meter', async () => {
    const { read, bus } = meterWith(() => silence);
    const result = await read('00:00', '23:45');
    expect(result.failures.map(({ error }) => error.code)).toEqual(['BUS_NO_REPLY']);
    expect(bus.asked).toHaveLength(1);
  });

  it('rejects when it is aborted', async () => {
    const { read } = meterWith(() => new AmrError('BUS_ABORTED', 'aborted'));
    await expect(read('00:00', '01:00')).rejects.toMatchObject({ code: 'BUS_ABORTED' });
  });
});
