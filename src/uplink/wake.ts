import type { Clock } from '../core/clock.ts';

/** Lets one loop sleep until something happens or a time has come. Nothing that happens is missed. */
export interface Wake {
  notify(): void;
  /** Resolves at the next or an unseen {@link notify}, or after `ms` where that is not `null`. */
  wait(ms: number | null): Promise<void>;
}

export function createWake(clock: Clock): Wake {
  let isPending = false;
  let ring: (() => void) | null = null;
  return {
    notify() {
      isPending = true;
      ring?.();
    },
    async wait(ms) {
      if (!isPending) {
        const timer = new AbortController();
        const rung = new Promise<void>((resolve) => {
          ring = resolve;
        });
        const timed = ms === null ? [] : [clock.sleep(ms, timer.signal).catch(() => {})];
        await Promise.race([rung, ...timed]);
        timer.abort();
        ring = null;
      }
      isPending = false;
    },
  };
}
