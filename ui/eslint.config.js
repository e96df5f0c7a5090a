import svelte from 'eslint-plugin-svelte';
import globals from 'globals';
import ts from 'typescript-eslint';
import svelteConfig from './svelte.config.js';

const oneDoor = {
  patterns: [
    {
      group: ['@tauri-apps/*'],
      message: 'Only backend/tauri.ts speaks to the shell; take the Backend interface.',
    },
    {
      group: ['**/backend/bindings'],
      message: 'Take the types from backend/backend.ts.',
    },
  ],
};

export default ts.config(
  { ignores: ['dist', 'dist-fake', 'shots', 'node_modules', 'src/backend/bindings.ts'] },
  ...ts.configs.strict,
  ...svelte.configs.recommended,
  {
    languageOptions: { globals: { ...globals.browser, ...globals.node } },
    rules: {
      'no-restricted-imports': ['error', oneDoor],
      '@typescript-eslint/consistent-type-assertions': ['error', { assertionStyle: 'never' }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
      eqeqeq: 'error',
      'no-console': 'error',
      'max-lines': ['error', { max: 400, skipBlankLines: true, skipComments: true }],
    },
  },
  {
    files: ['**/*.svelte', '**/*.svelte.ts'],
    languageOptions: {
      parserOptions: { parser: ts.parser, extraFileExtensions: ['.svelte'], svelteConfig },
    },
  },
  {
    files: ['**/*.svelte'],
    rules: {
      'svelte/no-at-html-tags': 'error',
      'svelte/prefer-style-directive': 'error',
      'svelte/require-each-key': 'error',
      'svelte/no-target-blank': 'error',
      'svelte/button-has-type': 'error',
    },
  },
  {
    // The whole surface of the shell, and the words of a shop, are long and plain.
    files: ['src/backend/fake/*.ts', 'src/i18n/en.ts', 'src/i18n/ar.ts'],
    rules: { 'max-lines': 'off' },
  },
  {
    files: ['src/backend/**'],
    rules: {
      'no-restricted-imports': 'off',
      '@typescript-eslint/consistent-type-assertions': 'off',
    },
  },
  {
    files: ['tests/**', 'pages/**', '*.config.*'],
    rules: { '@typescript-eslint/consistent-type-assertions': 'off' },
  },
);
