// The window's start: the backend first, so that no news is missed, then the parts.
import '@fontsource-variable/inter/opsz.css';
import './styles/arabic.css';
import './styles/tokens.css';
import './styles/base.css';
import './styles/controls.css';
import { mount } from 'svelte';
import App from './App.svelte';
import type { Backend } from './backend/backend';
import { connect } from './backend/tauri';

/** In the shell its own commands; in a plain browser, in development, the in-memory shop. */
async function backend(): Promise<Backend> {
  const inMemory = import.meta.env.MODE === 'fake' || !('__TAURI_INTERNALS__' in window);
  if ((import.meta.env.DEV || import.meta.env.MODE === 'fake') && inMemory) {
    const fake = await import('./backend/fake/fake');
    return fake.connect(new URLSearchParams(location.search));
  }
  return connect();
}

const target = document.getElementById('window');
if (target) mount(App, { target, props: { backend: await backend() } });
