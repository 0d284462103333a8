#!/usr/bin/env node
/** The command line: what must happen before anything else is loaded, then the verb. */

// The pool is sized when it is first used: blocked serial ports must not hold up name look-ups.
process.env['UV_THREADPOOL_SIZE'] ??= '24';

// The daemon can be asked to end while it is still being loaded.
if (process.argv[2] === 'run') await import('./cli/end-signal.ts');

const { main } = await import('./cli/main.ts');
await main();

export {};
