import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createAuthority, type IssuedCertificate, type Validity } from '../support/certificates.ts';
import { startFakeBroker } from '../support/fake-broker.ts';
import { startLink } from '../support/link-fixture.ts';
import { temporaryDirectory } from '../support/store-fixture.ts';
import { until } from '../support/uplink-fixture.ts';
import { createVirtualClock } from '../support/virtual-clock.ts';

const MINUTE = 60_000;

/** A gateway `gw-old` connected to a broker that tells which certificates it was shown. */
async function startConnected() {
  const authority = createAuthority();
  const issued = authority.issue('127.0.0.1');
  const broker = await startFakeBroker({
    tls: {
      ca: readFileSync(authority.ca),
      cert: readFileSync(issued.certificate),
      key: readFileSync(issued.key),
      requestCert: true,
    },
  });
  onTestFinished(() => broker.close());
  const directory = temporaryDirectory();
  const paths = {
    ca: join(directory, 'ca.pem'),
    clientCertificate: join(directory, 'client.pem'),
    clientKey: join(directory, 'client.key'),
    usernameFile: join(directory, 'username'),
    passwordFile: join(directory, 'password'),
  };
  const place = ({ certificate, key }: IssuedCertificate) => {
    copyFileSync(certificate, paths.clientCertificate);
    copyFileSync(key, paths.clientKey);
  };
  const issue = (name: string, validity?: Validity) => authority.issue(name, validity);
  place(issue('gw-old'));
  copyFileSync(authority.ca, paths.ca);
  writeFileSync(paths.usernameFile, 'gw17\n');
  writeFileSync(paths.passwordFile, 'open-sesame-4711\r\n');
  const clock = createVirtualClock(Date.now());
  const link = startLink({ ...broker, clock, mqtt: paths });
  await until('connected', () => link.sessions.length === 1);
  /** Time enough for any change of the files to be found. */
  const lookAtFiles = async () => {
    // The files are read between the steps, in real time.
    for (let step = 0; step < 6; step++) {
      await clock.advance(MINUTE / 6);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };
  return { broker, paths, place, issue, link, clock, lookAtFiles, authority };
}

describe('the files of the uplink', () => {
  it('are taken within a minute of their exchange, with a goodbye and no complaint', async () => {
    const { broker, place, issue, link, lookAtFiles } = await startConnected();
    await lookAtFiles();
    expect(link.sessions).toHaveLength(1);
    place(issue('gw-new'));
    await lookAtFiles();
    await until('connected anew', () => link.sessions.length === 2);
    expect(broker.clientNames).toEqual(['gw-old', 'gw-new']);
    expect(broker.goodbyes).toBe(1);
    expect(link.events).toEqual([]);
    expect(link.lines.filter(({ level }) => level >= 40)).toEqual([]);
    await lookAtFiles();
    expect(link.sessions).toHaveLength(2);
  });

  it.each([
    ['the password', 'passwordFile', 'other\n'],
    ['the user name', 'usernameFile', 'gw18\n'],
  ] as const)('are followed too where %s changes', async (_, file, text) => {
    const { broker, paths, link, lookAtFiles } = await startConnected();
    writeFileSync(paths[file], text);
    await lookAtFiles();
    await until('connected anew', () => link.sessions.length === 2);
    const shown = broker.connects.map(({ username, password }) => `${username} ${password}`);
    expect(shown[0]).toBe('gw17 open-sesame-4711');
    expect(shown[1]).toContain(text.trim());
  });

  it('are not taken while they are being written', async () => {
    const { broker, paths, link, clock, lookAtFiles } = await startConnected();
    const write = async (text: string) => {
      writeFileSync(paths.passwordFile, text);
      await clock.advance(MINUTE / 3);
      await new Promise((resolve) => setTimeout(resolve, 20));
    };
    for (const part of ['', 'ne', 'new-']) await write(part);
    await write('new-word');
    await lookAtFiles();
    await until('connected anew', () => link.sessions.length === 2);
    const shown = broker.connects.map(({ password }) => String(password));
    expect(shown).toEqual(['open-sesame-4711', 'new-word']);
  });

  it('are not taken while certificate and key do not belong together; that is reported once', async () => {
    const { broker, paths, issue, link, lookAtFiles } = await startConnected();
    const renewed = issue('gw-new');
    copyFileSync(renewed.certificate, paths.clientCertificate);
    await lookAtFiles();
    await lookAtFiles();
    expect(link.sessions).toHaveLength(1);
    expect(link.sessions[0]?.closed.aborted).toBe(false);
    expect(link.events).toEqual([
      {
        type: 'uplink.certificate-unusable',
        severity: 'alarm',
        detail: {
          path: paths.clientKey,
          problem: expect.stringContaining('is not the key of the client certificate'),
        },
      },
    ]);
    copyFileSync(renewed.key, paths.clientKey);
    await lookAtFiles();
    await until('connected anew', () => link.sessions.length === 2);
    expect(broker.clientNames).toEqual(['gw-old', 'gw-new']);
    expect(link.events).toHaveLength(1);
  });

  it('are not needed whole for a new connection while the old ones are in memory', async () => {
    const { broker, paths, issue, link, clock } = await startConnected();
    copyFileSync(issue('gw-new').certificate, paths.clientCertificate);
    broker.cut();
    await until('waiting', () => link.lines.some(({ msg }) => msg === 'uplink not connected'));
    await clock.advance(MINUTE);
    await until('connected anew', () => link.sessions.length === 2);
    expect(broker.clientNames).toEqual(['gw-old', 'gw-old']);
    expect(link.events.map(({ type }) => type)).toEqual(['uplink.certificate-unusable']);
  });

  it.each([
    ['cut off within the certificate of the authority', 'ca', /ends within a certificate/],
    ['of an empty certificate', 'clientCertificate', /holds no certificate/],
    ['of a key that is none', 'clientKey', /no private key/],
  ] as const)('are not taken %s', async (_, file, words) => {
    const { paths, link, lookAtFiles, authority } = await startConnected();
    const whole = readFileSync(authority.ca, 'latin1');
    const half = `${whole}${whole.slice(0, whole.length / 2)}`;
    writeFileSync(paths[file], file === 'ca' ? half : '\n');
    await lookAtFiles();
    expect(link.sessions).toHaveLength(1);
    expect(link.sessions[0]?.closed.aborted).toBe(false);
    expect(link.events).toMatchObject([
      { type: 'uplink.certificate-unusable', detail: { problem: expect.stringMatching(words) } },
    ]);
  });

  it('are not taken where the new certificate has expired', async () => {
    const { place, issue, link, lookAtFiles } = await startConnected();
    place(issue('gw-new', { fromDay: -3, toDay: -1 }));
    await lookAtFiles();
    expect(link.sessions[0]?.closed.aborted).toBe(false);
    expect(link.events).toMatchObject([
      {
        type: 'uplink.certificate-unusable',
        detail: { problem: expect.stringContaining('expired') },
      },
    ]);
  });

  it('let what is in flight have its PUBACK before the change', async () => {
    const authority = createAuthority();
    const directory = temporaryDirectory();
    const usernameFile = join(directory, 'username');
    writeFileSync(usernameFile, authority.ca);
    const broker = await startFakeBroker({ onPublish: () => 'hold' });
    onTestFinished(() => broker.close());
    const clock = createVirtualClock();
    const link = startLink({ ...broker, clock, mqtt: { usernameFile } });
    await until('connected', () => link.sessions.length === 1);
    const [session] = link.sessions;
    const sending = session?.publish({ topic: 'amr/v1/hz-xihu/gw17/event', payload: '{}' });
    await until('held', () => broker.held === 1);
    const late = session?.end().then(() => 'ended');
    const refused = session?.publish({ topic: 'amr/v1/hz-xihu/gw17/event', payload: '{}' });
    // While the connection stands, a refusal would count against the message.
    const wasOver = refused?.catch(() => session?.closed.aborted);
    broker.release();
    await expect(sending).resolves.toBeUndefined();
    await expect(late).resolves.toBe('ended');
    await expect(wasOver).resolves.toBe(true);
    expect(broker.published).toHaveLength(1);
  });

  it('show up in no log line and in no event', async () => {
    const { paths, place, issue, link, lookAtFiles } = await startConnected();
    place(issue('gw-new'));
    await lookAtFiles();
    writeFileSync(paths.clientKey, readFileSync(paths.clientKey, 'latin1').slice(0, 120));
    writeFileSync(paths.passwordFile, 'close-sesame-0815');
    await lookAtFiles();
    const told = JSON.stringify([link.lines, link.events]);
    expect(link.events).toHaveLength(1);
    expect(told).toContain(paths.clientKey);
    expect(told).not.toMatch(/sesame|PRIVATE KEY|CERTIFICATE-----/);
  });
});
