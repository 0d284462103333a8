import { type AddressInfo, createServer, type Socket } from 'node:net';
import { createServer as createTlsServer, TLSSocket, type TlsOptions } from 'node:tls';
import mqttPacket, {
  type IConnackPacket,
  type IConnectPacket,
  type IPublishPacket,
} from 'mqtt-packet';

/** What the broker does with one PUBLISH: a reason code in the PUBACK, or no PUBACK at all. */
export type Answer = number | 'hold';

export interface Connack {
  readonly reason: number;
  readonly properties?: IConnackPacket['properties'];
}

export interface FakeBrokerOptions {
  /**
   * Reason code and properties of the CONNACK, or `null` to close the connection instead;
   * `attempt` counts from 1.
   */
  readonly onConnect?: (packet: IConnectPacket, attempt: number) => Connack | null;
  /** `count` counts all PUBLISH packets of all connections from 1. */
  readonly onPublish?: (packet: IPublishPacket, count: number) => Answer;
  /** Speaks TLS with these. */
  readonly tls?: TlsOptions;
}

/** A broker of the test's own making: it says what real brokers say on bad days only. */
export interface FakeBroker {
  readonly url: string;
  readonly connects: IConnectPacket[];
  readonly published: IPublishPacket[];
  /** Packets that keep a silent connection alive. */
  readonly pings: number;
  /** Connections that the client ended with a DISCONNECT. */
  readonly goodbyes: number;
  /** Common names of the certificates that clients showed, one a connection. */
  readonly clientNames: readonly string[];
  /** PUBLISH packets without PUBACK, at present. */
  readonly held: number;
  /** The PUBACKs that were held, in order. */
  release(): void;
  /** Cuts every connection. */
  cut(): void;
  /** Sends to every connected client. */
  send(topic: string, payload: string, retain?: boolean): void;
  close(): Promise<void>;
}

export async function startFakeBroker(options: FakeBrokerOptions = {}): Promise<FakeBroker> {
  const { onConnect = (): Connack => ({ reason: 0 }), onPublish = () => 0, tls } = options;
  const connects: IConnectPacket[] = [];
  const published: IPublishPacket[] = [];
  const clientNames: string[] = [];
  let pings = 0;
  let goodbyes = 0;
  const clients = new Map<Socket, 4 | 5>();
  let held: (() => void)[] = [];
  let sent = 0;

  const reply = (socket: Socket, packet: mqttPacket.Packet) => {
    const protocolVersion = clients.get(socket) ?? 4;
    if (socket.writable) socket.write(mqttPacket.generate(packet, { protocolVersion }));
  };

  const connected = (socket: Socket, packet: IConnectPacket) => {
    connects.push(packet);
    const version = packet.protocolVersion === 5 ? 5 : 4;
    clients.set(socket, version);
    const connack = onConnect(packet, connects.length);
    if (connack === null) {
      socket.end();
      return;
    }
    const { reason, properties } = connack;
    const code = version === 5 ? { reasonCode: reason } : { returnCode: reason };
    reply(socket, {
      cmd: 'connack',
      sessionPresent: false,
      ...code,
      ...(properties === undefined ? {} : { properties }),
    });
    if (reason !== 0) socket.end();
  };

  const publishedTo = (socket: Socket, packet: IPublishPacket) => {
    published.push(packet);
    const answer = onPublish(packet, published.length);
    const { messageId } = packet;
    if (messageId === undefined) return;
    const puback = (reasonCode: number) => reply(socket, { cmd: 'puback', messageId, reasonCode });
    if (answer === 'hold') held.push(() => puback(0));
    else puback(answer);
  };

  const pinged = (socket: Socket) => {
    pings += 1;
    reply(socket, { cmd: 'pingresp' });
  };

  const received = (socket: Socket, packet: mqttPacket.Packet) => {
    if (packet.cmd === 'connect') connected(socket, packet);
    if (packet.cmd === 'publish') publishedTo(socket, packet);
    if (packet.cmd === 'disconnect') goodbyes += 1;
    if (packet.cmd === 'pingreq') pinged(socket);
    if (packet.cmd === 'subscribe') {
      const granted = packet.subscriptions.map(({ qos }) => qos);
      reply(socket, { cmd: 'suback', messageId: packet.messageId ?? 0, granted });
    }
  };

  const serve = (socket: Socket) => {
    if (socket instanceof TLSSocket) {
      clientNames.push(String(socket.getPeerCertificate().subject?.CN));
    }
    const parser = mqttPacket.parser({ protocolVersion: 5 });
    parser.on('packet', (packet) => received(socket, packet));
    parser.on('error', () => socket.destroy());
    socket.on('data', (bytes) => parser.parse(bytes));
    socket.on('error', () => {});
    socket.on('close', () => clients.delete(socket));
  };
  const server = tls === undefined ? createServer(serve) : createTlsServer(tls, serve);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;

  const cut = () => {
    held = [];
    for (const socket of clients.keys()) socket.destroy();
  };

  return {
    url: `${tls === undefined ? 'mqtt' : 'mqtts'}://127.0.0.1:${port}`,
    connects,
    published,
    clientNames,
    get pings() {
      return pings;
    },
    get goodbyes() {
      return goodbyes;
    },
    get held() {
      return held.length;
    },
    release() {
      const waiting = held;
      held = [];
      for (const puback of waiting) puback();
    },
    cut,
    send(topic, payload, retain = false) {
      sent += 1;
      for (const socket of clients.keys()) {
        reply(socket, {
          cmd: 'publish',
          topic,
          payload,
          qos: 1,
          dup: false,
          retain,
          messageId: sent,
        });
      }
    },
    async close() {
      cut();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
