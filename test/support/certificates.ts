import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

const DAY_MS = 86_400_000;
const NEW_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];

/** Paths of PEM files. */
export interface IssuedCertificate {
  readonly certificate: string;
  readonly key: string;
}

export interface Validity {
  /** Days from today on; -1 is yesterday. */
  readonly fromDay?: number;
  readonly toDay?: number;
}

/** PEM files of one authority and what it has signed. */
export interface Certificates {
  readonly ca: string;
  /** A new certificate and its key for this name or address, for ninety days where nothing is said. */
  issue(name: string, validity?: Validity): IssuedCertificate;
}

/** What the command `ca` needs to be told, and what only it can do: any dates. */
const CONFIGURATION = `[ca]
default_ca = it
[it]
database = index.txt
new_certs_dir = .
rand_serial = yes
default_md = sha256
unique_subject = no
policy = names
[names]
commonName = supplied
`;

/** ASN.1 GeneralizedTime. */
function day(offset: number): string {
  const text = new Date(Date.now() + offset * DAY_MS).toISOString();
  return `${text.replace(/\.\d+/, '').replace(/[-:T]/g, '')}`;
}

/** A directory that goes with the test. */
function directoryOfTest(): string {
  const dir = mkdtempSync(join(tmpdir(), 'amr-certificates-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}

/** A new authority in an empty directory. Needs the openssl command. */
export function createAuthority(dir: string = directoryOfTest()): Certificates {
  const openssl = (line: string, ...more: readonly string[]) =>
    execFileSync('openssl', [...line.split(' '), ...more], { cwd: dir, stdio: 'ignore' });
  writeFileSync(join(dir, 'ca.cnf'), CONFIGURATION);
  writeFileSync(join(dir, 'index.txt'), '');
  openssl('req -x509 -keyout ca.key -out ca.pem -days 90 -subj /CN=ca', ...NEW_KEY);
  let issued = 0;
  return {
    ca: join(dir, 'ca.pem'),
    issue(name, { fromDay = 0, toDay = 90 } = {}) {
      issued += 1;
      const file = `${issued}-${name}`;
      const alternative = /^[\d.]+$/.test(name) ? `IP:${name}` : `DNS:${name}`;
      writeFileSync(
        join(dir, `${file}.ext`),
        `subjectAltName=${alternative}\nbasicConstraints=CA:FALSE\n`,
      );
      openssl(`req -keyout ${file}.key -out ${file}.csr -subj /CN=${name}`, ...NEW_KEY);
      openssl(
        `ca -batch -notext -config ca.cnf -cert ca.pem -keyfile ca.key -in ${file}.csr -out ${file}.pem -extfile ${file}.ext -startdate ${day(fromDay)} -enddate ${day(toDay)}`,
      );
      return { certificate: join(dir, `${file}.pem`), key: join(dir, `${file}.key`) };
    },
  };
}
