/** A master that is none of ours: python3-pymodbus. */
import { execFile, spawnSync } from 'node:child_process';
import { promisify } from 'node:util';
import { z } from 'zod';

/** That of the distribution, as its packages are. */
const PYTHON = '/usr/bin/python3';

const isPresent = spawnSync(PYTHON, ['-c', 'import pymodbus, serial']).status === 0;

/** True where tests with pymodbus are to be skipped; with AMR_REQUIRE_REAL=1 they fail instead. */
export const lacksPymodbusClient = !isPresent && process.env['AMR_REQUIRE_REAL'] !== '1';

/** `port` is a TCP port of this machine; `path` a serial port of `baudRate`, 8N1. */
export type PymodbusPlace =
  | { readonly port: number }
  | { readonly path: string; readonly baudRate: number };

export type PymodbusRequest =
  | {
      readonly read: 'coils' | 'discrete_inputs' | 'holding_registers' | 'input_registers';
      readonly unit: number;
      readonly address: number;
      readonly count: number;
    }
  | { readonly identify: number; readonly object: number; readonly unit: number };

const answerSchema = z.union([
  z.strictObject({ registers: z.array(z.number()) }),
  z.strictObject({ exception: z.number() }),
  z.strictObject({ failure: z.string() }),
  z.strictObject({ objects: z.record(z.string(), z.string()), next: z.number().nullable() }),
]);
export type PymodbusAnswer = z.infer<typeof answerSchema>;

const SCRIPT = `
import json, sys
from pymodbus.client import ModbusSerialClient, ModbusTcpClient
from pymodbus.mei_message import ReadDeviceInformationRequest

def told(answer):
    if answer.isError():
        code = getattr(answer, "exception_code", None)
        return {"failure": str(answer)} if code is None else {"exception": code}
    if hasattr(answer, "information"):
        objects = {str(key): text.decode() for key, text in answer.information.items()}
        more = answer.more_follows != 0
        return {"objects": objects, "next": answer.next_object_id if more else None}
    return {"registers": answer.registers}

def ask(client, request):
    unit = request["unit"]
    if "identify" in request:
        question = ReadDeviceInformationRequest(request["identify"], request["object"])
        question.unit_id = unit
        return told(client.execute(question))
    read = getattr(client, "read_" + request["read"])
    return told(read(request["address"], request["count"], slave=unit))

place, requests = json.loads(sys.argv[1])
if "port" in place:
    client = ModbusTcpClient("127.0.0.1", port=place["port"], timeout=5)
else:
    client = ModbusSerialClient(port=place["path"], baudrate=place["baudRate"], parity="N", timeout=5)
if not client.connect():
    sys.exit("no connection")
print(json.dumps([ask(client, request) for request in requests]))
client.close()
`;

/** Asks one request after another and gives the answers in the same order. */
export async function askWithPymodbus(
  place: PymodbusPlace,
  requests: readonly PymodbusRequest[],
): Promise<PymodbusAnswer[]> {
  const argument = JSON.stringify([place, requests]);
  const { stdout } = await promisify(execFile)(PYTHON, ['-c', SCRIPT, argument]);
  return z.array(answerSchema).parse(JSON.parse(stdout));
}
