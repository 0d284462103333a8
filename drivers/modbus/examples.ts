/** What the example frames of a model say. */
import { z } from 'zod';
import { fromHex } from '../../src/core/bytes.ts';
import type { RegisterValue } from '../../src/core/driver.ts';
import { AmrError } from '../../src/core/errors.ts';
import type { MeterModel } from '../../src/core/model.ts';
import { findRegister } from '../../src/core/registers.ts';
import { parseAnswer, READ_FUNCTIONS, type ReadRequest, wordAt } from './pdu.ts';
import type { RegisterTable } from './reading-plan.ts';
import { parseRtu } from './rtu.ts';
import { isPoint, readRegisterMap } from './source.ts';
import { locate } from './sunspec.ts';
import { createImage, registerValue } from './value.ts';

export type Example = MeterModel['examples'][number];

const settingsSchema = z.strictObject({
  /** Where the device of the example has its meter model. */
  sunspec: z
    // Configuration files are read with models as texts.
    .strictObject({ model: z.coerce.number().int(), base: z.int().min(0).max(0xffff) })
    .nullable()
    .default(null),
});

const TABLES: readonly RegisterTable[] = ['holding', 'input'];

/** Throws FRAME_ errors. */
function parseRequest(hex: string): { readonly unit: number; readonly request: ReadRequest } {
  const { unit, pdu } = parseRtu(fromHex(hex));
  const table = TABLES.find((one) => READ_FUNCTIONS[one] === pdu[0]);
  if (table === undefined || pdu.length !== 5) {
    throw new AmrError('FRAME_MALFORMED', 'the request does not read registers');
  }
  return { unit, request: { table, address: wordAt(pdu, 1), quantity: wordAt(pdu, 3) } };
}

function answerOf(example: Example) {
  const { unit, request } = parseRequest(example.request ?? '');
  const response = parseRtu(fromHex(example.response));
  if (response.unit !== unit) throw new AmrError('FRAME_MALFORMED', 'another unit answers');
  const answer = parseAnswer(request, response.pdu);
  if (answer.kind === 'registers') return { request, bytes: answer.bytes };
  throw new AmrError('FRAME_MALFORMED', 'the response refuses the request');
}

/**
 * The registers of the model that are whole in the example's answer, in the model's order. Throws
 * FRAME_ errors for frames that are no request and its answer, CONFIG_INVALID for settings.
 */
export function decodeExample(
  model: MeterModel,
  example: Example,
): { readonly values: readonly RegisterValue[] } {
  const settings = settingsSchema.safeParse(example.settings);
  if (!settings.success) throw new AmrError('CONFIG_INVALID', z.prettifyError(settings.error));
  const { sunspec } = settings.data;
  const { request, bytes } = answerOf(example);
  const table = TABLES.find((one) => one === request.table) ?? 'holding';
  const image = createImage();
  image.put({ table, address: request.address, registers: request.quantity }, bytes);
  const values = [...readRegisterMap(model).sources].flatMap(([name, source]) => {
    const register = findRegister(name);
    if (register === undefined || (isPoint(source) && sunspec === null)) return [];
    const located = isPoint(source) && sunspec !== null ? locate(source, sunspec) : source;
    return isPoint(located) ? [] : (registerValue(register, located, image.bytesOf) ?? []);
  });
  return { values };
}
