/** What the driver does for one meter. */
import type { Bus } from '../../src/core/bus.ts';
import type {
  DriverSession,
  MeterSetup,
  ReadOptions,
  ReadResult,
  RegisterValue,
  SessionDeps,
} from '../../src/core/driver.ts';
import { AmrError } from '../../src/core/errors.ts';
import type { MeterModel } from '../../src/core/model.ts';
import type { Register } from '../../src/core/registers.ts';
import { createHoles } from './holes.ts';
import { createLink } from './link.ts';
import { readRaw } from './raw.ts';
import { createRangeReader, failureOf, type RangesRead } from './read-ranges.ts';
import { keyOf } from './reading-plan.ts';
import { readRegisterMap } from './source.ts';
import { createSunspecFinder, headerOf, proofOf } from './sunspec.ts';
import { registerValue } from './value.ts';
import { addressed, bondsOf, locateAll, pointed, type Wanted } from './wanted.ts';

/** Registers by what they failed of. */
type Failures = Map<AmrError, Register[]>;

function fail(failures: Failures, error: AmrError, registers: readonly Register[]): void {
  if (registers.length > 0) failures.set(error, [...(failures.get(error) ?? []), ...registers]);
}

const moved = () =>
  new AmrError('METER_WRONG_ITEM', 'the SunSpec meter model is not where it was found');

/** Throws where a register is there and yet not read: a defect. */
function whyNot({ register, ranges }: Wanted, { failures }: RangesRead): AmrError {
  for (const range of ranges) {
    const error = failures.get(keyOf(range));
    if (error !== undefined) return error;
  }
  throw new AmrError('INTERNAL', `${register.name} was neither read nor refused`);
}

/** One go at a read. */
interface Attempt {
  readonly wanted: readonly Wanted[];
  readonly answer: RangesRead;
  readonly failures: Failures;
}

function gather({ wanted, answer, failures }: Attempt): RegisterValue[] {
  const { image, isDisproved } = answer;
  const gone = isDisproved ? wanted.filter(({ block }) => block !== null) : [];
  fail(
    failures,
    moved(),
    gone.map(({ register }) => register),
  );
  return wanted.flatMap((one) => {
    if (gone.includes(one)) return [];
    // Where the header did not come, nothing proves what the registers are.
    const isProven = one.block === null || image.bytesOf(headerOf(one.block)) !== null;
    const value = isProven ? registerValue(one.register, one.source, image.bytesOf) : null;
    if (value !== null) return [value];
    fail(failures, whyNot(one, answer), [one.register]);
    return [];
  });
}

function lackedBy({ model }: MeterModel, registers: readonly Register[]): AmrError {
  const names = registers.map(({ name }) => name).join(', ');
  return new AmrError('METER_UNSUPPORTED', `${model} has no ${names}`);
}

export function createSession(
  bus: Bus,
  { address, model }: MeterSetup,
  deps: SessionDeps,
): DriverSession {
  const map = readRegisterMap(model);
  const { anyUnit } = map.settings;
  const link = createLink(bus, Number(address), deps.clock, { anyUnit });
  const finder = createSunspecFinder(link, deps.notes);
  const isPipelined = bus.kind === 'modbus-tcp';
  const holes = createHoles(deps);
  const ranges = createRangeReader({ link, holes, settings: map.settings, isPipelined });

  async function wantedBy(
    registers: readonly Register[],
    options: ReadOptions,
    failures: Failures,
  ): Promise<Wanted[]> {
    const points = pointed(map, registers);
    const lacking = registers.filter(({ name }) => !map.sources.has(name));
    if (lacking.length > 0) fail(failures, lackedBy(model, lacking), lacking);
    try {
      const located = await locateAll(points, finder, options);
      return [...addressed(map, registers), ...located];
    } catch (thrown) {
      const sought = points.map(({ register }) => register);
      fail(failures, failureOf(thrown), sought);
      return addressed(map, registers);
    }
  }

  async function attempt(registers: readonly Register[], options: ReadOptions): Promise<Attempt> {
    const failures: Failures = new Map();
    const wanted = await wantedBy(registers, options, failures);
    const block = wanted.find((one) => one.block !== null)?.block ?? null;
    const answer = await ranges.read(
      {
        ranges: wanted.flatMap((one) => one.ranges),
        bonds: bondsOf(wanted),
        proof: block === null ? null : proofOf(block),
      },
      options,
    );
    return { wanted, answer, failures };
  }

  async function read(registers: readonly Register[], options: ReadOptions): Promise<ReadResult> {
    let last = await attempt(registers, options);
    if (last.answer.isDisproved) {
      finder.forget();
      holes.forget();
      last = await attempt(registers, options);
    }
    const values = gather(last);
    return {
      values,
      failures: [...last.failures].map(([error, failed]) => ({ registers: failed, error })),
    };
  }

  return {
    read,
    async readItem(identifier, options) {
      const most = Math.min(map.settings.maxRegisters, holes.limit());
      return { address, values: await readRaw(link, { identifier, most }, options) };
    },
  };
}
