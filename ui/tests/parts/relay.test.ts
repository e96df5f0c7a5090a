// Which relay the window goes to: one that a link names is never taken, and never passed over, in
// silence, and the one of an erased shop is forgotten with it.
import { describe, expect, it } from 'vitest';
import { page } from 'vitest/browser';
import { Refused } from '../../src/backend/backend';
import { open } from './opened';

const button = (name: string) => page.getByRole('button', { name, exact: true });
const heading = (name: string) => page.getByRole('heading', { name, exact: true });
const link = (key = 'ab12') => ({
  kind: 'relayLink' as const,
  url: `shopbell://relay?url=${encodeURIComponent('https://relay.other.example')}&key=${key}`,
});

describe('a link that names a relay while one is in use', () => {
  it('is said with its address, and asks nobody before the owner does', async () => {
    const shop = await open();
    shop.tell(link());
    await expect.element(heading('A link names a relay')).toBeVisible();
    await expect.element(page.getByText('https://relay.other.example/')).toBeVisible();
    expect(shop.asked).not.toContain('meetRelay');
    await button('Keep the relay I use').click();
    await expect.element(page.getByRole('navigation', { name: 'Views' })).toBeVisible();
    expect(shop.asked).not.toContain('meetRelay');
    // It is over: connecting another account goes on with the relay that is used.
    await button('Settings').click();
    await button('Connect another').click();
    await expect.element(heading('Connect your shop')).toBeVisible();
  });

  it('leads to its words, and then on', async () => {
    const shop = await open();
    shop.tell(link());
    await button('Look at this relay').click();
    await expect.element(heading('Are these its words?')).toBeVisible();
    await button('They differ').click();
    await expect.element(heading('A link names a relay')).toBeVisible();
    await button('Look at this relay').click();
    shop.refuse = { command: 'trustRelay', with: new Refused('relayKeyChanged') };
    await button('They match').click();
    const alert = page.getByRole('alert');
    await expect.element(alert).toHaveTextContent('another key than the one you trusted');
    await button('They match').click();
    await expect.element(heading('Connect your shop')).toBeVisible();
  });

  it('warns of another key than it says', async () => {
    const shop = await open();
    shop.tell(link('another'));
    await button('Look at this relay').click();
    await expect
      .element(page.getByRole('alert'))
      .toHaveTextContent('shows another key than the link says. Nothing was changed.');
    await expect.element(heading('A link names a relay')).toBeVisible();
  });
});

describe('a link on the first day', () => {
  it('fills in the address, also where one was being typed, and can be left', async () => {
    const shop = await open('scene=firstRun');
    await button('Connect my shop').click();
    const address = page.getByRole('textbox', { name: 'Relay address' });
    await address.fill('relay.exam');
    shop.tell(link('another'));
    await expect.element(address).toHaveValue(link('another').url);
    await button('Continue').click();
    await expect.element(page.getByRole('alert')).toHaveTextContent('than the link says');
    await button('Back').click();
    await expect.element(button('Connect my shop')).toBeVisible();
  });
});

describe('the relay of a shop that was erased', () => {
  it('is forgotten with it', async () => {
    const shop = await open('scene=firstRun');
    const address = page.getByRole('textbox', { name: 'Relay address' });
    await button('Connect my shop').click();
    await address.fill('https://relay.example.com');
    await button('Continue').click();
    await button('They match').click();
    await button('Continue in the browser').click();
    await expect.element(heading('Go on in your browser')).toBeVisible();
    shop.comeBack();
    await button('Connect').click();
    await button('Settings').click();
    await button('Privacy and account').click();
    await button('Delete everything').click();
    await page.getByRole('dialog').getByRole('textbox').fill('Shopbell');
    await button('Wipe now').click();
    await button('Start again').click();
    await button('Connect my shop').click();
    await expect.element(address).toBeVisible();
    await expect.element(address).toHaveValue('');
  });
});
