/*
 * Another process at a serial port. Arguments: verb, device, lock directory, and as whom (a user
 * id) it is done. Prints what came of it as one line of JSON, then holds what it has until its
 * standard input ends.
 */
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { open, readdirSync, rmSync, writeSync } from 'node:fs';
import { systemClock } from '../../src/core/clock.ts';
import { toAmrError } from '../../src/core/errors.ts';
import { lockPort } from '../../src/transport/port-lock.ts';
import { createSerialTransport } from '../../src/transport/serial.ts';

const [verb = '', device = '', lockDir = '', uid = ''] = process.argv.slice(2);

async function openPort() {
  const framing = { dataBits: 8, parity: 'none', stopBits: 2 } as const;
  const settings = { path: device, baudRate: 9600, ...framing };
  const transport = createSerialTransport(settings, { clock: systemClock, lockDir });
  transport.onData(() => undefined);
  await transport.open(new AbortController().signal);
  return transport;
}

/** Takes a thread of the pool and never gives it back: nobody writes to this pipe. */
function blockThread(): void {
  const pipe = `${lockDir}/pipe`;
  execFileSync('mkfifo', [pipe]);
  open(pipe, 'r', () => undefined);
}

const VERBS: Readonly<Record<string, () => object | Promise<object>>> = {
  open: async () => {
    await openPort();
    return { isOpen: true };
  },
  lock: () => ({ isLocked: lockPort(device, lockDir) !== null }),
  /** Opens, then closes while the one thread of the pool is blocked. */
  'close-blocked': async () => {
    const transport = await openPort();
    blockThread();
    await transport.close();
    rmSync(`${lockDir}/pipe`);
    return { isClosed: true, locks: readdirSync(lockDir) };
  },
};

// By now all code is loaded: the files need not be readable to the other user.
if (uid !== '') {
  process.setgroups?.([]);
  process.setegid?.(Number(uid));
  process.seteuid?.(Number(uid));
}
let outcome: unknown;
try {
  outcome = await VERBS[verb]?.();
} catch (thrown) {
  const { code, message, context } = toAmrError(thrown);
  outcome = { code, message, context };
}
writeSync(1, `${JSON.stringify(outcome)}\n`);
process.stdin.resume();
await once(process.stdin, 'end');
process.exit();
