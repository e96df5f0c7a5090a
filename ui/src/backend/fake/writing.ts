// The commands of the in-memory shop's composer, and a customer who writes.
import { Refused, type MessageView, type ReturnedView } from '../backend';
import { idOf } from './base';
import { FakeReading } from './reading';
import { DAY, pictures, them, us } from './seeds';

export class FakeWriting extends FakeReading {
  /** Somebody writes. */
  arrive(id: string, text: string): void {
    const one = this.of(id);
    one.seed.items.push(them(this.now, text));
    one.seed.unread += 1;
    one.seed.window = {
      kind: 'open',
      until: this.now + DAY,
      openedAt: this.now,
      thenHumanUntil: null,
    };
    this.changed(id, true);
  }

  async saveDraft(conversationId: string, text: string) {
    this.answer('saveDraft', null);
    const one = this.of(conversationId);
    one.draft = { ...one.draft, text, returned: null };
    this.tell({ kind: 'conversations', ids: [conversationId] });
    return null;
  }

  async attachPicture(conversationId: string, base64: string) {
    this.answer('attachPicture', null);
    if (!/^(iVBOR|\/9j\/|PHN2|R0lG)/.test(base64)) throw new Refused('notAPicture');
    const one = this.of(conversationId);
    one.draft = { ...one.draft, picture: pictures.bouquet };
    return one.draft;
  }

  async removePicture(conversationId: string) {
    const one = this.of(conversationId);
    one.draft = { ...one.draft, picture: null };
    return this.answer('removePicture', null);
  }

  async send(conversationId: string, text: string) {
    this.answer('send', null);
    const one = this.of(conversationId);
    const leavesAt = this.now + this.settings.holdSeconds * 1000;
    const item = us(this.now, text || null, { delivery: 'held', leavesAt });
    if (item.kind === 'message' && one.draft.picture) item.message.attachments = [];
    one.seed.items.push(item);
    one.draft = { text: '', picture: null, returned: null };
    this.changed(conversationId);
    if (item.kind === 'message') this.leaves(conversationId, item.message);
    return null;
  }

  async undoSend(messageId: string) {
    return this.toDraft('undoSend', messageId, 'undone');
  }

  async backToDraft(messageId: string) {
    return this.toDraft('backToDraft', messageId, null);
  }

  async tryAgain(messageId: string) {
    this.answer('tryAgain', null);
    return this.fate(messageId, { delivery: 'sent', failure: null });
  }

  async checkUnconfirmed(messageId: string) {
    this.answer('checkUnconfirmed', null);
    return this.fate(messageId, { delivery: 'delivered' });
  }

  async sendAgain(messageId: string) {
    this.answer('sendAgain', null);
    return this.fate(messageId, { delivery: 'sent' });
  }

  protected leaves(conversationId: string, message: MessageView): void {
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
          this.changed(conversationId);
        },
        this.settings.holdSeconds * 1000 + after,
      );
  }

  protected async toDraft(command: string, messageId: string, returned: ReturnedView | null) {
    this.answer(command, null);
    for (const one of this.kept) {
      const item = one.seed.items.find((each) => idOf(each) === messageId);
      if (item?.kind !== 'message') continue;
      one.seed.items = one.seed.items.filter((each) => each !== item);
      const text = [item.message.text, one.draft.text].filter(Boolean).join('\n');
      one.draft = { ...one.draft, text, returned };
      this.changed(one.seed.id);
    }
    return null;
  }

  protected async fate(messageId: string, fate: Partial<MessageView>) {
    for (const { seed } of this.kept) {
      const item = seed.items.find((each) => idOf(each) === messageId);
      if (item?.kind !== 'message') continue;
      Object.assign(item.message, fate);
      this.changed(seed.id);
    }
    return null;
  }
}
