import pino, { type Logger } from 'pino';

/** A full log disk must not fill the memory with lines instead. */
const MOST_PENDING_BYTES = 1_000_000;

/**
 * JSON lines on stderr, written before the call returns: the last line before a crash is the one
 * that matters. A log that cannot be written is given up, never the process.
 */
export function createLog(level: string): Logger {
  const destination = pino.destination({ dest: 2, sync: true, maxLength: MOST_PENDING_BYTES });
  destination.on('error', () => undefined);
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      // The second line of defence; no part of the gateway logs a secret.
      redact: ['*.password', '*.key', '*.passphrase'],
    },
    destination,
  );
}
