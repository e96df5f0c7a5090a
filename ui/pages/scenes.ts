// Every screen of the window, and how one gets there.
import type { Page } from 'playwright-core';

export interface Screen {
  readonly name: string;
  readonly scene: string;
  go?(page: Page): Promise<void>;
}

/** Opens a conversation of the in-memory shop by its person, in any language. */
export async function openConversation(page: Page, name: string): Promise<void> {
  await page.evaluate((wanted) => {
    const { fakeShop } = window as unknown as {
      fakeShop: { kept: { seed: { id: string; name: string } }[]; tell(news: object): void };
    };
    const id = fakeShop.kept.find((one) => one.seed.name.startsWith(wanted))?.seed.id;
    fakeShop.tell({ kind: 'open', conversationId: id });
  }, name);
  await page.locator('[role=log]').waitFor();
}

const settings = async (page: Page): Promise<void> => {
  const menu = page.locator('.menu:visible').first();
  if (await menu.count()) await menu.click();
  await page.locator('.settings:visible').click();
  await page.locator('article').first().waitFor();
};

export const screens: readonly Screen[] = [
  { name: 'first run', scene: 'firstRun' },
  { name: 'first run after an erasure', scene: 'erased' },
  { name: 'relay address', scene: 'relay', go: (page) => page.locator('.go .button').click() },
  {
    name: 'relay words',
    scene: 'relay',
    async go(page) {
      await page.locator('.go .button').click();
      await page.locator('#relay-address').fill('https://relay.example.com');
      await page.keyboard.press('Enter');
      await page.locator('ol li').nth(11).waitFor();
    },
  },
  {
    name: 'a link that names a relay',
    scene: 'inbox',
    async go(page) {
      await page.evaluate(() => {
        const { fakeShop } = window as unknown as { fakeShop: { tell(news: object): void } };
        const url = 'shopbell://relay?url=https%3A%2F%2Frelay.other.example&key=another';
        fakeShop.tell({ kind: 'relayLink', url });
      });
      await page.locator('.who').waitFor();
    },
  },
  { name: 'what is asked', scene: 'ask', go: (page) => page.locator('.go .button').click() },
  { name: 'waiting for the browser', scene: 'waiting' },
  { name: 'account choice', scene: 'choose' },
  { name: 'no account', scene: 'chooseNone' },
  { name: 'login failed', scene: 'failed' },
  {
    name: 'how an account is made fit',
    scene: 'sandboxChoose',
    go: (page) => page.locator('summary').first().click(),
  },
  { name: 'sandbox, first run', scene: 'sandboxFirst' },
  { name: 'sandbox, locked', scene: 'sandboxLocked' },
  { name: 'connections of one name', scene: 'twins', go: (page) => settings(page) },
  { name: 'inbox, empty', scene: 'empty' },
  { name: 'inbox, empty, each sign-in ended', scene: 'endedEmpty' },
  { name: 'inbox, full', scene: 'many' },
  { name: 'inbox, offline and sandbox', scene: 'offline' },
  { name: 'thread', scene: 'inbox', go: (page) => openConversation(page, 'Clara') },
  { name: 'thread, offline', scene: 'offline', go: (page) => openConversation(page, 'Clara') },
  {
    name: 'thread with each failure',
    scene: 'inbox',
    go: (page) => openConversation(page, 'Rosalind'),
  },
  {
    name: 'thread with each oddity',
    scene: 'inbox',
    go: (page) => openConversation(page, 'Priya'),
  },
  {
    name: 'thread with naughty words',
    scene: 'inbox',
    go: (page) => openConversation(page, 'aaaa'),
  },
  { name: 'thread, closed', scene: 'inbox', go: (page) => openConversation(page, '佐藤') },
  {
    name: 'thread, in person only',
    scene: 'trouble',
    go: (page) => openConversation(page, 'Café'),
  },
  {
    name: 'picture, large',
    scene: 'inbox',
    async go(page) {
      await openConversation(page, 'Clara');
      await page.locator('.picture').first().click();
      await page.locator('dialog img').waitFor();
    },
  },
  {
    name: 'link',
    scene: 'inbox',
    async go(page) {
      await openConversation(page, 'Priya');
      await page.locator('[role=link]').nth(1).click();
      await page.locator('dialog .host').waitFor();
    },
  },
  {
    name: 'search',
    scene: 'inbox',
    async go(page) {
      await page.keyboard.press('Control+k');
      await page.locator('[type=search]').fill('ribbon');
      await page.locator('#result-0').waitFor();
    },
  },
  { name: 'settings, connections', scene: 'trouble', go: settings },
  { name: 'settings, everything wrong', scene: 'ended', go: settings },
  {
    name: 'settings, general',
    scene: 'inbox',
    async go(page) {
      await settings(page);
      await page.locator('.section').nth(1).click();
    },
  },
  {
    name: 'receipts',
    scene: 'inbox',
    async go(page) {
      await settings(page);
      await page.locator('.section').nth(2).click();
    },
  },
  {
    name: 'a receipt',
    scene: 'inbox',
    async go(page) {
      await settings(page);
      await page.locator('.section').nth(2).click();
      await page.locator('li .button').first().click();
      await page.locator('dialog .short').waitFor();
    },
  },
  {
    name: 'a receipt, whole',
    scene: 'inbox',
    async go(page) {
      await settings(page);
      await page.locator('.section').nth(2).click();
      await page.locator('li .button').first().click();
      await page.locator('dialog summary').click();
      await page.locator('dialog pre').waitFor();
    },
  },
  {
    name: 'wipe',
    scene: 'inbox',
    async go(page) {
      await settings(page);
      await page.locator('article .risky').first().click();
      await page.locator('#typed').fill('fernandribbon');
    },
  },
  {
    name: 'delete everything',
    scene: 'inbox',
    async go(page) {
      await settings(page);
      await page.locator('.section').nth(2).click();
      await page.locator('.everything .button').click();
      await page.locator('#typed').waitFor();
    },
  },
  {
    name: 'shortcuts',
    scene: 'inbox',
    async go(page) {
      await page.keyboard.press('?');
      await page.locator('dialog dl').waitFor();
    },
  },
  ...['opening', 'locked', 'denied', 'passphrase', 'passphraseWrong', 'passphraseFirst'].map(
    (scene) => ({ name: `before: ${scene}`, scene }),
  ),
  ...[
    'keyMissing',
    'wrongKey',
    'damaged',
    'newer',
    'diskFull',
    'inUse',
    'folderRefused',
    'erasing',
    'deletionAsked',
  ].map((scene) => ({ name: `before: ${scene}`, scene })),
];
