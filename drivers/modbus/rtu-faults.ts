/**
 * What is told of bytes between good RTU frames. Nothing marks where a frame begins, so a broken
 * one is seen only where bytes have the form of one: at the beginning of such a gap, in a row from
 * there, or at its end.
 */
import { AmrError } from '../../src/core/errors.ts';
import { layoutsOf } from './functions.ts';
import { frameLength, LONGEST_RTU } from './rtu.ts';

/** Lengths of the frames that these bytes may begin; `null` is one that they end before. */
const formsOf = (bytes: Uint8Array) =>
  layoutsOf(bytes[1])
    .map((layout) => frameLength(bytes, layout))
    .filter((length) => length !== 0);

/** The length of the frame that begins these bytes by its form, the one that fills them first. */
function wholeForm(bytes: Uint8Array): number | null {
  const forms = formsOf(bytes);
  return forms.includes(bytes.length)
    ? bytes.length
    : (forms.find((form) => form !== null) ?? null);
}

/** True for bytes that are exactly one frame by its form, or the beginning of one. */
export function hasForm(bytes: Uint8Array): boolean {
  const forms = formsOf(bytes);
  return forms.includes(bytes.length) || forms.includes(null);
}

function endsInForm(bytes: Uint8Array): boolean {
  for (let at = Math.max(1, bytes.length - LONGEST_RTU); at < bytes.length; at++) {
    const end = bytes.subarray(at);
    if (formsOf(end).includes(end.length)) return true;
  }
  return false;
}

const wrongCheck = () => new AmrError('FRAME_CHECKSUM', 'the CRC does not match the bytes');

/** One FRAME_CHECKSUM or FRAME_LENGTH for each frame that these bytes may have been. */
export function faultsIn(gap: Uint8Array): AmrError[] {
  const faults: AmrError[] = [];
  let rest = gap;
  for (let length = wholeForm(rest); length !== null; length = wholeForm(rest)) {
    faults.push(wrongCheck());
    rest = rest.subarray(length);
  }
  if (formsOf(rest).includes(null)) {
    const message = `the bytes end before the frame does: ${rest.length} there`;
    faults.push(new AmrError('FRAME_LENGTH', message));
  } else if (faults.length === 0 && endsInForm(rest)) {
    faults.push(wrongCheck());
  }
  return faults;
}
