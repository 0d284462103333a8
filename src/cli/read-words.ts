/** What the words of `amr read` stand for. */
import type { Driver, ReadFailure, ReadResult } from '../core/driver.ts';
import { type MeterModel, resolveRegisters } from '../core/model.ts';
import type { Register } from '../core/registers.ts';

/** A block that the caller named, with the registers that it may hold. */
export interface NamedBlock {
  readonly identifier: string;
  readonly registers: readonly Register[];
}

export interface Wanted {
  /** Each once, those of blocks included. */
  readonly registers: readonly Register[];
  /** Those that a word other than a block stands for. */
  readonly named: ReadonlySet<Register>;
  /** Those that stand for an identifier and were not named besides. */
  readonly identifiers: ReadonlyMap<Register, string>;
  readonly blocks: readonly NamedBlock[];
  /** Identifiers of what is no register's present value. */
  readonly items: readonly string[];
}

/** The registers that identifiers alone stand for. */
function identifiersAmong(words: readonly string[], model: MeterModel, driver: Driver) {
  const found = new Map<Register, string>();
  for (const word of words) {
    for (const register of driver.registersAt(word)) found.set(register, word.toUpperCase());
  }
  const isName = (word: string) => driver.registersAt(word).length === 0 && !driver.knows(word);
  for (const register of resolveRegisters(model, words.filter(isName))) found.delete(register);
  return found;
}

/** Registers by OBIS code, name or group of the model, or anything by its identifier. */
export function wantedBy(words: readonly string[], model: MeterModel, driver: Driver): Wanted {
  const registers = new Set<Register>();
  const named = new Set<Register>();
  const blocks: NamedBlock[] = [];
  const items = new Set<string>();
  for (const word of words) {
    const held = driver.registersAt(word);
    const identifier = word.toUpperCase();
    if (held.length === 0 && driver.knows(word)) {
      items.add(identifier);
      continue;
    }
    const isBlock = held.length > 1;
    if (isBlock) blocks.push({ identifier, registers: held });
    for (const register of held.length > 0 ? held : resolveRegisters(model, [word])) {
      registers.add(register);
      if (!isBlock) named.add(register);
    }
  }
  const identifiers = identifiersAmong(words, model, driver);
  return { registers: [...registers], named, identifiers, blocks, items: [...items] };
}

/** The model with the named blocks to be asked first, as far as the driver can ask them. */
export function withBlocks(
  model: MeterModel,
  blocks: readonly NamedBlock[],
  driver: Driver,
): MeterModel {
  const named = blocks
    .map(({ identifier }) => identifier)
    .filter((one) => driver.checkModel({ ...model, registers: {}, blocks: [one] }).length === 0);
  return { ...model, blocks: [...new Set([...named, ...model.blocks])] };
}

/**
 * The failures that are any. A block holds as many tariffs or phases as the meter has: that it
 * left one out is none, unless it gave nothing at all or the register was named besides.
 */
export function trueFailures(
  { values, failures }: ReadResult,
  { named, blocks }: Wanted,
): ReadFailure[] {
  const read = new Set(values.map(({ register }) => register));
  const answered = blocks.filter(({ registers }) => registers.some((one) => read.has(one)));
  const mayLack = new Set(answered.flatMap(({ registers }) => registers));
  return failures.flatMap(({ registers, error }) => {
    if (error.code !== 'METER_UNSUPPORTED') return [{ registers, error }];
    const left = registers.filter((one) => named.has(one) || !mayLack.has(one));
    return left.length === 0 ? [] : [{ registers: left, error }];
  });
}
