// The whole job by keyboard. Single letters act only while no field is being written in, nothing
// acts while an input method composes or a dialog is open, and no system text key is taken.
import { clock } from './clock.svelte';
import type { Desk } from './desk.svelte';
import { room } from './room.svelte';

const mac = navigator.platform.startsWith('Mac');

/** How a shortcut is written on this computer: `⌘K` or `Ctrl K`. */
export function keyName(key: string): string {
  return mac ? `⌘${key}` : `Ctrl ${key}`;
}

/** `⌥↓` or `Alt ↓`. */
export function altKeyName(key: string): string {
  return mac ? `⌥${key}` : `Alt ${key}`;
}

/** Acts on a pressed key; true if it was one of ours. */
export function press(event: KeyboardEvent, desk: Desk): boolean {
  if (event.isComposing || event.keyCode === 229 || event.defaultPrevented) return false;
  if (desk.shop.view?.phase.kind !== 'ready' || document.querySelector('dialog[open]'))
    return false;
  if (mac ? event.metaKey : event.ctrlKey) return pressWithCommand(event, desk);
  if (event.altKey) return pressWithAlt(event, desk);
  if (event.key === 'Escape') return escape(desk);
  if (isField(event.target) || event.ctrlKey || event.metaKey) return false;
  return pressAlone(event, desk);
}

function pressWithCommand(event: KeyboardEvent, desk: Desk): boolean {
  const key = event.key.toLowerCase();
  if (event.altKey) return false;
  if ((key === 'k' && !event.shiftKey) || (key === 'f' && event.shiftKey)) {
    desk.go({ kind: 'search' });
    return true;
  }
  if (key === ',' && !event.shiftKey) {
    desk.go({ kind: 'settings', section: 'connections' });
    return true;
  }
  if (key === '/' && !event.shiftKey) return (desk.keysShown = true);
  if (key === 'z' && !event.shiftKey) return undo(event, desk);
  return false;
}

function pressWithAlt(event: KeyboardEvent, desk: Desk): boolean {
  if (event.key !== 'ArrowDown' && event.key !== 'ArrowUp') return false;
  desk.go({ kind: 'inbox' });
  desk.inbox.step(event.key === 'ArrowDown' ? 1 : -1);
  return true;
}

function pressAlone(event: KeyboardEvent, desk: Desk): boolean {
  const { inbox } = desk;
  if (event.key === '?') return (desk.keysShown = true);
  if (desk.place.kind !== 'inbox' || event.shiftKey) return false;
  switch (event.key.toLowerCase()) {
    case 'j':
      inbox.step(1);
      return true;
    case 'k':
      inbox.step(-1);
      return true;
    case 'n':
      inbox.seek((row) => row.unread > 0);
      return true;
    case 'w':
      inbox.seek((row) => isClosing(row.window, clock.now));
      return true;
    case 'r':
      inbox.reply();
      return true;
    case 'i':
      togglePerson(desk);
      return true;
    default:
      return false;
  }
}

function escape(desk: Desk): boolean {
  const { inbox } = desk;
  if (desk.menuShown) desk.menuShown = false;
  else if (desk.place.kind !== 'inbox') desk.go({ kind: 'inbox' });
  else if (inbox.personOver) inbox.personOver = false;
  else inbox.backToList();
  return true;
}

/** Takes the newest held reply back; in a field with words in it the key is the field's own. */
function undo(event: KeyboardEvent, desk: Desk): boolean {
  const target = event.target;
  if (target instanceof HTMLTextAreaElement || target instanceof HTMLInputElement) {
    if (target.value !== '') return false;
  }
  return desk.inbox.undoHeld();
}

/** Shows or hides the person: beside the thread where there is room, else over it. */
export function togglePerson(desk: Desk): void {
  if (room.forPerson) desk.inbox.personShown = !desk.inbox.personShown;
  else desk.inbox.personOver = !desk.inbox.personOver;
}

function isClosing(window: { kind: string; until?: number }, now: number): boolean {
  return window.kind === 'open' && (window.until ?? 0) - now < 4 * 3_600_000;
}

function isField(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLInputElement ||
    target instanceof HTMLTextAreaElement ||
    target instanceof HTMLSelectElement
  );
}
