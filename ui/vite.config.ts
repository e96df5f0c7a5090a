import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vite';

// `build` makes the window for the shell; `build --mode fake` the same window over the in-memory
// shop, for the page tests. Neither has inline scripts or styles: the content policy forbids them.
export default defineConfig(({ mode }) => ({
  plugins: [svelte()],
  clearScreen: false,
  server: { port: 1420, strictPort: true },
  build: {
    target: ['safari16.4', 'chrome123'],
    // light-dark() and nesting stay as they are written: the oldest engine supported draws them.
    cssTarget: ['safari17.5', 'chrome123'],
    outDir: mode === 'fake' ? 'dist-fake' : 'dist',
    emptyOutDir: true,
    assetsInlineLimit: 0,
    cssCodeSplit: false,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
  },
}));
