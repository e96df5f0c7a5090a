// How a connection is doing, in one word and one tone.
import type { TroubleView } from '../../backend/backend';

export interface Health {
  readonly tone: 'well' | 'warn' | 'bad';
  readonly word: `connections.${'working' | 'soon' | 'notReceiving' | 'needsYou' | 'notOpen'}`;
}

export function healthOf(trouble: TroubleView | null): Health {
  switch (trouble?.kind) {
    case undefined:
      return { tone: 'well', word: 'connections.working' };
    case 'signInEndsSoon':
      return { tone: 'warn', word: 'connections.soon' };
    case 'unsubscribed':
    case 'routeStopped':
    case 'diskFull':
      return { tone: 'bad', word: 'connections.notReceiving' };
    case 'damaged':
    case 'wrongKey':
    case 'keyMissing':
      return { tone: 'bad', word: 'connections.notOpen' };
    case 'signInEnded':
    case 'permissionMissing':
    case 'accessRemoved':
    case 'unopened':
      return { tone: 'bad', word: 'connections.needsYou' };
  }
}
