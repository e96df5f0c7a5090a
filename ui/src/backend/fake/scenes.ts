// Which shop the in-memory backend is: named in the address, such as `?scene=wipe&theme=dark`.
import type {
  AppView,
  ConnectionView,
  FoundAccountView,
  LoginView,
  PhaseView,
  ReceiptView,
  TroubleView,
} from '../backend';
import { crowd, longTalk } from './crowd';
import { people } from './people';
import { DAY, HOUR, MINUTE, NOW, type Seed } from './seeds';

export interface Scene {
  phase: PhaseView;
  link: AppView['link'];
  sandbox: boolean;
  seeds: Seed[];
  connections: ConnectionView[];
  receipts: ReceiptView[];
  login: LoginView;
}

export function sceneOf(name: string): Scene {
  const scene = shop();
  const phase = phases[name];
  if (phase) return { ...scene, phase };
  change[name]?.(scene);
  return scene;
}

const phases: Record<string, PhaseView> = {
  opening: { kind: 'opening' },
  locked: { kind: 'keychainLocked' },
  denied: { kind: 'keychainDenied' },
  passphrase: { kind: 'passphrase', first: false, wrong: false },
  passphraseWrong: { kind: 'passphrase', first: false, wrong: true },
  passphraseFirst: { kind: 'passphrase', first: true, wrong: false },
  keyMissing: { kind: 'keyMissing' },
  wrongKey: { kind: 'wrongKey' },
  damaged: { kind: 'damaged' },
  newer: { kind: 'newer' },
  diskFull: { kind: 'diskFull' },
  inUse: { kind: 'inUse' },
  folderRefused: { kind: 'folderRefused', folder: '/media/shop/shopbell' },
  erasing: { kind: 'erasing' },
  deletionAsked: { kind: 'deletionAsked', askedAt: NOW - 3 * HOUR, wipesAt: NOW + 69 * HOUR },
};

const change: Record<string, (scene: Scene) => void> = {
  empty(scene) {
    scene.seeds = [];
  },
  many(scene) {
    scene.seeds.push(...crowd(400));
  },
  long(scene) {
    const clara = scene.seeds[1];
    if (clara) clara.items = longTalk(500);
  },
  offline(scene) {
    scene.link = { kind: 'offline', since: NOW - 3 * MINUTE, waiting: 2 };
  },
  sandbox(scene) {
    scene.sandbox = true;
  },
  trouble(scene) {
    setTrouble(scene, 1, { kind: 'signInEndsSoon', at: NOW + 4 * DAY }, 4);
    setTrouble(scene, 2, { kind: 'unsubscribed', since: NOW - 4.9 * HOUR });
  },
  /** Two of a kind, and two of one name; in the order a store may give them. */
  twins(scene) {
    scene.connections = [
      connection('k-whatsapp', 'whatsapp', 'Fern & Ribbon', '+441424555134', 900, 3),
      connection('k-messenger', 'messenger', 'Fern & Ribbon', '…1234', 40, 0),
      connection('k-page', 'messenger', 'Fern & Ribbon', '…9876', 40, 0),
      connection('k-2', 'instagram', 'Fern & Ribbon', 'fern.weddings', 12, 2),
      connection('k-instagram', 'instagram', 'Fern & Ribbon', 'fernandribbon', 18_902, 2310),
    ];
  },
  sandboxFirst(scene) {
    fresh(scene);
    scene.sandbox = true;
  },
  sandboxChoose(scene) {
    fresh(scene);
    scene.sandbox = true;
    scene.login = { kind: 'choose', accounts: found(), declined: [] };
  },
  sandboxLocked(scene) {
    scene.sandbox = true;
    scene.phase = { kind: 'keychainLocked' };
  },
  ended(scene) {
    setTrouble(scene, 0, { kind: 'signInEnded' }, 0);
    setTrouble(scene, 1, { kind: 'accessRemoved', wipesAt: NOW + 6 * DAY });
    setTrouble(scene, 2, { kind: 'damaged' });
  },
  /** No message yet, and none that can be counted on. */
  endedEmpty(scene) {
    scene.seeds = [];
    for (const index of scene.connections.keys()) setTrouble(scene, index, { kind: 'signInEnded' });
  },
  firstRun(scene) {
    fresh(scene);
  },
  erased(scene) {
    fresh(scene);
    const last = receipt('r3', NOW - HOUR, 'everything', true);
    const earlier = receipt('r1', NOW - 40 * DAY, 'connection', true);
    scene.receipts = [{ ...last, text: `${last.text}\nasked-by meta` }, earlier];
  },
  relay(scene) {
    fresh(scene);
  },
  ask(scene) {
    fresh(scene);
    scene.link = { kind: 'online' };
  },
  waiting(scene) {
    fresh(scene);
    scene.login = { kind: 'waiting', since: NOW - MINUTE };
  },
  choose(scene) {
    fresh(scene);
    scene.login = { kind: 'choose', accounts: found(), declined: ['whatsapp_business_messaging'] };
  },
  chooseNone(scene) {
    fresh(scene);
    scene.login = { kind: 'choose', accounts: [], declined: [] };
  },
  failed(scene) {
    fresh(scene);
    scene.login = { kind: 'failed', error: { code: 'loginCancelled', detail: '' } };
  },
  connecting(scene) {
    fresh(scene);
    scene.login = { kind: 'connecting' };
  },
};

function shop(): Scene {
  return {
    phase: { kind: 'ready' },
    link: { kind: 'online' },
    sandbox: false,
    seeds: people(),
    connections: [
      connection('k-instagram', 'instagram', 'Fern & Ribbon', 'fernandribbon', 18_902, 2310),
      connection('k-whatsapp', 'whatsapp', 'Shop phone', '+44 1424 555 0134', 9120, 812),
      connection('k-messenger', 'messenger', 'Fern & Ribbon Flowers', null, 4388, 290),
    ],
    receipts: [
      receipt('r2', NOW - 2 * HOUR, 'login', false),
      receipt('r1', NOW - 40 * DAY, 'connection', true),
    ],
    login: { kind: 'none' },
  };
}

function fresh(scene: Scene): void {
  scene.phase = { kind: 'firstRun' };
  scene.link = { kind: 'none' };
  scene.seeds = [];
  scene.connections = [];
  scene.receipts = [];
}

function setTrouble(scene: Scene, index: number, trouble: TroubleView, days?: number): void {
  const one = scene.connections[index];
  if (!one) return;
  one.trouble = trouble;
  if (days !== undefined) one.signInDays = days;
}

export function connection(
  id: string,
  channel: ConnectionView['channel'],
  name: string,
  handle: string | null,
  messages: number,
  pictures: number,
): ConnectionView {
  return {
    id,
    channel,
    name,
    handle,
    connectedAt: new Date(2026, 2, 3, 9).getTime(),
    lastEventAt: NOW - 14 * MINUTE,
    lastSentAt: NOW - DAY - 2 * HOUR,
    lookedAt: NOW - 3 * MINUTE,
    nextLookAt: NOW + 12 * MINUTE,
    signInDays: channel === 'whatsapp' ? null : 51,
    messages,
    pictures,
    unsupported: channel === 'instagram' ? 3 : 0,
    elsewhere: channel === 'messenger' ? 1 : 0,
    trouble: null,
    lastOfLogin: false,
  };
}

export function found(): FoundAccountView[] {
  return [
    account('f1', 'instagram', 'Fern & Ribbon', 'fernandribbon', { kind: 'ready' }),
    account('f2', 'messenger', 'Fern & Ribbon Flowers', null, { kind: 'connected' }, 1),
    account('f3', 'messenger', 'Hastings Market', null, { kind: 'noMessagingTask' }),
    account('f4', 'instagram', 'Rosa at home', 'rosa.at.home', { kind: 'noProfessionalAccount' }),
    account('f6', 'instagram', 'Fern at the station', null, { kind: 'noProfessionalAccount' }),
    account('f5', 'whatsapp', 'Shop phone', '+44 1424 555 0134', {
      kind: 'permissionDeclined',
      permission: 'whatsapp_business_messaging',
    }),
  ];
}

function account(
  id: string,
  channel: FoundAccountView['channel'],
  name: string,
  handle: string | null,
  state: FoundAccountView['state'],
  elsewhere = 0,
): FoundAccountView {
  return { id, channel, name, handle, state, elsewhere };
}

export function receipt(id: string, at: number, scope: string, complete: boolean): ReceiptView {
  const deletion = 'bf3ceed819f241006bb3efe6ec5bcb45';
  const text = [
    'shopbell.app/wipe-notice/v1',
    `deletion ${deletion}`,
    'asked-by owner',
    'code none',
    `scope ${scope}`,
    'wipe-key 2fbfc901bc5835d7a6ffcce8a911bd5ea713787542118080b99a838751331d67',
    '',
    '— device/83e4b1ea18ac49e09e8dccc2eccfceaa DMk7hvIwaof/Rnoabu8TMsvimd0VEfENMzphRp7flGqzQI=',
    '',
    'shopbell.app/wipe-completion/v1',
    `deletion ${deletion}`,
    'erased connections=1 conversations=1284 messages=18902 pictures=2310',
    '',
    `— wipe/${deletion} z3QFvKM33PATOwQFvlZmgQRjifOjcO1OMLRjjPDdK0a9hV2s7wXb4cYp=`,
    ...(complete
      ? ['', '— relay/3e2c7d472bb2d18074bd67781d199f25 Zt07qmA4kR2vN8pLw3yXh1BdCfmA4=']
      : []),
    '',
  ].join('\n');
  return {
    id,
    at,
    scope,
    complete,
    connections: 1,
    conversations: scope === 'person' ? null : 1284,
    messages: 18_902,
    pictures: 2310,
    envelopes: complete ? 14 : null,
    permissions: 'stillNeeded',
    text,
  };
}
