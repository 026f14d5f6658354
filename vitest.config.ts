import { defineConfig } from 'vitest/config';

const isSoak = process.env['RINGZERO_SOAK'] === '1';
const timeoutMs = isSoak ? 6 * 3_600_000 : 120_000;

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    reporters: ['default', './test/reporter/closing-line.ts'],
    globalSetup: ['./test/support/cache-folder.ts'],
    // No program that a test starts leaves its runs in the project.
    env: { RINGZERO_STORE: 'memory' },
    // Threads start faster than processes.
    pool: 'threads',
    maxWorkers: 2,
    // Modules load once for all files of a worker, which halves the time; none may rely on what another file does, and the soak, in which they load for each, would show it.
    isolate: isSoak,
    // What is waited for comes soon, but on a busy machine.
    expect: { poll: { timeout: 20_000 } },
    testTimeout: timeoutMs,
    hookTimeout: timeoutMs,
  },
});
