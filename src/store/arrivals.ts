interface Waiter {
  readonly wake: () => void;
  readonly refuse: (reason: unknown) => void;
}

/** Those who wait for the next rows. */
export interface Arrivals {
  /** Resolves at the next {@link notify}; rejects with the signal's reason on abort. */
  next(signal: AbortSignal): Promise<void>;
  notify(): void;
  /** Rejects everyone who waits, now and later. */
  end(reason: Error): void;
}

export function createArrivals(): Arrivals {
  const waiters = new Set<Waiter>();
  let ended: Error | null = null;

  return {
    next(signal) {
      return new Promise((resolve, reject) => {
        if (signal.aborted || ended !== null) {
          reject(signal.aborted ? signal.reason : ended);
          return;
        }
        const onAbort = () => waiter.refuse(signal.reason);
        const leave = () => {
          waiters.delete(waiter);
          signal.removeEventListener('abort', onAbort);
        };
        const waiter: Waiter = {
          wake() {
            leave();
            resolve();
          },
          refuse(reason) {
            leave();
            reject(reason);
          },
        };
        waiters.add(waiter);
        signal.addEventListener('abort', onAbort, { once: true });
      });
    },
    notify() {
      for (const waiter of [...waiters]) waiter.wake();
    },
    end(reason) {
      ended = reason;
      for (const waiter of [...waiters]) waiter.refuse(reason);
    },
  };
}
