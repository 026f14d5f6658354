/** docs/memory.md tells the truth: it shows what its example prints, and names every type of step and event. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { experienceSources } from '../../src/agents/memory/experience.ts';
import type { StepType, TraceEventBody } from '../../src/agents/traces/trace.ts';
import { DocsPage } from '../support/docs-page.ts';
import { projectRoot } from '../support/source.ts';

const page = new DocsPage('docs/memory.md');

const stepTypes = Object.keys({
  memory_read: true,
  llm_call: true,
  reflection: true,
  tool_call: true,
  feedback: true,
  memory_write: true,
  conclusion: true,
} satisfies Record<StepType, true>);

const eventTypes = Object.keys({
  trace_started: true,
  step_started: true,
  memory_loaded: true,
  text_delta: true,
  llm_call_restarted: true,
  llm_call_completed: true,
  awaiting_user_action: true,
  tool_executing: true,
  tool_result: true,
  tool_late: true,
  step_completed: true,
  conclusion: true,
  trace_completed: true,
  trace_failed: true,
  trace_cancelled: true,
} satisfies Record<TraceEventBody['type'], true>);

test('it shows what its example prints', () => {
  const printed = readFileSync(join(projectRoot, 'examples/memory-and-traces.txt'), 'utf8');
  expect(page.blocks('text')).toEqual([printed]);
});

test('it names every type of step and event, and every kind of feedback', () => {
  const [, afterSteps = ''] = page.text.split('## Traces');
  for (const type of [...stepTypes, ...eventTypes])
    expect(afterSteps, type).toMatch(RegExp(`^\\| .*\`${type}\``, 'm'));
  for (const source of experienceSources) expect(page.text).toContain(`| \`${source}\``);
});
