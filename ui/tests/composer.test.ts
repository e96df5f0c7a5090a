import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Refused } from '../src/backend/backend';
import { FakeShop } from '../src/backend/fake/fake';
import { Composer } from '../src/state/composer.svelte';
import { turn } from '../src/state/turn';

let shop: FakeShop;
let id: string;

beforeEach(() => {
  vi.useFakeTimers();
  shop = new FakeShop();
  id = shop.kept[0]?.seed.id ?? '';
});
afterEach(() => vi.useRealTimers());

const draftOf = (of: string): string | undefined =>
  shop.kept.find((one) => one.seed.id === of)?.draft.text;

describe('a draft', () => {
  it('is kept within 300 ms', async () => {
    const composer = new Composer(shop, id);
    composer.write('Of cour');
    composer.write('Of course');
    await vi.advanceTimersByTimeAsync(300);
    expect(draftOf(id)).toBe('Of course');
    expect(shop.asked.filter((one) => one === 'saveDraft')).toHaveLength(1);
  });

  it('is kept at once when its conversation is left', async () => {
    const composer = new Composer(shop, id);
    composer.write('Half a sen');
    composer.dispose();
    await vi.advanceTimersByTimeAsync(0);
    expect(draftOf(id)).toBe('Half a sen');
  });

  it('is never carried to another person, however quickly one switches', async () => {
    const composers = shop.kept.slice(0, 5).map((one) => new Composer(shop, one.seed.id));
    for (let turn = 0; turn < 1000; turn += 1) {
      const composer = composers[turn % composers.length];
      composer?.write(`for ${composer.id}, ${turn}`);
      if (turn % 3 === 0) composer?.dispose();
    }
    await vi.advanceTimersByTimeAsync(1000);
    for (const composer of composers) expect(draftOf(composer.id)).toContain(`for ${composer.id},`);
  });

  it('that is being written is not overwritten by an older one that is read', () => {
    const composer = new Composer(shop, id);
    composer.take({ text: 'old', picture: null, returned: null });
    composer.write('old and new');
    composer.take({ text: 'old', picture: null, returned: null });
    expect(composer.text).toBe('old and new');
  });

  it('that was sent does not come back by a read that was too early', async () => {
    const composer = new Composer(shop, id);
    composer.write('Yes, we do');
    await composer.send();
    composer.take({ text: 'Yes, we do', picture: null, returned: null });
    expect(composer.text).toBe('');
  });

  it('keeps its picture though a read that began before it came ends after it', async () => {
    vi.useRealTimers();
    const composer = new Composer(shop, id);
    const before = turn();
    await composer.attach(new Blob(['GIF89a'], { type: 'image/gif' }));
    expect(composer.picture).not.toBeNull();
    composer.take({ text: '', picture: null, returned: null }, before);
    expect(composer.picture).not.toBeNull();
    // What is read from here on is the truth again.
    composer.take({ text: '', picture: null, returned: null }, turn());
    expect(composer.picture).toBeNull();
  });

  it('comes back when a message is taken back', async () => {
    const composer = new Composer(shop, id);
    composer.take({ text: '', picture: null, returned: null });
    await composer.expect();
    composer.take({ text: 'Yes, we do', picture: null, returned: 'undone' });
    expect(composer.text).toBe('Yes, we do');
  });

  it('that cannot be kept says so, and is tried again with the next letter', async () => {
    const composer = new Composer(shop, id);
    shop.refuse = { command: 'saveDraft', with: new Refused('diskFull') };
    composer.write('Words');
    await vi.advanceTimersByTimeAsync(300);
    expect(composer.failure).toBe('diskFull');
    composer.write('Words');
    await vi.advanceTimersByTimeAsync(300);
    expect(draftOf(id)).toBe('Words');
  });
});

describe('sending', () => {
  it('leaves an empty field', async () => {
    const composer = new Composer(shop, id);
    composer.write('  Yes, we do  ');
    expect(await composer.send()).toBe(true);
    expect(composer.text).toBe('');
    const last = shop.kept[0]?.seed.items.at(-1);
    expect(last).toMatchObject({ message: { text: 'Yes, we do', delivery: 'held' } });
  });

  it('keeps the words when it was refused', async () => {
    const composer = new Composer(shop, id);
    composer.write('Yes, we do');
    shop.refuse = { command: 'send', with: new Refused('windowClosed') };
    expect(await composer.send()).toBe(false);
    expect(composer.text).toBe('Yes, we do');
    expect(composer.failure).toBe('windowClosed');
  });

  it('happens once, however often the button is pressed', async () => {
    const composer = new Composer(shop, id);
    composer.write('Once');
    await Promise.all([composer.send(), composer.send(), composer.send()]);
    expect(shop.asked.filter((one) => one === 'send')).toHaveLength(1);
  });

  it('does nothing with nothing', async () => {
    const composer = new Composer(shop, id);
    composer.write('   ');
    expect(await composer.send()).toBe(false);
    expect(shop.asked).not.toContain('send');
  });

  it('says what a picture is not', async () => {
    vi.useRealTimers();
    const composer = new Composer(shop, id);
    await composer.attach(new Blob(['hello'], { type: 'text/plain' }));
    await vi.waitFor(() => expect(composer.failure).toBe('notAPicture'));
    expect(composer.picture).toBeNull();
  });
});
