// The in-memory shop: the whole surface of the shell without an engine, for tests and for looking
// at every state. It keeps the same promises: news carries ids, and whoever shows something reads
// it again.
import {
  Refused,
  type Backend,
  type ConversationView,
  type FilterView,
  type MessageView,
  type News,
  type SettingsView,
  type ThreadItemView,
  type WipeProgressView,
} from '../backend';
import { rowOf, type Kept } from './rows';
import { connection, found, receipt, sceneOf, type Scene } from './scenes';
import { DAY, NOW, pictures, them, us } from './seeds';

export class FakeShop implements Backend {
  readonly scene: Scene;
  readonly kept: Kept[];
  /** What was asked for, for tests. */
  readonly asked: string[] = [];
  /** Set it to have the next command of that name refused. */
  refuse: { command: string; with: Refused } | undefined;
  settings: SettingsView;
  wipe: WipeProgressView = { kind: 'idle' };
  readonly #started = Date.now();
  readonly #ears = new Set<(news: News) => void>();
  #relayUrl = '';

  constructor(ask: URLSearchParams = new URLSearchParams()) {
    this.scene = sceneOf(ask.get('scene') ?? 'inbox');
    this.kept = this.scene.seeds.map((seed) => ({
      seed,
      connectionId: `k-${seed.channel}`,
      draft: { text: seed.draft, picture: null, returned: null },
    }));
    this.settings = {
      language: ask.get('lang') === 'ar' ? 'arabic' : 'english',
      theme: ask.get('theme')?.endsWith('dark') ? 'dark' : 'light',
      notifications: true,
      holdSeconds: Number(ask.get('hold') ?? 5),
      textSize: Number(ask.get('size') ?? 100),
      shopName: this.scene.phase.kind === 'firstRun' ? '' : 'Fern & Ribbon',
    };
  }

  get now(): number {
    return NOW + (Date.now() - this.#started);
  }

  listen(hear: (news: News) => void): () => void {
    this.#ears.add(hear);
    return () => this.#ears.delete(hear);
  }

  tell(news: News): void {
    for (const hear of [...this.#ears]) hear(news);
  }

  /** Somebody writes. */
  arrive(id: string, text: string): void {
    const one = this.#of(id);
    one.seed.items.push(them(this.now, text));
    one.seed.unread += 1;
    one.seed.window = {
      kind: 'open',
      until: this.now + DAY,
      openedAt: this.now,
      thenHumanUntil: null,
    };
    this.#changed(id, true);
  }

  async app() {
    const { phase, sandbox, link } = this.scene;
    return this.#answer('app', {
      phase,
      sandbox,
      settings: this.settings,
      link,
      version: '0.1.0',
      relaySuggested: null,
      now: this.now,
    });
  }

  async openAgain() {
    this.#answer('openAgain', null);
    if (this.scene.link.kind === 'offline') this.scene.link = { kind: 'online' };
    this.tell({ kind: 'app' });
    return null;
  }

  async enterPassphrase(passphrase: string) {
    this.#answer('enterPassphrase', null);
    const first = this.scene.phase.kind === 'passphrase' && this.scene.phase.first;
    if (!first && passphrase !== 'correct horse battery') throw new Refused('wrongPassphrase');
    this.scene.phase = { kind: 'ready' };
    this.tell({ kind: 'app' });
    return null;
  }

  async setSettings(settings: SettingsView) {
    this.#answer('setSettings', null);
    this.settings = settings;
    this.tell({ kind: 'app' });
    return null;
  }

  async conversations(filter: FilterView, after: string | null, limit: number) {
    const rows = this.#rows(filter);
    const from = after === null ? 0 : Number(after);
    const page = rows.slice(from, from + limit);
    const next = from + limit < rows.length ? String(from + limit) : null;
    return this.#answer('conversations', { rows: page, next });
  }

  async conversation(conversationId: string) {
    return this.#answer('conversation', this.#row(this.#of(conversationId)));
  }

  async counts() {
    return this.#answer('counts', {
      all: this.kept.length,
      unread: this.#rows({ kind: 'unread' }).length,
      unanswered: this.#rows({ kind: 'unanswered' }).length,
      closingSoon: this.#rows({ kind: 'closingSoon' }).length,
      connections: this.scene.connections.map((one) => ({
        id: one.id,
        channel: one.channel,
        name: one.name,
        conversations: this.#rows({ kind: 'connection', id: one.id }).length,
        unread: this.#rows({ kind: 'connection', id: one.id }).filter((row) => row.unread).length,
        trouble: one.trouble !== null,
      })),
    });
  }

  async thread(
    conversationId: string,
    before: string | null,
    around: string | null,
    limit: number,
  ) {
    const one = this.#of(conversationId);
    const { items } = one.seed;
    const middle = around === null ? -1 : items.findIndex((item) => idOf(item) === around);
    const end =
      before !== null
        ? Number(before)
        : middle >= 0
          ? Math.min(items.length, middle + Math.floor(limit / 2))
          : items.length;
    const from = Math.max(0, end - limit);
    const home = this.scene.connections.find((each) => each.id === one.connectionId);
    return this.#answer('thread', {
      conversation: this.#row(one),
      items: items.slice(from, end),
      older: from > 0 ? String(from) : null,
      connectedAt: home?.connectedAt ?? NOW,
      draft: one.draft,
      trouble: home?.trouble ?? null,
      limit: {
        most: one.seed.channel === 'whatsapp' ? 4096 : 1000,
        bytes: one.seed.channel === 'instagram',
      },
    });
  }

  async markRead(conversationId: string) {
    this.#of(conversationId).seed.unread = 0;
    this.tell({ kind: 'conversations', ids: [conversationId] });
    return this.#answer('markRead', null);
  }

  async person(conversationId: string) {
    const one = this.#of(conversationId);
    const same = this.kept.filter((other) => other.seed.name === one.seed.name);
    const clara = one.seed.name.startsWith('Clara')
      ? [
          {
            ...this.#address(one),
            channel: 'whatsapp' as const,
            conversationId: 'elsewhere',
            handle: '+44 7700 900123',
            connectionName: 'Shop phone',
            lastAt: NOW - 21 * DAY,
          },
        ]
      : [];
    return this.#answer('person', {
      name: one.seed.name,
      picture: one.seed.picture,
      firstSeenAt: new Date(2026, 2, 12, 15).getTime(),
      messages: one.seed.items.length,
      addresses: [...same.map((other) => this.#address(other)), ...clara],
    });
  }

  async search(query: string, limit: number) {
    const wanted = query.toLowerCase();
    const all = this.kept.map((one) => this.#row(one));
    const messages = this.kept.flatMap((one) =>
      one.seed.items.flatMap((item) => {
        const text = item.kind === 'message' ? item.message.text : null;
        const at = text?.toLowerCase().indexOf(wanted) ?? -1;
        if (item.kind !== 'message' || !text || at < 0) return [];
        const parts = [
          { text: text.slice(0, at), hit: false },
          { text: text.slice(at, at + wanted.length), hit: true },
          { text: text.slice(at + wanted.length, at + 160), hit: false },
        ].filter((part) => part.text);
        const { id, author, at: said } = item.message;
        const { seed } = one;
        return [
          {
            messageId: id,
            conversationId: seed.id,
            channel: seed.channel,
            name: seed.name,
            author,
            at: said,
            parts,
          },
        ];
      }),
    );
    messages.sort((a, b) => b.at - a.at);
    return this.#answer('search', {
      people: all.filter((row) => `${row.name} ${row.handle ?? ''}`.toLowerCase().includes(wanted)),
      messages: messages.slice(0, limit),
      more: messages.length > limit,
    });
  }

  async fetchAgain(attachmentId: string) {
    this.#answer('fetchAgain', null);
    for (const { seed } of this.kept)
      for (const item of seed.items) {
        if (item.kind !== 'message') continue;
        const one = item.message.attachments.find((each) => each.id === attachmentId);
        if (!one) continue;
        Object.assign(one, { state: 'ready', thumb: pictures.bouquet, full: pictures.bouquet });
        this.#changed(seed.id);
      }
    return null;
  }

  async saveDraft(conversationId: string, text: string) {
    this.#answer('saveDraft', null);
    const one = this.#of(conversationId);
    one.draft = { ...one.draft, text, returned: null };
    this.tell({ kind: 'conversations', ids: [conversationId] });
    return null;
  }

  async attachPicture(conversationId: string, base64: string) {
    this.#answer('attachPicture', null);
    if (!/^(iVBOR|\/9j\/|PHN2|R0lG)/.test(base64)) throw new Refused('notAPicture');
    const one = this.#of(conversationId);
    one.draft = { ...one.draft, picture: pictures.bouquet };
    return one.draft;
  }

  async removePicture(conversationId: string) {
    const one = this.#of(conversationId);
    one.draft = { ...one.draft, picture: null };
    return this.#answer('removePicture', null);
  }

  async send(conversationId: string, text: string) {
    this.#answer('send', null);
    const one = this.#of(conversationId);
    const leavesAt = this.now + this.settings.holdSeconds * 1000;
    const item = us(this.now, text || null, { delivery: 'held', leavesAt });
    if (item.kind === 'message' && one.draft.picture) item.message.attachments = [];
    one.seed.items.push(item);
    one.draft = { text: '', picture: null, returned: null };
    this.#changed(conversationId);
    if (item.kind === 'message') this.#leaves(conversationId, item.message);
    return null;
  }

  async undoSend(messageId: string) {
    return this.#toDraft('undoSend', messageId);
  }

  async backToDraft(messageId: string) {
    return this.#toDraft('backToDraft', messageId);
  }

  async tryAgain(messageId: string) {
    this.#answer('tryAgain', null);
    return this.#fate(messageId, { delivery: 'sent', failure: null });
  }

  async checkUnconfirmed(messageId: string) {
    this.#answer('checkUnconfirmed', null);
    return this.#fate(messageId, { delivery: 'delivered' });
  }

  async sendAgain(messageId: string) {
    this.#answer('sendAgain', null);
    return this.#fate(messageId, { delivery: 'sent' });
  }

  async meetRelay(url: string) {
    this.#answer('meetRelay', null);
    if (!/relay|127\.0\.0\.1|localhost/.test(url)) throw new Refused('notARelay');
    this.#relayUrl = url;
    const words = 'amber basket cedar dune ember fable garnet harbor indigo juniper kettle lantern';
    return { url, operator: 'Hastings Web Workshop', words: words.split(' ') };
  }

  async trustRelay(url: string, enrolCode: string | null) {
    this.#answer('trustRelay', null);
    if (url !== this.#relayUrl) throw new Refused('relayKeyChanged');
    if (url.includes('code') && enrolCode !== '1234') throw new Refused('enrolCode');
    this.scene.link = { kind: 'online' };
    this.tell({ kind: 'app' });
    return null;
  }

  async startLogin(_connectionId: string | null) {
    this.#answer('startLogin', null);
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
    return this.#answer('cancelLogin', null);
  }

  async login() {
    return this.#answer('login', this.scene.login);
  }

  async connectAccounts(ids: string[]) {
    this.#answer('connectAccounts', null);
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
    return this.#answer(
      'connections',
      this.scene.connections.map((one) => ({ ...one })),
    );
  }

  async checkConnections() {
    this.#answer('checkConnections', null);
    for (const one of this.scene.connections)
      if (one.trouble?.kind === 'unsubscribed') one.trouble = null;
    this.tell({ kind: 'connections' });
    return null;
  }

  async disconnect(connectionId: string, name: string) {
    this.#answer('disconnect', null);
    const one = this.scene.connections.find((each) => each.id === connectionId);
    if (!one) throw new Refused('gone');
    if (one.name !== name) throw new Refused('nameDiffers');
    this.scene.connections = this.scene.connections.filter((each) => each !== one);
    this.kept.splice(
      0,
      this.kept.length,
      ...this.kept.filter((each) => each.connectionId !== connectionId),
    );
    this.tell({ kind: 'forgotten', connectionId });
    this.#wipes('connection');
    return null;
  }

  async deleteEverything(name: string) {
    this.#answer('deleteEverything', null);
    if (name !== (this.settings.shopName || 'Shopbell')) throw new Refused('nameDiffers');
    this.scene.connections = [];
    this.kept.splice(0);
    this.#wipes('everything');
    return null;
  }

  async wipeProgress() {
    return this.#answer('wipeProgress', this.wipe);
  }

  async answerDeletion(wipe: boolean) {
    this.scene.phase = { kind: wipe ? 'erasing' : 'ready' };
    this.tell({ kind: 'app' });
    return this.#answer('answerDeletion', null);
  }

  async receipts() {
    return this.#answer(
      'receipts',
      this.scene.receipts.map((one) => ({ ...one })),
    );
  }

  async saveReceipt(_receiptId: string) {
    return this.#answer('saveReceipt', true);
  }

  async inspectLink(url: string) {
    this.#answer('inspectLink', null);
    const read = URL.canParse(url) ? new URL(url) : undefined;
    if (!read) throw new Refused('badLink');
    const host = read.protocol === 'mailto:' ? read.pathname : read.host;
    return { host, url: read.href, suspicious: host.includes('xn--') };
  }

  async openLink(_url: string) {
    return this.#answer('openLink', null);
  }

  async openInApp(_conversationId: string) {
    return this.#answer('openInApp', null);
  }

  #answer<Value>(command: string, value: Value): Value {
    this.asked.push(command);
    if (this.refuse?.command === command) {
      const refusal = this.refuse.with;
      this.refuse = undefined;
      throw refusal;
    }
    // The shell's answers are read anew each time, too.
    return structuredClone(value);
  }

  #of(id: string): Kept {
    const one = this.kept.find((each) => each.seed.id === id);
    if (!one) throw new Refused('gone');
    return one;
  }

  #row(one: Kept): ConversationView {
    const home = this.scene.connections.find((each) => each.id === one.connectionId);
    return rowOf(one, home?.name ?? '');
  }

  #rows(filter: FilterView): ConversationView[] {
    const rows = this.kept.map((one) => this.#row(one));
    switch (filter.kind) {
      case 'all':
        return rows.sort((a, b) => b.lastAt - a.lastAt);
      case 'unread':
        return rows.filter((row) => row.unread > 0);
      case 'unanswered':
        return rows.filter((row) => row.last?.author === 'person');
      case 'closingSoon':
        return rows.filter(
          (row) => row.window.kind === 'open' && row.window.until - this.now < DAY / 6,
        );
      case 'connection':
        return rows.filter((row) => row.connectionId === filter.id);
    }
  }

  #address(one: Kept) {
    const row = this.#row(one);
    return {
      conversationId: row.id,
      channel: row.channel,
      handle: row.handle,
      connectionName: row.connectionName,
      lastAt: row.lastAt,
    };
  }

  #changed(conversationId: string, arrived = false): void {
    this.tell({ kind: 'messages', conversationId, arrived });
    this.tell({ kind: 'conversations', ids: [conversationId] });
  }

  #leaves(conversationId: string, message: MessageView): void {
    const steps = [
      ['sending', 0],
      ['sent', 400],
      ['delivered', 900],
    ] as const;
    for (const [delivery, after] of steps)
      setTimeout(
        () => {
          const all = this.kept.find((one) => one.seed.id === conversationId)?.seed.items ?? [];
          if (!all.some((item) => idOf(item) === message.id)) return;
          message.delivery = delivery;
          this.#changed(conversationId);
        },
        this.settings.holdSeconds * 1000 + after,
      );
  }

  async #toDraft(command: string, messageId: string) {
    this.#answer(command, null);
    for (const one of this.kept) {
      const item = one.seed.items.find((each) => idOf(each) === messageId);
      if (item?.kind !== 'message') continue;
      one.seed.items = one.seed.items.filter((each) => each !== item);
      const text = [item.message.text, one.draft.text].filter(Boolean).join('\n');
      one.draft = { ...one.draft, text, returned: null };
      this.#changed(one.seed.id);
    }
    return null;
  }

  async #fate(messageId: string, fate: Partial<MessageView>) {
    for (const { seed } of this.kept) {
      const item = seed.items.find((each) => idOf(each) === messageId);
      if (item?.kind !== 'message') continue;
      Object.assign(item.message, fate);
      this.#changed(seed.id);
    }
    return null;
  }

  #wipes(scope: string): void {
    const of = 8;
    for (let step = 1; step <= of; step += 1)
      setTimeout(() => {
        this.wipe = { kind: 'running', step, of };
        this.tell({ kind: 'wipe' });
      }, step * 120);
    setTimeout(
      () => {
        const made = receipt(`r${this.scene.receipts.length + 1}`, this.now, scope, true);
        this.scene.receipts = [made, ...this.scene.receipts];
        this.wipe = { kind: 'done', receiptId: made.id };
        this.tell({ kind: 'wipe' });
        this.tell({ kind: 'connections' });
      },
      (of + 1) * 120,
    );
  }
}

function idOf(item: ThreadItemView): string | undefined {
  return item.kind === 'message' ? item.message.id : undefined;
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
  const names = Object.getOwnPropertyNames(FakeShop.prototype) as (keyof Backend)[];
  return Object.fromEntries(
    names
      .filter((name) => !['constructor', 'now'].includes(name))
      .map((name) => [
        name,
        (...given: never[]) => (shop[name] as (...all: never[]) => unknown).apply(shop, given),
      ]),
  ) as unknown as Backend;
}
