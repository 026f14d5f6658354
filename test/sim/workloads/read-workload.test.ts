import { expect, test } from 'vitest';

import { detectFormat } from '../../../src/sim/workloads/detect.ts';
import { readWorkload } from '../../../src/sim/workloads/read-workload.ts';
import { firstAgents } from '../../../src/sim/workloads/workload.ts';
import { problemOf, source } from './support.ts';

const wekaLine =
  '{"id":"s1","tool":1,"sys":1,"r":[[0,70,2,0,[[1,1]],0,1,"end_turn"],' +
  '{"agent_id":"a","t":5,"duration_ms":1000,"status":"completed","sub":[[0,5,1,0,[],0,1,""],[1,5,1,0,[],0,1,""]]}]}';
const samples = {
  'tau-bench':
    '[\n {\n "task_id": 0, "info": {"trajectory": 1}, "trial": 0, "traj": [{"role":"system","content":"s"}]}]',
  'swe-agent':
    '{\n "environment": "main", "trajectory": [{"response": "r", "action": "a", "observation": "o"}], "history": []}',
  weka: wekaLine,
  mooncake: '{"timestamp": 0, "input_length": 6, "output_length": 5, "hash_ids": [0]}',
  azure: 'TIMESTAMP,ContextTokens,GeneratedTokens\r\n2023-11-16 18:17:03.9799600,4808,10\r\n',
} as const;

test('each format is found by its content, also when the beginning is cut anywhere after the first fields', () => {
  for (const [format, text] of Object.entries(samples)) {
    expect(detectFormat('f', text)).toBe(format);
    expect(detectFormat('f', `\n  ${text}`)).toBe(format);
  }
  expect(detectFormat('f', '[')).toBe('tau-bench');
  expect(detectFormat('f', '{"trajectory": [{"response": "un')).toBe('swe-agent');
  expect(detectFormat('f', '{"history": [{"r": 1, "a\\"b": "} {"')).toBe('swe-agent');
  expect(detectFormat('f', '{"id":"s","tool":1,"sys":2')).toBe('weka');
});

test('text in strings and fields deeper down decide nothing', async () => {
  const misleading = '{"note": "\\"hash_ids\\": 1", "inner": {"trajectory": 1, "r": 2}, "list": [{"r": 1}]}';
  expect(await problemOf(() => detectFormat('f', misleading))).toMatch(
    /^f: unknown format with the fields note, inner, list; allowed: a trace of tau-bench .* weka .* azure/,
  );
  expect(await problemOf(() => detectFormat('f', '{"a": 1}\n{"r": []}'))).toContain('with the fields a;');
  expect(await problemOf(() => detectFormat('f', '[{"x": 1}]'))).toContain('with the fields x;');
  expect(await problemOf(() => detectFormat('f', 'time,id,size\r\n1,2,3'))).toContain(
    'unknown format, beginning with "time,id,size\\r"',
  );
});

test('a workload has its name, its format, its arrivals and its counts', async () => {
  const read = await readWorkload(source(`${wekaLine}\n${wekaLine}\n`, 'sessions'));
  expect(read).toMatchObject({ name: 'sessions', format: 'weka', hasArrivals: false });
  expect(read.facts).toEqual({
    agents: 2,
    subAgents: 2,
    modelCalls: 6,
    subAgentCalls: 4,
    toolCalls: 0,
    asks: 0,
    messages: 0,
    tools: [],
  });
  for (const [format, text] of Object.entries(samples)) {
    const { agents, hasArrivals, format: found } = await readWorkload(source(text));
    expect(found).toBe(format);
    expect(agents).toHaveLength(1);
    expect(hasArrivals).toBe(format === 'mooncake' || format === 'azure');
  }
});

test('a trace without an agent is an error', async () => {
  for (const text of ['[]', samples.azure.split('\r\n')[0]!]) {
    expect(await problemOf(() => readWorkload(source(text, 'void')))).toMatch(
      /^void: no agent in it \(read as/,
    );
  }
});

test('the first agents of a workload, with their own counts', async () => {
  const workload = await readWorkload(source(`${wekaLine}\n${wekaLine}\n${wekaLine}`));
  expect(firstAgents(workload, 2).facts).toMatchObject({ agents: 2, modelCalls: 6 });
  expect(firstAgents(workload, 3).agents).toEqual(workload.agents);
  for (const count of [0, -1, 1.5, Number.NaN, 4]) {
    expect(await problemOf(() => firstAgents(workload, count), 'INVALID_ARGUMENT')).toBe(
      `--agents: ${count} is not allowed; allowed: an integer from 1 to 3 (the agents of trace)`,
    );
  }
});
