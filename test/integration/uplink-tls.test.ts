import { describe, expect, it, onTestFinished } from 'vitest';
import { lacksMosquitto, startMosquitto } from '../support/broker.ts';
import { createAuthority, type Validity } from '../support/certificates.ts';
import { startFakeBroker } from '../support/fake-broker.ts';
import { startLink } from '../support/link-fixture.ts';
import { readingBodies, startUplink, until } from '../support/uplink-fixture.ts';

/** A broker that shows a certificate for `name` and wants one of the client. */
async function startTlsBroker(name: string, validity?: Validity) {
  const authority = createAuthority();
  const { certificate, key } = authority.issue(name, validity);
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
    authority,
    url: broker.url.replace('mqtt:', 'mqtts:'),
    mqtt: { ca: authority.ca, clientCertificate: client.certificate, clientKey: client.key },
  };
}

const none = { clientCertificate: undefined, clientKey: undefined };

describe.skipIf(lacksMosquitto)('the uplink over TLS', () => {
  it('delivers where both sides show a certificate of the same authority', async () => {
    const { append, delivered } = startUplink(await startTlsBroker('127.0.0.1'));
    await append('billing', readingBodies(3));
    await until('delivered', () => delivered.length > 0);
    expect(delivered.at(-1)).toEqual(['billing', 3]);
  });

  it.each([
    ['another name', 'broker.example', {}, {}, 'name', /for another name/],
    ['the past', '127.0.0.1', { fromDay: -3, toDay: -1 }, {}, 'expired', /has expired/],
    ['the future', '127.0.0.1', { fromDay: 1, toDay: 2 }, {}, 'not-yet-valid', /not valid yet/],
    [
      'an authority that is not ours',
      '127.0.0.1',
      {},
      { ca: () => createAuthority().ca },
      'authority',
      /unknown authority/,
    ],
  ])('refuses a certificate of the broker for %s and says so', async (...row) => {
    const [, name, validity, changes, check, words] = row;
    const { url, mqtt } = await startTlsBroker(name, validity);
    const settings = { ...mqtt, ...('ca' in changes ? { ca: changes.ca() } : {}) };
    const { lines, sessions } = startLink({ url, mqtt: settings });
    await until('two attempts', () => lines.filter(({ err }) => err !== undefined).length > 1);
    expect(sessions).toEqual([]);
    expect(lines[0]).toMatchObject({
      msg: 'uplink not connected',
      code: 'UPLINK_CONNECT',
      check,
      err: { message: expect.stringMatching(words) },
    });
  });

  it.each([
    ['no certificate', () => none, /wants a certificate of ours/],
    ['an expired one', { fromDay: -3, toDay: -1 }, /refuses our certificate: it has expired/],
  ])('says that the broker refuses us with %s', async (_, change, words) => {
    const { url, mqtt, authority } = await startTlsBroker('127.0.0.1');
    const issued = typeof change === 'function' ? null : authority.issue('gw17', change);
    const own =
      issued === null ? none : { clientCertificate: issued.certificate, clientKey: issued.key };
    const { lines, sessions } = startLink({ url, mqtt: { ...mqtt, ...own } });
    await until('a failed attempt', () => lines.some(({ err }) => err !== undefined));
    expect(sessions).toEqual([]);
    expect(lines.find(({ err }) => err !== undefined)).toMatchObject({
      check: 'client-certificate',
      err: { message: expect.stringMatching(words) },
    });
  });

  it('keeps everything while the certificate of the broker is refused', async () => {
    const { append, lines, store, delivered } = startUplink(await startTlsBroker('broker.example'));
    await append('billing', readingBodies(3));
    await until('a failed attempt', () => lines.some(({ code }) => code === 'UPLINK_CONNECT'));
    expect(delivered).toEqual([]);
    expect(await store.range('billing', 1, 10)).toHaveLength(3);
  });
});

describe('the security of the uplink', () => {
  it('speaks to no port without TLS where the URL says mqtts', async () => {
    const broker = await startFakeBroker();
    onTestFinished(() => broker.close());
    const { lines } = startLink({ url: broker.url.replace('mqtt:', 'mqtts:') });
    await until('two attempts', () => lines.filter(({ err }) => err !== undefined).length > 1);
    expect(broker.connects).toEqual([]);
  });

  it('sends nothing in clear where certificates are given, and makes no other URL of it', async () => {
    const broker = await startFakeBroker();
    onTestFinished(() => broker.close());
    const authority = createAuthority();
    const { certificate, key } = authority.issue('gw17');
    const mqtt = { clientCertificate: certificate, clientKey: key };
    const { lines } = startLink({ ...broker, mqtt });
    await until('complained', () => lines.some(({ err }) => err !== undefined));
    expect(lines.find(({ err }) => err !== undefined)).toMatchObject({
      code: 'CONFIG_INVALID',
      err: { message: expect.stringContaining('mqtts:') },
    });
    expect(broker.connects).toEqual([]);
  });
});
