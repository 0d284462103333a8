import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

/** A message as a client that is not ours saw it. */
export interface SeenMessage {
  readonly topic: string;
  /** True where the broker sent it because it had kept it. */
  readonly retained: boolean;
  readonly body: unknown;
}

export interface Subscriber {
  readonly messages: readonly SeenMessage[];
  stop(): Promise<void>;
}

function messageOf(line: string): SeenMessage {
  const [retained, topic = '', ...words] = line.split(' ');
  return { topic, retained: retained === '1', body: JSON.parse(words.join(' ')) };
}

/** Listens with mosquitto_sub to everything of the contract; options are added to its own. */
export function subscribe(url: string, options: readonly string[] = []): Subscriber {
  const { hostname, port } = new URL(url);
  const args = ['-h', hostname, '-p', port, '-q', '1', '-t', 'amr/v1/#', '-F', '%r %t %p'];
  const child = spawn('mosquitto_sub', [...args, ...options], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = once(child, 'close');
  const messages: SeenMessage[] = [];
  createInterface({ input: child.stdout }).on('line', (line) => messages.push(messageOf(line)));
  return {
    messages,
    async stop() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

/** What the broker keeps, by topic. */
export async function retainedAt(url: string): Promise<ReadonlyMap<string, unknown>> {
  const subscriber = subscribe(url, ['--retained-only']);
  // The broker sends what it kept at once; a quiet spell means that this was all.
  for (let seen = -1; seen < subscriber.messages.length; ) {
    seen = subscriber.messages.length;
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  await subscriber.stop();
  return new Map(subscriber.messages.map(({ topic, body }) => [topic, body]));
}
