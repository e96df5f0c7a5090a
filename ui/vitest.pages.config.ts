import { defineConfig } from 'vitest/config';

// The built window over the in-memory shop, in a browser under the shell's own content policy.
export default defineConfig({
  test: {
    include: ['pages/**/*.test.ts'],
    environment: 'node',
    testTimeout: 60_000,
    hookTimeout: 60_000,
    fileParallelism: false,
  },
});
