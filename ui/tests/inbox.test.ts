import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Refused } from '../src/backend/backend';
import { FakeShop } from '../src/backend/fake/fake';
import { Inbox } from '../src/state/inbox.svelte';

let shop: FakeShop;
let inbox: Inbox;

beforeEach(async () => {
  vi.useFakeTimers();
  shop = new FakeShop(new URLSearchParams('scene=many'));
  inbox = new Inbox(shop);
  await inbox.list.read();
});
afterEach(() => {
  inbox.dispose();
  vi.useRealTimers();
});

const idOf = (name: string): string =>
  shop.kept.find((one) => one.seed.name.startsWith(name))?.seed.id ?? '';
const settle = () => vi.advanceTimersByTimeAsync(0);

describe('the list', () => {
  it('reads page after page, and keeps its length when it is read again', async () => {
    expect(inbox.list.rows).toHaveLength(50);
    await inbox.list.more();
    expect(inbox.list.rows).toHaveLength(100);
    shop.tell({ kind: 'conversations', ids: [] });
    await settle();
    expect(inbox.list.rows).toHaveLength(100);
    expect(inbox.list.total).toBe(417);
  });

  it('never shows one conversation twice', async () => {
    for (let page = 0; page < 9; page += 1) await inbox.list.more();
    const ids = inbox.list.rows.map((row) => row.id);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids).toHaveLength(417);
  });

  it('shows a message that arrives', async () => {
    await vi.advanceTimersByTimeAsync(60_000);
    shop.arrive(idOf('Mia'), 'Noch eine Frage');
    await settle();
    expect(inbox.list.rows[0]).toMatchObject({ name: 'Mia Keller', unread: 1 });
    expect(inbox.list.counts?.unread).toBe(4);
  });

  it('shows the last filter that was asked for', async () => {
    void inbox.show({ kind: 'unread' });
    await inbox.show({ kind: 'connection', id: 'k-whatsapp' });
    expect(inbox.list.rows.every((row) => row.channel === 'whatsapp')).toBe(true);
  });

  it('says why it could not be read, and reads again', async () => {
    shop.refuse = { command: 'counts', with: new Refused('notOpen') };
    await inbox.list.read();
    expect(inbox.list.failure).toBe('notOpen');
    await inbox.list.read();
    expect(inbox.list.failure).toBeUndefined();
  });
});

describe('an open conversation', () => {
  it('reads again only when the news names it', async () => {
    inbox.open(idOf('Clara'));
    await settle();
    const before = shop.asked.filter((one) => one === 'thread').length;
    shop.tell({ kind: 'messages', conversationId: idOf('Mia'), arrived: true });
    await settle();
    expect(shop.asked.filter((one) => one === 'thread')).toHaveLength(before);
    shop.arrive(idOf('Clara'), 'Hello?');
    await settle();
    expect(inbox.thread?.items.at(-1)).toMatchObject({ message: { text: 'Hello?' } });
  });

  it('takes a held reply back into its own composer', async () => {
    inbox.open(idOf('Clara'));
    await settle();
    inbox.composer?.take({ text: '', picture: null, returned: null });
    expect(inbox.undoHeld()).toBe(true);
    await settle();
    const view = inbox.thread?.view;
    expect(
      view?.items.some((item) => item.kind === 'message' && item.message.delivery === 'held'),
    ).toBe(false);
    expect(view?.draft.text).toContain('the card is on us');
  });

  it('says beside the message why a button did not help', async () => {
    inbox.open(idOf('Jonas'));
    await settle();
    const failed = inbox.thread?.items.at(-1);
    if (failed?.kind !== 'message') throw new Error('a message');
    shop.refuse = { command: 'tryAgain', with: new Refused('windowClosed') };
    await inbox.thread?.tryAgain(failed.message);
    expect(inbox.thread?.refused).toEqual({ messageId: failed.message.id, code: 'windowClosed' });
  });

  it('is forgotten with its connection, and leaves no words behind', async () => {
    inbox.open(idOf('Clara'));
    await settle();
    inbox.composer?.write('Almost sent');
    await Promise.all([
      shop.disconnect('k-instagram', 'fernandribbon'),
      vi.advanceTimersByTimeAsync(2000),
    ]);
    await settle();
    expect(inbox.thread).toBeUndefined();
    expect(inbox.composer).toBeUndefined();
    await vi.advanceTimersByTimeAsync(1000);
    expect(shop.asked.filter((one) => one === 'saveDraft')).toHaveLength(0);
    expect(inbox.list.rows.some((row) => row.channel === 'instagram')).toBe(false);
  });

  it('is forgotten with its person, and leaves no words behind', async () => {
    inbox.open(idOf('Clara'));
    await settle();
    inbox.composer?.write('Almost sent');
    await shop.erasePerson(idOf('Clara'));
    await settle();
    expect(inbox.thread).toBeUndefined();
    expect(inbox.composer).toBeUndefined();
    await vi.advanceTimersByTimeAsync(1000);
    expect(shop.asked.filter((one) => one === 'saveDraft')).toHaveLength(0);
    expect(inbox.list.rows.some((row) => row.name.startsWith('Clara'))).toBe(false);
    // The control: others of the same connection are still there.
    expect(inbox.list.rows.some((row) => row.channel === 'instagram')).toBe(true);
  });

  it('stays when another connection is forgotten', async () => {
    inbox.open(idOf('Jonas'));
    await settle();
    inbox.composer?.write('Still writing');
    await Promise.all([
      shop.disconnect('k-instagram', 'fernandribbon'),
      vi.advanceTimersByTimeAsync(2000),
    ]);
    await settle();
    expect(inbox.composer?.text).toBe('Still writing');
    expect(inbox.selected).toBe(idOf('Jonas'));
  });

  it('reads older pages and keeps them when something arrives', async () => {
    const long = new FakeShop(new URLSearchParams('scene=long'));
    const other = new Inbox(long);
    const clara = long.kept[1]?.seed.id ?? '';
    other.open(clara);
    await settle();
    const first = other.thread?.items.length ?? 0;
    await other.thread?.older();
    const more = other.thread?.items.length ?? 0;
    expect(more).toBeGreaterThan(first);
    long.arrive(clara, 'One more');
    await settle();
    expect(other.thread?.items.length).toBeGreaterThanOrEqual(more);
    const ids = other.thread?.items.map((item) => (item.kind === 'message' ? item.message.id : ''));
    expect(new Set(ids).size).toBe(ids?.length);
    other.dispose();
  });
});

describe('going through it', () => {
  it('steps through the list and finds what is unread', () => {
    inbox.step(1);
    expect(inbox.selected).toBe(inbox.list.rows[0]?.id);
    inbox.step(1);
    expect(inbox.selected).toBe(inbox.list.rows[1]?.id);
    inbox.step(-1);
    inbox.step(-1);
    expect(inbox.selected).toBe(inbox.list.rows[0]?.id);
    inbox.seek((row) => row.unread > 0);
    expect(inbox.list.rows.find((row) => row.id === inbox.selected)?.unread).toBeGreaterThan(0);
    expect(inbox.pane).toBe('thread');
  });
});
