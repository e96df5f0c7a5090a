// Everything the window holds, and where in it the owner is. Parts get it by context.
import { createContext } from 'svelte';
import type { Backend, ChannelView } from '../backend/backend';
import { withSpacedNumbers } from '../backend/spaced';
import { Connections } from './connections.svelte';
import { Inbox } from './inbox.svelte';
import { Login } from './login.svelte';
import { Search } from './search.svelte';
import { Shop } from './shop.svelte';

export type Section = 'connections' | 'general' | 'privacy';
export type Place =
  | { kind: 'inbox' }
  | { kind: 'search' }
  | { kind: 'settings'; section: Section }
  | { kind: 'connect' };

/** What is being wiped, for the words; the engine says how far it is. */
export interface Wiped {
  readonly what: 'connection' | 'everything' | 'person';
  readonly channel: ChannelView | undefined;
  readonly name: string;
  /** The receipt of the wipe before, which is not this one's. */
  readonly after: string | undefined;
}

export class Desk {
  readonly backend: Backend;
  readonly shop: Shop;
  readonly inbox: Inbox;
  readonly login: Login;
  readonly connections: Connections;
  readonly search: Search;
  place = $state.raw<Place>({ kind: 'inbox' });
  /** The sheet of shortcuts. */
  keysShown = $state(false);
  /** The rail as a menu, where it has no room. */
  menuShown = $state(false);
  /** A link that was pressed and is asked about. */
  link = $state<string>();
  /** The wipe that is being watched. */
  wiped = $state.raw<Wiped>();
  readonly #deafen: () => void;

  constructor(given: Backend) {
    const backend = withSpacedNumbers(given);
    this.backend = backend;
    this.shop = new Shop(backend);
    this.inbox = new Inbox(backend);
    this.login = new Login(backend);
    this.connections = new Connections(backend);
    this.search = new Search(backend);
    this.#deafen = backend.listen((news) => {
      if (news.kind === 'open') this.openConversation(news.conversationId);
      if (news.kind === 'relayLink') this.go({ kind: 'connect' });
      // What was found may be of what is gone.
      if (news.kind === 'forgotten' || news.kind === 'erased') this.search.ask('');
    });
  }

  go(place: Place): void {
    this.menuShown = false;
    this.place = place;
  }

  /** From a notification, a hit, another address of the person: the cursor goes to the composer. */
  openConversation(id: string, around: string | null = null): void {
    this.go({ kind: 'inbox' });
    this.inbox.enter(id, around);
    if (!around) this.inbox.reply();
  }

  /** Signs in again for one connection, in place: its history is not touched. */
  signInAgain(connectionId: string): void {
    this.go({ kind: 'connect' });
    void this.login.start(connectionId);
  }

  /** Shows how far the wipe is that begins now. */
  watchWipe(wiped: Omit<Wiped, 'after'>): void {
    const { wipe } = this.connections;
    this.wiped = { ...wiped, after: wipe.kind === 'done' ? wipe.receiptId : undefined };
  }

  /** Stops showing it; it goes on by itself. */
  leaveWipe(): void {
    this.wiped = undefined;
  }

  dispose(): void {
    this.#deafen();
    this.shop.dispose();
    this.inbox.dispose();
    this.login.dispose();
    this.connections.dispose();
    this.search.dispose();
  }
}

export const [deskOf, provideDesk] = createContext<Desk>();
