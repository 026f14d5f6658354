/** Property: whatever models, tools, people, storage and the kernel itself do to agents, the promises hold. A failing seed names itself; it becomes a scenario of its own. */
import { expect, test } from 'vitest';

import { topologies } from '../../../src/agents/teams/team-task.ts';
import { exhaustionRules } from '../../../src/kernel/budget-rules.ts';
import { onlySeed, seedCount } from '../../support/seeds.ts';
import { runFaultWorld, type FaultWorldResult } from './fault-world.ts';

function runSeed(seed: number): FaultWorldResult {
  try {
    return runFaultWorld(seed);
  } catch (error) {
    const again = `RINGZERO_SEED=${seed} npx vitest run test/agents/faults/random-faults.test.ts`;
    throw new Error(`runFaultWorld(${seed}): ${String(error)}; again: ${again}`, { cause: error });
  }
}

/** What must have come about: else these worlds are blind where they should look. */
const wanted: Readonly<Record<string, readonly string[]>> = {
  'outcome: agent': ['completed', 'failed', 'cancelled', 'killed'],
  'outcome: team': ['completed', 'failed', 'cancelled', 'killed'],
  'outcome: single-call': ['completed', 'failed'],
  'outcome: scripted': ['completed', 'failed'],
  reason: [
    'answered',
    'stopped-by-reflection',
    'ITERATION_LIMIT',
    'CONTENT_FILTER',
    'WINDOW_EXCEEDED',
    'CONTEXT_TOO_LARGE',
    'BUDGET_EXCEEDED',
    'STORAGE_FAILED',
    'MODEL_FAILED',
    'MODEL_TIMEOUT',
    'EMPTY_STREAM',
    'STREAM_INCOMPLETE',
  ],
  code: ['BUDGET_EXHAUSTED', 'PROGRAM_FAILED'],
  model: [
    'calls',
    'malformed call',
    'cut off in a call',
    'repeated call',
    'text, stop',
    'text, length',
    'text, other',
    'text, content-filter',
    'stalled',
    'EMPTY_STREAM',
    'STREAM_INCOMPLETE',
    'refused 429',
    'refused otherwise',
    'rejected otherwise',
    'storm',
  ],
  tool: ['repeated', 'stopped', 'ends twice'],
  result: [
    'ok',
    'TOOL_FAILED',
    'TOOL_TIMEOUT',
    'TOOL_DENIED',
    'TOOL_ARGUMENTS',
    'TOOL_INTERRUPTED',
    'NOT_PERMITTED',
    'UNKNOWN_TOOL',
  ],
  decision: ['approve', 'edit', 'deny', 'answer'],
  person: ['answers', 'answers what is not open'],
  purpose: ['turn', 'reflection', 'critique', 'summary'],
  exhausted: exhaustionRules.filter((rule) => rule !== 'wait' && rule !== 'throttle'),
  spawn: ['UNKNOWN_PROGRAM', 'UNKNOWN_BUDGET', 'NOT_PERMITTED'],
  checkpoint: ['STORAGE_FAILED'],
  recall: ['STORAGE_FAILED'],
  receive: ['TIMEOUT'],
  event: [
    'budget.overrun',
    'budget.queued',
    'budget.throttled',
    'call.bypassed',
    'call.degraded',
    'call.stopped',
    'page.dropped',
    'page.evicted',
    'message.received',
    'process.restored',
    'tool.interrupted',
    'tool.late',
    'process.migrated',
  ],
  'waits at rest': [''],
  ...Object.fromEntries(topologies.map((name) => [`team: ${name}`, ['completed', 'failed']])),
};

test('no run is lost, no effect repeated, no budget exceeded, nothing left behind', () => {
  if (onlySeed !== undefined) return void runSeed(onlySeed);
  const counts = new Map<string, number>();
  for (let seed = 1; seed <= seedCount(180, 10_000); seed++)
    for (const [what, count] of runSeed(seed).counts) counts.set(what, (counts.get(what) ?? 0) + count);
  const missing = Object.entries(wanted).flatMap(([kind, names]) =>
    names.map((name) => wordOf(kind, name)).filter((word) => !counts.has(word)),
  );
  expect(missing).toEqual([]);
});

function wordOf(kind: string, name: string): string {
  if (name === '') return kind;
  return kind.startsWith('outcome') || kind.startsWith('team') ? `${kind} ${name}` : `${kind}: ${name}`;
}

test('the same seed gives the same world', () => {
  for (let seed = 1; seed <= seedCount(6, 200); seed++) expect(runSeed(seed)).toEqual(runSeed(seed));
});
