/** Exception codes, Modbus Application Protocol V1.1b3 clause 7, and what they mean for reading. */
import type { ErrorCode } from '../../src/core/errors.ts';

export interface ExceptionRow {
  /** As the standard calls it. */
  readonly name: string;
  /** What it tells somebody who reads a meter. */
  readonly meaning: string;
  readonly error: ErrorCode;
}

/** By code. 07H is of older editions. */
export const EXCEPTIONS: Readonly<Record<number, ExceptionRow>> = {
  1: {
    name: 'illegal function',
    meaning: 'the meter does not know this function',
    error: 'METER_UNSUPPORTED',
  },
  2: {
    name: 'illegal data address',
    meaning: 'the meter lacks one of the registers asked for',
    error: 'METER_UNSUPPORTED',
  },
  3: {
    name: 'illegal data value',
    meaning: 'the meter does not give so many registers at once',
    error: 'METER_UNSUPPORTED',
  },
  4: {
    name: 'server device failure',
    meaning: 'the meter failed while it carried out the request',
    error: 'METER_EXCEPTION',
  },
  5: {
    name: 'acknowledge',
    meaning: 'the meter needs long to carry out the request',
    error: 'METER_BUSY',
  },
  6: {
    name: 'server device busy',
    meaning: 'the meter is busy with something else',
    error: 'METER_BUSY',
  },
  7: {
    name: 'negative acknowledge',
    meaning: 'the meter cannot carry out the request',
    error: 'METER_EXCEPTION',
  },
  8: {
    name: 'memory parity error',
    meaning: 'the meter found its memory damaged',
    error: 'METER_EXCEPTION',
  },
  10: {
    name: 'gateway path unavailable',
    meaning: 'the Modbus gateway has no way to the meter',
    error: 'BUS_NO_REPLY',
  },
  11: {
    name: 'gateway target device failed to respond',
    meaning: 'the meter behind the Modbus gateway is silent',
    error: 'BUS_NO_REPLY',
  },
};

/** The row of any code, of unknown ones too. */
export function exceptionOf(code: number): ExceptionRow {
  const unknown: ExceptionRow = {
    name: 'unknown exception',
    meaning: 'the meter refused with a code of its own',
    error: 'METER_EXCEPTION',
  };
  return EXCEPTIONS[code] ?? unknown;
}
