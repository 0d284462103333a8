/**
 * The contract as an AsyncAPI 3.0.0 document, as the gateway sees it: it sends what goes up. Bodies
 * are the JSON Schema files beside it, in words that AsyncAPI's own dialect (draft 7) has as well.
 */
import { stringify } from 'yaml';
import { ID_PATTERN, READING_STREAMS } from '../src/core/reading.ts';
import {
  CONTRACT,
  CONTRACT_VERSION,
  type ContractRow,
  DEFLATE_SUFFIX,
  MAX_MESSAGE_BYTES,
} from '../src/uplink/contract.ts';

const ROOT = `amr/v${CONTRACT_VERSION}/{site}/{gateway}/`;
const BINDING_VERSION = '0.2.0';

const PARAMETERS: Readonly<Record<string, object>> = {
  site: { description: `as configured, ${ID_PATTERN.source}` },
  gateway: { description: `as configured, unique in its site, ${ID_PATTERN.source}` },
  meter: { description: `id of the meter as configured, ${ID_PATTERN.source}` },
  stream: { enum: READING_STREAMS, description: 'each has numbers of its own' },
};

/** What each message is, in a line. */
export const SUMMARIES: Readonly<Record<keyof typeof CONTRACT, string>> = {
  status: 'whether the gateway is there; also its will',
  birth: 'what the gateway is and where its streams stand, at each connect',
  meta: 'what one meter is, and which registers it is read for',
  data: 'readings of one stream',
  event: 'happenings that the headend should know of',
  ack: 'everything up to a number has arrived, for delivery: headend',
  cmd: 'an order: read a meter now, or send rows again',
  'cmd-res': 'what came of an order',
};

interface Channel {
  /** Of the channel. */
  readonly key: string;
  readonly name: keyof typeof CONTRACT;
  readonly topic: string;
  readonly row: ContractRow;
  readonly isDeflated: boolean;
}

const channels: readonly Channel[] = (Object.keys(CONTRACT) as (keyof typeof CONTRACT)[]).flatMap(
  (name) => {
    const row: ContractRow = CONTRACT[name];
    const plain = { key: name, name, topic: row.topic, row, isDeflated: false };
    if (row.deflated === undefined) return [plain];
    const key = name + DEFLATE_SUFFIX.replace('/', '-');
    return [plain, { key, name, topic: row.deflated, row, isDeflated: true }];
  },
);

const ref = ($ref: string) => ({ $ref });

function channelOf({ key, topic }: Channel) {
  const address = ROOT + topic;
  const names = Array.from(address.matchAll(/\{(\w+)\}/g), ([, name = '']) => name);
  return {
    address,
    parameters: Object.fromEntries(
      names.map((name) => [name, ref(`#/components/parameters/${name}`)]),
    ),
    messages: { [key]: ref(`#/components/messages/${key}`) },
  };
}

function operationOf({ key, name, row }: Channel) {
  const isCommand = name === 'cmd';
  return {
    action: row.direction === 'up' ? 'send' : 'receive',
    channel: ref(`#/channels/${key}`),
    messages: [ref(`#/channels/${key}/messages/${key}`)],
    bindings: { mqtt: { qos: 1, retain: row.retained, bindingVersion: BINDING_VERSION } },
    ...(isCommand
      ? {
          reply: {
            channel: ref('#/channels/cmd-res'),
            messages: [ref('#/channels/cmd-res/messages/cmd-res')],
          },
        }
      : {}),
  };
}

function messageOf({ key, name, isDeflated }: Channel) {
  return {
    name: key,
    summary: SUMMARIES[name],
    ...(isDeflated
      ? { contentType: 'application/zlib', description: 'the JSON body compressed, RFC 1950' }
      : {}),
    payload: ref(`./${name}.schema.json`),
  };
}

function operationName({ key, row }: Channel): string {
  return `${row.direction === 'up' ? 'send' : 'receive'}-${key}`;
}

export function asyncapiDocument(): string {
  const byKey = <T>(of: (channel: Channel) => T) =>
    Object.fromEntries(channels.map((channel) => [channel.key, of(channel)]));
  const document = {
    asyncapi: '3.0.0',
    id: `urn:amr-gateway:contract:v${CONTRACT_VERSION}`,
    info: {
      title: 'amr-gateway, headend side',
      version: `${CONTRACT_VERSION}.0.0`,
      description: `MQTT 5, or 3.1.1 where the broker has no better; QoS 1; bodies of ${MAX_MESSAGE_BYTES} bytes at the most. Receivers ignore fields and topics that they do not know: version ${CONTRACT_VERSION} only grows.`,
      license: { name: 'Apache-2.0' },
    },
    defaultContentType: 'application/json',
    channels: byKey(channelOf),
    operations: Object.fromEntries(
      channels.map((channel) => [operationName(channel), operationOf(channel)]),
    ),
    components: { parameters: PARAMETERS, messages: byKey(messageOf) },
  };
  return `# Generated from src/uplink/contract.ts.\n${stringify(document, { lineWidth: 100, aliasDuplicateObjects: false })}`;
}
