/** The verbs and what their ends mean. Each is a file of its own, loaded when it is asked for. */
import { Command, CommanderError } from 'commander';
import { AmrError } from '../core/errors.ts';
import { softwareVersion } from '../host/package-root.ts';

interface Verb {
  readonly summary: string;
  readonly load: () => Promise<Command>;
}

const VERBS: Readonly<Record<string, Verb>> = {
  run: {
    summary: 'run the gateway',
    load: async () => (await import('./run.ts')).runCommand(),
  },
  demo: {
    summary: 'simulated meters, gateway, broker and headend in one process',
    load: async () => (await import('./demo.ts')).demoCommand(),
  },
  check: {
    summary: 'check a configuration without starting anything',
    load: async () => (await import('./check.ts')).checkCommand(),
  },
  read: {
    summary: 'read one meter now, without any configuration',
    load: async () => (await import('./read.ts')).readCommand(),
  },
  scan: {
    summary: 'find the meters on a line',
    load: async () => (await import('./scan.ts')).scanCommand(),
  },
  models: {
    summary: 'the meter models that there are, and what one of them says',
    load: async () => (await import('./models.ts')).modelsCommand(),
  },
  decode: {
    summary: 'explain the bytes of frames',
    load: async () => (await import('./decode.ts')).decodeCommand(),
  },
  status: {
    summary: 'ask the running gateway how it is',
    load: async () => (await import('./status.ts')).statusCommand(),
  },
  buffer: {
    summary: 'what the store holds and what waits for delivery',
    load: async () => (await import('./buffer.ts')).bufferCommand(),
  },
  sim: {
    summary: 'simulated meters on a TCP port or a serial line',
    load: async () => (await import('./sim.ts')).simCommand(),
  },
};

const EXIT_FAILED = 1;
const EXIT_USAGE = 2;
/** EX_CONFIG of sysexits.h. */
const EXIT_CONFIG = 78;

async function build(name: string | undefined): Promise<Command> {
  const program = new Command('amr')
    .description('Smart-meter AMR gateway: reads meters, keeps every reading, delivers it.')
    .version(softwareVersion())
    .exitOverride();
  const verb = name !== undefined && Object.hasOwn(VERBS, name) ? VERBS[name] : undefined;
  if (verb !== undefined) {
    return program.addCommand((await verb.load()).copyInheritedSettings(program));
  }
  for (const [word, { summary }] of Object.entries(VERBS)) {
    program.addCommand(new Command(word).description(summary).copyInheritedSettings(program));
  }
  return program;
}

function exitCodeOf(thrown: unknown): number {
  // Commander has printed its message, or the help, already.
  if (thrown instanceof CommanderError) return thrown.exitCode === 0 ? 0 : EXIT_USAGE;
  if (!(thrown instanceof AmrError)) throw thrown;
  process.stderr.write(`amr: ${thrown.message}\n`);
  if (!thrown.code.startsWith('CONFIG_')) return EXIT_FAILED;
  // Elsewhere than in a configuration file, what is wrong was typed on the command line.
  return process.argv[2] === 'run' ? EXIT_CONFIG : EXIT_USAGE;
}

/** Runs the verb that the arguments name; sets the exit code. */
export async function main(): Promise<void> {
  // Whoever reads our output may leave early, as `head` does.
  process.stdout.on('error', () => process.exit(0));
  try {
    const program = await build(process.argv[2]);
    await program.parseAsync();
  } catch (thrown) {
    process.exitCode = exitCodeOf(thrown);
  }
}
