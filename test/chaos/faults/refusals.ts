/** A broker that does not let the gateway in, or not everywhere. */
import { spawnSync } from 'node:child_process';
import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '../../support/broker.ts';
import { createAuthority, type IssuedCertificate } from '../../support/certificates.ts';
import type { Fault } from '../fault.ts';
import { GATEWAY_ROOT, HEADEND_PASSWORD } from '../headend.ts';
import type { Rig } from '../rig.ts';
import type { Preparation } from '../settings.ts';
import { until } from '../until.ts';
import { quantile } from '../verdict.ts';

const NAME = 'gw17';

function writeCredentials(dir: string, password: string) {
  const files = { usernameFile: join(dir, 'user'), passwordFile: join(dir, 'password') };
  writeFileSync(files.usernameFile, NAME);
  writeFileSync(files.passwordFile, password);
  return files;
}

/** The broker knows the gateway by the password `right`; the gateway has another one. */
function preparePasswords(dir: string): Preparation {
  const file = join(dir, 'passwords');
  writeFileSync(file, `headend:${HEADEND_PASSWORD}\n${NAME}:right\n`);
  const { status } = spawnSync('mosquitto_passwd', ['-U', file], { stdio: 'ignore' });
  if (status !== 0) throw new Error('mosquitto_passwd failed');
  return {
    broker: ['allow_anonymous false', `password_file ${file}`],
    uplink: writeCredentials(dir, 'wrong'),
  };
}

async function refuseAuth({ proxy, headend, ...rig }: Rig): Promise<void> {
  const gateway = rig.spawn();
  await rig.polled(12 * rig.settings.meters);
  // The first may be made once in each version of MQTT.
  if (proxy.connections < 1 || proxy.connections > 2) {
    rig.complain(`${proxy.connections} attempts while it was refused`);
  }
  if (headend.arrivals.length > 0) rig.complain('it published while it was refused');
  writeCredentials(rig.dir, 'right');
  // It waits a minute or more after a refusal; a new life does not.
  await gateway.end('SIGTERM');
  rig.broke();
  rig.look();
  await rig.start();
}

const aclOf = (eventAccess: 'write' | 'deny') =>
  [
    'user headend',
    'topic readwrite #',
    `user ${NAME}`,
    `topic ${eventAccess} ${GATEWAY_ROOT}event`,
    ...['data/+', 'status', 'birth', 'meta/+', 'cmd/res'].map(
      (it) => `topic write ${GATEWAY_ROOT}${it}`,
    ),
    ...['ack', 'cmd'].map((it) => `topic read ${GATEWAY_ROOT}${it}`),
    '',
  ].join('\n');

function prepareAcl(dir: string): Preparation {
  writeFileSync(join(dir, 'acl'), aclOf('deny'));
  return { broker: [`acl_file ${join(dir, 'acl')}`], uplink: writeCredentials(dir, 'any') };
}

async function denyEvents({ headend, ...rig }: Rig): Promise<void> {
  const { arrivals } = headend;
  const gateway = await rig.start();
  // It has an event to tell when something is acknowledged that it never published.
  await headend.send('ack', { epoch: 1, stream: 'live', upTo: 1_000_000 });
  await rig.flow(10 * rig.settings.meters);
  const lateMs = arrivals.map(({ at, body }) => at - Date.parse(JSON.parse(body).readAt));
  const lateP99Ms = Math.round(quantile(lateMs, 0.99) ?? 0);
  if (lateP99Ms > 5000) rig.complain(`readings came ${lateP99Ms} ms late beside a denied topic`);
  const hasEvent = () => arrivals.some(({ stream }) => stream === 'event');
  if (hasEvent()) rig.complain('an event came through');
  writeFileSync(join(rig.dir, 'acl'), aclOf('write'));
  rig.broker.reload();
  // A denied stream rests for minutes; a new life tries at once.
  await gateway.end('SIGTERM');
  rig.broke();
  rig.look();
  await rig.start();
  await until('the event', hasEvent);
}

/** A listener with TLS beside the plain one: first with an expired certificate, then with `next`. */
async function prepareTls(dir: string): Promise<Preparation> {
  const authority = createAuthority(dir);
  const port = await freePort();
  const [expired, valid] = [{ fromDay: -10, toDay: -1 }, {}].map((days) =>
    authority.issue('127.0.0.1', days),
  );
  const files = { certificate: join(dir, 'broker.pem'), key: join(dir, 'broker.key') };
  putInPlace(expired, files);
  putInPlace(valid, { certificate: join(dir, NEXT.certificate), key: join(dir, NEXT.key) });
  return {
    broker: [`listener ${port} 127.0.0.1`, `certfile ${files.certificate}`, `keyfile ${files.key}`],
    uplink: { url: `mqtts://127.0.0.1:${port}`, ca: authority.ca },
  };
}

const NEXT = { certificate: 'next.pem', key: 'next.key' };

function putInPlace(issued: IssuedCertificate | undefined, at: IssuedCertificate): void {
  if (issued === undefined) throw new Error('no certificate');
  renameSync(issued.certificate, at.certificate);
  renameSync(issued.key, at.key);
}

async function expireAndRotate({ dir, broker, headend, ...rig }: Rig): Promise<void> {
  const { meters } = rig.settings;
  const gateway = rig.spawn();
  await rig.polled(8 * meters);
  if (headend.arrivals.length > 0)
    rig.complain('it published to who showed an expired certificate');
  if (gateway.said('uplink not connected') === 0)
    rig.complain('it did not say that it was refused');
  putInPlace(
    { certificate: join(dir, NEXT.certificate), key: join(dir, NEXT.key) },
    { certificate: join(dir, 'broker.pem'), key: join(dir, 'broker.key') },
  );
  await broker.restart();
  await rig.flow(10 * meters, 120_000);
}

export const REFUSAL_FAULTS: readonly Fault[] = [
  {
    name: 'auth-refused',
    breaks: 'the broker refuses the password',
    quick: false,
    needs: ['mosquitto', 'passwords'],
    settings: { isBehindProxy: true, prepare: preparePasswords },
    run: refuseAuth,
  },
  {
    name: 'topic-denied',
    breaks: 'the broker denies one topic',
    quick: false,
    needs: ['mosquitto'],
    settings: { prepare: prepareAcl },
    run: denyEvents,
  },
  {
    name: 'tls-expired',
    breaks: 'the certificate of the broker has expired, and is exchanged',
    quick: false,
    needs: ['mosquitto', 'openssl'],
    settings: { prepare: prepareTls },
    run: expireAndRotate,
  },
];
