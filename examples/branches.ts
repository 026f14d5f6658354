/**
 * What if the tool had said something else? An agent works to its end; its run is forked behind the first tool call, with another result in its place, goes on, and the two are compared. In a program of your own the
 * two imports are `ringzero` and `ringzero/adapters`.
 */
import {
  agentProgram,
  builtInTools,
  diffBranches,
  estimateTokens,
  importanceLru,
  LiveKernel,
  makeBranch,
  MemoryStorage,
  priority,
  readBranch,
  readStoredRun,
  type AgentTask,
  type ModelPort,
  type StoredRun,
} from '../src/index.ts';
import { LiveTools, pureTool, SystemClock } from '../src/adapters/index.ts';

const storage = new MemoryStorage();
const clock = new SystemClock();
const tools = new LiveTools(builtInTools.map(pureTool));

/** Asks for a calculation, then for another one with its result, and answers. */
const model: ModelPort = {
  call: ({ messages }) => {
    const results = messages.flatMap((message) => (message.role === 'tool' ? [message.value] : []));
    const last = JSON.stringify(results.at(-1) ?? 6);
    return Promise.resolve({
      text: results.length === 2 ? `It is ${last}.` : 'I calculate.',
      toolCalls:
        results.length === 2
          ? []
          : [{ id: `c${results.length}`, tool: 'calculator', arguments: { expression: `${last} * 7` } }],
      finish: results.length === 2 ? 'stop' : 'tool-calls',
      usage: { tokensIn: 100, tokensOut: 10 },
    });
  },
};

function kernelOf(stored?: StoredRun): LiveKernel {
  return new LiveKernel({
    kernel: {
      scheduling: priority,
      paging: importanceLru,
      engines: [{ name: 'model', preemption: 'none' }],
      programs: [agentProgram],
      tools: tools.specs,
      ledger: stored?.ledger ?? [],
    },
    clock,
    models: { model },
    tools,
    people: { ask: () => {}, withdraw: () => {} },
    storage,
    countTokens: estimateTokens,
  });
}

const run = 'first';
const task = { task: 'How much is it?', tools: ['calculator'] } satisfies AgentTask;
await kernelOf().spawn({ program: 'agent', arguments: task, name: 'clerk', run }).end;
const { steps } = await readBranch(storage, run);
for (const { sequence, type, data } of steps)
  console.log(`step ${sequence}: ${type} ${JSON.stringify(data['value'] ?? data['text'])}`);

const fork = await makeBranch(
  { storage, nowUs: () => clock.nowUs() },
  { run, kind: 'fork', after: 2, edit: '1000' },
);
const stored = await readStoredRun(storage, run, fork.name);
if (stored === undefined) throw new Error('the branch is over');
await Promise.all(kernelOf(stored).restore(stored).values());

const { common, first, a, b } = diffBranches(
  await readBranch(storage, run),
  await readBranch(storage, run, fork.name),
);
console.log(`${fork.name}: ${common} step in common`);
for (const { field, a: one, b: other } of first?.differences ?? [])
  console.log(`step ${first?.a?.sequence}, ${field}: ${JSON.stringify(one)} became ${JSON.stringify(other)}`);
for (const { value } of [a, b]) console.log((value as { readonly answer: string }).answer);
