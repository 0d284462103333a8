/** The first signal that asks the process to end; heard from the moment this file is loaded. */
export const endSignal = new Promise<NodeJS.Signals>((resolve) => {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => resolve(signal));
});
