import { createPrivateKey, X509Certificate } from 'node:crypto';
import { AmrError } from '../core/errors.ts';

const DAY_MS = 86_400_000;
const PEM_BEGIN = '-----BEGIN CERTIFICATE-----';
const PEM_CERTIFICATE = /-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g;

function invalid(path: string, problem: string, cause?: unknown): AmrError {
  return new AmrError('CONFIG_INVALID', `${path}: ${problem}`, { context: { path }, cause });
}

/**
 * The certificates of a PEM file in their order, one at least. Throws CONFIG_INVALID for what
 * holds none, or one that cannot be read to its end.
 */
export function parseCertificates(pem: Buffer, path: string): X509Certificate[] {
  const text = pem.toString('latin1');
  const blocks = text.match(PEM_CERTIFICATE) ?? [];
  if (blocks.length === 0) throw invalid(path, 'holds no certificate in PEM');
  if (blocks.length !== text.split(PEM_BEGIN).length - 1) {
    throw invalid(path, 'ends within a certificate');
  }
  try {
    return blocks.map((block) => new X509Certificate(block));
  } catch (cause) {
    throw invalid(path, 'holds a certificate that cannot be read', cause);
  }
}

/** Throws CONFIG_INVALID where the key cannot be read or is not the one of the certificate. */
export function checkPair(certificate: X509Certificate, key: Buffer, path: string): void {
  const isPair = (() => {
    try {
      return certificate.checkPrivateKey(createPrivateKey(key));
    } catch (cause) {
      throw invalid(path, 'holds no private key that can be read', cause);
    }
  })();
  if (!isPair) throw invalid(path, 'is not the key of the client certificate');
}

/** Throws CONFIG_INVALID where `now` (epoch milliseconds) is not within its validity. */
export function checkValidity(certificate: X509Certificate, now: number, path: string): void {
  if (now < certificate.validFromDate.getTime()) throw invalid(path, 'is not valid yet');
  if (now > certificate.validToDate.getTime()) throw invalid(path, 'has expired');
}

/** Whole days until the certificate expires, rounded up; 0 when it has. */
export function daysLeft(certificate: X509Certificate, now: number): number {
  return Math.max(0, Math.ceil((certificate.validToDate.getTime() - now) / DAY_MS));
}
