import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/core/clock.ts';
import { createLink } from '../../src/transport/link.ts';
import { floodFarEnd, lacksSocat, openFarEnd } from '../support/pty.ts';
import { observe, openSerialFixture, type SerialFixture } from '../support/serial-fixture.ts';

const ROUNDS = 10;
const MEASURED_MS = 500;
const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

/** Share of one core that this process used while `work` ran. */
async function cpuShare(work: () => Promise<void>): Promise<number> {
  const startedAt = performance.now();
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000 / (performance.now() - startedAt);
}

describe.skipIf(lacksSocat)('a serial port that is lost (needs socat)', () => {
  let fixture: SerialFixture;

  beforeEach(async () => {
    fixture = await openSerialFixture();
  });

  afterEach(() => fixture.stop());

  // Without the read guard some of these rounds end with a port that says nothing and a core that
  // reads without end: a port that hung up between two reads is never polled again.
  it('says so under full traffic, each time, and burns no core', async () => {
    const shares: number[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const transport = fixture.make(systemClock);
      const seen = observe(transport);
      await transport.open(new AbortController().signal);
      const flood = await floodFarEnd(fixture.pair.far);
      await expect.poll(() => seen.bytes().length, { timeout: 10_000 }).toBeGreaterThan(20_000);
      await fixture.pair.kill();
      await expect.poll(() => seen.losses.length, { timeout: 3000 }).toBe(1);
      shares.push(await cpuShare(() => pause(MEASURED_MS)));
      await transport.close();
      await flood.stop();
      await fixture.pair.restart();
    }
    expect(shares.length).toBe(ROUNDS);
    expect(Math.max(...shares)).toBeLessThan(0.5);
  }, 90_000);

  it('is opened again by its link when it comes back, and bytes flow', async () => {
    const clock = { ...systemClock, sleep: fastSleep };
    const make = () => fixture.make(clock);
    const log = pino({ level: 'silent' });
    const link = createLink({ make, clock, log, random: () => 0.5 });
    const heard: number[] = [];
    link.onData((bytes) => heard.push(...bytes));
    const stop = new AbortController();
    const running = link.run(stop.signal);
    await link.firstAttempt;

    for (let round = 1; round <= 5; round++) {
      await link.whenUp(stop.signal);
      const far = await openFarEnd(fixture.pair.far);
      await link.write(Uint8Array.of(round));
      await expect.poll(() => [...far.received()]).toEqual([round]);
      far.write(Uint8Array.of(100 + round));
      await expect.poll(() => heard.at(-1)).toBe(100 + round);

      await fixture.pair.kill();
      await expect.poll(() => link.fault, { timeout: 3000 }).not.toBeNull();
      await expect(link.write(Uint8Array.of(0xee))).rejects.toMatchObject({
        code: expect.stringMatching('^PORT_'),
      });
      await expect.poll(() => link.fault?.code, { timeout: 5000 }).toBe('PORT_OPEN_FAILED');
      await fixture.pair.restart();
      await far.stop();
    }
    await link.whenUp(stop.signal);
    expect(heard).toEqual([101, 102, 103, 104, 105]);
    stop.abort();
    await running;
    expect(link.fault).toMatchObject({ code: 'PORT_LOST' });
  }, 60_000);
});

/** A twentieth of the time, so that a back-off does not hold the test up. */
function fastSleep(ms: number, signal?: AbortSignal): Promise<void> {
  return systemClock.sleep(ms / 20, signal);
}
