/** Waiting for conditions of other processes, in real time. */

const LOOK_MS = 10;

export const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

/** Resolves with how long it took, in milliseconds; rejects naming what was waited for. */
export async function until(
  what: string,
  condition: () => boolean,
  ms: number = 60_000,
): Promise<number> {
  const start = performance.now();
  while (!condition()) {
    if (performance.now() - start > ms) throw new Error(`waited ${ms} ms in vain for ${what}`);
    await pause(LOOK_MS);
  }
  return performance.now() - start;
}
