/**
 * Prints `N passed, N failed, N skipped` as the very last line, whatever other reporters print, so that a reader or a
 * script sees at once how many tests ran.
 */
import type { Reporter, TestModule } from 'vitest/node';

export default class ClosingLine implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const line = closingLine(modules);
    process.on('exit', () => process.stdout.write(`\n${line}\n`));
  }
}

function closingLine(modules: readonly TestModule[]): string {
  const counts = { passed: 0, failed: 0, skipped: 0, pending: 0 };
  for (const module of modules) {
    // A file that failed to load has no tests to count, but it must not look like success.
    if (module.errors().length > 0) counts.failed++;
    for (const test of module.children.allTests()) counts[test.result().state]++;
  }
  // A test that never got a result was not run; that is as good as skipped only in the count.
  return `${counts.passed} passed, ${counts.failed} failed, ${counts.skipped + counts.pending} skipped`;
}
