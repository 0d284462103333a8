import { randomUUID } from 'node:crypto';
import * as amr from 'amr-gateway/contract';
import { connect } from 'mqtt';

// A real headend has its rows in a database, and acknowledges them when they are committed there.
const rows = new Map<string, unknown>();
const logs = new Map<string, amr.StreamLog>();

const client = connect(process.argv[2] ?? '', { clientId: 'headend', clean: false });
const send = (to: string, body: object) => client.publish(to, JSON.stringify(body), { qos: 1 });

client.on('connect', () => client.subscribe([...amr.HEADEND_FILTERS], { qos: 1 }));
client.on('message', (topic, payload) => {
  const message = amr.parseMessage(topic, payload);
  if (message === null) return;
  const { at, kind, body } = message;
  if (kind === 'birth') {
    for (const stream of amr.STREAMS) {
      const key = amr.streamTopic(at, stream);
      logs.set(key, amr.openStreamLog(body, stream, logs.get(key)));
    }
  } else if (kind === 'data' || kind === 'event') {
    const { entries, numbers } = amr.entriesOf(body);
    for (const { identity, row } of entries) rows.set(`${at.site}/${at.gateway} ${identity}`, row);
    process.stdout.write(`${rows.size} rows\n`);
    const { epoch, stream } = body;
    const log = logs.get(amr.streamTopic(at, stream));
    if (log?.epoch !== epoch) return;
    log.arrived(numbers);
    send(amr.ackTopic(at), { epoch, stream, upTo: log.upTo });
    const gap = log.gapToAsk(Date.now());
    const order = { v: 1, id: randomUUID(), op: 'resend', epoch, stream, ...gap };
    if (gap !== null) send(amr.cmdTopic(at), order);
  } else if (kind === 'cmd-res' && body.resent !== undefined) {
    logs.get(amr.streamTopic(at, body.resent.stream))?.answered(body.resent);
  }
});
