import { describe, expect, it, onTestFinished } from 'vitest';
import { lacksMosquitto, startMosquitto } from '../support/broker.ts';
import { createAuthority } from '../support/certificates.ts';
import { readingBodies, startUplink, until } from '../support/uplink-fixture.ts';

/** A broker that shows a certificate for `name` and wants one of the client. */
async function startTlsBroker(name: string) {
  const authority = createAuthority();
  const { certificate, key } = authority.issue(name);
  const broker = await startMosquitto([
    'user root',
    `cafile ${authority.ca}`,
    `certfile ${certificate}`,
    `keyfile ${key}`,
    'require_certificate true',
  ]);
  onTestFinished(() => broker.stop());
  const client = authority.issue('gw17');
  return {
    url: broker.url.replace('mqtt:', 'mqtts:'),
    mqtt: { ca: authority.ca, clientCertificate: client.certificate, clientKey: client.key },
  };
}

const connections = (lines: readonly { msg?: unknown }[]) =>
  lines.filter(({ msg }) => msg === 'uplink connected').length;

describe.skipIf(lacksMosquitto)('the uplink over TLS', () => {
  it('delivers where both sides show a certificate of the same authority', async () => {
    const { append, delivered } = startUplink(await startTlsBroker('127.0.0.1'));
    await append('billing', readingBodies(3));
    await until('delivered', () => delivered.length > 0);
    expect(delivered.at(-1)).toEqual(['billing', 3]);
  });

  it.each([
    ['a certificate for another name', 'broker.example', {}],
    ['an authority that is not ours', '127.0.0.1', { ca: () => createAuthority().ca }],
    ['no certificate of ours', '127.0.0.1', { clientCertificate: undefined, clientKey: undefined }],
  ])('refuses and is refused with %s, and keeps everything', async (_, name, changes) => {
    const { url, mqtt } = await startTlsBroker(name);
    const changed = Object.entries(changes).map(([key, value]) => [
      key,
      typeof value === 'function' ? value() : value,
    ]);
    const settings = { ...mqtt, ...Object.fromEntries(changed) };
    const { append, lines, store, delivered } = startUplink({ url, mqtt: settings });
    await append('billing', readingBodies(3));
    await until('a failed attempt', () => lines.filter(({ err }) => err !== undefined).length > 0);
    expect(connections(lines)).toBe(0);
    expect(delivered).toEqual([]);
    expect(store.range('billing', 1, 10)).toHaveLength(3);
  });
});
