import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import type { Transport } from '../../../src/core/transport.ts';
import { createTrace, traced } from '../../../src/transport/trace.ts';
import { createVirtualClock } from '../../support/virtual-clock.ts';

function capturedLog(level: string) {
  const lines: Record<string, unknown>[] = [];
  const log = pino({ level, base: null }, { write: (line) => lines.push(JSON.parse(line)) });
  return { log, lines };
}

function openTrace(capacity?: number) {
  const clock = createVirtualClock();
  const { log, lines } = capturedLog('trace');
  return { clock, lines, trace: createTrace(clock, log, capacity) };
}

describe('the trace of a line', () => {
  it('keeps both directions with their times, oldest first', async () => {
    const { clock, trace } = openTrace();
    trace.record('tx', Uint8Array.of(0x68, 0x16));
    await clock.advance(1250);
    trace.record('rx', Uint8Array.of(0xfe));
    const start = Date.parse('2026-11-23T00:00:00Z');
    expect(trace.entries()).toEqual([
      { at: start, direction: 'tx', bytes: Uint8Array.of(0x68, 0x16) },
      { at: start + 1250, direction: 'rx', bytes: Uint8Array.of(0xfe) },
    ]);
  });

  it('keeps the last 256 entries, or as many as it is told', async () => {
    for (const [capacity, kept] of [
      [undefined, 256],
      [3, 3],
    ] as const) {
      const { trace, clock } = openTrace(capacity);
      for (let index = 0; index < 300; index++) {
        trace.record('rx', Uint8Array.of(index & 0xff));
        await clock.advance(101);
      }
      const bytes = trace.entries().map((entry) => entry.bytes[0]);
      expect(bytes).toEqual(
        Array.from({ length: kept }, (_, index) => (300 - kept + index) & 0xff),
      );
    }
  });

  it('joins bytes of one direction that follow each other closely', async () => {
    const { trace, clock } = openTrace();
    for (const byte of [0x68, 0x16]) {
      trace.record('rx', Uint8Array.of(byte));
      await clock.advance(5);
    }
    trace.record('tx', Uint8Array.of(0xfe));
    trace.record('rx', Uint8Array.of(0x99));
    expect(trace.entries().map(({ bytes }) => [...bytes])).toEqual([[0x68, 0x16], [0xfe], [0x99]]);
  });

  it('keeps no more than 512 bytes of an entry', () => {
    const { trace } = openTrace();
    trace.record('rx', new Uint8Array(70_000).fill(0xff));
    expect(trace.entries()[0]?.bytes).toEqual(new Uint8Array(512).fill(0xff));
    expect(trace.entries()[0]?.bytes.buffer.byteLength).toBe(512);
  });

  it('keeps its own copy, of a Buffer too', () => {
    const { trace } = openTrace();
    const sent = Buffer.from([1, 2, 3]);
    trace.record('tx', sent);
    sent.fill(0);
    expect([...(trace.entries()[0]?.bytes ?? [])]).toEqual([1, 2, 3]);
  });

  it('gives a list that later bytes do not change', () => {
    const { trace } = openTrace();
    const before = trace.entries();
    trace.record('tx', Uint8Array.of(1));
    expect(before).toEqual([]);
  });

  it('logs bytes at level trace and not above', () => {
    const { trace, lines } = openTrace();
    trace.record('tx', Uint8Array.of(0x68, 0xaa));
    trace.record('rx', Uint8Array.of(0x16));
    expect(lines).toMatchObject([
      { level: 10, msg: 'bytes', tx: '68 AA' },
      { level: 10, msg: 'bytes', rx: '16' },
    ]);
    const above = capturedLog('debug');
    createTrace(createVirtualClock(), above.log).record('tx', Uint8Array.of(1));
    expect(above.lines).toEqual([]);
  });
});

describe('a traced transport', () => {
  it('records what is written and what comes, and passes both on', async () => {
    const { trace } = openTrace();
    const written: Uint8Array[] = [];
    const heard: Uint8Array[] = [];
    let say: (bytes: Uint8Array) => void = () => undefined;
    const bare: Transport = {
      info: { kind: 'tcp', address: 'far:1', baudRate: 9600, bitsPerByte: 11 },
      onData: (listener) => {
        say = listener;
      },
      onDown: () => undefined,
      open: () => Promise.resolve(),
      write: (bytes) => Promise.resolve(void written.push(bytes)),
      close: () => Promise.resolve(),
    };
    const transport = traced(bare, trace);
    transport.onData((bytes) => heard.push(bytes));
    await transport.write(Uint8Array.of(1));
    say(Uint8Array.of(2));
    expect(transport.info).toBe(bare.info);
    expect([written, heard]).toEqual([[Uint8Array.of(1)], [Uint8Array.of(2)]]);
    expect(trace.entries().map(({ direction, bytes }) => [direction, ...bytes])).toEqual([
      ['tx', 1],
      ['rx', 2],
    ]);
  });
});
