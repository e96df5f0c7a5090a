import { describe, expect, it } from 'vitest';
import { page, userEvent } from 'vitest/browser';
import { log, open } from './opened';

const option = (name: string | RegExp) => page.getByRole('option', { name });
const reply = () => page.getByRole('textbox', { name: 'Reply', exact: true });

describe('the names tests and screen readers rely on', () => {
  it('are all there in the inbox', async () => {
    await open();
    await option('Clara').click();
    for (const [role, name] of [
      ['navigation', 'Views'],
      ['listbox', 'Conversations'],
      ['log', 'Messages'],
      ['textbox', 'Reply'],
      ['button', 'Send'],
      ['region', 'Person'],
      ['button', 'Settings'],
    ] as const)
      await expect.element(page.getByRole(role, { name, exact: true })).toBeVisible();
  });

  it('say person, channel, unread count and last line of a conversation', async () => {
    await open();
    await expect
      .element(
        option(
          '田中 美咲, Instagram, 1 unread, 金曜日の午前中に受け取れますか。母の誕生日なんです',
        ),
      )
      .toBeVisible();
    await expect
      .element(option('Lucía Ferrer, Messenger, Draft: Hola Lucía, el centro'))
      .toBeVisible();
  });

  it('say on the first screen why the shop is empty, and give the receipt', async () => {
    await open('scene=erased');
    const news = page.getByRole('status').first();
    await expect.element(news).toHaveTextContent('A deletion was asked for at Facebook');
    // Before the welcome, where it is noticed.
    const [told, welcome] = [news.element(), document.querySelector('h1')];
    expect(told.getBoundingClientRect().bottom).toBeLessThan(
      welcome?.getBoundingClientRect().top ?? 0,
    );
    expect(told.getBoundingClientRect().top).toBeGreaterThan(0);
    await page.getByRole('button', { name: 'Show the receipt' }).click();
    await expect.element(page.getByRole('button', { name: 'Save the receipt' })).toBeVisible();
    await page.getByRole('button', { name: 'Close' }).click();
    // What was erased before can be proved too, though no settings are in reach.
    await page.getByText('Earlier receipts').click();
    await news.getByRole('listitem').getByRole('button').first().click();
    await expect.element(page.getByRole('button', { name: 'Save the receipt' })).toBeVisible();
  });

  it('say nothing of the kind in a shop that is new', async () => {
    await open('scene=firstRun');
    expect(page.getByRole('button', { name: 'Show the receipt' }).elements()).toHaveLength(0);
    // What is announced must be there, and empty, before it has words.
    expect(document.querySelector('main [role=status]')?.textContent?.trim()).toBe('');
  });

  it('are all there in settings and the wipe', async () => {
    await open();
    await page.getByRole('button', { name: 'Settings', exact: true }).click();
    await expect.element(page.getByRole('region', { name: 'Connections' })).toBeVisible();
    const wipe = page.getByRole('button', { name: 'Disconnect and wipe', exact: true });
    expect(wipe.elements()).toHaveLength(3);
    await wipe.first().click();
    const dialog = page.getByRole('dialog', { name: 'Disconnect and wipe', exact: true });
    await expect.element(dialog).toBeVisible();
    const now = page.getByRole('button', { name: 'Wipe now' });
    await expect.element(now).toBeDisabled();
    const field = page.getByRole('textbox', { name: 'Type the name to confirm', exact: true });
    await expect.element(field).toHaveAccessibleDescription(/^fernandribbon The button/);
    await field.fill('fernandribbon');
    await now.click();
    await expect.element(page.getByRole('dialog', { name: 'Deletion receipt' })).toBeVisible();
    await page.getByRole('button', { name: 'Back to the inbox' }).click();
    await page.getByRole('button', { name: 'Settings', exact: true }).click();
    await page.getByRole('button', { name: 'Privacy and account' }).click();
    await expect.element(page.getByRole('list', { name: 'Deletion receipts' })).toBeVisible();
  });

  it('are all there in the first run', async () => {
    const shop = await open('scene=firstRun');
    await page.getByRole('button', { name: 'Connect my shop' }).click();
    const address = page.getByRole('textbox', { name: 'Relay address' });
    await expect
      .element(address)
      .toHaveAccessibleDescription(/^It looks like relay\.example\.com\./);
    await address.fill('https://relay.example.com');
    await page.getByRole('button', { name: 'Continue' }).click();
    await page.getByRole('button', { name: 'They match' }).click();
    await page.getByRole('button', { name: 'Continue in the browser' }).click();
    await expect
      .element(page.getByRole('heading', { name: 'Go on in your browser' }))
      .toBeVisible();
    shop.comeBack();
    await expect.element(page.getByRole('listbox', { name: 'Accounts found' })).toBeVisible();
    await expect.element(option('Hastings Market')).toHaveAttribute('aria-disabled', 'true');
    await page.getByRole('button', { name: 'Connect', exact: true }).click();
    await expect.element(page.getByRole('navigation', { name: 'Views' })).toBeVisible();
  });
});

describe('answering', () => {
  it('sends with Enter, holds, and takes back into the field', async () => {
    await open('hold=20');
    await option('Lucía').click();
    await reply().fill('');
    await userEvent.keyboard('Claro que sí{Enter}');
    await expect.element(log()).toHaveTextContent('Claro que sí');
    await expect.element(reply()).toHaveValue('');
    await page.getByRole('button', { name: 'Undo' }).click();
    await expect.element(reply()).toHaveValue('Claro que sí');
  });

  it('makes a new line with Shift and Enter', async () => {
    await open();
    await option('Anastasia').click();
    await userEvent.keyboard('one{Shift>}{Enter}{/Shift}two');
    await expect.element(reply()).toHaveValue('one\ntwo');
  });

  it('leaves Enter to an input method that composes', async () => {
    const shop = await open();
    await option('Anastasia').click();
    await reply().fill('にほん');
    const field = document.querySelector('textarea');
    field?.dispatchEvent(
      new KeyboardEvent('keydown', { key: 'Enter', isComposing: true, bubbles: true }),
    );
    await expect.element(reply()).toHaveValue('にほん');
    expect(shop.asked).not.toContain('send');
  });

  it('takes a pasted picture, and puts it down again', async () => {
    await open();
    await option('Sofia').click();
    const png = Uint8Array.from(atob('iVBORw0KGgo='), (sign) => sign.charCodeAt(0));
    const data = new DataTransfer();
    data.items.add(new File([png], 'a.png', { type: 'image/png' }));
    document
      .querySelector('textarea')
      ?.dispatchEvent(
        new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true }),
      );
    await expect.element(page.getByRole('img', { name: 'Attached picture' })).toBeVisible();
    await expect.element(page.getByRole('button', { name: 'Send' })).toBeEnabled();
    await page.getByRole('button', { name: 'Take the picture off' }).click();
    await expect
      .element(page.getByRole('img', { name: 'Attached picture' }))
      .not.toBeInTheDocument();
  });

  it('shows that there is nothing to send, also under the pointer', async () => {
    await open();
    await option('Sofia').click();
    await reply().fill('');
    const button = page.getByRole('button', { name: 'Send' });
    await expect.element(button).toBeDisabled();
    const colour = () => getComputedStyle(button.element()).backgroundColor;
    const rest = colour();
    await userEvent.hover(button, { force: true });
    await expect.poll(() => button.element().matches(':hover')).toBe(true);
    expect(colour()).toBe(rest);
    await reply().fill('Yes');
    await userEvent.hover(button);
    await expect.poll(colour).not.toBe(rest);
  });

  it('takes a picture that is dropped anywhere on the conversation, and nowhere else', async () => {
    const shop = await open();
    await option('Sofia').click();
    await expect.element(log()).toBeVisible();
    const data = new DataTransfer();
    const png = Uint8Array.from(atob('iVBORw0KGgo='), (sign) => sign.charCodeAt(0));
    data.items.add(new File([png], 'a.png', { type: 'image/png' }));
    const drag = (kind: string, on: string) =>
      document
        .querySelector(on)
        ?.dispatchEvent(
          new DragEvent(kind, { dataTransfer: data, bubbles: true, cancelable: true }),
        );
    // What is prevented is taken; the rest the shell refuses, as it refuses every other page.
    expect(drag('dragover', '[role=listbox]')).toBe(true);
    expect(drag('dragover', '[role=log]')).toBe(false);
    await expect.element(reply()).toHaveAttribute('placeholder', 'Drop the picture here');
    drag('drop', '[role=log]');
    await expect.element(page.getByRole('img', { name: 'Attached picture' })).toBeVisible();
    await expect.element(reply()).toHaveAttribute('placeholder', 'Reply to Sofia Marques');
    expect(shop.asked).toContain('attachPicture');
  });

  it('does not offer a field where nothing may be sent', async () => {
    await open('scene=inbox');
    await page.getByRole('button', { name: 'Shop phone' }).click();
    await option('佐藤').click();
    await expect.element(page.getByText('Closed until 佐藤 健 writes.')).toBeVisible();
    await expect.element(reply()).not.toBeInTheDocument();
    await expect.element(page.getByText('Your draft is kept:')).toBeVisible();
  });

  it('keeps a failed message with its reason until it is sent', async () => {
    await open();
    await option('Jonas').click();
    await expect.element(log()).toHaveTextContent('Not sent. Too many messages in a short time.');
    await page.getByRole('button', { name: 'Try again' }).click();
    await expect.element(log()).not.toHaveTextContent('Not sent');
  });
});

describe('the line before what is new', () => {
  const line = () => log().getByText('New', { exact: true });

  it('stays while it is read, wherever more arrives, and goes with the answer', async () => {
    const shop = await open('hold=20');
    await option('田中').click();
    await expect.element(line()).toBeVisible();
    const next = () => document.querySelector('[data-new] + li')?.textContent;
    const first = next();
    await expect.poll(() => shop.asked.includes('markRead'), { timeout: 5000 }).toBe(true);
    const id = shop.kept.find((one) => one.seed.name.startsWith('田中'))?.seed.id ?? '';
    shop.arrive(id, 'もしもし');
    await expect.element(log()).toHaveTextContent('もしもし');
    expect(next()?.slice(0, 12)).toBe(first?.slice(0, 12));
    await reply().fill('はい');
    await userEvent.keyboard('{Enter}');
    await expect.element(log()).toHaveTextContent('はい');
    await expect.element(line()).not.toBeInTheDocument();
    // Words that were taken back have answered nothing.
    await page.getByRole('button', { name: 'Undo' }).click();
    await expect.element(line()).toBeVisible();
  });

  it('is gone for who read it and comes back', async () => {
    const shop = await open();
    await option('田中').click();
    await expect.element(line()).toBeVisible();
    await expect.poll(() => shop.asked.includes('markRead'), { timeout: 5000 }).toBe(true);
    await expect.element(option('田中')).not.toHaveAccessibleName(/unread/);
    await expect.element(line()).toBeVisible();
    await page.getByRole('button', { name: 'Settings', exact: true }).click();
    await expect.element(page.getByRole('region', { name: 'Connections' })).toBeVisible();
    await page.getByRole('button', { name: 'Back', exact: true }).click();
    await expect.element(log()).toBeVisible();
    await expect.element(line()).not.toBeInTheDocument();
  });
});

describe('what arrives', () => {
  it('is shown at once, and marked read after it was seen', async () => {
    const shop = await open();
    await option('Anastasia').click();
    shop.arrive(
      shop.kept.find((one) => one.seed.name.startsWith('Anastasia'))?.seed.id ?? '',
      'В полдень',
    );
    await expect.element(log()).toHaveTextContent('В полдень');
    await expect.poll(() => shop.asked.includes('markRead'), { timeout: 5000 }).toBe(true);
  });

  it('does not move what is being read', async () => {
    const shop = await open('scene=long');
    await option('Clara').click();
    const box = () => document.querySelector<HTMLElement>('[role="group"][aria-label="Messages"]');
    await expect.poll(() => box()?.scrollTop ?? 0).toBeGreaterThan(500);
    const scroller = box();
    if (!scroller) throw new Error('the scroller');
    scroller.scrollTop = 900;
    await new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)));
    shop.arrive(shop.kept[1]?.seed.id ?? '', 'Are you there?');
    await expect.element(page.getByRole('button', { name: '1 new message' })).toBeVisible();
    expect(scroller.scrollTop).toBe(900);
    await page.getByRole('button', { name: '1 new message' }).click();
    await expect
      .poll(() => scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight)
      .toBeLessThan(50);
  });

  it('keeps its place when earlier messages are read', async () => {
    await open('scene=long');
    await option('Clara').click();
    const box = () => document.querySelector<HTMLElement>('[role="group"][aria-label="Messages"]');
    await expect.poll(() => box()?.scrollTop ?? 0).toBeGreaterThan(500);
    const scroller = box();
    if (!scroller) throw new Error('the scroller');
    const before = scroller.querySelectorAll('[data-message]').length;
    const first = scroller.querySelector<HTMLElement>('[data-message]');
    scroller.scrollTop = 100;
    const place = first?.getBoundingClientRect().top ?? 0;
    await expect
      .poll(() => scroller.querySelectorAll('[data-message]').length)
      .toBeGreaterThan(before);
    await expect
      .poll(() => Math.abs((first?.getBoundingClientRect().top ?? 0) - place))
      .toBeLessThan(40);
  });
});

describe('long lists', () => {
  it('draw only what is in view, and are walked by keyboard to the end', async () => {
    await open('scene=many');
    await option('Clara').click();
    expect(document.querySelectorAll('[role="option"]').length).toBeLessThan(40);
    document.querySelector<HTMLElement>('[role="option"][tabindex="0"]')?.focus();
    await userEvent.keyboard('{End}');
    await expect.poll(() => document.activeElement?.getAttribute('aria-posinset')).toBe('50');
    await expect.poll(() => document.activeElement?.getAttribute('aria-setsize')).toBe('417');
    await userEvent.keyboard('{Home}');
    await expect.poll(() => document.activeElement?.getAttribute('aria-posinset')).toBe('1');
  });
});

describe('links', () => {
  it('ask, showing the host, before anything opens', async () => {
    const shop = await open();
    await option('Priya').click();
    await page.getByRole('link', { name: 'xn--e1afmkfd.com' }).click();
    const dialog = page.getByRole('dialog', { name: 'Open this link?' });
    await expect.element(dialog).toHaveTextContent('xn--e1afmkfd.com');
    await expect.element(dialog).toHaveTextContent('mixes letters');
    expect(shop.asked).not.toContain('openLink');
    await userEvent.keyboard('{Escape}');
    await expect.element(dialog).not.toBeInTheDocument();
    expect(shop.asked).not.toContain('openLink');
  });
});
