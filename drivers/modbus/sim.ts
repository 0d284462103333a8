import { AmrError } from '../../src/core/errors.ts';
import type { CreateSlave, Slave, SlaveFault, SlaveOptions } from '../../src/core/slave.ts';
import { type Answer, createFunctions, deviceObjects, exception } from './sim-functions.ts';
import { createImage } from './sim-image.ts';
import { createRecogniser, mbapFrame, parseMbap, type Request, rtuFrame } from './sim-link.ts';
import { readSimMap } from './sim-map.ts';
import { SUNSPEC_MODELS, type SunspecModel, sunspecKeepings } from './sim-sunspec.ts';

/** Exceptions that a fault makes of every answer. */
const EXCEPTIONS: Partial<Record<SlaveFault, number>> = {
  exception: 0x04,
  busy: 0x06,
  'gateway-silent': 0x0b,
};
const LARGEST_UNIT = 255;

function unitOf(address: string): number {
  const unit = /^\d{1,3}$/.test(address) ? Number(address) : Number.NaN;
  if (unit <= LARGEST_UNIT) return unit;
  throw new AmrError('CONFIG_INVALID', `"${address}" is no Modbus unit from 0 to ${LARGEST_UNIT}`);
}

/** The next unit on the same line, for the fault in which another one answers. */
const otherUnit = (unit: number) => (unit % 247) + 1;

function sunspecModelOf({ sunspecModel = 203 }: SlaveOptions): SunspecModel {
  const model = SUNSPEC_MODELS.find((one) => one === sunspecModel);
  if (model !== undefined) return model;
  const known = SUNSPEC_MODELS.join(', ');
  throw new AmrError('CONFIG_INVALID', `${sunspecModel} is no meter model of SunSpec: ${known}`);
}

function functionsOf(options: SlaveOptions) {
  const { model, address, display, holes = [] } = options;
  if (model === undefined) {
    throw new AmrError('CONFIG_INVALID', `Modbus meter ${address} has no model`);
  }
  const { settings, points, ...map } = readSimMap(model);
  const [vendor = '', product = ''] = deviceObjects(model);
  const sunspec = sunspecKeepings({
    points,
    model: sunspecModelOf(options),
    base: options.sunspecBase ?? 40_000,
    device: { vendor, product, serial: address },
  });
  const image = createImage({
    cells: [...map.cells, ...sunspec.cells],
    fixed: [...map.fixed, ...sunspec.fixed],
    maxGap: settings.maxGap,
    display,
    holes,
  });
  return createFunctions({ image, model, maxRegisters: settings.maxRegisters });
}

/** Faults that change what the answer says; normal answers to reads alone can lie. */
function createLiar(): (answer: Answer, fault: SlaveFault | null) => Answer {
  let lie = -2;
  return (answer, fault) => {
    const [code = 0, ...rest] = answer.pdu;
    const number = fault === null ? undefined : EXCEPTIONS[fault];
    if (number !== undefined) return exception(code & 0x7f, number, answer.item);
    const [count = 0, ...bytes] = rest;
    if (code !== 3 && code !== 4) return answer;
    if (fault === 'wrong-item') return { ...answer, pdu: [7 - code, ...rest] };
    if (fault !== 'lying-count') return answer;
    lie = -lie;
    return { ...answer, pdu: [code, (count + lie) & 0xff, ...bytes] };
  };
}

/**
 * A Modbus meter made from a model file, written apart from the master's side. On a line it answers requests to its unit, not to all units (0). With
 * `kind: 'modbus-tcp'` it takes one whole MBAP request at a time. It answers 03 and 04 for the
 * registers of its model, 2B/0E with words from the model's title, and all else with exception 01.
 * Throws CONFIG_INVALID without a model of a Modbus meter, or for an address that is no unit.
 */
export function createModbusSlave(options: SlaveOptions): Slave {
  const unit = unitOf(options.address);
  const recogniser = createRecogniser(unit, options.byteMs ?? 0);
  const functions = functionsOf(options);
  const lie = createLiar();
  let fault: SlaveFault | null = null;

  const serve = ({ pdu }: Request): readonly number[] => {
    const answer = lie(functions.answer(pdu), fault);
    options.onAnswer?.(answer.item, answer.values);
    return answer.pdu;
  };
  const unitSaid = () => (fault === 'wrong-address' ? otherUnit(unit) : unit);

  const receiveMbap = (bytes: Uint8Array) => {
    const request = parseMbap(bytes);
    if (request?.unit !== unit) return null;
    return mbapFrame(bytes, unitSaid(), serve(request));
  };
  const receiveRtu = (bytes: Uint8Array) => {
    let answer: Uint8Array | null = null;
    for (const byte of bytes) {
      const request = recogniser.push(byte);
      if (request !== null && unit !== 0) answer = rtuFrame(unitSaid(), serve(request));
    }
    return answer;
  };

  return {
    address: options.address,
    receive: options.kind === 'modbus-tcp' ? receiveMbap : receiveRtu,
    silence: recogniser.silence,
    setFault(next) {
      fault = next;
    },
  };
}

createModbusSlave satisfies CreateSlave;
