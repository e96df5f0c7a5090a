// How a connection is doing, in one word and one tone; and how all of them are.
import type { ConnectionView, TroubleView } from '../../backend/backend';

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

/** True where no message can be counted on to arrive before the owner has signed in again. */
export function allNeedSignIn(all: readonly ConnectionView[]): boolean {
  return all.length > 0 && all.every(({ trouble }) => trouble !== null && needsSignIn(trouble));
}

function needsSignIn({ kind }: TroubleView): boolean {
  return (
    kind === 'signInEnded' ||
    kind === 'permissionMissing' ||
    kind === 'accessRemoved' ||
    kind === 'routeStopped'
  );
}
