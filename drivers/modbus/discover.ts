/**
 * Finds the meters by asking one unit after the other for its holding register 0. Whatever comes
 * back in a valid frame, a value or a refusal, comes from a meter; it is then asked who it is.
 *
 * Most units are silent, so the wait is short. A frame tells its unit: an answer that comes later
 * is seen during the next questions, and its unit is asked once more with patience.
 */
import type { Bus, BusKind, Exchange } from '../../src/core/bus.ts';
import type { Clock } from '../../src/core/clock.ts';
import type { DiscoverOptions, Discovery, FoundMeter, ReadOptions } from '../../src/core/driver.ts';
import { AmrError, toAmrError } from '../../src/core/errors.ts';
import { type Identity, identify } from './identify.ts';
import { createLink, exceptionIn, type Link } from './link.ts';
import { EXCEPTION, type ReadRequest } from './pdu.ts';

const PROTOCOL = 'modbus';
/** Every meter refuses it if it has no such register. */
const HARMLESS: ReadRequest = { table: 'holding', address: 0, quantity: 1 };

/** Units of a serial line: Serial Line V1.02 clause 2.2. */
const LINE_UNITS = Array.from({ length: 247 }, (_, index) => String(index + 1));
/** What a device at the network itself may answer to alone: TCP/IP Implementation Guide, 4.4.2. */
const DEVICE_UNIT = '255';
/** Two that are reserved and one that hardly anybody has: who answers to all heeds no unit. */
const UNLIKELY_UNITS = [251, 250, 247];

const patternOf = (unit: number) => `unit ${unit}`;

type Timing = Pick<Exchange<unknown>, 'firstByteMs' | 'quietMs'>;

/** Meters answer within 0.1 s; gateways wait for the meter behind them, often a second. */
const TIMING: Readonly<Record<BusKind, Timing>> = {
  line: { firstByteMs: 200, quietMs: 20 },
  'modbus-tcp': { firstByteMs: 700, quietMs: 0 },
};

/** Behind an answer the next meter may take longer to be ready than the standard says. */
const GAP_MS = 20;

/** Words of a gateway that the meter behind it cannot be reached. */
const NOBODY: readonly (number | undefined)[] = [0x0a, 0x0b];

/** What both framings have. */
interface UnitFrame {
  readonly unit: number;
  readonly pdu: Uint8Array;
}

const isNobody = ({ pdu }: UnitFrame) =>
  ((pdu[0] ?? 0) & EXCEPTION) !== 0 && NOBODY.includes(pdu[1]);

type Manner = 'hurried' | 'patient';

/** The bus that tells the unit of every meter that is heard, in a hurry or as patient as ever. */
function listening(bus: Bus, manner: Manner, onHeard: (unit: number) => void): Bus {
  const timing = manner === 'hurried' ? TIMING[bus.kind] : {};
  return {
    name: bus.name,
    kind: bus.kind,
    exchange: (exchange) =>
      bus.exchange({
        ...exchange,
        ...timing,
        mayBeSilent: true,
        gapMs: (line) => Math.max(exchange.gapMs?.(line) ?? 0, GAP_MS),
        match(frame) {
          const heard = frame as UnitFrame;
          if (!isNobody(heard)) onHeard(heard.unit);
          return exchange.match(frame);
        },
      }),
  };
}

type Presence = 'there' | 'nobody' | 'garbled';

/** Rejects with what is no word on this unit: PORT_ errors, BUS_ABORTED, a stream gone wrong. */
async function presenceOf(link: Link, options: ReadOptions): Promise<Presence> {
  try {
    await link.read(HARMLESS, options);
    return 'there';
  } catch (thrown) {
    const error = toAmrError(thrown);
    const exception = exceptionIn(error);
    if (exception !== null) return NOBODY.includes(exception) ? 'nobody' : 'there';
    // Whose the foreign answer is has been heard.
    if (error.code === 'BUS_NO_REPLY' || error.code === 'BUS_FOREIGN_REPLY') return 'nobody';
    if (error.code === 'BUS_PARTIAL_REPLY') return 'garbled';
    throw error;
  }
}

interface Sweep {
  readonly bus: Bus;
  readonly clock: Clock;
  readonly options: DiscoverOptions;
  readonly meters: FoundMeter[];
  /** Units that were heard, or garbled, and not found yet. */
  readonly doubtful: Set<number>;
}

function earsOf({ bus, doubtful }: Sweep, manner: Manner): Bus {
  return listening(bus, manner, (heard) => doubtful.add(heard));
}

function ask(sweep: Sweep, unit: number, manner: Manner): Promise<Presence> {
  return presenceOf(createLink(earsOf(sweep, manner), unit, sweep.clock), sweep.options);
}

function meterOf(unit: number, { models, objects }: Identity): FoundMeter {
  const says = Object.values(objects).join(' ').trim();
  return { address: String(unit), protocol: PROTOCOL, models, ...(says === '' ? {} : { says }) };
}

/** What is known of a meter is kept where the search ends before it is told apart. */
async function take(sweep: Sweep, unit: number): Promise<void> {
  const { clock, options, meters, doubtful } = sweep;
  const place = meters.push({ address: String(unit), protocol: PROTOCOL }) - 1;
  const bus = earsOf(sweep, 'patient');
  const identity = await identify({ bus, unit, clock }, options.models ?? [], options);
  meters[place] = meterOf(unit, identity);
  doubtful.delete(unit);
}

async function askAll(sweep: Sweep, units: readonly number[], manner: Manner): Promise<void> {
  const { meters, doubtful, options } = sweep;
  for (const [index, unit] of units.entries()) {
    const presence = await ask(sweep, unit, manner);
    if (presence === 'there') await take(sweep, unit);
    else if (presence === 'garbled') doubtful.add(unit);
    const left = units.length - index - 1 + (manner === 'hurried' ? doubtful.size : 0);
    const progress = { protocol: PROTOCOL, pattern: patternOf(unit), asked: index + 1, left };
    options.onProgress?.({ ...progress, meters });
  }
}

/** True where the one device of a connection answers whatever unit is asked; it is then found. */
async function isOneForAll(sweep: Sweep, first: number): Promise<boolean> {
  for (const unit of [...UNLIKELY_UNITS, first]) {
    if ((await ask(sweep, unit, 'hurried')) !== 'there') return false;
  }
  await take(sweep, first);
  const { meters, doubtful } = sweep;
  meters.push(...meters.splice(0).map((one) => ({ ...one, answersAny: true as const })));
  doubtful.clear();
  return true;
}

async function sweepAll(sweep: Sweep, units: readonly number[]): Promise<void> {
  const [first] = units;
  if (first === undefined) return;
  if (sweep.bus.kind === 'modbus-tcp' && (await isOneForAll(sweep, first))) return;
  await askAll(sweep, units, 'hurried');
  await askAll(sweep, [...sweep.doubtful], 'patient');
}

/**
 * Every unit that answers, with the models whose marks it shows. On a line a silent unit takes
 * 0.2 s and the latency of the bus, on a connection 0.7 s. A unit that two meters share is heard
 * and not found: it is in `unresolved`.
 */
export async function discover(
  bus: Bus,
  options: DiscoverOptions,
  { clock }: { readonly clock: Clock },
): Promise<Discovery> {
  const all = bus.kind === 'line' ? LINE_UNITS : [...LINE_UNITS, DEVICE_UNIT];
  const units = (options.addresses ?? all).map(Number);
  const sweep: Sweep = { bus, clock, options, meters: [], doubtful: new Set() };
  const { meters, doubtful } = sweep;
  let endedBy: AmrError | null = null;
  try {
    await sweepAll(sweep, units);
  } catch (thrown) {
    if (!(thrown instanceof AmrError)) throw thrown;
    endedBy = thrown;
  }
  for (const { address } of meters) doubtful.delete(Number(address));
  return { meters, unresolved: [...doubtful].map(patternOf), endedBy };
}
