/**
 * A plain Modbus TCP slave in a process of its own: every holding register of every unit holds its
 * own address. It shares no code with the gateway and no event loop with who measures. Prints its
 * port as one line, and ends when its standard input does.
 */
import { type AddressInfo, createServer } from 'node:net';

const HEADER = 6;
/** Of a request to read registers. */
const REQUEST = 12;

function answerTo(request: Buffer): Buffer {
  const quantity = request.readUInt16BE(10);
  const answer = Buffer.alloc(9 + quantity * 2);
  request.copy(answer, 0, 0, 8);
  answer.writeUInt16BE(3 + quantity * 2, 4);
  answer[8] = quantity * 2;
  const address = request.readUInt16BE(8);
  for (let index = 0; index < quantity; index++) {
    answer.writeUInt16BE((address + index) & 0xffff, 9 + index * 2);
  }
  return answer;
}

const server = createServer((socket) => {
  let heard = Buffer.alloc(0);
  socket.setNoDelay(true);
  socket.on('error', () => socket.destroy());
  socket.on('data', (chunk) => {
    heard = heard.length === 0 ? chunk : Buffer.concat([heard, chunk]);
    while (heard.length >= REQUEST) {
      if (heard.readUInt16BE(4) !== REQUEST - HEADER) {
        socket.destroy();
        return;
      }
      socket.write(answerTo(heard));
      heard = heard.subarray(REQUEST);
    }
  });
});

server.listen(0, '127.0.0.1', () => {
  process.stdout.write(`${(server.address() as AddressInfo).port}\n`);
});
process.stdin.resume().on('end', () => process.exit());
