import type { Fault } from '../fault.ts';
import type { Rig } from '../rig.ts';

async function startTwice(rig: Rig): Promise<void> {
  const { meters } = rig.settings;
  const first = await rig.start();
  await rig.flow(meters);
  const second = rig.spawn();
  const code = await second.ended;
  if (code !== 1) rig.complain(`the second ended with ${code}`);
  if (!second.log.some((line) => line.includes(`in use by process ${first.pid}`))) {
    rig.complain('the second does not say who holds the directory');
  }
  await rig.flow(4 * meters);
  if (!first.isRunning) rig.complain('the first ended');
}

export const INSTANCE_FAULTS: readonly Fault[] = [
  {
    name: 'two-instances',
    breaks: 'a second gateway on the same data directory',
    quick: true,
    needs: ['mosquitto'],
    run: startTwice,
  },
];
