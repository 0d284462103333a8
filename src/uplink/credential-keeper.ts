import { abortable } from '../core/abort.ts';
import type { Clock } from '../core/clock.ts';
import { type AmrError, toAmrError } from '../core/errors.ts';
import { createExpiryWarner } from './certificate-expiry.ts';
import { checkValidity } from './certificates.ts';
import {
  type CredentialPaths,
  type Credentials,
  hasFiles,
  readCredentials,
} from './credentials.ts';
import type { Report } from './report.ts';

/** A change that two looks in a row have seen alike is whole, and is found within a minute. */
const LOOK_MS = 20_000;

export interface CredentialKeeperDeps {
  readonly paths: CredentialPaths;
  readonly clock: Clock;
  readonly report: Report;
}

/** Follows the files while other hands exchange them. */
export interface CredentialKeeper {
  /**
   * What the files hold at present, or, while they cannot be used, what they held before. Rejects
   * with CONFIG_UNREADABLE or CONFIG_INVALID where they never could be used.
   */
  present(): Promise<Credentials>;
  /**
   * Resolves when the files have come to hold other credentials that can be used at once; rejects
   * with the signal's reason.
   */
  changed(inUse: Credentials, signal: AbortSignal): Promise<void>;
}

/** Reports what is wrong with the files, once until it is another thing or is mended. */
function createComplaints({ paths, report }: CredentialKeeperDeps) {
  const tlsPaths: readonly unknown[] = [paths.ca, paths.clientCertificate, paths.clientKey];
  let told: string | null = null;
  return {
    about(error: AmrError) {
      const { path } = error.context;
      // Without one it is the configuration that is wrong, which no event can tell the headend.
      if (path === undefined || error.message === told) return;
      told = error.message;
      const type = tlsPaths.includes(path) ? 'certificate' : 'secret';
      report(`uplink.${type}-unusable`, 'alarm', { path, problem: error.message });
    },
    over() {
      told = null;
    },
  };
}

export function createCredentialKeeper(deps: CredentialKeeperDeps): CredentialKeeper {
  const { paths, clock, report } = deps;
  const complaints = createComplaints(deps);
  const warnOfExpiry = createExpiryWarner(clock, report);
  let usable: Credentials | null = null;

  /** The credentials in the files if the connection may be changed over to them, else `null`. */
  const look = async (): Promise<Credentials | null> => {
    try {
      const read = await readCredentials(paths);
      const own = read.certificates.find(({ path }) => path === paths.clientCertificate);
      if (own !== undefined) checkValidity(own.certificate, clock.now(), own.path);
      complaints.over();
      return read;
    } catch (thrown) {
      complaints.about(toAmrError(thrown));
      return null;
    }
  };

  return {
    async present() {
      try {
        usable = await readCredentials(paths);
        complaints.over();
      } catch (thrown) {
        complaints.about(toAmrError(thrown));
        if (usable === null) throw thrown;
      }
      warnOfExpiry(usable);
      return usable;
    },
    async changed(inUse, signal) {
      if (!hasFiles(paths)) return abortable(new Promise<never>(() => {}), signal);
      let before: string | null = inUse.fingerprint;
      for (;;) {
        await clock.sleep(LOOK_MS, signal);
        warnOfExpiry(inUse);
        const found = await look();
        const seen = found?.fingerprint ?? null;
        if (seen !== null && seen === before && seen !== inUse.fingerprint) return;
        before = seen;
      }
    },
  };
}
