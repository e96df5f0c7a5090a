// What every room of the in-memory shop shares: its scene, its news, and how a command answers.
import {
  Refused,
  type ConversationView,
  type FilterView,
  type News,
  type SettingsView,
  type ThreadItemView,
  type WipeProgressView,
} from '../backend';
import { rowOf, type Kept } from './rows';
import { sceneOf, type Scene } from './scenes';
import { DAY, NOW } from './seeds';

export class FakeBase {
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

  protected answer<Value>(command: string, value: Value): Value {
    this.asked.push(command);
    if (this.refuse?.command === command) {
      const refusal = this.refuse.with;
      this.refuse = undefined;
      throw refusal;
    }
    // The shell's answers are read anew each time, too.
    return structuredClone(value);
  }

  protected of(id: string): Kept {
    const one = this.kept.find((each) => each.seed.id === id);
    if (!one) throw new Refused('gone');
    return one;
  }

  protected row(one: Kept): ConversationView {
    const home = this.scene.connections.find((each) => each.id === one.connectionId);
    return rowOf(one, home?.name ?? '');
  }

  protected rows(filter: FilterView): ConversationView[] {
    const rows = this.kept.map((one) => this.row(one));
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

  protected changed(conversationId: string, arrived = false): void {
    this.tell({ kind: 'messages', conversationId, arrived });
    this.tell({ kind: 'conversations', ids: [conversationId] });
  }
}

export function idOf(item: ThreadItemView): string | undefined {
  return item.kind === 'message' ? item.message.id : undefined;
}
