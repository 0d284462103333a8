/** The present values of registers, and anything else that has an identifier. */
import type { DriverSession, ItemReading } from '../core/driver.ts';
import { toAmrError } from '../core/errors.ts';
import { repeatRead } from '../poll/repeat.ts';
import { type Answer, type ItemsRead, reportOf, valueTable } from './read-report.ts';
import { type Job, type Manner, openTarget, type Printed, type Target } from './read-target.ts';
import { trueFailures, wantedBy, withBlocks } from './read-words.ts';

/** Reads one identifier, again where that failed and may succeed. Rejects with AmrErrors. */
async function repeatItem(
  session: DriverSession,
  identifier: string,
  { retries, signal }: { retries: number; signal: AbortSignal },
): Promise<ItemReading | undefined> {
  for (let left = retries; ; left--) {
    try {
      return await session.readItem?.(identifier, { priority: 'on-demand', signal });
    } catch (thrown) {
      if (left === 0 || signal.aborted || !toAmrError(thrown).transient) throw thrown;
    }
  }
}

async function readItems(
  identifiers: readonly string[],
  readItem: (identifier: string) => Promise<ItemReading | undefined>,
): Promise<ItemsRead> {
  const readings: ItemsRead['readings'][number][] = [];
  const failures: ItemsRead['failures'][number][] = [];
  for (const identifier of identifiers) {
    try {
      const reading = await readItem(identifier);
      if (reading === undefined) continue;
      readings.push({ ...reading, identifier });
      if (reading.cutShort !== undefined) failures.push({ identifier, error: reading.cutShort });
    } catch (thrown) {
      failures.push({ identifier, error: toAmrError(thrown) });
    }
  }
  return { readings, failures };
}

/** Throws CONFIG_INVALID for words that mean nothing to the model. */
export function presentJob(target: Target, words: readonly string[], manner: Manner): Job {
  const { driver, model, address } = target;
  const wanted = wantedBy(words, model, driver);
  const { registers, identifiers, items } = wanted;
  const asked = { ...target, model: withBlocks(model, wanted.blocks, driver) };
  const { retries, zone } = manner;

  function printed(answer: Answer): Printed {
    const report = reportOf(address, answer, zone);
    return { report, lines: valueTable(report.values), isEmpty: report.values.length === 0 };
  }

  return {
    async run(bus, signal) {
      const session = openTarget(bus, asked);
      const result = await repeatRead(registers, {
        retries,
        read: (some) => session.read(some, { priority: 'on-demand', signal }),
      });
      const read = await readItems(items, (one) => repeatItem(session, one, { retries, signal }));
      const failures = trueFailures(result, wanted);
      return printed({ result: { ...result, failures }, identifiers, items: read });
    },
    unread(error) {
      const failures = registers.length === 0 ? [] : [{ registers, error }];
      return printed({
        result: { values: [], failures },
        identifiers,
        items: { readings: [], failures: items.map((identifier) => ({ identifier, error })) },
      });
    },
  };
}
