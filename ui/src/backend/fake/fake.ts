// The in-memory shop: the whole surface of the shell without an engine, for tests and for looking
// at every state. It keeps the same promises: news carries ids, and whoever shows something reads
// it again. What reads and what writes stands in files of its own; here is the shop as a whole: its
// settings, its connections, and how it forgets.
import { Refused, type Backend, type SettingsView, type WipeProgressView } from '../backend';
import { connection, found, receipt } from './scenes';
import { MINUTE } from './seeds';
import { FakeWriting } from './writing';

export class FakeShop extends FakeWriting implements Backend {
  #relayUrl = '';

  async openAgain() {
    this.answer('openAgain', null);
    if (this.scene.link.kind === 'offline') this.scene.link = { kind: 'online' };
    if (this.scene.phase.kind === 'erasing' && this.wipe.kind !== 'running')
      this.scene.phase = { kind: 'firstRun' };
    this.tell({ kind: 'app' });
    return null;
  }

  async enterPassphrase(passphrase: string) {
    this.answer('enterPassphrase', null);
    const first = this.scene.phase.kind === 'passphrase' && this.scene.phase.first;
    if (!first && passphrase !== 'correct horse battery') throw new Refused('wrongPassphrase');
    this.scene.phase = { kind: 'ready' };
    this.tell({ kind: 'app' });
    return null;
  }

  async setSettings(settings: SettingsView) {
    this.answer('setSettings', null);
    this.settings = settings;
    this.tell({ kind: 'app' });
    return null;
  }

  async meetRelay(url: string) {
    this.answer('meetRelay', null);
    if (!/relay|127\.0\.0\.1|localhost/.test(url)) throw new Refused('notARelay');
    const link = url.startsWith('shopbell:') ? new URL(url).searchParams : undefined;
    if (link?.get('key') === 'another') throw new Refused('relayKeyChanged');
    url = link?.get('url') ?? url;
    this.#relayUrl = url;
    const words = 'amber basket cedar dune ember fable garnet harbor indigo juniper kettle lantern';
    return { url, operator: 'Hastings Web Workshop', words: words.split(' ') };
  }

  async trustRelay(url: string, enrolCode: string | null) {
    this.answer('trustRelay', null);
    if (url !== this.#relayUrl) throw new Refused('relayKeyChanged');
    if (url.includes('code') && enrolCode !== '1234') throw new Refused('enrolCode');
    this.scene.link = { kind: 'online' };
    this.tell({ kind: 'app' });
    return null;
  }

  async startLogin(_connectionId: string | null) {
    this.answer('startLogin', null);
    this.scene.login = { kind: 'waiting', since: this.now };
    this.tell({ kind: 'login' });
    return null;
  }

  /** The browser came back. */
  comeBack(): void {
    this.scene.login = { kind: 'choose', accounts: found(), declined: [] };
    this.tell({ kind: 'login' });
  }

  async cancelLogin() {
    this.scene.login = { kind: 'none' };
    this.tell({ kind: 'login' });
    return this.answer('cancelLogin', null);
  }

  async login() {
    return this.answer('login', this.scene.login);
  }

  async connectAccounts(ids: string[]) {
    this.answer('connectAccounts', null);
    this.scene.login = { kind: 'connecting' };
    this.tell({ kind: 'login' });
    setTimeout(() => {
      for (const one of found().filter((each) => ids.includes(each.id)))
        this.scene.connections.push(
          connection(`k-${one.channel}`, one.channel, one.name, one.handle, 0, 0),
        );
      this.scene.phase = { kind: 'ready' };
      this.scene.login = { kind: 'none' };
      for (const kind of ['login', 'app', 'connections'] as const) this.tell({ kind });
    }, 300);
    return null;
  }

  async connections() {
    if (this.scene.phase.kind === 'erasing') throw new Refused('notOpen');
    return this.answer(
      'connections',
      this.scene.connections.map((one) => ({ ...one })),
    );
  }

  async checkConnections() {
    this.answer('checkConnections', null);
    for (const one of this.scene.connections) {
      one.lookedAt = this.now;
      one.nextLookAt = this.now + 15 * MINUTE;
      if (one.trouble?.kind === 'unsubscribed') one.trouble = null;
    }
    this.tell({ kind: 'connections' });
    return null;
  }

  async disconnect(connectionId: string, name: string) {
    this.answer('disconnect', null);
    const one = this.scene.connections.find((each) => each.id === connectionId);
    if (!one) throw new Refused('gone');
    const typed = name.replace(/^@|\s/g, '');
    if ((one.handle?.replace(/^@|\s/g, '') ?? one.name) !== (one.handle ? typed : name))
      throw new Refused('nameDiffers');
    this.scene.connections = this.scene.connections.filter((each) => each !== one);
    this.kept.splice(
      0,
      this.kept.length,
      ...this.kept.filter((each) => each.connectionId !== connectionId),
    );
    this.tell({ kind: 'forgotten', connectionId });
    await this.wipes('connection');
    return null;
  }

  async erasePerson(conversationId: string) {
    this.answer('erasePerson', null);
    const one = this.of(conversationId);
    this.kept.splice(this.kept.indexOf(one), 1);
    this.tell({ kind: 'erased', conversationId });
    this.tell({ kind: 'conversations', ids: [conversationId] });
    this.#receives('person');
    return null;
  }

  async deleteEverything(name: string) {
    this.answer('deleteEverything', null);
    if (name !== (this.settings.shopName || 'Shopbell')) throw new Refused('nameDiffers');
    this.scene.connections = [];
    this.kept.splice(0);
    this.scene.phase = { kind: 'erasing' };
    this.scene.link = { kind: 'none' };
    this.tell({ kind: 'app' });
    await this.wipes('everything');
    return null;
  }

  async wipeProgress() {
    return this.answer('wipeProgress', this.wipe);
  }

  async answerDeletion(wipe: boolean) {
    this.scene.phase = { kind: wipe ? 'erasing' : 'ready' };
    this.tell({ kind: 'app' });
    return this.answer('answerDeletion', null);
  }

  async receipts() {
    return this.answer(
      'receipts',
      this.scene.receipts.map((one) => ({ ...one })),
    );
  }

  async saveReceipt(_receiptId: string) {
    return this.answer('saveReceipt', true);
  }

  async inspectLink(url: string) {
    this.answer('inspectLink', null);
    const read = URL.canParse(url) ? new URL(url) : undefined;
    if (!read) throw new Refused('badLink');
    const host = read.protocol === 'mailto:' ? read.pathname : read.host;
    return { host, url: read.href, suspicious: host.includes('xn--') };
  }

  async openLink(_url: string) {
    return this.answer('openLink', null);
  }

  async openInApp(_conversationId: string) {
    return this.answer('openInApp', null);
  }

  /** As in the engine: the command ends when everything here is erased; the relay answers later. */
  protected async wipes(scope: string): Promise<void> {
    const of = 8;
    for (let step = 1; step < of; step += 1) {
      this.#shows({ kind: 'running', step, of });
      await new Promise((resolve) => setTimeout(resolve, 120));
    }
    this.#receives(scope);
  }

  /** The receipt: first without the relay's part, then whole. */
  #receives(scope: string): void {
    const made = receipt(`r${this.scene.receipts.length + 1}`, this.now, scope, false);
    this.scene.receipts = [made, ...this.scene.receipts];
    this.#shows({ kind: 'waitingForRelay' });
    setTimeout(() => {
      this.scene.receipts = this.scene.receipts.map((one) =>
        one.id === made.id ? receipt(one.id, one.at, scope, true) : one,
      );
      this.#shows({ kind: 'done', receiptId: made.id });
      this.tell({ kind: 'connections' });
    }, 120);
  }

  #shows(wipe: WipeProgressView): void {
    this.wipe = wipe;
    this.tell({ kind: 'wipe' });
  }
}

/** The in-memory shop of an address; page tests reach it as `fakeShop`. */
export async function connect(ask: URLSearchParams): Promise<Backend> {
  const shop = new FakeShop(ask);
  Object.assign(globalThis, { fakeShop: shop });
  return {
    ...bound(shop),
    listen: (hear) => shop.listen(hear),
  };
}

/** Its commands as plain functions, as the shell's are. */
function bound(shop: FakeShop): Backend {
  const names: string[] = [];
  for (let one: object = shop; one !== Object.prototype; one = Object.getPrototypeOf(one) as object)
    names.push(...Object.getOwnPropertyNames(one));
  return Object.fromEntries(
    (names as (keyof Backend)[])
      .filter((name) => typeof shop[name] === 'function')
      .filter((name) => !['constructor', 'now'].includes(name))
      .map((name) => [
        name,
        (...given: never[]) => (shop[name] as (...all: never[]) => unknown).apply(shop, given),
      ]),
  ) as unknown as Backend;
}
