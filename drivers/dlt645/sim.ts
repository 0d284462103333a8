import type { Slave, SlaveFault } from '../../src/core/slave.ts';
import { type Answer, createFunctions, type Dlt645SlaveOptions } from './sim-functions.ts';
import { hexOf } from './sim-items.ts';
import { addressBytes, createRecogniser, frameOf, type Request } from './sim-link.ts';

/** A DL/T 645-2007 meter as its line hears it, written apart from the master's side. */
const WILDCARD = 0xaa;
const NINES = 0x99;
/** Bytes of one frame are no further apart, clause 5.3.3. */
const LONGEST_PAUSE_MS = 500;
/** What a meter sends ahead of an answer is not laid down; most send four. */
const USUAL_PREAMBLE = 4;
/** 91 and 92, with and without the mark that more follows. */
const READ_ANSWERS = [0x91, 0xb1, 0x92, 0xb2];

/** The next address up, for the fault in which the meter gives a false one. */
function falseAddress(address: string): string {
  return String((BigInt(address) + 1n) % 1_000_000_000_000n).padStart(12, '0');
}

/** A normal read answer that names the neighbouring identifier, its values unchanged. */
function misnamed(answer: Answer): Answer {
  if (!READ_ANSWERS.includes(answer.control)) return answer;
  const [di0 = 0, ...rest] = answer.payload;
  const identifier = [...answer.payload.slice(1, 4).reverse(), di0 ^ 1];
  return { ...answer, payload: [di0 ^ 1, ...rest], item: hexOf(identifier) };
}

/**
 * A simulated DL/T 645-2007 meter. It answers what is sent to its address or to a wildcard that
 * fits (AA for a byte): 11H with all its forms, 12H, 13H and the instant freeze of 16H; whatever
 * would change a setting or the relay is refused with ERR 04. To all meters (99 six times) it
 * obeys 08H and 16H in silence. Other functions, other meters' frames and damaged ones it ignores.
 */
export const createDlt645Slave = (options: Dlt645SlaveOptions): Slave => {
  const own = addressBytes(options.address);
  const recogniser = createRecogniser();
  const functions = createFunctions(options);
  let fault: SlaveFault | null = null;

  const isForAll = ({ address }: Request) => address.every((byte) => byte === NINES);
  const isForUs = ({ address }: Request) =>
    address.every((byte, at) => byte === WILDCARD || byte === own[at]);

  const serve = (request: Request): Uint8Array | null => {
    const { control, payload } = request;
    if (isForAll(request)) {
      functions.obey(control, payload);
      return null;
    }
    const honest = isForUs(request)
      ? functions.answer(control, payload, fault === 'bad-record')
      : null;
    if (honest === null) return null;
    const answer = fault === 'wrong-item' ? misnamed(honest) : honest;
    options.onAnswer?.(answer.item, answer.values);
    const address = fault === 'wrong-address' ? falseAddress(options.address) : options.address;
    return frameOf(address, answer, options.preamble ?? USUAL_PREAMBLE);
  };

  return {
    address: options.address,
    receive(bytes) {
      let answer: Uint8Array | null = null;
      for (const byte of bytes) {
        const request = recogniser.push(byte);
        if (request !== null) answer = serve(request) ?? answer;
      }
      return answer;
    },
    silence(ms) {
      if (ms > LONGEST_PAUSE_MS) recogniser.drop();
    },
    setFault(next) {
      fault = next;
    },
  };
};
