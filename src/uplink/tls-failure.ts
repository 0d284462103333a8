/** What made a TLS handshake fail, in words. */
export interface TlsFailure {
  /** `expired`, `name`, `authority`, …: which check it was. */
  readonly check: string;
  readonly message: string;
}

const BROKERS = 'the certificate of the broker';
const OURS = 'the broker refuses our certificate';
const UNKNOWN_AUTHORITY = {
  check: 'authority',
  message: `${BROKERS} is signed by an unknown authority`,
};
const UNKNOWN_VERSION = {
  check: 'version',
  message: 'the broker and we have no version of TLS in common, 1.2 being the lowest',
};

/** By the error codes of Node: X509_V_ERR_* of OpenSSL, then the alerts of RFC 8446 §6.2. */
const FAILURES: Readonly<Record<string, TlsFailure>> = {
  CERT_HAS_EXPIRED: {
    check: 'expired',
    message: `${BROKERS}, or of its authority, has expired by our clock`,
  },
  CERT_NOT_YET_VALID: {
    check: 'not-yet-valid',
    message: `${BROKERS} is not valid yet by our clock`,
  },
  ERR_TLS_CERT_ALTNAME_INVALID: {
    check: 'name',
    message: `${BROKERS} is for another name than the one in the URL`,
  },
  DEPTH_ZERO_SELF_SIGNED_CERT: UNKNOWN_AUTHORITY,
  SELF_SIGNED_CERT_IN_CHAIN: UNKNOWN_AUTHORITY,
  UNABLE_TO_GET_ISSUER_CERT: UNKNOWN_AUTHORITY,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: UNKNOWN_AUTHORITY,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: UNKNOWN_AUTHORITY,
  CERT_UNTRUSTED: UNKNOWN_AUTHORITY,
  CERT_SIGNATURE_FAILURE: { check: 'signature', message: `${BROKERS} has a wrong signature` },
  CERT_REVOKED: { check: 'revoked', message: `${BROKERS} is revoked` },
  INVALID_PURPOSE: { check: 'purpose', message: `${BROKERS} is not made for servers` },
  ALERT_CERTIFICATE_REQUIRED: {
    check: 'client-certificate',
    message: 'the broker wants a certificate of ours, and there is none',
  },
  ALERT_CERTIFICATE_EXPIRED: { check: 'client-certificate', message: `${OURS}: it has expired` },
  ALERT_CERTIFICATE_REVOKED: { check: 'client-certificate', message: `${OURS}: it is revoked` },
  ALERT_UNKNOWN_CA: {
    check: 'client-certificate',
    message: `${OURS}: it does not know its authority`,
  },
  ALERT_BAD_CERTIFICATE: { check: 'client-certificate', message: OURS },
  ALERT_CERTIFICATE_UNKNOWN: { check: 'client-certificate', message: OURS },
  ALERT_PROTOCOL_VERSION: UNKNOWN_VERSION,
  ERR_SSL_UNSUPPORTED_PROTOCOL: UNKNOWN_VERSION,
  ERR_SSL_WRONG_VERSION_NUMBER: { check: 'tls', message: 'the port of the broker speaks no TLS' },
};

/** OpenSSL names the version with an alert, each edition in its own way. */
const ALERT_PREFIX = /^ERR_SSL_[\w/]+?_(?=ALERT_)/;

/** What the error of a socket says of the handshake, `null` where it is about something else. */
export function tlsFailureOf(error: unknown): TlsFailure | null {
  if (!(error instanceof Error && 'code' in error) || typeof error.code !== 'string') return null;
  const name = error.code.replace(ALERT_PREFIX, '');
  return Object.hasOwn(FAILURES, name) ? (FAILURES[name] ?? null) : null;
}
