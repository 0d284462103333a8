import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

/** PEM files of one authority and what it has signed. */
export interface Certificates {
  readonly ca: string;
  /** A certificate and its key, valid for this name or address. */
  issue(name: string): { readonly certificate: string; readonly key: string };
}

/** A new authority in a directory that goes with the test. Needs the openssl command. */
export function createAuthority(): Certificates {
  const dir = mkdtempSync(join(tmpdir(), 'amr-certificates-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  const openssl = (...args: string[]) =>
    execFileSync('openssl', args, { cwd: dir, stdio: ['ignore', 'ignore', 'ignore'] });
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  openssl(
    'req',
    '-x509',
    ...newKey,
    '-keyout',
    'ca.key',
    '-out',
    'ca.pem',
    '-days',
    '2',
    '-subj',
    '/CN=ca',
  );
  return {
    ca: join(dir, 'ca.pem'),
    issue(name) {
      const alternative = /^[\d.]+$/.test(name) ? `IP:${name}` : `DNS:${name}`;
      openssl(
        'req',
        '-x509',
        ...newKey,
        '-keyout',
        `${name}.key`,
        '-out',
        `${name}.pem`,
        '-days',
        '2',
        '-CA',
        'ca.pem',
        '-CAkey',
        'ca.key',
        '-subj',
        `/CN=${name}`,
        '-addext',
        `subjectAltName=${alternative}`,
        '-addext',
        'basicConstraints=CA:FALSE',
      );
      return { certificate: join(dir, `${name}.pem`), key: join(dir, `${name}.key`) };
    },
  };
}
