// The commands of the in-memory shop that read: lists, threads, people, search.
import type { FilterView } from '../backend';
import { FakeBase, idOf } from './base';
import type { Kept } from './rows';
import { DAY, NOW, pictures } from './seeds';

export class FakeReading extends FakeBase {
  async app() {
    const { phase, sandbox, link } = this.scene;
    return this.answer('app', {
      phase,
      sandbox,
      settings: this.settings,
      link,
      version: '0.1.0',
      relaySuggested: null,
      now: this.now,
    });
  }

  async conversations(filter: FilterView, after: string | null, limit: number) {
    const rows = this.rows(filter);
    const from = after === null ? 0 : Number(after);
    const page = rows.slice(from, from + limit);
    const next = from + limit < rows.length ? String(from + limit) : null;
    return this.answer('conversations', { rows: page, next });
  }

  async conversation(conversationId: string) {
    return this.answer('conversation', this.row(this.of(conversationId)));
  }

  async counts() {
    return this.answer('counts', {
      all: this.kept.length,
      unread: this.rows({ kind: 'unread' }).length,
      unanswered: this.rows({ kind: 'unanswered' }).length,
      closingSoon: this.rows({ kind: 'closingSoon' }).length,
      connections: this.scene.connections.map((one) => ({
        id: one.id,
        channel: one.channel,
        name: one.name,
        conversations: this.rows({ kind: 'connection', id: one.id }).length,
        unread: this.rows({ kind: 'connection', id: one.id }).filter((row) => row.unread).length,
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
    const one = this.of(conversationId);
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
    return this.answer('thread', {
      conversation: this.row(one),
      items: items.slice(from, end),
      older: from > 0 ? String(from) : null,
      newer: end < items.length,
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
    this.of(conversationId).seed.unread = 0;
    this.tell({ kind: 'conversations', ids: [conversationId] });
    return this.answer('markRead', null);
  }

  async person(conversationId: string) {
    const one = this.of(conversationId);
    const same = this.kept.filter((other) => other.seed.name === one.seed.name);
    const clara = one.seed.name.startsWith('Clara')
      ? [
          {
            ...this.address(one),
            channel: 'whatsapp' as const,
            conversationId: 'elsewhere',
            handle: '+44 7700 900123',
            connectionName: 'Shop phone',
            lastAt: NOW - 21 * DAY,
          },
        ]
      : [];
    return this.answer('person', {
      name: one.seed.name,
      picture: one.seed.picture,
      firstSeenAt: new Date(2026, 2, 12, 15).getTime(),
      messages: one.seed.items.length,
      addresses: [...same.map((other) => this.address(other)), ...clara],
    });
  }

  protected address(one: Kept) {
    const row = this.row(one);
    return {
      conversationId: row.id,
      channel: row.channel,
      handle: row.handle,
      connectionName: row.connectionName,
      lastAt: row.lastAt,
    };
  }

  async search(query: string, limit: number) {
    const wanted = query.toLowerCase();
    const all = this.kept.map((one) => this.row(one));
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
            picture: seed.picture,
            author,
            at: said,
            parts,
          },
        ];
      }),
    );
    messages.sort((a, b) => b.at - a.at);
    return this.answer('search', {
      people: all.filter((row) => `${row.name} ${row.handle ?? ''}`.toLowerCase().includes(wanted)),
      messages: messages.slice(0, limit),
      more: messages.length > limit,
    });
  }

  async fetchAgain(attachmentId: string) {
    this.answer('fetchAgain', null);
    for (const { seed } of this.kept)
      for (const item of seed.items) {
        if (item.kind !== 'message') continue;
        const one = item.message.attachments.find((each) => each.id === attachmentId);
        if (!one) continue;
        Object.assign(one, { state: 'ready', thumb: pictures.bouquet, full: pictures.bouquet });
        this.changed(seed.id);
      }
    return null;
  }
}
