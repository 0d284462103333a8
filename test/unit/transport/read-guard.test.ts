import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { guardReads } from '../../../src/transport/read-guard.ts';

type Ready = (error: Error | null) => void;

/** A binding as far as the guard knows one, on a real descriptor. */
function bindingOn(handle: FileHandle) {
  const waiting: Ready[] = [];
  const binding = {
    isOpen: true,
    fd: handle.fd as number | null,
    poller: { once: (_: 'readable', ready: Ready) => waiting.push(ready) },
    read: (buffer: Buffer, _offset: number, _length: number) =>
      Promise.resolve({ buffer, bytesRead: 0 }),
    close() {
      binding.isOpen = false;
      return Promise.resolve();
    },
  };
  guardReads(binding);
  const read = () => binding.read(Buffer.alloc(16), 4, 8);
  return { binding, waiting, read };
}

describe('the guarded read', () => {
  const handles: FileHandle[] = [];
  const openFile = async (path: string, flags: number = constants.O_RDONLY) => {
    const handle = await open(path, flags);
    handles.push(handle);
    return handle;
  };

  afterEach(async () => {
    await Promise.all(handles.splice(0).map((handle) => handle.close()));
  });

  it('reads into the place that was asked for, and no further', async () => {
    const { read } = bindingOn(await openFile(import.meta.filename));
    const { buffer, bytesRead } = await read();
    expect(bytesRead).toBe(8);
    expect(buffer.subarray(0, 4)).toEqual(Buffer.alloc(4));
    expect(buffer.subarray(4, 12).toString()).toBe('import {');
    expect(buffer.subarray(12)).toEqual(Buffer.alloc(4));
  });

  // The binding's own read would ask again and again here, on a core of its own.
  it('takes a read of no bytes for a hang-up', async () => {
    const { read } = bindingOn(await openFile('/dev/null'));
    await expect(read()).rejects.toMatchObject({ disconnect: true, canceled: false });
  });

  it('waits for the poller while nothing is there, then reads', async () => {
    const { read, waiting } = bindingOn(
      await openFile('/dev/ptmx', constants.O_RDWR | constants.O_NONBLOCK | constants.O_NOCTTY),
    );
    const reading = read();
    await expect.poll(() => waiting.length).toBe(1);
    waiting.shift()?.(null);
    await expect.poll(() => waiting.length).toBe(1);
    const reason = new Error('Canceled');
    waiting.shift()?.(reason);
    await expect(reading).rejects.toBe(reason);
  });

  it('ends quietly when the port was closed by its owner', async () => {
    const { binding, read } = bindingOn(await openFile('/dev/null'));
    binding.fd = null;
    binding.isOpen = false;
    await expect(read()).rejects.toMatchObject({ canceled: true, disconnect: false });
  });

  it('is waited for by a close, and followed by no other', async () => {
    const { binding, waiting, read } = bindingOn(
      await openFile('/dev/ptmx', constants.O_RDWR | constants.O_NONBLOCK | constants.O_NOCTTY),
    );
    const first = read();
    await expect.poll(() => waiting.length).toBe(1);
    // Asks the descriptor again; that is under way now.
    waiting.shift()?.(null);
    await Promise.resolve();
    const closing = binding.close();
    expect(binding.isOpen).toBe(true);
    await expect(read()).rejects.toMatchObject({ canceled: true });
    await closing;
    expect(binding.isOpen).toBe(false);
    await expect(first).rejects.toMatchObject({ canceled: true });
    expect(waiting).toEqual([]);
  });

  it('takes any other failure of an open port for a loss', async () => {
    const { read } = bindingOn(await openFile('/dev/null', constants.O_WRONLY));
    await expect(read()).rejects.toMatchObject({
      disconnect: true,
      message: expect.stringContaining('EBADF'),
    });
  });
});
