import { describe, expect, it } from 'vitest';
import { openFixture, temporaryDirectory } from '../../support/store-fixture.ts';

describe('the notes of meters', () => {
  it('outlive a restart, meter by meter', async () => {
    const dataDir = temporaryDirectory();
    const { store } = openFixture({ dataDir });
    store.notesOf('m1').note('holes', '17');
    store.notesOf('m1').note('holes', '17 18');
    store.notesOf('m2').note('holes', '99');
    store.notesOf('m1').note('base', '40000');
    store.notesOf('m1').note('base', null);
    expect(store.notesOf('m1').recall('holes')).toBe('17 18');
    await store.close();

    const again = openFixture({ dataDir }).store;
    expect(again.notesOf('m1').recall('holes')).toBe('17 18');
    expect(again.notesOf('m1').recall('base')).toBeNull();
    expect(again.notesOf('m2').recall('holes')).toBe('99');
    expect(again.notesOf('m3').recall('holes')).toBeNull();
  });
});
