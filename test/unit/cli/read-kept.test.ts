import { describe, expect, it } from 'vitest';
import { repeatEvents, repeatProfile } from '../../../src/cli/read-kept-repeat.ts';
import type { EventsOptions, EventsResult, ProfileSpan } from '../../../src/core/driver.ts';
import { AmrError } from '../../../src/core/errors.ts';
import { createKeptRig } from './kept-rig.ts';

const SPAN = { from: '2026-11-21T00:00:00', to: '2026-11-22T23:59:00' };
const QUARTERS_OF_TWO_DAYS = 192;
const TRUNCATED = { name: 'truncated', probability: 0.3 } as const;
const options = { priority: 'on-demand', signal: new AbortController().signal } as const;

async function profileOf(fault: typeof TRUNCATED | null, retries: number) {
  const rig = createKeptRig({ fault });
  const kept = await rig.read({ profile: SPAN }, retries, ['energy_active_import']);
  if (kept.kind !== 'profile') throw new Error('no profile');
  return { ...kept.result, asked: rig.journal.length };
}

async function eventsOf(fault: typeof TRUNCATED | null, retries: number) {
  const rig = createKeptRig({ fault });
  const kept = await rig.read({ events: true }, retries);
  if (kept.kind !== 'events') throw new Error('no events');
  return { ...kept.result, asked: rig.journal.length };
}

/** Without what goes on counting while the meter is asked. */
const byName = ({ events, status }: EventsResult) => ({
  events: Object.fromEntries(
    events
      .filter(({ event }) => event !== 'voltage_quality')
      .map((one) => [`${one.event} ${one.phase}`, one]),
  ),
  status: status.map(({ word, name, state }) => `${word} ${name} ${state}`).sort(),
});

describe('a load profile on a bad line', () => {
  it('goes on from the last record that came until it is whole', async () => {
    const [sound, bad] = [await profileOf(null, 0), await profileOf(TRUNCATED, 5)];
    expect(bad.failures).toEqual([]);
    expect(bad.records).toHaveLength(QUARTERS_OF_TWO_DAYS);
    expect(bad.records).toEqual(sound.records);
    // No record is asked for from the beginning again.
    expect(bad.asked).toBeLessThan(sound.asked * 2.5);
  });

  it('is tried once where no retries are wanted', async () => {
    const { records, failures, asked } = await profileOf(TRUNCATED, 0);
    expect(records.length).toBeLessThan(QUARTERS_OF_TWO_DAYS);
    expect(failures).toMatchObject([{ error: { code: 'BUS_PARTIAL_REPLY' } }]);
    expect(asked).toBeLessThan(50);
  });

  it('counts its tries from each record on, and does not repeat what will not pass', async () => {
    const broken = new AmrError('BUS_PARTIAL_REPLY', 'broke off');
    const lasting = new AmrError('METER_UNSUPPORTED', 'never noted');
    const failing = (error: AmrError) => [{ registers: [], error }];
    const record = (hour: number) => ({
      meterTime: `2026-11-21T0${hour}:00:00`,
      values: [],
      flags: [],
    });
    const asked: string[] = [];
    const answers = [
      { records: [], failures: failing(broken) },
      { records: [record(0)], failures: failing(broken) },
      { records: [record(0)], failures: failing(broken) },
      { records: [record(0), record(1)], failures: failing(broken) },
      { records: [record(1)], failures: failing(lasting) },
    ];
    const read = async ({ from }: ProfileSpan) => {
      asked.push(from.slice(11, 16));
      return {
        issues: [],
        ...(answers[asked.length - 1] ?? { records: [], failures: failing(broken) }),
      };
    };
    const result = await repeatProfile(SPAN, { ...options, retries: 2 }, read);
    expect(asked).toEqual(['00:00', '00:00', '00:00', '00:00', '01:00']);
    expect(result.records).toEqual([record(0), record(1)]);
    expect(result.failures).toEqual(failing(lasting));
    await repeatProfile(SPAN, { ...options, retries: 2 }, read);
    expect(asked.slice(5)).toEqual(['00:00', '00:00', '00:00']);
  });
});

describe('events on a bad line', () => {
  it('are asked again as far as they failed', async () => {
    const [sound, bad] = [await eventsOf(null, 0), await eventsOf(TRUNCATED, 9)];
    expect(bad.failures).toEqual([]);
    expect(byName(bad)).toEqual(byName(sound));
    expect(sound.events.length).toBeGreaterThan(30);
    expect(bad.asked).toBeLessThan(sound.asked * 3);
    const once = await eventsOf(TRUNCATED, 0);
    expect(once.failures.length).toBeGreaterThan(0);
  });

  it('are asked for altogether where the first try was over at once or the port went away', async () => {
    const failure = (what: string, code: 'BUS_NO_REPLY' | 'PORT_LOST' | 'METER_UNSUPPORTED') => ({
      what,
      error: new AmrError(code, code),
    });
    const event = (name: string) => ({
      event: name,
      phase: null,
      count: 0,
      minutes: 0,
      latest: [],
    });
    const answers: EventsResult[] = [
      { events: [], status: [], failures: [failure('overload', 'BUS_NO_REPLY')] },
      { events: [event('overload')], status: [], failures: [failure('power_off', 'PORT_LOST')] },
      {
        events: [event('overload')],
        status: [],
        failures: [
          failure('power_off', 'BUS_NO_REPLY'),
          failure('cover_open', 'METER_UNSUPPORTED'),
        ],
      },
      { events: [], status: [], failures: [failure('power_off', 'BUS_NO_REPLY')] },
      { events: [event('power_off')], status: [], failures: [] },
    ];
    const asked: EventsOptions['only'][] = [];
    const read = async ({ only }: EventsOptions): Promise<EventsResult> => {
      asked.push(only);
      return answers[asked.length - 1] ?? { events: [], status: [], failures: [] };
    };
    const result = await repeatEvents({ ...options, retries: 9 }, read);
    expect(asked).toEqual([undefined, undefined, undefined, ['power_off'], ['power_off']]);
    expect(result.events).toEqual([event('overload'), event('power_off')]);
    expect(result.failures).toMatchObject([{ what: 'cover_open' }]);
  });

  const event = (phase: string | null, ...fields: string[]) => ({
    event: 'overload',
    phase,
    count: 1 as number | null,
    minutes: 1,
    latest: fields.map((name) => ({ obis: null, name, value: '1', unit: '' })),
  });
  const broken = (identifier: string) => ({
    what: 'overload',
    identifier,
    error: new AmrError('BUS_NO_REPLY', 'no answer'),
  });
  const tried = (events: ReturnType<typeof event>[], ...failed: string[]) => ({
    events,
    status: [],
    failures: failed.map(broken),
  });
  async function readAfter(...tries: EventsResult[]) {
    let at = 0;
    const read = async () => tries[at++] ?? tried([]);
    const { events, failures } = await repeatEvents(
      { ...options, retries: tries.length - 1 },
      read,
    );
    return { events, left: failures.map(({ identifier }) => identifier) };
  }

  it.each([
    [
      'records of one try and of another',
      [
        tried([event('l1', 'a', 'b'), event('l2')], 'record l2'),
        tried([event('l1'), event('l2', 'a', 'b')], 'record l1'),
      ],
      [event('l1', 'a', 'b'), event('l2', 'a', 'b')],
      [],
    ],
    [
      'fields of one try and of another',
      [tried([event(null, 'a')], 'b'), tried([event(null, 'b')], 'a')],
      [event(null, 'a', 'b')],
      [],
    ],
    [
      'a record that came in part, which is told',
      [tried([event(null, 'a')], 'record'), tried([event(null)], 'record')],
      [event(null, 'a')],
      ['record'],
    ],
    [
      'a record that was not asked for as its counts failed',
      [tried([event('l1', 'a'), event('l2')], 'record l2'), tried([], 'counts')],
      [event('l1', 'a'), event('l2')],
      ['record l2'],
    ],
    [
      'counts of phases that stand alone',
      [tried([event('l1', 'a')], 'count l2'), tried([event('l2', 'a')], 'count l1')],
      [event('l1', 'a'), event('l2', 'a')],
      ['count l2', 'count l1'],
    ],
  ])('are joined: %s', async (_, tries, events, left) => {
    expect(await readAfter(...tries)).toEqual({ events, left });
  });
});
