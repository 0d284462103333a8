import { type CmdRes, cmdResTopic, type GatewayPath, rootTopic } from './contract.ts';
import type { IncomingMessage, OutgoingMessage } from './session.ts';

/** Topics of the contract; an answer there would be taken for something else. */
const TAKEN = /^(status|birth|meta|data|event|stats|ack|cmd)(?=\/|$)/;

/** A topic below the root of the gateway that has no other meaning; a sender may choose no other. */
function isForAnswers(at: GatewayPath, topic: string): boolean {
  const root = rootTopic(at);
  if (!topic.startsWith(root) || /[+#\0]/.test(topic)) return false;
  const rest = topic.slice(root.length);
  return rest !== '' && (!TAKEN.test(rest) || rest.startsWith('cmd/res/'));
}

/**
 * The answer as it goes out: on `cmd/res`, and on the response topic of the command too where that
 * is allowed, with its correlation data.
 */
export function answersTo(
  at: GatewayPath,
  { responseTopic, correlationData }: Pick<IncomingMessage, 'responseTopic' | 'correlationData'>,
  answer: CmdRes,
): OutgoingMessage[] {
  const payload = JSON.stringify(answer);
  const correlation = correlationData === undefined ? {} : { correlationData };
  const topic = cmdResTopic(at);
  if (responseTopic === topic) return [{ topic, payload, ...correlation }];
  const plain = { topic, payload };
  if (responseTopic === undefined || !isForAnswers(at, responseTopic)) return [plain];
  return [plain, { topic: responseTopic, payload, ...correlation }];
}
