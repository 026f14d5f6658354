import { defineConfig } from 'vitest/config';

const isSoak = process.env['RINGZERO_SOAK'] === '1';
const timeoutMs = isSoak ? 6 * 3_600_000 : 60_000;

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    reporters: ['default', './test/reporter/closing-line.ts'],
    globalSetup: ['./test/support/cache-folder.ts'],
    // Threads start faster than processes.
    pool: 'threads',
    maxWorkers: 2,
    testTimeout: timeoutMs,
    hookTimeout: timeoutMs,
  },
});
