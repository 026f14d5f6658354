import { expect, test } from 'vitest';

import { runCli, runJson } from '../support/run-cli.ts';

interface DemoReport {
  readonly seed: number;
  readonly lines: readonly string[];
  readonly processes: readonly { readonly name: string; readonly outcome: string; readonly endUs: number }[];
  readonly audit: { readonly ok: boolean };
  readonly events: readonly { readonly type: string; readonly atUs: number; readonly pid?: number }[];
}

test('the story fits into 80 columns and says which seed it has', async () => {
  const { status, out } = await runCli(['demo', '--seed', '7']);
  expect(status).toBe(0);
  const lines = out.split('\n');
  expect(lines[0]).toContain('seed 7');
  expect(lines.filter((line) => line.length > 80)).toEqual([]);
});

test('--json has the story, the final status and the events as data', async () => {
  const { seed, lines, processes, audit, events } = await runJson<DemoReport>('demo', '--seed', '7');
  expect({ seed, ok: audit.ok }).toEqual({ seed: 7, ok: true });
  expect(lines.at(-1)).toContain(processes.at(-1)!.name);
  for (const { name, outcome, endUs } of processes) {
    expect(outcome).toBe('completed');
    expect(
      events.some((event) => event.type === 'process.terminated' && event.atUs === endUs),
      name,
    ).toBe(true);
  }
});

test('a fault names pages that an eviction before it has named', async () => {
  const { lines } = await runJson<DemoReport>('demo');
  const evicted = new Set<string>();
  let faults = 0;
  for (const line of lines) {
    const [, page] = /eviction: page (\d+) /.exec(line) ?? [];
    if (page !== undefined) evicted.add(page);
    const [, pages] = /fault: \w+ gets pages? ([\d, and]+) back/.exec(line) ?? [];
    if (pages === undefined) continue;
    faults++;
    for (const back of pages.match(/\d+/g)!) expect(evicted.delete(back), line).toBe(true);
  }
  expect(faults).toBe(3);
});

test('a wait for budget that goes on through the crash is told in full', async () => {
  const { lines, events } = await runJson<DemoReport>('demo');
  const [first] = events.filter(
    ({ type, ...rest }) => type === 'process.waiting' && 'on' in rest && rest.on === 'budget',
  );
  const waitedS = 3600 - Math.round(first!.atUs / 1_000_000);
  expect(lines.join('\n')).toContain(
    `DataAnalyst waited ${Math.floor(waitedS / 60)} min ${String(waitedS % 60).padStart(2, '0')} s for its budget`,
  );
});
