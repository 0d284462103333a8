import type { Socket } from 'node:net';
import type { Clock } from '../core/clock.ts';
import { AmrError } from '../core/errors.ts';
import type { CreateSlave, JournalEntry } from '../core/slave.ts';
import { type Fault, type FaultName, type Piece, spoil } from './faults.ts';
import { type ListenOptions, listen, type ServedTcp } from './listen.ts';
import { createRandom } from './random.ts';
import { createStation, type SimMeter, type Station } from './station.ts';

/**
 * Simulated meters behind a Modbus TCP address, told apart by their units.
 *
 *   request, answer  :=  transaction[2]  0000  length[2]  unit  function  ...
 */
export interface ModbusTcpOptions {
  readonly clock: Clock;
  readonly createSlave: CreateSlave;
  /** Their addresses are units, 0 to 255. */
  readonly meters: readonly SimMeter[];
  /** From a request to its answer. */
  readonly answerDelayMs?: number;
  /** The meters are on a line behind a gateway: one exchange at a time, at the line's pace. */
  readonly line?: { readonly baudRate: number; readonly bitsPerByte: number };
  /** What a unit that is not there answers: nothing, or exception 0B. */
  readonly isUnknownRefused?: boolean;
  /** Of noise, cuts and probabilities. */
  readonly seed?: number;
  readonly onAnswer?: (entry: JournalEntry) => void;
}

export interface ModbusTcpMeters {
  readonly addresses: readonly string[];
  /** A master has come; whole requests are answered in their order until it goes. */
  join(socket: Socket): void;
  /** Throws CONFIG_INVALID for an address that is not there. */
  setFault(address: string, fault: Fault | FaultName | null): void;
  /** Stops talking. */
  close(): void;
}

const HEADER = 6;
const UNIT = 6;
/** Function and what follows it are 1 to 253 bytes, the unit is one more. */
const SHORTEST = 2;
const LONGEST = 254;
/** A gateway takes the six bytes off and puts two of CRC behind. */
const ON_LINE = 2 - HEADER;
/** No reply from behind the gateway. */
const TARGET_SILENT = 0x0b;
/** A gateway waits so long for the meter behind it. */
const GATEWAY_WAIT_MS = 1000;

/** Cuts a connection's bytes into requests; `null` for bytes that are none, for good. */
function createCutter(): (bytes: Uint8Array) => Uint8Array[] | null {
  let rest: number[] = [];
  return (bytes) => {
    rest.push(...bytes);
    const requests: Uint8Array[] = [];
    while (rest.length >= HEADER) {
      const [, , protocolHigh, protocolLow, high = 0, low = 0] = rest;
      const length = high * 256 + low;
      if (protocolHigh !== 0 || protocolLow !== 0) return null;
      if (length < SHORTEST || length > LONGEST) return null;
      if (rest.length < HEADER + length) break;
      requests.push(Uint8Array.from(rest.slice(0, HEADER + length)));
      rest = rest.slice(HEADER + length);
    }
    return requests;
  };
}

/** The answer of a gateway to a request for which nobody answered. */
function targetSilent(request: Uint8Array): Uint8Array {
  const code = request[UNIT + 1] ?? 0;
  return Uint8Array.from([
    ...request.slice(0, 4),
    0,
    3,
    request[UNIT] ?? 0,
    code | 0x80,
    TARGET_SILENT,
  ]);
}

/** One thing after another. */
function createTurns(): (work: () => Promise<void>) => Promise<void> {
  let last: Promise<void> = Promise.resolve();
  return (work) => {
    last = last.then(work);
    return last;
  };
}

/** What meters say to a request, with the pauses of their faults; empty for silence. */
function createMeters(options: ModbusTcpOptions) {
  const { clock, createSlave, onAnswer, isUnknownRefused = false, seed = 1 } = options;
  const random = createRandom(seed);
  const stations = new Map<string, Station>();
  let said: Piece[] = [];
  let before: Uint8Array | null = null;
  const say = (answer: Uint8Array, _: number, fault: Fault | null) => {
    const whole = [{ gapMs: 0, bytes: answer }];
    said = fault === null ? whole : spoil(answer, fault, { random, before: before ?? answer });
    before = answer;
  };
  const deps = {
    clock,
    createSlave,
    medium: { kind: 'modbus-tcp' },
    onAnswer,
    random,
    say,
  } as const;
  for (const meter of options.meters) stations.set(meter.address, createStation(meter, deps));

  return {
    stations,
    answer(request: Uint8Array): Piece[] {
      said = [];
      const station = stations.get(String(request[UNIT]));
      station?.hear(request, clock.monotonic());
      const isRefused = station === undefined && isUnknownRefused;
      return isRefused ? [{ gapMs: 0, bytes: targetSilent(request) }] : said;
    },
  };
}

/**
 * Meters of Modbus TCP. Requests of one connection are answered in their order; behind a gateway
 * (`line`) all connections share one line, and where a meter is silent the gateway says 0B.
 */
export function createModbusTcpMeters(options: ModbusTcpOptions): ModbusTcpMeters {
  const { clock, line, answerDelayMs = 0 } = options;
  const { stations, answer } = createMeters(options);
  const end = new AbortController();
  const sharedTurn = createTurns();

  const lineMs = (bytes: number) =>
    line === undefined
      ? 0
      : (Math.max(bytes + ON_LINE, 0) * line.bitsPerByte * 1000) / line.baudRate;

  /** The answer as the gateway gives it, whole and after its time on the line. */
  const viaGateway = (request: Uint8Array, pieces: readonly Piece[]): readonly Piece[] => {
    const waitMs = pieces.reduce((sum, { gapMs }) => sum + gapMs, 0);
    if (pieces.length > 0 && waitMs < GATEWAY_WAIT_MS) {
      const length = pieces.reduce((sum, { bytes }) => sum + bytes.length, 0);
      return [{ gapMs: lineMs(length), bytes: new Uint8Array() }, ...pieces];
    }
    return [{ gapMs: GATEWAY_WAIT_MS, bytes: targetSilent(request) }];
  };

  const exchange = async (socket: Socket, request: Uint8Array): Promise<void> => {
    await clock.sleep(lineMs(request.length) + answerDelayMs, end.signal);
    const said = answer(request);
    for (const { gapMs, bytes } of line === undefined ? said : viaGateway(request, said)) {
      await clock.sleep(gapMs, end.signal);
      if (socket.writable && bytes.length > 0) socket.write(bytes);
    }
  };

  return {
    addresses: options.meters.map(({ address }) => address),
    join(socket) {
      const cut = createCutter();
      const turn = line === undefined ? createTurns() : sharedTurn;
      socket.on('data', (bytes) => {
        const requests = cut(Uint8Array.from(bytes));
        if (requests === null) socket.destroy();
        for (const request of requests ?? []) {
          // An exchange ends early only when all do.
          turn(() => exchange(socket, request)).catch(() => socket.destroy());
        }
      });
    },
    setFault(address, fault) {
      const station = stations.get(address);
      if (station === undefined)
        throw new AmrError('CONFIG_INVALID', `there is no unit ${address}`);
      station.setFault(typeof fault === 'string' ? { name: fault } : fault);
    },
    close: () => end.abort(),
  };
}

/** Rejects with PORT_OPEN_FAILED. */
export function serveModbusTcp(
  meters: ModbusTcpMeters,
  options: ListenOptions = {},
): Promise<ServedTcp> {
  return listen((socket) => meters.join(socket), options);
}
