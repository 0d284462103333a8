/** What every transport does, whatever carries its bytes. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Transport } from '../../src/core/transport.ts';
import type { FarEnd } from '../support/pty.ts';
import { observe } from '../support/serial-fixture.ts';

/** A line with something to talk to at its far end. */
export interface TransportRig {
  /** A new transport to the near end. */
  make(): Transport;
  /** The far end of the transport that is open; resolves when both ends see each other. */
  far(): Promise<Pick<FarEnd, 'write' | 'received'>>;
  /** Takes the line away under an open transport. */
  cut(): Promise<void>;
  /** Brings it back at the same address. */
  mend(): Promise<void>;
  stop(): Promise<void>;
}

const ALL_BYTES = Uint8Array.from({ length: 256 }, (_, index) => index);
const never = () => new AbortController().signal;

export function transportContract(name: string, openRig: () => Promise<TransportRig>): void {
  describe(`${name} as a transport`, () => {
    let rig: TransportRig;
    let made: Transport[];

    beforeEach(async () => {
      rig = await openRig();
      made = [];
    });

    afterEach(async () => {
      await Promise.all(made.map((transport) => transport.close()));
      await rig.stop();
    });

    const make = () => {
      const transport = rig.make();
      made.push(transport);
      return { transport, seen: observe(transport) };
    };

    it('carries every byte value both ways', async () => {
      const { transport, seen } = make();
      await transport.open(never());
      const far = await rig.far();
      await transport.write(ALL_BYTES);
      await expect.poll(() => far.received().length).toBe(256);
      expect(Uint8Array.from(far.received())).toEqual(ALL_BYTES);
      far.write(ALL_BYTES);
      await expect.poll(() => seen.bytes().length).toBe(256);
      expect(Uint8Array.from(seen.bytes())).toEqual(ALL_BYTES);
      expect(seen.losses).toEqual([]);
    });

    it('hands out chunks that keep no larger memory alive and are never written again', async () => {
      const { transport, seen } = make();
      await transport.open(never());
      const far = await rig.far();
      for (const byte of [1, 2, 3]) {
        far.write(Uint8Array.of(byte));
        await expect.poll(() => seen.bytes().length).toBe(byte);
      }
      expect(seen.chunks.map((bytes) => [...bytes])).toEqual([[1], [2], [3]]);
      expect(seen.chunks.map((bytes) => bytes.buffer.byteLength)).toEqual([1, 1, 1]);
      // A slice of a Buffer is no copy.
      expect(seen.chunks.filter((bytes) => Buffer.isBuffer(bytes))).toEqual([]);
    });

    it('refuses a write before it is open, and sends nothing of it later', async () => {
      const { transport } = make();
      await expect(transport.write(Uint8Array.of(0xaa))).rejects.toMatchObject({
        code: 'PORT_LOST',
      });
      const opening = transport.open(never());
      await expect(transport.write(Uint8Array.of(0xab))).rejects.toMatchObject({
        code: 'PORT_LOST',
      });
      await opening;
      const far = await rig.far();
      await transport.write(Uint8Array.of(0x55));
      await expect.poll(() => [...far.received()]).toEqual([0x55]);
    });

    it('refuses a write after it was closed, also on the next transport', async () => {
      const first = make().transport;
      await first.open(never());
      await first.close();
      await expect(first.write(Uint8Array.of(0xaa))).rejects.toMatchObject({ code: 'PORT_LOST' });
      const second = make().transport;
      await second.open(never());
      const far = await rig.far();
      await second.write(Uint8Array.of(0x55));
      await expect.poll(() => [...far.received()]).toEqual([0x55]);
    });

    it('tells once that the line was lost, and refuses writes from then on', async () => {
      const { transport, seen } = make();
      await transport.open(never());
      await rig.far();
      await rig.cut();
      await expect.poll(() => seen.losses.length, { timeout: 3000 }).toBe(1);
      expect(seen.losses[0]).toMatchObject({ code: 'PORT_LOST' });
      await expect(transport.write(Uint8Array.of(1))).rejects.toMatchObject({ code: 'PORT_LOST' });
      await transport.close();
      expect(seen.losses.length).toBe(1);
    });

    it('does not call it a loss when its owner closes it', async () => {
      const { transport, seen } = make();
      await transport.open(never());
      await rig.far();
      await transport.close();
      await rig.cut();
      expect(seen.losses).toEqual([]);
    });

    it('carries bytes again on a new transport after the line came back', async () => {
      const first = make();
      await first.transport.open(never());
      await rig.far();
      await rig.cut();
      await expect.poll(() => first.seen.losses.length, { timeout: 3000 }).toBe(1);
      await first.transport.close();
      await rig.mend();
      const second = make();
      await second.transport.open(never());
      const far = await rig.far();
      await second.transport.write(Uint8Array.of(7));
      await expect.poll(() => [...far.received()]).toEqual([7]);
      far.write(Uint8Array.of(8));
      await expect.poll(() => [...second.seen.bytes()]).toEqual([8]);
      expect(first.seen.chunks).toEqual([]);
    });

    it('closes at any time and more than once', async () => {
      const unopened = make().transport;
      await unopened.close();
      await unopened.close();
      const opened = make().transport;
      await opened.open(never());
      await Promise.all([opened.close(), opened.close()]);
      await opened.close();
    });

    it('gives up opening when it is closed meanwhile, and leaves the line free', async () => {
      const { transport, seen } = make();
      const opening = transport.open(never());
      opening.catch(() => undefined);
      await transport.close();
      await expect(opening).rejects.toMatchObject({ code: 'PORT_OPEN_FAILED' });
      expect(seen.losses).toEqual([]);
      await make().transport.open(never());
    });

    it('gives up opening when the signal aborts, whenever that is', async () => {
      const rejection = { code: 'PORT_OPEN_FAILED' };
      const early = make().transport.open(AbortSignal.abort());
      await expect(early).rejects.toMatchObject(rejection);
      let wasOpen = false;
      let turns = 0;
      for (; !wasOpen; turns++) {
        const stop = new AbortController();
        const { transport } = make();
        const opening = transport.open(stop.signal).then(() => {
          wasOpen = true;
        });
        opening.catch(() => undefined);
        for (let turn = 0; turn < turns; turn++) await new Promise(setImmediate);
        stop.abort();
        if (wasOpen) await transport.close();
        else await expect(opening).rejects.toMatchObject(rejection);
      }
      expect(turns).toBeGreaterThan(1);
      await make().transport.open(never());
    });
  });
}
