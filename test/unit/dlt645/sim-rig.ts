import { createDlt645Slave } from '../../../drivers/dlt645/sim.ts';
import type { Dlt645SlaveOptions } from '../../../drivers/dlt645/sim-functions.ts';
import { concatBytes, fromHex, toHex } from '../../../src/core/bytes.ts';
import type {
  EventKind,
  FreezeKind,
  FrozenDisplay,
  MeterDisplay,
  MeterMemory,
} from '../../../src/core/slave.ts';

/** A meter whose every digit the test lays down, and its answers with the offset taken off. */
export type Digits = Readonly<Record<string, string>>;

export const OWN = '12 90 78 56 34 12';
export const FOR_ALL = '99 99 99 99 99 99';

export function frozen(frozenAt: string, digits: Digits): FrozenDisplay {
  return { frozenAt, show: (register) => digits[register] ?? null };
}

export interface MemoryOf {
  readonly wallTime?: string;
  readonly settlements?: readonly FrozenDisplay[];
  readonly timed?: readonly FrozenDisplay[];
  /** Those of hours and switches; newest first, as all of them. */
  readonly further?: Partial<Record<FreezeKind, readonly FrozenDisplay[]>>;
  readonly records?: readonly FrozenDisplay[];
  /** Newest first. */
  readonly events?: Partial<
    Record<EventKind, readonly (readonly [FrozenDisplay, FrozenDisplay])[]>
  >;
}

/** A memory that holds what it is given; what it is told to do is in `told`. */
export function createMemory(of: MemoryOf, told: string[]): MeterMemory {
  let instants: FrozenDisplay[] = [];
  const kept = (kind: FreezeKind) => {
    if (kind === 'instant') return instants;
    const given = { timed: of.timed, settlement: of.settlements, ...of.further };
    return given[kind] ?? [];
  };
  return {
    wallTime: () => of.wallTime ?? '2026-11-23T12:34:56.000',
    moveClock: (ms) => told.push(`clock ${ms}`),
    recall: (kind, number) => kept(kind)[number - 1] ?? null,
    freeze() {
      told.push('freeze');
      instants = [frozen('2026-11-23T12:34:56', { energy_active_import: '7.00' }), ...instants];
    },
    loadRecords(from, count) {
      told.push(`records ${typeof from === 'string' ? from : from.wallTime} ${count}`);
      return (of.records ?? []).slice(0, count);
    },
    events(kind, phase) {
      const events = of.events?.[kind];
      if (events === undefined || (phase ?? 0) > 1) return null;
      return {
        count: events.length,
        minutes: 7,
        recall(number) {
          const event = events[number - 1];
          return event === undefined ? null : { begin: event[0], end: event[1] };
        },
      };
    },
  };
}

/** The frame around this: `address control length payload`, all but the offset as on the wire. */
export function frame(address: string, control: string, payload = ''): Uint8Array {
  const field = fromHex(payload).map((byte) => byte + 0x33);
  const length = Uint8Array.of(field.length);
  const body = concatBytes(fromHex(`68 ${address} 68 ${control}`), length, field);
  const sum = body.reduce((total, byte) => total + byte, 0);
  return concatBytes(body, Uint8Array.of(sum, 0x16));
}

export function createMeter(
  digits: Digits,
  memory: MemoryOf = {},
  more: Partial<Dlt645SlaveOptions> = {},
) {
  const told: string[] = [];
  const display: MeterDisplay = {
    show: (register) => digits[register] ?? null,
    showDailyFreeze: () => null,
    memory: createMemory(memory, told),
  };
  const slave = createDlt645Slave({ address: '123456789012', preamble: 0, display, ...more });
  /** `91: payload`, both in hex and the offset taken off; `null` for silence. */
  const ask = (control: string, payload = '', address = OWN): string | null => {
    const answer = slave.receive(frame(address, control, payload));
    if (answer === null) return null;
    const field = answer.slice(10, -2).map((byte) => byte - 0x33);
    return `${toHex(answer.slice(8, 9))}: ${toHex(field)}`.trim();
  };
  return {
    slave,
    told,
    ask,
    /** The bytes behind the identifier of a sound answer to 11H. */
    read(identifier: string): string {
      const answer = ask('11', identifier);
      const head = `91: ${identifier.slice(0, 11)}`;
      return answer?.startsWith(head) ? answer.slice(head.length).trim() : String(answer);
    },
  };
}
