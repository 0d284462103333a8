import type { Stream } from '../core/reading.ts';

/** The highest number of every stream, 0 before the first. */
export type Heads = Readonly<Record<Stream, number>>;

/** One value a stream. */
export function perStream<T>(make: (stream: Stream) => T): Record<Stream, T> {
  return {
    event: make('event'),
    billing: make('billing'),
    curve: make('curve'),
    live: make('live'),
  };
}
