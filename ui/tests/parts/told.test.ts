// What the owner is told: before something goes, about an account, and about what cannot be shown.
import { describe, expect, it } from 'vitest';
import { page } from 'vitest/browser';
import { Refused } from '../../src/backend/backend';
import { close, log, open } from './opened';

const button = (name: string) => page.getByRole('button', { name, exact: true });
const dialog = (name: string) => page.getByRole('dialog', { name, exact: true });

async function says(part: ReturnType<typeof dialog>, sentences: string[]): Promise<void> {
  for (const sentence of sentences) await expect.element(part).toHaveTextContent(sentence);
}

describe('while the shop is shut', () => {
  it('nobody is named and nothing is asked for', async () => {
    const shut = ['locked', 'passphrase', 'keyMissing', 'damaged', 'erasing', 'deletionAsked'];
    for (const scene of shut) {
      const shop = await open(`scene=${scene}`);
      const said = document.body.textContent;
      for (const { seed } of shop.kept) expect(said, scene).not.toContain(seed.name);
      for (const asked of ['conversations', 'counts', 'search', 'thread', 'person', 'connections'])
        expect(shop.asked, scene).not.toContain(asked);
      await close();
    }
  });

  it('the control: open, it names them', async () => {
    const shop = await open();
    await expect.element(page.getByRole('option', { name: 'Clara Whitfield' })).toBeVisible();
    expect(document.body.textContent).toContain('Clara Whitfield');
    expect(shop.asked).toContain('conversations');
  });
});

describe('before anything is wiped', () => {
  it('what goes and what stays is said, and nothing happens until the name is complete', async () => {
    const shop = await open();
    await button('Settings').click();
    await button('Disconnect and wipe').first().click();
    const asked = dialog('Disconnect and wipe');
    await says(asked, [
      'Disconnect Instagram and wipe it?',
      'This cannot be undone, not even by us.',
      'What goes',
      '18,902 messages',
      '2,310 pictures and files',
      'Drafts, and all that search knows',
      'The sign-in to Instagram',
      'Sealed messages still on the way',
      'What stays',
      'Everything at Instagram itself',
      'A receipt that names nobody',
    ]);
    const name = page.getByRole('textbox', { name: 'Type the name to confirm', exact: true });
    await expect.element(page.getByText('fernandribbon', { exact: true })).toBeVisible();
    for (const typed of ['', 'Fern', 'Fern & Ribbon', 'fernandribbon2']) {
      await name.fill(typed);
      await expect.element(button('Wipe now')).toBeDisabled();
    }
    await button('Cancel').click();
    await expect.element(asked).not.toBeInTheDocument();
    expect(shop.asked).not.toContain('disconnect');
  });

  it('the same is said of everything', async () => {
    const shop = await open();
    await button('Settings').click();
    await button('Privacy and account').click();
    await button('Delete everything').click();
    await says(dialog('Delete everything'), [
      'This cannot be undone, not even by us.',
      'All messages, pictures and drafts',
      'All sign-ins, and the permissions you gave',
      'All keys and settings',
      'Everything at Instagram, Messenger and WhatsApp themselves',
      'The deletion receipts, which name nobody',
    ]);
    await expect.element(button('Wipe now')).toBeDisabled();
    expect(shop.asked).not.toContain('deleteEverything');
  });
});

describe('after something was wiped', () => {
  async function wipe(word: string, field: string, now: string): Promise<void> {
    await page.getByRole('textbox', { name: field }).fill(word);
    await button(now).click();
  }

  it('one connection has a receipt, and the others are as they were', async () => {
    const shop = await open();
    await button('Settings').click();
    await button('Disconnect and wipe').first().click();
    await wipe('fernandribbon', 'Type the name to confirm', 'Wipe now');
    await says(dialog('Wiping Instagram'), ['Destroy the key', 'Get the relay’s signature']);
    await says(dialog('Deletion receipt'), ['Instagram is gone from here', 'One connection']);
    await button('Back to the inbox').click();
    await expect.element(page.getByRole('option', { name: 'Jonas' }).first()).toBeVisible();
    expect(shop.asked).toContain('disconnect');
  });

  it('everything leaves the receipt, and then the first day', async () => {
    const shop = await open();
    await button('Settings').click();
    await button('Privacy and account').click();
    await button('Delete everything').click();
    await wipe('Fern & Ribbon', 'Type the name to confirm', 'Wipe now');
    await says(dialog('Deleting everything'), ['Clear the window’s own data']);
    await says(dialog('Deletion receipt'), ['Everything is gone from here']);
    // What is gone cannot be read any more, and that is no failure.
    expect(page.getByRole('alert').elements()).toEqual([]);
    expect(shop.asked).not.toContain('openAgain');
    await button('Start again').click();
    await expect.element(button('Connect my shop')).toBeVisible();
  });

  it('a wipe whose window was closed begins anew by itself', async () => {
    await open();
    await button('Settings').click();
    await button('Privacy and account').click();
    await button('Delete everything').click();
    await wipe('Fern & Ribbon', 'Type the name to confirm', 'Wipe now');
    await expect.element(dialog('Deleting everything')).toBeVisible();
    await button('Back to the inbox').click();
    await expect.element(button('Connect my shop')).toBeVisible();
  });

  it('a refused one is said in its place, and nothing is watched', async () => {
    const shop = await open();
    await button('Settings').click();
    await button('Disconnect and wipe').first().click();
    shop.refuse = { command: 'disconnect', with: new Refused('nameDiffers') };
    await wipe('fernandribbon', 'Type the name to confirm', 'Wipe now');
    await says(dialog('Disconnect and wipe'), ['The name typed is not the one shown.']);
    await expect.element(dialog('Wiping Instagram')).not.toBeInTheDocument();
  });

  it('one person is gone from every list, and the receipt names nobody', async () => {
    const shop = await open();
    await page.getByRole('option', { name: 'Clara Whitfield' }).click();
    await button('Erase this person').click();
    const asked = dialog('Erase this person');
    await says(asked, [
      'Erase Clara Whitfield from here?',
      'This cannot be undone, not even by us.',
      'Drafts, and all that search knows',
      'Everything at Instagram itself',
      'What they write to you from now on',
    ]);
    const word = page.getByRole('textbox', { name: 'Type the word to confirm' });
    for (const typed of ['', 'eras', 'Clara Whitfield']) {
      await word.fill(typed);
      await expect.element(button('Erase now')).toBeDisabled();
    }
    expect(shop.asked).not.toContain('erasePerson');
    await wipe('erase', 'Type the word to confirm', 'Erase now');
    const receipt = dialog('Deletion receipt');
    await says(receipt, ['Erased. This person is gone from here', 'One person']);
    expect(receipt.element().textContent).not.toMatch(/Clara|Permissions/);
    await button('Back to the inbox').click();
    await expect
      .element(page.getByRole('option', { name: 'Clara Whitfield' }))
      .not.toBeInTheDocument();
    await expect.element(page.getByRole('log', { name: 'Messages' })).not.toBeInTheDocument();
  });
});

describe('an account', () => {
  it('has its name, handle, date and the end of its sign-in', async () => {
    await open();
    await button('Settings').click();
    const card = page.getByRole('article', { name: 'Instagram, Fern & Ribbon' });
    await says(card, ['@fernandribbon', 'connected', '2026', '51 more days', '18,902 messages']);
    const phone = page.getByRole('article', { name: 'WhatsApp, Shop phone' });
    await says(phone, ['+44 1424 555 0134', 'No end']);
  });

  it('that another computer has as well is told with how many', async () => {
    await open();
    await button('Settings').click();
    const shared = page.getByRole('article', { name: 'Messenger, Fern & Ribbon Flowers' });
    await says(shared, ['Also connected on 1 other computer.']);
    // The control: what is on this computer alone says nothing of others.
    const alone = page.getByRole('article', { name: 'Instagram, Fern & Ribbon' });
    await expect.element(alone).toBeVisible();
    expect(alone.element().textContent).not.toContain('other computer');
  });

  it('that is a personal one is told with the steps to change that, and cannot be ticked', async () => {
    await open('scene=ask');
    await button('Connect my shop').click();
    await expect
      .element(page.getByText('In Instagram: Settings, Account type and tools.'))
      .toBeVisible();
    // The steps stand in the row they belong to.
    const how = page.getByText('Show me how').element();
    expect(how.closest('.way')?.textContent).toContain('needs a professional account');
    await close();
    await open('scene=choose');
    const personal = page.getByRole('option', { name: 'Rosa at home' });
    await says(personal, ['This is a personal Instagram account', 'switching is free']);
    await expect.element(personal).toHaveAttribute('aria-disabled', 'true');
    // The control: one that can be connected is not greyed.
    const ready = page.getByRole('option', { name: 'Ready to connect' });
    await expect.element(ready).toHaveAttribute('aria-disabled', 'false');
  });
});

describe('a person', () => {
  it('has only what the platform told', async () => {
    await open();
    await page.getByRole('option', { name: 'Lucía' }).click();
    const card = page.getByRole('region', { name: 'Person' });
    await expect.element(card).toHaveTextContent('Lucía Ferrer');
    const element = card.element();
    expect(element.querySelector('img')).toBeNull();
    expect(element.textContent).not.toMatch(/@|null|undefined|unknown/i);
    // The control: who has a picture and a handle is shown with them.
    await page.getByRole('option', { name: 'Sofia' }).click();
    await expect.element(card).toHaveTextContent('@sofia.marques');
    expect(card.element().querySelector('img')).not.toBeNull();
  });
});

describe('an inbox without messages', () => {
  const main = page.getByRole('main');
  const inbox = page.getByRole('region', { name: 'Inbox', exact: true });

  it('promises no bell where every sign-in has ended, and leads to the way on', async () => {
    await open('scene=endedEmpty');
    const needed = 'Every connection needs you to sign in again. Nothing is lost';
    await says(main, ['New messages may not arrive', needed]);
    await says(inbox, ['No messages yet', needed]);
    expect(document.body.textContent).not.toContain('rings here');
    await main.getByRole('button', { name: 'Sign in again' }).click();
    await expect.element(page.getByRole('region', { name: 'Connections' })).toBeVisible();
    expect(page.getByRole('button', { name: 'Sign in again' }).elements()).toHaveLength(3);
  });

  it('the control: while one of them works it rings', async () => {
    const shop = await open('scene=endedEmpty');
    const [one] = shop.scene.connections;
    if (one) one.trouble = null;
    shop.tell({ kind: 'connections' });
    await says(main, ['Your counter is ready', 'The first message rings here.']);
    await says(inbox, ['it rings here']);
    // Of one that does not, that is said.
    await page.getByRole('navigation').getByText('WhatsApp').click();
    await says(page.getByRole('region', { name: 'WhatsApp' }), ['this connection needs you']);
    await button('Sign in again').first().click();
    await expect.element(page.getByRole('region', { name: 'Connections' })).toBeVisible();
  });
});

describe('what cannot be shown as it was', () => {
  it('has a label in its place, whatever it is', async () => {
    await open();
    await page.getByRole('option', { name: 'Priya' }).click();
    await says(log(), [
      'Mentioned you in their story',
      '3 messages could not be recovered',
      'Some messages may be missing here',
      'Instagram sent a new kind of message. It is kept and tried again after an update.',
      'Picture is on its way',
      'Not loaded.',
      'No longer at Instagram',
      'Order list, November (final) v2.pdf',
      'You took this message back',
    ]);
    await page.getByRole('option', { name: 'Clara' }).click();
    await says(log(), ['Reply to your story', 'Recovered, came late from Instagram', '❤️']);
    await page.getByRole('option', { name: 'Thandiwe' }).click();
    await says(log(), ['Thandiwe Mokoena took this message back']);
  });

  it('is no picture where it is a story, and says when that is over', async () => {
    await open();
    await page.getByRole('option', { name: 'Priya' }).click();
    await says(log(), ['Never kept here. No longer on Instagram']);
    await page.getByRole('option', { name: 'Clara' }).click();
    await says(log(), ['Never kept here. On Instagram until']);
    const card = [...document.querySelectorAll('[role=log] *')]
      .filter((part) => part.textContent?.startsWith('Reply to your story'))
      .map((part) => part.closest('.story'))
      .find((part) => part !== null);
    expect(card?.querySelectorAll('img, video')).toHaveLength(0);
  });
});
