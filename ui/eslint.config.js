import importX from 'eslint-plugin-import-x';
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
    plugins: { 'import-x': importX },
    languageOptions: { globals: { ...globals.browser, ...globals.node } },
    settings: {
      'import-x/resolver': { typescript: false, node: { extensions: ['.ts', '.svelte', '.js'] } },
      'import-x/parsers': { '@typescript-eslint/parser': ['.ts'] },
    },
    rules: {
      'import-x/no-cycle': 'error',
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
