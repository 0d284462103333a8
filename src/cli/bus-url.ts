/**
 * Lines named on the command line: `serial:/dev/ttyUSB0?baud=2400&parity=even`, `tcp://host:port`,
 * `modbus-tcp://host:502`. Those who come from Modbus may call the first two `modbus-rtu:` and
 * `rtu-over-tcp:`.
 */
import { type BusConfig, busSchema } from '../config/schema.ts';
import { AmrError } from '../core/errors.ts';
import type { LineSettings } from '../core/transport.ts';

function badUrl(url: string, reason: string): AmrError {
  return new AmrError(
    'CONFIG_INVALID',
    `--bus ${url}: ${reason}; write serial:/dev/ttyUSB0?baud=2400&parity=even, tcp://host:port or modbus-tcp://host:502`,
  );
}

/** Query words and the configuration keys they stand for. */
const SERIAL_WORDS: Readonly<Record<string, string>> = {
  baud: 'baudRate',
  parity: 'parity',
  data: 'dataBits',
  stop: 'stopBits',
};
const TCP_WORDS: Readonly<Record<string, string>> = { baud: 'baudRate' };

function settingsOf(url: URL, words: Readonly<Record<string, string>>): Record<string, unknown> {
  if (url.username !== '' || url.password !== '' || url.hash !== '') {
    throw badUrl(
      url.href.replace(/\/\/[^/]*@/, '//***@'),
      'user, password and fragment mean nothing',
    );
  }
  const settings: Record<string, unknown> = Object.create(null);
  for (const [word, text] of url.searchParams) {
    if (word === 'latency') continue;
    const key = Object.hasOwn(words, word) ? words[word] : undefined;
    if (key === undefined) {
      throw badUrl(
        url.href,
        `unknown "${word}", known are ${[...Object.keys(words), 'latency'].join(', ')}`,
      );
    }
    settings[key] = /^\d+$/.test(text) ? Number(text) : text;
  }
  return settings;
}

function hostOf(url: URL): string {
  if (url.pathname !== '' && url.pathname !== '/') throw badUrl(url.href, 'a path means nothing');
  return url.hostname.replace(/^\[(.*)\]$/, '$1');
}

/** The device as the file system has it. */
function pathOf(url: URL): string {
  try {
    return decodeURIComponent(url.pathname);
  } catch {
    throw badUrl(url.href, 'a % that encodes nothing');
  }
}

/** How a serial port is set, as far as that is known. */
export type KnownSettings = Partial<Pick<LineSettings, 'baudRate' | 'parity' | 'stopBits'>>;

function lineOf(url: URL, usual: KnownSettings): Record<string, unknown> {
  if (url.protocol === 'serial:' || url.protocol === 'modbus-rtu:') {
    return { serial: { path: pathOf(url), ...usual, ...settingsOf(url, SERIAL_WORDS) } };
  }
  if (url.protocol === 'tcp:' || url.protocol === 'rtu-over-tcp:') {
    const port = Number(url.port);
    return { tcp: { host: hostOf(url), port, ...settingsOf(url, TCP_WORDS) } };
  }
  if (url.protocol === 'modbus-tcp:') {
    const port = url.port === '' ? {} : { port: Number(url.port) };
    return { modbusTcp: { host: hostOf(url), ...port, ...settingsOf(url, {}) } };
  }
  throw badUrl(url.href, `no line of the kind "${url.protocol}"`);
}

/** `usual` is how a serial port is set where the URL does not say. Throws CONFIG_INVALID. */
export function parseBusUrl(text: string, usual: KnownSettings = {}): BusConfig {
  const url = URL.parse(text);
  if (url === null) throw badUrl(text, 'this is no URL');
  const latency = url.searchParams.get('latency');
  const parsed = busSchema.safeParse({
    ...lineOf(url, usual),
    ...(latency === null ? {} : { latency }),
  });
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw badUrl(text, `${issue?.path.join('.') ?? ''} ${issue?.message ?? 'invalid'}`.trim());
}
