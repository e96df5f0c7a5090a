import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { FakeShop } from '../src/backend/fake/fake';
import { Desk } from '../src/state/desk.svelte';

let shop: FakeShop;
let desk: Desk;

beforeEach(() => {
  vi.useFakeTimers();
  shop = new FakeShop(new URLSearchParams('scene=firstRun'));
  desk = new Desk(shop);
});
afterEach(() => {
  desk.dispose();
  vi.useRealTimers();
});
const settle = () => vi.advanceTimersByTimeAsync(0);

describe('meeting the relay', () => {
  it('trusts nothing before the owner says so', async () => {
    await desk.login.meet(' relay.example.com ');
    expect(desk.login.relay?.words).toHaveLength(12);
    expect(shop.asked).not.toContain('trustRelay');
    desk.login.forgetRelay();
    expect(desk.login.relay).toBeUndefined();
  });

  it('says that an address is no relay', async () => {
    await desk.login.meet('http://example.org');
    expect(desk.login.failure).toBe('notARelay');
  });

  it('asks for a code where the relay wants one', async () => {
    await desk.login.meet('https://relay.example.com/code');
    expect(await desk.login.trust('')).toBe(false);
    expect(desk.login.failure).toBe('enrolCode');
    expect(await desk.login.trust('1234')).toBe(true);
  });
});

describe('signing in', () => {
  it('goes from the browser to the choice to the inbox', async () => {
    await desk.login.start();
    expect(desk.login.view.kind).toBe('waiting');
    shop.comeBack();
    await settle();
    expect(desk.login.view.kind).toBe('choose');
    await desk.login.connect(['f1', 'f2']);
    await vi.advanceTimersByTimeAsync(400);
    await desk.shop.read();
    expect(desk.shop.view?.phase.kind).toBe('ready');
    expect(desk.login.view.kind).toBe('none');
  });

  it('opens the relay step for a link from outside', async () => {
    shop.tell({ kind: 'relayLink', url: 'https://relay.example.com' });
    await settle();
    expect(desk.login.suggested).toBe('https://relay.example.com');
    expect(desk.place.kind).toBe('connect');
  });
});

describe('a notification', () => {
  it('opens its conversation with the cursor in the composer', async () => {
    const ready = new FakeShop();
    const other = new Desk(ready);
    const id = ready.kept[2]?.seed.id ?? '';
    other.go({ kind: 'settings', section: 'general' });
    ready.tell({ kind: 'open', conversationId: id });
    expect(other.place.kind).toBe('inbox');
    expect(other.inbox.selected).toBe(id);
    expect(other.inbox.replyWanted).toBe(true);
    other.dispose();
  });
});
