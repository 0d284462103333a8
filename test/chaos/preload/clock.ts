/*
 * Loaded into the gateway before anything else: its wall clock is ahead by the milliseconds in
 * the file AMR_CHAOS_CLOCK, looked at again and again. What never steps is left alone.
 */
import { readFileSync } from 'node:fs';

const LOOK_MS = 20;
const file = process.env['AMR_CHAOS_CLOCK'] ?? '';
const TrueDate = Date;
const trueNow = Date.now;
let aheadMs = 0;

function look(): void {
  const ms = Number.parseInt(readFileSync(file, 'utf8'), 10);
  if (Number.isFinite(ms)) aheadMs = ms;
}

look();
setInterval(look, LOOK_MS).unref();

const now = () => trueNow() + aheadMs;

globalThis.Date = new Proxy(TrueDate, {
  construct: (target, args, newTarget) =>
    Reflect.construct(target, args.length === 0 ? [now()] : args, newTarget),
  apply: () => new TrueDate(now()).toString(),
  get: (target, key, receiver) => (key === 'now' ? now : Reflect.get(target, key, receiver)),
});
