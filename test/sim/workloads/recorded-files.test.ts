/** The readers on the real traces: counts that their publishers, or a recount with other tools, give. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { openInputFile } from '../../../src/adapters/files/input-file.ts';
import type { AgentStep } from '../../../src/agents/steps.ts';
import { readWorkload } from '../../../src/sim/workloads/read-workload.ts';
import type { Workload } from '../../../src/sim/workloads/workload.ts';

const folder = join(import.meta.dirname, '../../../../shared/traces');
const origins = {
  'weka-claude-code.jsonl.gz': 'callanjfox/kv-cache-tester (WEKA)',
  'tau-bench-airline-gpt-4o.json.gz': 'sierra-research/tau-bench',
  'swe-agent-marshmallow-1867.traj.gz': 'SWE-agent/SWE-agent',
  'mooncake-conversation.jsonl.gz': 'kvcache-ai/Mooncake',
  'mooncake-synthetic.jsonl.gz': 'kvcache-ai/Mooncake',
  'azure-llm-2023-code.csv.gz': 'Azure/AzurePublicDataset',
  'azure-llm-2023-conv.csv.gz': 'Azure/AzurePublicDataset',
} as const;

/** A trace, and a title that says what is missing where it is. */
function recorded(file: keyof typeof origins): {
  isMissing: boolean;
  title: string;
  read: () => Promise<Workload>;
} {
  const path = join(folder, file);
  const isMissing = !existsSync(path);
  const title = isMissing ? `${file}: not in ../shared/traces (public data set: ${origins[file]})` : file;
  return { isMissing, title, read: async () => readWorkload(await openInputFile(path)) };
}

function stepsOf<Op extends AgentStep['op']>({ agents }: Workload, op: Op): Extract<AgentStep, { op: Op }>[] {
  const all = agents.flatMap(({ steps }) => steps).filter((step) => step.op === op);
  return all as Extract<AgentStep, { op: Op }>[];
}

const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);

const tauBench = recorded('tau-bench-airline-gpt-4o.json.gz');
test.skipIf(tauBench.isMissing)(`reads ${tauBench.title}`, async () => {
  const workload = await tauBench.read();
  expect(workload).toMatchObject({ format: 'tau-bench', hasArrivals: false });
  expect(workload.facts).toMatchObject({
    agents: 200,
    messages: 5308,
    modelCalls: 2454,
    toolCalls: 1164,
    asks: 1290,
  });
  expect(new Set(workload.agents.map(({ name }) => name)).size).toBe(200);
  const pages = stepsOf(workload, 'page');
  expect(new Set(pages.filter(({ kind }) => kind === 'system').map(({ text }) => text)).size).toBe(1);
  const calls = stepsOf(workload, 'tools').flatMap((step) => step.calls);
  expect(calls.filter(({ failed }) => failed === true)).toHaveLength(73);
  expect(calls.every(({ result }) => result !== undefined)).toBe(true);
  expect(workload.facts.tools).toHaveLength(14);
});

const sweAgent = recorded('swe-agent-marshmallow-1867.traj.gz');
test.skipIf(sweAgent.isMissing)(`reads ${sweAgent.title}`, async () => {
  const workload = await sweAgent.read();
  expect(workload).toMatchObject({ format: 'swe-agent', hasArrivals: false });
  expect(workload.facts).toMatchObject({ agents: 1, messages: 28, modelCalls: 13, toolCalls: 13 });
  const calls = stepsOf(workload, 'tools').map((step) => step.calls[0]!);
  expect(calls[0]).toMatchObject({ tool: 'ls', arguments: { command: 'ls -F' }, durationUs: 116_056 });
  expect(calls[0]!.result).toMatch(/^AUTHORS\.rst[^]*bash-\$$/);
  expect(calls.at(-1)!.tool).toBe('submit');
  expect(sum(calls.map(({ durationUs }) => durationUs!))).toBe(4_477_758);
});

const weka = recorded('weka-claude-code.jsonl.gz');
test.skipIf(weka.isMissing)(`reads ${weka.title}`, async () => {
  const workload = await weka.read();
  expect(workload).toMatchObject({ format: 'weka', hasArrivals: false });
  expect(workload.facts).toMatchObject({
    agents: 497,
    subAgents: 32,
    modelCalls: 33_006,
    subAgentCalls: 348,
  });
  const calls = stepsOf(workload, 'think'); // of the sessions, not of their sub-agents
  expect(calls).toHaveLength(32_658);
  const sorted = calls.map(({ tokensIn }) => tokensIn!).toSorted((a, b) => a - b);
  expect(Math.round(sorted[16_329]! / 1000)).toBe(105);
  expect(Math.round(sorted[Math.floor(0.9 * 32_658)]! / 1000)).toBe(237);
  expect(calls.filter(({ durationUs }) => durationUs === undefined)).toHaveLength(3011);
  expect(stepsOf(workload, 'wait')).toHaveLength(28);
});

const conversation = recorded('mooncake-conversation.jsonl.gz');
test.skipIf(conversation.isMissing)(`reads ${conversation.title}`, async () => {
  const workload = await conversation.read();
  expect(workload).toMatchObject({ format: 'mooncake', hasArrivals: true });
  expect(workload.facts).toMatchObject({ agents: 12_031, modelCalls: 12_031 });
  expect(mooncakeFacts(workload)).toEqual({
    references: 288_500,
    distinct: 182_790,
    meanIn: 12_035,
    meanOut: 343,
  });
});

const synthetic = recorded('mooncake-synthetic.jsonl.gz');
test.skipIf(synthetic.isMissing)(`reads ${synthetic.title}`, async () => {
  const workload = await synthetic.read();
  expect(workload.facts).toMatchObject({ agents: 3993, modelCalls: 3993 });
  expect(mooncakeFacts(workload)).toEqual({
    references: 121_877,
    distinct: 43_924,
    meanIn: 15_325,
    meanOut: 149,
  });
});

/** As the publishers count. */
function mooncakeFacts(workload: Workload): object {
  const blocks = stepsOf(workload, 'context').flatMap(({ runs }) =>
    runs.flatMap(([first, count]) => Array.from({ length: count }, (_, index) => first + index)),
  );
  const calls = stepsOf(workload, 'think');
  return {
    references: blocks.length,
    distinct: new Set(blocks).size,
    meanIn: Math.round(sum(calls.map(({ tokensIn }) => tokensIn!)) / calls.length),
    meanOut: Math.round(sum(calls.map(({ tokensOut }) => tokensOut)) / calls.length),
  };
}

const azureCode = recorded('azure-llm-2023-code.csv.gz');
test.skipIf(azureCode.isMissing)(`reads ${azureCode.title}`, async () => {
  const workload = await azureCode.read();
  expect(workload).toMatchObject({ format: 'azure', hasArrivals: true });
  expect(workload.facts).toMatchObject({ agents: 8819, modelCalls: 8819 });
  expect(workload.agents.slice(0, 3).map(({ arrivalUs }) => arrivalUs)).toEqual([0, 52_000, 98_189]);
  expect(new Set(stepsOf(workload, 'context').map(({ space }) => space)).size).toBe(8819);
});

const azureConversation = recorded('azure-llm-2023-conv.csv.gz');
test.skipIf(azureConversation.isMissing)(`reads ${azureConversation.title}`, async () => {
  const workload = await azureConversation.read();
  expect(workload.facts).toMatchObject({ agents: 19_366, modelCalls: 19_366 });
  expect(stepsOf(workload, 'think').at(-1)).toEqual({ op: 'think', tokensIn: 197, tokensOut: 183 });
});
