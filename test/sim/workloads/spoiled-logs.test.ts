/** Property: logs of agents with fields missing, exchanged or of another type, and lines lost, twice or in another order, are workloads that run, or are refused in one line that names file and place. */
import { expect, test } from 'vitest';

import { rngFor } from '../../../src/base/rng.ts';
import { KernelError } from '../../../src/kernel/errors.ts';
import type { Json } from '../../../src/kernel/ids.ts';
import { runWorkload } from '../../../src/sim/run-workload.ts';
import { simulationDefaults } from '../../../src/sim/spec.ts';
import { readWorkload } from '../../../src/sim/workloads/read-workload.ts';
import { recordedTools } from '../../../src/sim/workloads/recorded-tools.ts';
import { seedCount } from '../../support/seeds.ts';
import { Draw } from '../random-draw.ts';
import { chat, ClaudeCodeSession, exportOf, jsonLines } from './agent-logs.ts';
import { source } from './support.ts';

const main = new ClaudeCodeSession('s1')
  .says(0, 'Look at it.')
  .answers(3, 'm1', { input: 20, created: 4_000, output: 30 }, { id: 't1', name: 'Read' })
  .result(5, 't1')
  .answers(
    9,
    'm2',
    { input: 5, created: 300, read: 4_000, output: 40 },
    { id: 't2', name: 'Task', prompt: 'go' },
  )
  .result(30, 't2', true)
  .answers(33, 'm3', { input: 5, read: 4_300, output: 20 })
  .says(60, 'Thanks.')
  .answers(63, 'm4', { input: 9, read: 4_300, output: 5 });
const side = new ClaudeCodeSession('s1', 'a1')
  .says(10, 'go')
  .answers(12, 'm5', { input: 2_000, output: 10 })
  .answers(15, 'm6', { input: 10, read: 2_000, output: 10 });
const other = new ClaudeCodeSession('s2').says(1, 'Hello').answers(2, 'm7', { input: 10, output: 1 });

const operation = (name: string, more: Readonly<Record<string, string>>) => ({
  'gen_ai.operation.name': name,
  ...more,
});
const spans = exportOf(
  { id: 'a', from: 0, to: 20, attributes: operation('invoke_agent', { 'gen_ai.agent.name': 'planner' }) },
  { id: 'b', parent: 'a', from: 1, to: 3, attributes: chat(640, 20, 10) },
  {
    id: 'c',
    parent: 'a',
    from: 3,
    to: 5,
    attributes: operation('execute_tool', { 'gen_ai.tool.name': 'read' }),
  },
  {
    id: 'd',
    parent: 'a',
    from: 5,
    to: 12,
    attributes: operation('invoke_agent', { 'gen_ai.agent.name': 'sub' }),
  },
  { id: 'e', parent: 'd', from: 6, to: 8, attributes: chat(300, 5) },
  { id: 'f', parent: 'a', from: 13, to: 19, failed: true, attributes: chat(900, 20) },
  { id: 'g', trace: 't2', from: 2, to: 4, attributes: chat(100, 9) },
);

const logs: Readonly<Record<string, readonly Json[]>> = {
  'claude-code': [...main.lines, ...side.lines, ...other.lines] as unknown as Json[],
  otel: [spans] as unknown as Json[],
};

const strange: readonly Json[] = [
  null,
  '',
  'x',
  -1,
  0,
  1.5,
  1e300,
  true,
  [],
  {},
  [{}],
  '99999999999999999999999',
  '2025-13-45T99:99:99Z',
  'a',
  '__proto__',
  '\ud800\n',
];

/** Every object and list in it, for changes in place. */
function placesIn(value: Json): (Json[] | { [field: string]: Json })[] {
  if (typeof value !== 'object' || value === null) return [];
  const own = value as Json[] | { [field: string]: Json };
  return [own, ...Object.values(own).flatMap(placesIn)];
}

function spoil(draw: Draw, log: readonly Json[]): Json[] {
  const lines = JSON.parse(JSON.stringify(log)) as Json[];
  for (let changes = draw.between(1, 4); changes > 0; changes--) {
    const place = draw.of(placesIn(lines));
    const keys = Object.keys(place);
    if (keys.length === 0) continue;
    const key = draw.of(keys);
    const kind = draw.of(['remove', 'strange', 'exchange', 'twice', 'unknown'] as const);
    const at = place as { [field: string]: Json };
    if (kind === 'unknown') at[`unknown ${key}`] = draw.of(strange);
    else if (kind === 'exchange') at[key] = at[draw.of(keys)]!;
    else if (kind === 'strange') at[key] = draw.of(strange);
    else if (!Array.isArray(place)) delete at[key];
    else if (kind === 'twice') place.splice(draw.between(0, place.length), 0, place[Number(key)]!);
    else place.splice(Number(key), 1);
  }
  if (draw.chance(0.3)) lines.reverse();
  return lines;
}

test.each(Object.entries(logs))('%s', async (format, log) => {
  const ended = { ran: 0, refused: 0 };
  for (let seed = 1; seed <= seedCount(60, 20_000); seed++) {
    const draw = new Draw(rngFor(seed, `spoiled/${format}`));
    let text = jsonLines(spoil(draw, log) as object[]);
    if (draw.chance(0.1)) text = text.slice(0, draw.between(0, text.length));
    try {
      const { agents, facts } = await readWorkload(source(text, 'a.log'));
      const spec = { ...simulationDefaults, tools: recordedTools(facts.tools) };
      const { metrics } = runWorkload({ spec, agents, program: 'replayed', check: true, keepRecords: false });
      expect(metrics.unfinished, `seed ${seed}`).toBe(0);
      ended.ran++;
    } catch (error) {
      if (!(error instanceof KernelError)) throw new Error(`seed ${seed}: ${text}`, { cause: error });
      expect(
        { code: error.code, isOneLine: !error.message.includes('\n') },
        `seed ${seed}: ${error.message}`,
      ).toEqual({
        code: 'INVALID_FILE',
        isOneLine: true,
      });
      expect(error.message, `seed ${seed}`).toMatch(/^a\.log[ :]/);
      ended.refused++;
    }
  }
  for (const count of Object.values(ended)) expect(count).toBeGreaterThan(5);
});
