/** The demo's billing center: a subscriber that counts what arrives and acknowledges it. */
import mqtt, { type MqttClient } from 'mqtt';
import type { Reading } from '../core/reading.ts';
import {
  ackTopic,
  type GatewayPath,
  readingsMessageSchema,
  streamTopic,
} from '../uplink/contract.ts';

export interface DemoHeadend {
  /** Readings that arrived, each counted once. */
  readonly delivered: number;
  /** Arrivals of what was there already. */
  readonly duplicates: number;
  /** The last reading of each meter. */
  readonly latest: ReadonlyMap<string, Reading>;
  close(): Promise<void>;
}

const identityOf = ({ meter, kind, slot, rev = 0 }: Reading) => `${meter} ${kind} ${slot} ${rev}`;

/** Subscribes and acknowledges every message as a whole once it is counted. */
export async function startDemoHeadend(
  url: string,
  at: GatewayPath,
  onReading: (reading: Reading) => void,
): Promise<DemoHeadend> {
  const client: MqttClient = await mqtt.connectAsync(url, { clientId: 'demo-headend' });
  const seen = new Set<string>();
  const latest = new Map<string, Reading>();
  let duplicates = 0;

  function take(reading: Reading): void {
    const identity = identityOf(reading);
    if (seen.has(identity)) {
      duplicates += 1;
      return;
    }
    seen.add(identity);
    latest.set(reading.meter, reading);
    onReading(reading);
  }

  client.on('message', (_topic, payload) => {
    const message = readingsMessageSchema.parse(JSON.parse(payload.toString()));
    for (const reading of message.readings) take(reading);
    const { epoch, stream, seq, readings } = message;
    const ack = JSON.stringify({ epoch, stream, upTo: seq + readings.length - 1 });
    client.publish(ackTopic(at), ack, { qos: 1 });
  });
  const topics = (['billing', 'curve', 'live'] as const).map((stream) => streamTopic(at, stream));
  await client.subscribeAsync(topics, { qos: 1 });

  return {
    get delivered() {
      return seen.size;
    },
    get duplicates() {
      return duplicates;
    },
    latest,
    close: () => client.endAsync(true),
  };
}
