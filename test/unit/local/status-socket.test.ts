import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { askStatus, type StatusReport, serveStatus } from '../../../src/local/status-socket.ts';

let dir = '';
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'amr-local-'));
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const report: StatusReport = {
  pid: 7,
  version: '1.2.3',
  since: 'then',
  alive: true,
  storing: true,
  written: null,
  maxBytes: 1024,
};

describe('the status socket', () => {
  it('answers every caller with the report of the moment', async () => {
    let alive = true;
    const server = await serveStatus(dir, () => ({ ...report, alive }));
    expect(await askStatus(dir)).toEqual(report);
    alive = false;
    expect(await askStatus(dir)).toEqual({ ...report, alive: false });
    await server.close();
  });

  it('takes the place of what a killed daemon left behind', async () => {
    writeFileSync(join(dir, 'amr.sock'), '');
    const server = await serveStatus(dir, () => report);
    expect(await askStatus(dir)).toEqual(report);
    await server.close();
  });

  it('closes though a caller holds on', async () => {
    const server = await serveStatus(dir, () => report);
    const caller = connect({ path: join(dir, 'amr.sock'), allowHalfOpen: true });
    await once(caller, 'connect');
    await once(caller.resume(), 'end');
    await server.close();
    caller.destroy();
  });

  it('says that no gateway answers where none does', async () => {
    await expect(askStatus(dir)).rejects.toMatchObject({ code: 'STORE_FAILED' });
  });
});
