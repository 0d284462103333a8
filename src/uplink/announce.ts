import type { ClockState } from '../core/clock.ts';
import { STREAMS } from '../core/reading.ts';
import type { Store } from '../core/store.ts';
import { formatInstant } from '../core/zoned-time.ts';
import {
  type BirthMessage,
  birthTopic,
  CONTRACT_VERSION,
  type GatewayPath,
  type MetaMessage,
  metaTopic,
  type StatusMessage,
  statusTopic,
} from './contract.ts';
import type { OutgoingMessage } from './session.ts';

/** What the gateway says of itself. */
export interface Identity {
  readonly bootId: string;
  /** When the gateway started, RFC 3339. */
  readonly since: string;
  /** Of the software. */
  readonly version: string;
  readonly configHash: string;
  readonly buses: BirthMessage['buses'];
  readonly metas: readonly MetaMessage[];
}

export interface AnnounceFacts {
  /** Name of the uplink's cursor in the store. */
  readonly name: string;
  readonly at: GatewayPath;
  readonly zone: string;
  /** Epoch milliseconds. */
  readonly now: number;
  readonly clockState: ClockState;
  readonly store: Store;
  readonly identity: Identity;
}

export function statusMessage(
  { at, store, identity }: AnnounceFacts,
  state: StatusMessage['state'],
): OutgoingMessage & { readonly payload: string } {
  const { bootId, since, version } = identity;
  const status: StatusMessage = {
    v: CONTRACT_VERSION,
    state,
    bootId,
    since,
    epoch: store.epoch,
    version,
  };
  return { topic: statusTopic(at), payload: JSON.stringify(status), retain: true };
}

function birthMessage(facts: AnnounceFacts): OutgoingMessage {
  const { name, at, zone, store, identity } = facts;
  const { bootId, version, configHash, buses } = identity;
  const positions = STREAMS.map((stream) => [
    stream,
    { head: store.head(stream), acked: store.acked(name, stream) },
  ]);
  const birth: BirthMessage = {
    v: CONTRACT_VERSION,
    gateway: at.gateway,
    at: formatInstant(facts.now, zone),
    bootId,
    epoch: store.epoch,
    software: { name: 'amr-gateway', version },
    clock: facts.clockState,
    configHash,
    buses,
    streams: Object.fromEntries(positions),
  };
  return { topic: birthTopic(at), payload: JSON.stringify(birth), retain: true };
}

/** What is published, retained, at each connect: status, birth and the meta of each meter. */
export function announcements(facts: AnnounceFacts): OutgoingMessage[] {
  const metas = facts.identity.metas.map((meta) => ({
    topic: metaTopic(facts.at, meta.meter),
    payload: JSON.stringify(meta),
    retain: true,
  }));
  return [statusMessage(facts, 'online'), birthMessage(facts), ...metas];
}
