/** Servers and clients of modbus-serial, an implementation apart from ours. */
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import modbusSerial, { ServerSerial, ServerTCP } from 'modbus-serial';

type Client = InstanceType<typeof modbusSerial.default>;

/** Registers of one unit by address; what is not there is refused with exception 02H. */
export type Words = ReadonlyMap<number, number>;

export interface ForeignServer {
  stop(): Promise<void>;
}

/** What the library takes for an exception of its own. */
const exception = (code: number) => Object.assign(new Error('refused'), { modbusErrorCode: code });

function vectorOf(holding: Words, input: Words) {
  const from = (words: Words) => (address: number) => {
    const word = words.get(address);
    if (word === undefined) throw exception(2);
    return word;
  };
  return { getHoldingRegister: from(holding), getInputRegister: from(input) };
}

export interface ForeignUnit {
  readonly unit: number;
  readonly holding: Words;
  readonly input: Words;
}

/** A port that was free a moment ago: the library takes 0 for 502. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

const stopOf = (server: ServerTCP | ServerSerial) => () =>
  new Promise<void>((resolve) => server.close(() => resolve()));

export async function serveModbusSerialTcp({
  unit,
  holding,
  input,
}: ForeignUnit): Promise<ForeignServer & { readonly port: number }> {
  const port = await freePort();
  const server = new ServerTCP(vectorOf(holding, input), {
    host: '127.0.0.1',
    port,
    unitID: unit,
  });
  await once(server, 'initialized');
  return { port, stop: stopOf(server) };
}

/** On one end of a pseudo-terminal pair. */
export async function serveModbusSerialRtu(
  path: string,
  { unit, holding, input }: ForeignUnit,
): Promise<ForeignServer> {
  const server = new ServerSerial(vectorOf(holding, input), {
    path,
    baudRate: 9600,
    unitID: unit,
  });
  await once(server, 'initialized');
  return { stop: stopOf(server) };
}

/** A client with a deadline: without one it waits for ever. */
async function client(
  connect: (one: Client) => Promise<void>,
  unit: number,
): Promise<Client & { stop(): Promise<void> }> {
  const made = new modbusSerial.default();
  await connect(made);
  made.setID(unit);
  made.setTimeout(5000);
  const stop = () => new Promise<void>((resolve) => made.close(() => resolve()));
  return Object.assign(made, { stop });
}

export const modbusSerialTcp = (port: number, unit: number) =>
  client((one) => one.connectTCP('127.0.0.1', { port }), unit);

/** RTU on one end of a pseudo-terminal pair. */
export const modbusSerialRtu = (path: string, unit: number) =>
  client((one) => one.connectRTUBuffered(path, { baudRate: 9600 }), unit);
