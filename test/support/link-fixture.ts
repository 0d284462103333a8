import { onTestFinished } from 'vitest';
import { type Clock, systemClock } from '../../src/core/clock.ts';
import type { AmrEvent } from '../../src/core/reading.ts';
import { createMqttLink, type MqttLink } from '../../src/uplink/mqtt-link.ts';
import type { Session } from '../../src/uplink/session.ts';
import { createLog, type LogLine } from './store-fixture.ts';
import { GATEWAY, mqttSettings, SITE } from './uplink-fixture.ts';

export interface ReportedEvent {
  readonly type: string;
  readonly severity: AmrEvent['severity'];
  readonly detail: AmrEvent['detail'];
}

export interface LinkFixture extends MqttLink {
  readonly lines: readonly LogLine[];
  readonly events: readonly ReportedEvent[];
  /** The connections that stood, in order; it connects anew as soon as one is gone. */
  readonly sessions: readonly Session[];
}

export interface LinkFixtureOptions {
  readonly url: string;
  readonly mqtt?: Record<string, unknown>;
  readonly clock?: Clock;
  readonly random?: () => number;
}

/** The connection to a broker without the streams behind it, kept until the test ends. */
export function startLink(options: LinkFixtureOptions): LinkFixture {
  const { url, mqtt = {}, clock = systemClock, random = () => 0.002 } = options;
  const { log, lines } = createLog();
  const events: ReportedEvent[] = [];
  const sessions: Session[] = [];
  const link = createMqttLink({
    settings: mqttSettings(url, mqtt),
    at: { site: SITE, gateway: GATEWAY },
    clock,
    log,
    random,
    report: (type, severity, detail) => events.push({ type, severity, detail }),
    will: () => '{}',
    onMessage: async () => {},
  });
  const stop = new AbortController();
  const keepConnected = async () => {
    for (;;) {
      const session = await link.connect(stop.signal);
      sessions.push(session);
      await new Promise((resolve) => session.closed.addEventListener('abort', resolve));
    }
  };
  keepConnected().catch(() => {});
  onTestFinished(async () => {
    stop.abort();
    await sessions.at(-1)?.end();
  });
  return { ...link, lines, events, sessions };
}
