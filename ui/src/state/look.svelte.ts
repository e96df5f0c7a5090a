// Theme, language, direction and text size on the document, from the settings and the system.
import type { SettingsView } from '../backend/backend';
import { words, type Tongue } from '../i18n/words.svelte';
import { mediaQuery } from './media.svelte';
import { room } from './room.svelte';

const dark = mediaQuery('(prefers-color-scheme: dark)');
const strong = mediaQuery('(prefers-contrast: more)');

/** To be called in an effect: it follows the settings and the system. */
export function applyLook(settings: SettingsView): void {
  const root = document.documentElement;
  const isDark = settings.theme === 'system' ? dark.matches : settings.theme === 'dark';
  root.dataset['theme'] = (strong.matches ? 'contrast-' : '') + (isDark ? 'dark' : 'light');
  words.tongue = tongueOf(settings);
  root.lang = words.tongue;
  root.dir = words.direction;
  setTextSize(settings.textSize);
}

let textSize = Number.parseInt(document.documentElement.style.fontSize, 10) || 100;

/** The styles ask the window's box for its width in the text size; a box does not notice a new text
    size by itself, so it is made a container anew. */
function setTextSize(percent: number): void {
  if (percent === textSize) return;
  textSize = percent;
  document.documentElement.style.setProperty('font-size', `${percent}%`);
  const box = document.getElementById('window');
  box?.style.setProperty('container-type', 'normal');
  box?.getBoundingClientRect();
  box?.style.removeProperty('container-type');
  room.measure();
}

function tongueOf(settings: SettingsView): Tongue {
  if (settings.language === 'arabic') return 'ar';
  if (settings.language === 'english') return 'en';
  return navigator.language.toLowerCase().startsWith('ar') ? 'ar' : 'en';
}
