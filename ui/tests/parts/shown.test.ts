// What the owner sees at a glance: which connection is which, why something was not sent and what
// can be done, and that a sandbox is one.
import { describe, expect, it } from 'vitest';
import { page, userEvent } from 'vitest/browser';
import { close, log, open } from './opened';

const button = (name: string) => page.getByRole('button', { name, exact: true });
const texts = (selector: string): string[] =>
  [...document.querySelectorAll(selector)].map((part) => part.textContent?.trim() ?? '');

describe('connections of one name', () => {
  it('are told apart on the rail, in the order of the settings', async () => {
    const shop = await open('scene=twins');
    shop.settings.shopName = '';
    shop.tell({ kind: 'app' });
    const rail = page.getByRole('navigation', { name: 'Views' });
    await expect.element(rail).toHaveTextContent('@fernandribbon');
    await expect.element(rail.getByText('Fern & Ribbon').first()).toBeVisible();
    const words = texts('nav .word > .truncate:first-child').slice(3);
    expect(words).toEqual(['Instagram', 'Instagram', 'Messenger', 'Messenger', 'WhatsApp']);
    expect(texts('nav .under')).toEqual([
      '@fern.weddings',
      '@fernandribbon',
      'Page …1234',
      'Page …9876',
    ]);
    await page.getByRole('button', { name: 'WhatsApp' }).click();
    await expect
      .element(page.getByRole('heading', { name: 'WhatsApp, Fern & Ribbon' }))
      .toBeVisible();
    await button('Settings').click();
    await expect.element(page.getByRole('article').first()).toBeVisible();
    expect(texts('article h3')).toEqual([
      'Instagram, Fern & Ribbon',
      'Instagram, Fern & Ribbon',
      'Messenger, Fern & Ribbon',
      'Messenger, Fern & Ribbon',
      'WhatsApp, Fern & Ribbon',
    ]);
    const [page1, page2, phone] = texts('article .who p').slice(2);
    expect(page1).toMatch(/^Page …1234, connected .*2026$/);
    expect(page2).toMatch(/^Page …9876, connected .*2026$/);
    expect(phone).toMatch(/^\+44 1424 555134, connected .*2026$/);
  });
});

describe('a number on the rail', () => {
  const rail = () => page.getByRole('navigation', { name: 'Views' });

  it('is in brass what is unread, also of one connection, and says so', async () => {
    await open();
    const instagram = rail().getByRole('button', { name: 'Instagram' });
    await expect
      .element(instagram)
      .toHaveAccessibleName('Instagram Fern & Ribbon 1 unread conversation');
    await expect
      .element(instagram)
      .toHaveAttribute('title', 'Instagram, Fern & Ribbon, 1 unread conversation');
    await expect
      .element(rail().getByRole('button', { name: 'Inbox' }))
      .toHaveAccessibleName('Inbox 3 unread conversations');
    await page.getByRole('option', { name: '田中' }).click();
    // Read: there is no number that could be taken for what is unread.
    await expect.element(instagram).toHaveAccessibleName('Instagram Fern & Ribbon');
  });
});

describe('the counter', () => {
  const line = () => document.querySelector<HTMLElement>('.allowed .words');

  it('says until when an answer is allowed, and why, without being asked', async () => {
    await open();
    await page.getByRole('option', { name: 'Sofia' }).click();
    await expect.poll(() => line()?.innerText).toMatch(/^21 h left to reply, until .* tomorrow\./);
    expect(line()?.innerText).toMatch(/Sofia Marques last wrote today at .*$/);
  });

  it('says it of an answer in person too', async () => {
    const shop = await open('scene=trouble');
    const one = shop.kept.find(({ seed }) => seed.name.startsWith('Café'));
    shop.tell({ kind: 'open', conversationId: one?.seed.id ?? '' });
    await expect
      .poll(() => line()?.innerText)
      .toMatch(/^5 days left, written by a person, until .* on Monday\./);
  });

  it('keeps the end in view where there is little room, and the reason one press away', async () => {
    for (const ask of ['', 'lang=ar']) {
      await open(ask);
      await page.viewport(1440, 900);
      await page.getByRole('option', { name: 'Sofia' }).click();
      await expect.poll(line).not.toBeNull();
      await page.viewport(320, 640);
      const [end, reason] = document.querySelectorAll('.allowed .words > span');
      const room = document.querySelector('.allowed')?.getBoundingClientRect();
      const said = end?.getBoundingClientRect();
      expect(said?.width).toBeGreaterThan(0);
      expect(said?.left).toBeGreaterThanOrEqual(room?.left ?? 0);
      expect(said?.right).toBeLessThanOrEqual(room?.right ?? 0);
      expect(line()?.scrollWidth).toBeLessThanOrEqual(line()?.clientWidth ?? 0);
      await expect.poll(() => reason?.checkVisibility()).toBe(false);
      document.querySelector<HTMLElement>('.why')?.click();
      await expect
        .poll(() => document.querySelector('.after .reason-here')?.checkVisibility())
        .toBe(true);
      await close();
    }
  });
});

describe('the hint beside the composer', () => {
  it.each([
    ['scene=offline', 'Clara', 'Relay away: replies still leave', 'Relay away'],
    ['', 'Rosalind', 'No internet: this is sent later, in order', 'Sent later'],
  ])('has words however little room there is (%s)', async (scene, name, whole, brief) => {
    await open(scene);
    await page.getByRole('option', { name }).click();
    const hint = () => document.querySelector<HTMLElement>('.bar .hint');
    for (const [width, height, words] of [
      [1440, 900, whole],
      [900, 600, whole],
      [320, 640, brief],
    ] as const) {
      await page.viewport(width, height);
      await expect.poll(() => hint()?.innerText.trim()).toBe(words);
      const [said, bar] = [hint(), hint()?.parentElement];
      expect(said?.scrollWidth).toBeLessThanOrEqual(said?.clientWidth ?? 0);
      expect(bar?.scrollWidth).toBeLessThanOrEqual(bar?.clientWidth ?? 0);
    }
  });
});

describe('a message that was not sent', () => {
  it('has its ways on in words, and never contradicts the counter', async () => {
    await open();
    await page.getByRole('option', { name: 'Rosalind' }).click();
    await expect
      .element(log())
      .toHaveTextContent('The reply window had closed then. You may answer again now');
    await expect.element(page.getByText('left to reply').first()).toBeVisible();
    expect(log().element().textContent).not.toContain('It opens again when');
    const ways = [...document.querySelectorAll<HTMLElement>('[role=log] .buttons .button')];
    expect(ways.length).toBeGreaterThan(20);
    for (const way of ways) expect(way.innerText.trim()).not.toBe('');
    expect(texts('[role=log] .buttons .button')).toContain('Back to draft');
  });

  it('the control: in a closed window it is plainly said', async () => {
    const shop = await open();
    const one = shop.kept.find(({ seed }) => seed.name.startsWith('Rosalind'));
    if (one) one.seed.window = { kind: 'closed', since: null, templates: false, refused: false };
    await page.getByRole('option', { name: 'Rosalind' }).click();
    await expect.element(log()).toHaveTextContent('The reply window had closed. It opens again');
    expect(log().element().textContent).not.toContain('You may answer again now');
    expect(document.body.textContent).not.toContain('Its word decides');
  });

  it('leads to the sign-in only while that has ended', async () => {
    const shop = await open();
    const home = shop.scene.connections.find((one) => one.channel === 'messenger');
    if (home) home.trouble = { kind: 'signInEnded' };
    await page.getByRole('option', { name: 'Rosalind' }).click();
    const ended = 'The sign-in at Facebook has ended. Sign in again, then try again.';
    const again = 'had ended then, and works again now. Try again.';
    const way = log().getByRole('button', { name: 'Sign in again', exact: true });
    await expect.element(log()).toHaveTextContent(ended);
    expect(log().element().textContent).not.toContain(again);
    // One for the sign-in, one for a permission that is to be ticked.
    expect(way.elements()).toHaveLength(2);
    if (home) home.trouble = null;
    shop.tell({ kind: 'connections' });
    await expect.element(log()).toHaveTextContent(again);
    expect(log().element().textContent).not.toContain(ended);
    expect(way.elements()).toHaveLength(1);
  });

  it('closes the composer when the platform said that its window is over', async () => {
    const shop = await open();
    const one = shop.kept.find(({ seed }) => seed.name.startsWith('Rosalind'));
    if (one) one.seed.window = { kind: 'closed', since: null, templates: false, refused: true };
    await page.getByRole('option', { name: 'Rosalind' }).click();
    await expect.element(page.getByText('Messenger says that it is over')).toBeVisible();
    await expect.element(page.getByText('Its word decides')).toBeVisible();
    expect(page.getByRole('textbox', { name: 'Reply', exact: true }).elements()).toHaveLength(0);
    shop.arrive(one?.seed.id ?? '', 'And now?');
    await expect.element(page.getByRole('textbox', { name: 'Reply', exact: true })).toBeVisible();
  });

  it('leaves a person their own days after the usual window was refused', async () => {
    const shop = await open();
    const one = shop.kept.find(({ seed }) => seed.name.startsWith('Rosalind'));
    const [until, openedAt] = [shop.now + 6 * 86_400_000, shop.now - 86_400_000];
    if (one) one.seed.window = { kind: 'humanOnly', until, openedAt, refused: true };
    await page.getByRole('option', { name: 'Rosalind' }).click();
    await expect
      .element(page.getByText('Messenger says that the usual reply window is over.'))
      .toBeVisible();
    await expect.element(page.getByRole('textbox', { name: 'Reply', exact: true })).toBeVisible();
  });
});

describe('somebody known by nothing but a number', () => {
  it('is called by it everywhere as people of its country write it', async () => {
    const shop = await open();
    const spaced = '+44 7700 900456';
    await page.getByRole('option', { name: spaced }).click();
    await expect.element(page.getByRole('heading', { name: spaced }).first()).toBeVisible();
    await expect.element(page.getByPlaceholder(`Reply to ${spaced}`)).toBeVisible();
    await page.getByRole('button', { name: 'Erase this person' }).click();
    await expect.element(page.getByRole('dialog')).toHaveTextContent(spaced);
    await userEvent.keyboard('{Escape}');
    await button('Search').click();
    await page.getByRole('searchbox').fill('gift card');
    await expect.element(page.getByRole('option', { name: spaced })).toBeVisible();
    expect(document.body.textContent).not.toContain('+447700900456');
    expect(
      shop.kept.some(({ seed }) => seed.name === '+447700900456'),
      'the control',
    ).toBe(true);
  });
});

describe('somebody whose name Meta has not told yet', () => {
  it('is called somebody, and by the name as soon as it is there', async () => {
    const shop = await open();
    const one = shop.kept.find(({ seed }) => seed.name === 'Clara Whitfield');
    if (one) one.seed.name = '';
    shop.tell({ kind: 'conversations', ids: [] });
    await page.getByRole('option', { name: 'Somebody on Instagram' }).click();
    const heading = (name: string) => page.getByRole('heading', { name }).first();
    await expect.element(heading('Somebody on Instagram')).toBeVisible();
    if (one) one.seed.name = 'Clara Whitfield';
    shop.tell({ kind: 'conversations', ids: [] });
    await expect.element(page.getByRole('option', { name: 'Clara Whitfield' })).toBeVisible();
  });
});

describe('a found message', () => {
  it('has the pictures around it as pictures, not as the word', async () => {
    await open();
    await button('Search').click();
    await page.getByRole('searchbox').fill('smaller');
    const preview = page.getByRole('complementary', { name: 'Preview' });
    await expect.element(preview.getByRole('img', { name: 'Picture from Sofia' })).toBeVisible();
    expect(texts('.preview .bubble')).not.toContain('Picture');
  });
});

describe('an account that cannot be ticked', () => {
  it('says what is so of a Page without Instagram, and how that is changed', async () => {
    await open('scene=choose');
    const page1 = page.getByRole('option', { name: 'Fern at the station' });
    await expect.element(page1).toHaveTextContent('is linked to this Page');
    await expect.element(page1).not.toHaveTextContent('personal');
    // In the row of the account it is about, and of no other.
    const row = [...document.querySelectorAll('.row')].find((part) =>
      part.contains(page1.element()),
    );
    expect(row?.querySelectorAll('details')).toHaveLength(1);
    expect(document.querySelectorAll('.row details')).toHaveLength(2);
    const how = page.getByText('Show me how').nth(1);
    expect(row?.contains(how.element())).toBe(true);
    const step = page.getByText('Switch to professional account').nth(1);
    await expect.element(step).not.toBeVisible();
    await how.click();
    await expect.element(step).toBeVisible();
    // Pressing it ticks nothing, and the arrows go past it.
    await expect.element(page1).toHaveAttribute('aria-selected', 'false');
    expect(row?.querySelectorAll('details ol li')).toHaveLength(3);
    expect(document.querySelectorAll('details a, details [role=link]')).toHaveLength(0);
    await close();
    // The control: where nothing is to be changed there are no steps.
    await open('scene=chooseNone');
    await expect.element(page.getByText('Show me how')).not.toBeInTheDocument();
  });
});

describe('a sandbox', () => {
  it('says so above every screen, also before anything is connected or open', async () => {
    for (const scene of ['sandboxFirst', 'sandboxChoose', 'sandboxLocked', 'sandbox']) {
      await open(`scene=${scene}`);
      await expect.element(page.getByText('Nothing reaches real people.')).toBeVisible();
      await close();
    }
    for (const scene of ['firstRun', 'choose', 'locked', 'inbox']) {
      await open(`scene=${scene}`);
      await expect.element(page.getByText('Nothing reaches real people.')).not.toBeInTheDocument();
      await close();
    }
  });
});

describe('the parts', () => {
  it('are drawn with our own colours, the choices too', async () => {
    await open();
    await button('Settings').click();
    await button('General').click();
    const size = page.getByRole('combobox', { name: 'Text size' });
    await expect.element(size).toBeVisible();
    const { appearance, backgroundColor } = getComputedStyle(size.element());
    const field = page.getByRole('textbox', { name: 'Name of the shop' }).element();
    expect(appearance).toBe('none');
    expect(backgroundColor).toBe(getComputedStyle(field).backgroundColor);
  });

  it('show keys as keys', async () => {
    await open();
    await expect.element(page.getByText('go through the list')).toBeVisible();
    expect(texts('.hints .key').slice(0, 2)).toEqual(['J', 'K']);
  });

  it('begin an empty field at the edge of the language', async () => {
    await open('lang=ar');
    await page.getByRole('option', { name: 'Sofia' }).click();
    const typed = page.getByRole('textbox');
    await expect.element(typed).toHaveAttribute('dir', 'rtl');
    await typed.fill('Yes');
    await expect.element(typed).toHaveAttribute('dir', 'auto');
  });
});

describe('a wipe', () => {
  it('wants the name no other connection has, however it is written', async () => {
    await open('scene=twins');
    await button('Settings').click();
    const typed = page.getByRole('textbox', { name: 'Type the name to confirm', exact: true });
    const now = button('Wipe now');
    for (const [card, names] of [
      [0, ['fern.weddings', '@Fern.Weddings']],
      [2, ['1234', '…1234']],
      [4, ['+44 1424 555134', '+441424555134']],
    ] as const) {
      await button('Disconnect and wipe').nth(card).click();
      for (const other of ['fernandribbon', 'Fern', 'fern.weddings2', '9876'])
        await typed.fill(other).then(() => expect.element(now).toBeDisabled());
      for (const name of names) {
        await typed.fill(name);
        await expect.element(now).toBeEnabled();
      }
      // What all of them are called is not enough.
      await typed.fill('Fern & Ribbon');
      await expect.element(now).toBeDisabled();
      await button('Cancel').click();
    }
  });
});

describe('a receipt', () => {
  it('is short, and whole for whoever asks', async () => {
    await open();
    await button('Settings').click();
    await button('Privacy and account').click();
    await page.getByRole('button', { name: 'Show', exact: true }).last().click();
    const slip = page.getByRole('article', { name: 'Deletion receipt' });
    for (const said of [
      'Conversations 1,284',
      'Messages 18,902',
      'Left over after the sweep 0',
      'Sealed copies at the relay 14 erased',
      'deletion bf3c eed8 … cb45',
      'this computer ed25519 DMk7…zQI=',
      'relay ed25519 Zt07…mA4=',
    ])
      await expect.element(slip).toHaveTextContent(said);
    expect(slip.element().querySelectorAll('.short li')).toHaveLength(4);
    expect(slip.element().getBoundingClientRect().height).toBeLessThan(620);
    const whole = slip.element().querySelector('pre');
    expect(whole?.checkVisibility()).toBe(false);
    await page.getByText('Show the whole receipt').click();
    expect(whole?.checkVisibility()).toBe(true);
    expect(whole?.textContent).toContain('wipe-key 2fbfc901');
  });
});

describe('a reply', () => {
  const hint = (words: string) => page.getByText(words, { exact: true });

  it('leaves also while the relay is away, and nothing says otherwise', async () => {
    const shop = await open('scene=offline');
    await page.getByRole('option', { name: 'Clara' }).click();
    await expect.element(hint('Relay away: replies still leave')).toBeVisible();
    await page.getByRole('textbox', { name: 'Reply' }).fill('On the way');
    await userEvent.keyboard('{Enter}');
    await expect.element(log().getByText('On the way')).toBeVisible();
    expect(document.body.textContent).not.toMatch(/internet/i);
    await shop.openAgain();
    await expect.element(hint('Relay away: replies still leave')).not.toBeInTheDocument();
  });

  it('waits for the internet where it met none, which the field says too', async () => {
    await open();
    await page.getByRole('option', { name: 'Rosalind' }).click();
    await expect.element(log().getByText('Waits for the internet')).toBeVisible();
    await expect.element(hint('No internet: this is sent later, in order')).toBeVisible();
  });
});
