import { describe, expect, it } from 'vitest';
import { amr } from '../support/amr.ts';
import { openFixture, temporaryDirectory } from '../support/store-fixture.ts';

const reading = (minute: number) =>
  JSON.stringify({ meter: 'm1', readAt: `2026-11-23T10:${String(minute).padStart(2, '0')}:00Z` });

describe('amr buffer', () => {
  it('shows what is held and what waits, beside a store in use', async () => {
    const dataDir = temporaryDirectory();
    const { store, settle } = openFixture({ dataDir });
    await settle(
      store.append(
        'curve',
        Array.from({ length: 60 }, (_, minute) => reading(minute)),
      ),
    );
    await settle(store.append('event', ['{"at":"2026-11-23T09:00:00Z"}']));
    await settle(store.ack('main', 'curve', 45));

    const { code, stdout } = await amr(['buffer', '--json', '--data', dataDir]);
    expect(code).toBe(0);
    const report = JSON.parse(stdout);
    expect(report).toMatchObject({ epoch: store.epoch, rowsPerHour: 60, wearMbPerDay: null });
    expect(report.streams).toHaveLength(4);
    expect(report.streams).toContainEqual({
      stream: 'curve',
      head: 60,
      rows: 60,
      waiting: { main: 15 },
      oldestWaiting: '2026-11-23T10:45:00Z',
    });
    expect(report.hoursLeft).toBeGreaterThan(0);

    const people = await amr(['buffer', '--data', dataDir]);
    expect(people.stdout).toMatch(/curve +60 +60 +15 +2026-11-23T10:45:00Z/);
    expect(people.stdout).toMatch(/of 1024\.0 MiB, 60 rows an hour/);
  });

  it('says so where there is no store', async () => {
    const { code, stderr, stdout } = await amr(['buffer', '--data', temporaryDirectory()]);
    expect([code, stdout]).toEqual([2, '']);
    expect(stderr).toMatch(/there is no store in/);
  });
});
