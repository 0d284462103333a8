/** An answer that is waited for, and what ends the waiting. */

/** Whichever comes first; what `expire` waits on ends with `signal` and with the answer. */
export async function beforeExpiry<T>(
  answer: Promise<T>,
  expire: (waiting: AbortSignal) => Promise<never>,
  signal: AbortSignal,
): Promise<T> {
  const waiting = new AbortController();
  const stop = () => waiting.abort(signal.reason);
  signal.addEventListener('abort', stop, { once: true });
  if (signal.aborted) stop();
  try {
    return await Promise.race([answer, expire(waiting.signal)]);
  } finally {
    signal.removeEventListener('abort', stop);
    waiting.abort();
  }
}
