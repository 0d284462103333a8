/**
 * A meter of either edition of DL/T 645, told apart by asking. For sites that do not know which of
 * their meters are the older ones; only what both editions have can be read so.
 *
 * A model says of every register where each edition keeps it; its blocks are of both.
 */
import { z } from 'zod';
import type { Bus } from '../../src/core/bus.ts';
import type {
  Driver,
  DriverSession,
  FreezeResult,
  MeterSetup,
  ReadOptions,
  ReadResult,
  SessionDeps,
} from '../../src/core/driver.ts';
import { AmrError } from '../../src/core/errors.ts';
import type { MeterModel } from '../../src/core/model.ts';
import type { Register } from '../../src/core/registers.ts';
import { failureOf } from './ask.ts';
import { broadcastTime } from './clock-broadcast.ts';
import { decode } from './decode.ts';
import { dlt645 } from './driver.ts';
import { probeEdition } from './edition.ts';
import type { Edition } from './functions/codes.ts';
import { ANYBODY } from './roll-call.ts';
import { dlt645v1997 } from './v1997/driver.ts';

const PROTOCOL = 'dlt645-auto';

const EDITIONS: Readonly<Record<Edition, Driver>> = {
  'dlt645-2007': dlt645,
  'dlt645-1997': dlt645v1997,
};
const NAMES = Object.keys(EDITIONS) as Edition[];

/** Hex digits of an identifier. */
const DIGITS: Readonly<Record<Edition, number>> = { 'dlt645-2007': 8, 'dlt645-1997': 4 };

/** Where a register is in each edition. */
const sourceSchema = z.strictObject({ 'dlt645-2007': z.string(), 'dlt645-1997': z.string() });

/** The model as the driver of one edition reads it. */
function modelFor(edition: Edition, model: MeterModel): MeterModel {
  const registers = Object.entries(model.registers).map(([name, source]) => {
    const { data } = sourceSchema.safeParse(source);
    return [name, data?.[edition]] as const;
  });
  return {
    ...model,
    protocol: edition,
    settings: edition === 'dlt645-2007' ? model.settings : {},
    registers: Object.fromEntries(registers),
    blocks: model.blocks.filter(({ length }) => length === DIGITS[edition]),
  };
}

function checkModel(model: MeterModel): string[] {
  const complaints = Object.entries(model.registers)
    .filter(([, source]) => !sourceSchema.safeParse(source).success)
    .map(([name]) => `${name}: wants an identifier of ${NAMES.join(' and one of ')}`);
  if (complaints.length > 0) return complaints;
  const ofNone = model.blocks.filter(({ length }) => !Object.values(DIGITS).includes(length));
  return [
    ...ofNone.map((block) => `${block} is no block`),
    ...NAMES.flatMap((edition) => EDITIONS[edition].checkModel(modelFor(edition, model))),
  ];
}

/** The finer of the two. */
function resolution(model: MeterModel, register: Register): string | null {
  const steps = NAMES.map((edition) =>
    EDITIONS[edition].resolution(modelFor(edition, model), register),
  ).filter((step) => step !== null);
  return steps.toSorted((a, b) => b.length - a.length)[0] ?? null;
}

/** A meter that is silent for so long may have been replaced by one of the other edition. */
const SILENT_MS = 24 * 3_600_000;
/** `address edition`: of another meter it is nothing. */
const EDITION = 'dlt645.edition';
const SILENT_SINCE = 'dlt645.silent-since';

const isSilence = ({ code }: AmrError) => code.startsWith('BUS_');

/** Which edition the meter was found to speak, for as long as it answers to that. */
function createMemory(address: string, { clock, notes }: SessionDeps) {
  return {
    recall(): Edition | null {
      const since = notes.recall(SILENT_SINCE);
      if (since !== null && Math.abs(clock.now() - Number(since)) >= SILENT_MS) return null;
      return NAMES.find((edition) => `${address} ${edition}` === notes.recall(EDITION)) ?? null;
    },
    found(edition: Edition): void {
      notes.note(EDITION, `${address} ${edition}`);
      notes.note(SILENT_SINCE, null);
    },
    /** Silence begins with the first read that brought nothing and met silence, and ends with a value. */
    heard({ values, failures }: ReadResult): void {
      if (values.length > 0) notes.note(SILENT_SINCE, null);
      else if (
        failures.some(({ error }) => isSilence(error)) &&
        notes.recall(SILENT_SINCE) === null
      ) {
        notes.note(SILENT_SINCE, String(clock.now()));
      }
    },
  };
}

const inNeither = (address: string) =>
  new AmrError('BUS_NO_REPLY', `meter ${address} answers in no edition of DL/T 645`);

function createAutoSession(bus: Bus, meter: MeterSetup, deps: SessionDeps): DriverSession {
  const memory = createMemory(meter.address, deps);
  const sessions = new Map<Edition, DriverSession>();

  function sessionOf(edition: Edition): DriverSession {
    const known = sessions.get(edition);
    if (known !== undefined) return known;
    const model = modelFor(edition, meter.model);
    const session = EDITIONS[edition].open(bus, { ...meter, model }, deps);
    sessions.set(edition, session);
    return session;
  }

  /** Throws BUS_NO_REPLY where the meter answers to neither, and as probing does. */
  async function present(options: ReadOptions): Promise<DriverSession> {
    const known = memory.recall();
    if (known !== null) return sessionOf(known);
    const edition = await probeEdition(bus, meter.address, options);
    if (edition === null) throw inNeither(meter.address);
    memory.found(edition);
    return sessionOf(edition);
  }

  /** What `work` makes of the session for the meter's edition; all failed where there is none. */
  async function through<R extends ReadResult>(
    registers: readonly Register[],
    options: ReadOptions,
    work: (session: DriverSession) => Promise<R>,
  ): Promise<R | ReadResult> {
    try {
      const result = await work(await present(options));
      memory.heard(result);
      return result;
    } catch (thrown) {
      return { values: [], failures: [{ registers, error: failureOf(thrown) }] };
    }
  }

  return {
    read: (registers, options) =>
      through(registers, options, (session) => session.read(registers, options)),
    async readDailyFreeze(day, registers, options): Promise<FreezeResult> {
      const result = await through(registers, options, ({ readDailyFreeze }) =>
        had(readDailyFreeze, 'daily freeze')(day, registers, options),
      );
      return { frozenAt: null, ...result };
    },
    async readFreeze(wanted, registers, options): Promise<FreezeResult> {
      const result = await through(registers, options, ({ readFreeze }) =>
        had(readFreeze, `${wanted.kind} freeze`)(wanted, registers, options),
      );
      return { frozenAt: null, ...result };
    },
    async readSettlement(month, registers, options) {
      const result = await through(registers, options, ({ readSettlement }) =>
        had(readSettlement, 'settlement')(month, registers, options),
      );
      return { frozenAt: null, ...result, isTimeDerived: true };
    },
    async readProfile(span, registers, options) {
      try {
        const { readProfile } = await present(options);
        return await had(readProfile, 'load profile')(span, registers, options);
      } catch (thrown) {
        const failures = [{ registers, error: failureOf(thrown) }];
        return { records: [], failures, issues: [] };
      }
    },
    async readEvents(options) {
      try {
        return await had((await present(plain(options))).readEvents, 'events')(options);
      } catch (thrown) {
        const failures = [{ what: 'edition', error: failureOf(thrown) }];
        return { events: [], status: [], failures };
      }
    },
    async readClock(options) {
      return await had((await present(plain(options))).readClock, 'clock')(options);
    },
    async readItem(identifier, options) {
      return await had((await present(options)).readItem, 'items')(identifier, options);
    },
  };
}

/** Less what only some readings have. */
const plain = ({ priority, signal }: ReadOptions): ReadOptions => ({ priority, signal });

/** What the edition of the meter has. Throws METER_UNSUPPORTED. */
function had<F>(reading: F | undefined, what: string): F {
  if (reading !== undefined) return reading;
  throw new AmrError('METER_UNSUPPORTED', `this edition of DL/T 645 has no ${what}`);
}

export const dlt645auto: Driver = {
  protocol: PROTOCOL,
  buses: ['line'],
  parseAddress: dlt645.parseAddress,
  anyAddress: ANYBODY,
  checkModel,
  registersAt: () => [],
  knows: (identifier) => NAMES.some((edition) => EDITIONS[edition].knows(identifier)),
  resolution,
  open: (bus, meter, deps) =>
    createAutoSession(bus, { ...meter, address: dlt645.parseAddress(meter.address) }, deps),
  identify: probeEdition,
  broadcastTime,
  decode: (bytes) => decode(bytes),
};
