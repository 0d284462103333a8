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
import type { Register } from '../../src/core/registers.ts';
import { createHoles } from './holes.ts';
import { createLink } from './link.ts';
import { readRaw } from './raw.ts';
import { createRangeReader, failureOf, type RangesRead } from './read-ranges.ts';
import { keyOf } from './reading-plan.ts';
import { readRegisterMap } from './source.ts';
import { createSunspecFinder, headerOf } from './sunspec.ts';
import { registerValue } from './value.ts';
import { addressed, bondsOf, locateAll, pointed, type Wanted } from './wanted.ts';
import { integerOf } from './words.ts';

/** Registers by what they failed of. */
type Failures = Map<AmrError, Register[]>;

function fail(failures: Failures, error: AmrError, registers: readonly Register[]): void {
  if (registers.length > 0) failures.set(error, [...(failures.get(error) ?? []), ...registers]);
}

/** A device that was exchanged has other things where its meter model was. */
function isElsewhere({ block }: Wanted, { image }: RangesRead): boolean {
  if (block === null) return false;
  const header = image.bytesOf(headerOf(block));
  return header !== null && integerOf(header.subarray(0, 2)) !== BigInt(block.model);
}

const moved = () =>
  new AmrError('METER_WRONG_ITEM', 'the SunSpec meter model is not where it was; it is looked for');

/** Throws where a register is there and yet not read: a defect. */
function whyNot({ register, ranges }: Wanted, { failures }: RangesRead): AmrError {
  for (const range of ranges) {
    const error = failures.get(keyOf(range));
    if (error !== undefined) return error;
  }
  throw new AmrError('INTERNAL', `${register.name} was neither read nor refused`);
}

function gather(wanted: readonly Wanted[], read: RangesRead, failures: Failures): RegisterValue[] {
  return wanted.flatMap((one) => {
    // Where the header did not come, nothing proves what the registers are.
    const isProven = one.block === null || read.image.bytesOf(headerOf(one.block)) !== null;
    const value = isProven ? registerValue(one.register, one.source, read.image.bytesOf) : null;
    if (value !== null) return [value];
    fail(failures, whyNot(one, read), [one.register]);
    return [];
  });
}

export function createSession(
  bus: Bus,
  { address, model }: MeterSetup,
  deps: SessionDeps,
): DriverSession {
  const map = readRegisterMap(model);
  const link = createLink(bus, Number(address), deps.clock);
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
    const names = lacking.map(({ name }) => name).join(', ');
    fail(failures, new AmrError('METER_UNSUPPORTED', `${model.model} has no ${names}`), lacking);
    try {
      const located = await locateAll(points, finder, options);
      return [...addressed(map, registers), ...located];
    } catch (thrown) {
      const sought = points.map(({ register }) => register);
      fail(failures, failureOf(thrown), sought);
      return addressed(map, registers);
    }
  }

  /** Takes out what is no longer where it was found. */
  function withoutMoved(wanted: readonly Wanted[], read: RangesRead, failures: Failures) {
    const gone = wanted.filter((one) => isElsewhere(one, read));
    if (gone.length === 0) return wanted;
    finder.forget();
    fail(
      failures,
      moved(),
      gone.map(({ register }) => register),
    );
    return wanted.filter((one) => !gone.includes(one));
  }

  async function read(registers: readonly Register[], options: ReadOptions): Promise<ReadResult> {
    const failures: Failures = new Map();
    const wanted = await wantedBy(registers, options, failures);
    const needed = wanted.flatMap((one) => one.ranges);
    const answer = await ranges.read(needed, bondsOf(wanted), options);
    const values = gather(withoutMoved(wanted, answer, failures), answer, failures);
    return {
      values,
      failures: [...failures].map(([error, failed]) => ({ registers: failed, error })),
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
