import { describe, expect, it } from 'vitest';
import { createExpiryWarner } from '../../../src/uplink/certificate-expiry.ts';
import { readCredentials } from '../../../src/uplink/credentials.ts';
import { createAuthority } from '../../support/certificates.ts';
import { createVirtualClock } from '../../support/virtual-clock.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** Our certificate for so many days, an authority for ninety, and what is reported of them. */
async function startWarner(toDay: number) {
  const authority = createAuthority();
  const { certificate, key } = authority.issue('gw17', { toDay });
  const credentials = await readCredentials({
    url: 'mqtts://broker.example',
    ca: authority.ca,
    clientCertificate: certificate,
    clientKey: key,
  });
  const told: [path: string, days: number, severity: string][] = [];
  const clock = createVirtualClock(Date.now());
  const warn = createExpiryWarner(clock, (type, severity, { path, days }) => {
    expect(type).toBe('uplink.certificate-expires');
    told.push([path === certificate ? 'ours' : 'ca', Number(days), severity]);
  });
  const pass = async (ms: number) => {
    for (let passed = 0; passed < ms; passed += HOUR) {
      warn(credentials);
      await clock.advance(HOUR);
    }
  };
  return { told, pass, clock, warn, credentials, certificate };
}

describe('the expiry of certificates', () => {
  it('is told 30, 14, 7 and 1 days ahead and at the end, once each, of ours and the authority', async () => {
    const { told, pass } = await startWarner(40);
    await pass(9 * DAY);
    expect(told).toEqual([]);
    await pass(85 * DAY);
    expect(told.filter(([whose]) => whose === 'ours')).toEqual([
      ['ours', 30, 'warning'],
      ['ours', 14, 'warning'],
      ['ours', 7, 'warning'],
      ['ours', 1, 'alarm'],
      ['ours', 0, 'alarm'],
    ]);
    expect(told.filter(([whose]) => whose === 'ca').map(([, days]) => days)).toEqual([
      30, 14, 7, 1, 0,
    ]);
  });

  it('is told at the nearest threshold only where it is near from the start', async () => {
    const { told, pass } = await startWarner(10);
    await pass(DAY);
    expect(told).toEqual([['ours', 10, 'warning']]);
  });

  it('is told of one certificate a minute, since events of one type come no faster', async () => {
    const { told, warn, clock, credentials } = await startWarner(85);
    clock.step(84.5 * DAY);
    warn(credentials);
    warn(credentials);
    expect(told.map(([whose]) => whose)).toEqual(['ours']);
    await clock.advance(60_000);
    warn(credentials);
    expect(told.map(([whose]) => whose)).toEqual(['ours', 'ca']);
  });
});
