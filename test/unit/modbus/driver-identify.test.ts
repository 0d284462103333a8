import { describe, expect, it } from 'vitest';
import { identify } from '../../../drivers/modbus/identify.ts';
import type { Bus } from '../../../src/core/bus.ts';
import { AmrError } from '../../../src/core/errors.ts';
import type { MeterModel } from '../../../src/core/model.ts';
import { createVirtualClock } from '../../support/virtual-clock.ts';
import { rtuWire } from './codec-wire.ts';
import { at, createFakeBus, type MeterMap, modelOf, options, silence } from './fake-meter.ts';

const clock = createVirtualClock();

const modelWith = (model: string, ...identification: object[]): MeterModel => ({
  ...modelOf({}, { identification }),
  model,
});

const CODE = { holding: 0xfc02, type: 'u16' } as const;
const MODELS = [
  modelWith('without'),
  modelWith('a', { ...CODE, equals: '112' }),
  modelWith('b', { ...CODE, equals: '32' }),
  modelWith('a-and-more', { ...CODE, equals: '112' }, { input: 4, type: 'i32', equals: '-2' }),
  modelWith('other-and-a', { ...CODE, equals: '1' }, { input: 4, type: 'i32', equals: '-2' }),
  modelWith('a-and-other', { ...CODE, equals: '112' }, { input: 4, type: 'i32', equals: '-3' }),
];

function ask(map: MeterMap) {
  const bus = createFakeBus({ 5: map });
  return { bus, identity: identify({ bus, unit: 5, clock }, MODELS, options) };
}

describe('which model a unit is', () => {
  it('is told by all marks of the model; each register is asked once', async () => {
    const { identity, bus } = ask({ holding: at(0xfc02, 112), input: at(4, 0xffff, 0xfffe) });
    expect((await identity).models).toEqual(['a', 'a-and-more']);
    expect(bus.asked).toEqual([
      ['holding', 0xfc02, 1],
      ['input', 4, 2],
    ]);
  });

  it('is none where the meter shows none of the marks, refuses them or is silent', async () => {
    expect((await ask({ holding: at(0xfc02, 7) }).identity).models).toEqual([]);
    expect((await ask({}).identity).models).toEqual([]);
    expect((await ask({ obstacle: silence }).identity).models).toEqual([]);
  });

  it('ends where the port does', async () => {
    const lost = new AmrError('PORT_LOST', 'gone');
    await expect(ask({ obstacle: () => lost }).identity).rejects.toBe(lost);
  });

  it('comes with what the meter says of itself, in as many answers as that takes', async () => {
    const object = (id: number, text: string) => [id, text.length, ...Buffer.from(text)];
    const answers: Readonly<Record<number, number[]>> = {
      0: [0x2b, 14, 1, 1, 0xff, 2, 2, ...object(0, 'Eastron'), ...object(1, 'SDM630')],
      2: [0x2b, 14, 1, 1, 0, 0, 1, ...object(2, 'V2.1')],
    };
    const bus: Bus = {
      name: 'objects',
      kind: 'line',
      exchange({ request, framer, match }) {
        const answer = request[1] === 0x2b ? answers[request[4] ?? 0] : [request[1] ?? 0, 2];
        const [frame] = framer.push(rtuWire(5, answer ?? [])).filter(match);
        return frame === undefined ? Promise.reject(silence()) : Promise.resolve(frame);
      },
    };
    expect((await identify({ bus, unit: 5, clock }, MODELS, options)).objects).toEqual({
      vendor_name: 'Eastron',
      product_code: 'SDM630',
      revision: 'V2.1',
    });
  });
});
