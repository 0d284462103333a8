import { SHOWN, type SlaveOptions } from '../../src/core/slave.ts';
import { createClockSetting } from './sim-clock.ts';
import { hexOf, showItem } from './sim-items.ts';
import { addressBytes } from './sim-link.ts';

/** What the meter does when it is told to: the functions of clause 7 and its extensions. */
const SECURITY = 0x03;
const SET_CLOCK = 0x08;
const READ = 0x11;
const READ_FOLLOW_UP = 0x12;
const READ_ADDRESS = 0x13;
const FREEZE = 0x16;
/** Write, baud rate, password, the three clearings, relay, output port. */
const CONTROLLED = [0x14, 0x17, 0x18, 0x19, 0x1a, 0x1b, 0x1c, 0x1d];

const FROM_SLAVE = 0x80;
const ABNORMAL = 0x40;
const MORE = 0x20;

/** ERR bits, annex C. */
const NO_SUCH_DATA = 0x02;
const NOT_AUTHORISED = 0x04;

/** SERR, low byte first: identity authentication failed, for the meter has no keys. */
const NOT_AUTHENTICATED = [0x08, 0x00];

/** Payload of one answer to a read. */
const LONGEST_PAYLOAD = 200;
const IDENTIFIER = 4;
const NINES = 0x99;

export interface Answer {
  readonly control: number;
  readonly payload: readonly number[];
  readonly item: string;
  readonly values: Record<string, string | null>;
}

/** What some meters do and others do not. */
export interface Dlt645SlaveOptions extends SlaveOptions {
  /** AA between the parts of a freeze that are asked for together; none where absent. */
  readonly freezeSeparators?: boolean;
  /** Follow-up frames of a long answer after which the meter has forgotten the rest. */
  readonly forgetsAfter?: number;
}

/** An answer that was too long for one frame. */
interface Chain {
  /** As on the wire, low byte first. */
  readonly identifier: readonly number[];
  readonly rest: readonly number[];
  /** Of the frame that comes next. */
  readonly sequence: number;
}

export interface Functions {
  /** The answer to a request that is for this meter; `null` is silence. */
  answer(control: number, payload: readonly number[], isBad: boolean): Answer | null;
  /** Obeys what is for all meters; that is never answered. */
  obey(control: number, payload: readonly number[]): void;
}

function refusal(
  control: number,
  err: number | readonly number[],
  item = hexOf([control]),
): Answer {
  return { control: FROM_SLAVE | ABNORMAL | control, payload: [err].flat(), item, values: {} };
}

/** Identifiers travel low byte first and are written high byte first. */
const itemOf = (identifier: readonly number[]) => hexOf([...identifier].reverse());

const startsAlike = (payload: readonly number[], identifier: readonly number[]) =>
  identifier.every((byte, index) => byte === payload[index]);

/** mm hh DD MM, all nines: at once. Another schedule would be a setting. */
function isInstant(payload: readonly number[]): boolean {
  return payload.length === 4 && payload.every((byte) => byte === NINES);
}

/** The functions of one meter; it remembers what is left of a long answer. */
export function createFunctions(options: Dlt645SlaveOptions): Functions {
  const { address, display, freezeSeparators: hasSeparators = false } = options;
  const { forgetsAfter = Number.POSITIVE_INFINITY } = options;
  const { memory } = display;
  const setClock = createClockSetting(memory);
  let chain: Chain | null = null;

  const read = (payload: readonly number[], isBad: boolean): Answer | null => {
    chain = null;
    const identifier = payload.slice(0, IDENTIFIER);
    const rest = payload.slice(IDENTIFIER);
    if (![0, 1, 6].includes(rest.length) || identifier.length < IDENTIFIER) return null;
    const item = itemOf(identifier);
    const query = {
      identifier: [...identifier].reverse(),
      rest,
      address,
      display,
      isBad,
      hasSeparators,
    };
    const shown = showItem(query);
    if (shown === null) return refusal(READ, NO_SUCH_DATA, item);
    const room = LONGEST_PAYLOAD - IDENTIFIER;
    const control = FROM_SLAVE | READ;
    const answered = [...identifier, ...shown.payload.slice(0, room)];
    if (shown.payload.length <= room) {
      return { control, payload: answered, item, values: shown.values };
    }
    chain = { identifier, rest: shown.payload.slice(room), sequence: 1 };
    return { control: control | MORE, payload: answered, item, values: shown.values };
  };

  const readFollowUp = (payload: readonly number[]): Answer | null => {
    if (payload.length !== IDENTIFIER + 1) return null;
    const item = itemOf(payload.slice(0, IDENTIFIER));
    const sequence = payload[IDENTIFIER] ?? 0;
    if (sequence > forgetsAfter) chain = null;
    if (chain === null || chain.sequence !== sequence || !startsAlike(payload, chain.identifier)) {
      return refusal(READ_FOLLOW_UP, NO_SUCH_DATA, item);
    }
    const { identifier, rest } = chain;
    const room = LONGEST_PAYLOAD - IDENTIFIER - 1;
    const more = rest.length > room ? MORE : 0;
    chain = more ? { identifier, rest: rest.slice(room), sequence: chain.sequence + 1 } : null;
    return {
      control: FROM_SLAVE | READ_FOLLOW_UP | more,
      payload: [...payload.slice(0, IDENTIFIER), ...rest.slice(0, room), sequence],
      item,
      values: { [SHOWN.followUp]: String(sequence) },
    };
  };

  const readAddress = (payload: readonly number[]): Answer | null => {
    if (payload.length > 0) return null;
    const values = { [SHOWN.address]: address.padStart(12, '0') };
    const control = FROM_SLAVE | READ_ADDRESS;
    return { control, payload: addressBytes(address), item: '04000401', values };
  };

  const freeze = (payload: readonly number[]): Answer | null => {
    if (payload.length !== 4) return null;
    if (memory === undefined || !isInstant(payload)) return refusal(FREEZE, NOT_AUTHORISED);
    memory.freeze();
    const frozenAt = memory.recall('instant', 1)?.frozenAt ?? null;
    const values = { [SHOWN.frozenAt]: frozenAt };
    return { control: FROM_SLAVE | FREEZE, payload: [], item: hexOf([FREEZE]), values };
  };

  const obey = (control: number, payload: readonly number[]) => {
    if (control === SET_CLOCK) setClock(payload);
    if (control === FREEZE && isInstant(payload)) memory?.freeze();
  };

  return {
    obey,
    // Answers have D7 set in the control byte, so none of them is taken for a request.
    answer(control, payload, isBad) {
      switch (control) {
        case SECURITY:
          return refusal(SECURITY, NOT_AUTHENTICATED);
        case SET_CLOCK:
          obey(control, payload);
          return null;
        case READ:
          return read(payload, isBad);
        case READ_FOLLOW_UP:
          return readFollowUp(payload);
        case READ_ADDRESS:
          return readAddress(payload);
        case FREEZE:
          return freeze(payload);
        default:
          return CONTROLLED.includes(control) ? refusal(control, NOT_AUTHORISED) : null;
      }
    },
  };
}
