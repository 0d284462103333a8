import { concatBytes } from '../../../src/core/bytes.ts';
import type { CreateSlave, JournalEntry } from '../../../src/core/slave.ts';
import { createSimLine, type SimLineOptions } from '../../../src/sim/line.ts';
import { createVirtualClock } from '../../support/virtual-clock.ts';

/**
 * A made-up protocol of one byte a request, so that the line is tested without any real one:
 * meter "3" answers the byte 3, all meters the byte 0, each with ten bytes of its own.
 */
export const ANSWER_BYTES = 10;

export function answerOf(meter: number): Uint8Array {
  return Uint8Array.from({ length: ANSWER_BYTES }, (_, index) => 0x80 + meter * 16 + index);
}

const createSlave: CreateSlave = ({ address, onAnswer }) => {
  const own = Number(address);
  let fault: string | null = null;
  return {
    address,
    receive(bytes) {
      const isForUs = bytes.length === 1 && (bytes[0] === own || bytes[0] === 0);
      if (!isForUs) return null;
      onAnswer?.('item', { register: fault ?? 'true' });
      return fault === null ? answerOf(own) : Uint8Array.of(0xee);
    },
    silence() {},
    setFault(next) {
      fault = next;
    },
  };
};

/** 1000 baud and 10 bits: a byte takes 10 ms. */
export const BYTE_MS = 10;
export const DELAY_MS = 25;

export function createRig(options: Partial<SimLineOptions> = {}) {
  const clock = createVirtualClock();
  const journal: JournalEntry[] = [];
  const line = createSimLine({
    clock,
    createSlave,
    meters: ['1', '2'].map((address) => ({
      address,
      display: { show: () => null, showDailyFreeze: () => null },
    })),
    baudRate: 1000,
    bitsPerByte: 10,
    answerDelayMs: DELAY_MS,
    onAnswer: (entry) => journal.push(entry),
    ...options,
  });
  const heard: { at: number; bytes: Uint8Array }[] = [];
  line.attach({ write: (bytes) => heard.push({ at: clock.monotonic(), bytes }) });
  return {
    clock,
    line,
    journal,
    heard,
    /** Everything heard so far, forgotten afterwards. */
    takeHeard: () => concatBytes(...heard.splice(0).map(({ bytes }) => bytes)),
    async ask(...bytes: number[]) {
      line.receive(Uint8Array.from(bytes));
      await clock.advance(10_000);
    },
  };
}
