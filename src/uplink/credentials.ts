import { createHash, type X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { AmrError } from '../core/errors.ts';
import { checkPair, parseCertificates } from './certificates.ts';

/** Paths of the files that say who we are and whom we trust. */
export interface CredentialPaths {
  readonly url: string;
  readonly usernameFile?: string | undefined;
  readonly passwordFile?: string | undefined;
  /** PEM: authorities trusted for the broker. */
  readonly ca?: string | undefined;
  /** PEM: our certificate, then those between it and its authority. */
  readonly clientCertificate?: string | undefined;
  readonly clientKey?: string | undefined;
}

/** The content of those files, fit for use. */
export interface Credentials {
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  readonly ca?: Buffer | undefined;
  readonly cert?: Buffer | undefined;
  readonly key?: Buffer | undefined;
  /** Ours first, then the authorities. */
  readonly certificates: readonly {
    readonly path: string;
    readonly certificate: X509Certificate;
  }[];
  /** Another one when any of the files has other content. */
  readonly fingerprint: string;
}

const SECURE = /^(mqtts|wss):/;

async function contentOf(path: string | undefined): Promise<Buffer | undefined> {
  if (path === undefined) return undefined;
  try {
    return await readFile(path);
  } catch (cause) {
    throw new AmrError('CONFIG_UNREADABLE', `cannot read ${path}`, { context: { path }, cause });
  }
}

/** Editors and `echo` end a file with a line end, which is no part of the secret. */
function textOf(content: Buffer | undefined): string | undefined {
  return content?.toString('utf8').replace(/\r?\n$/, '');
}

/** What no content of the files can mend. */
function checkPaths({ url, usernameFile, passwordFile, ...tls }: CredentialPaths): void {
  if (passwordFile !== undefined && usernameFile === undefined) {
    // MQTT 3.1.1 §3.1.2.9; mqtt.js would send nothing and wait for an answer.
    throw new AmrError('CONFIG_INVALID', 'passwordFile needs usernameFile beside it');
  }
  const { ca, clientCertificate, clientKey } = tls;
  if ((clientCertificate === undefined) !== (clientKey === undefined)) {
    throw new AmrError('CONFIG_INVALID', 'clientCertificate and clientKey need each other');
  }
  // Neither may the data go out in clear where certificates are given, nor the URL be another one.
  if ((ca ?? clientCertificate) !== undefined && !SECURE.test(url)) {
    throw new AmrError('CONFIG_INVALID', 'ca and clientCertificate need an mqtts: or wss: URL');
  }
}

function certificatesIn(path: string | undefined, pem: Buffer | undefined) {
  if (path === undefined || pem === undefined) return [];
  return parseCertificates(pem, path).map((certificate) => ({ path, certificate }));
}

function fingerprintOf(contents: readonly (Buffer | undefined)[]): string {
  const hash = createHash('sha256');
  // With its length before it, content cannot move from one file to the next unseen.
  for (const content of contents) hash.update(`${content?.length} `).update(content ?? '');
  return hash.digest('hex');
}

/** True where there is a file that can change. */
export function hasFiles({ url: _, ...paths }: CredentialPaths): boolean {
  const { usernameFile, passwordFile, ca, clientCertificate, clientKey } = paths;
  return [usernameFile, passwordFile, ca, clientCertificate, clientKey].some(
    (path) => path !== undefined,
  );
}

/**
 * Reads and checks the files. Rejects with CONFIG_UNREADABLE, or with CONFIG_INVALID where a
 * certificate or key is incomplete or they do not belong together; `context.path` names the file.
 */
export async function readCredentials(paths: CredentialPaths): Promise<Credentials> {
  checkPaths(paths);
  const contents = await Promise.all([
    contentOf(paths.usernameFile),
    contentOf(paths.passwordFile),
    contentOf(paths.ca),
    contentOf(paths.clientCertificate),
    contentOf(paths.clientKey),
  ]);
  const [username, password, ca, cert, key] = contents;
  const ours = certificatesIn(paths.clientCertificate, cert);
  const [own] = ours;
  if (own !== undefined && key !== undefined) {
    checkPair(own.certificate, key, paths.clientKey ?? own.path);
  }
  return {
    username: textOf(username),
    password: textOf(password),
    ca,
    cert,
    key,
    certificates: [...ours, ...certificatesIn(paths.ca, ca)],
    fingerprint: fingerprintOf(contents),
  };
}
