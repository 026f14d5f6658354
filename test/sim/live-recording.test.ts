/** What ran live runs again from its recording, without models, tools, people or files. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { openInputFile } from '../../src/adapters/files/input-file.ts';
import { FileRoot } from '../../src/adapters/tools/file-root.ts';
import { fileTools } from '../../src/adapters/tools/file-tools.ts';
import { LiveTools, pureTool } from '../../src/adapters/tools/live-tool.ts';
import { fetchTool } from '../../src/adapters/tools/fetch-tool.ts';
import { shellTool } from '../../src/adapters/tools/shell-tool.ts';
import { builtInTools } from '../../src/agents/tools/built-in.ts';
import type { AgentSpec } from '../../src/agents/steps.ts';
import type { ModelPort } from '../../src/host/ports.ts';
import type { Json, Pid } from '../../src/kernel/ids.ts';
import { rerun } from '../../src/sim/recording.ts';
import { readWorkload } from '../../src/sim/workloads/read-workload.ts';
import { recordedTools } from '../../src/sim/workloads/recorded-tools.ts';
import { said } from '../support/live.ts';
import { each, liveSpec, recordedLive } from '../support/recorded-live.ts';
import { runCli, scratch, sharedTrace } from '../support/run-cli.ts';

const tau = sharedTrace('tau-bench-airline-gpt-4o.json.gz');
const files = scratch();

/** The n-th model call of each run is answered with what was recorded. */
function recordedModel(agents: ReadonlyMap<string, AgentSpec>): ModelPort {
  const asked = new Map<string, number>();
  return {
    call({ identity: { run } }) {
      const nth = asked.get(run) ?? 0;
      asked.set(run, nth + 1);
      const answers = agents.get(run)!.steps.filter((step) => step.op === 'think');
      const { text = '', tokensOut } = answers[nth]!;
      return Promise.resolve(said(text, { usage: { tokensOut } }));
    },
  };
}

test.skipIf(!tau.isThere)(
  '200 recorded agents (../shared/traces must be there) run live and again from the recording: the same events',
  { timeout: 60_000 },
  async () => {
    const { agents, facts } = await readWorkload(await openInputFile(tau.path));
    expect(agents).toHaveLength(200);
    const byRun = new Map(agents.map((agent, index) => [`run-${index}`, agent]));
    const spec = liveSpec({
      engines: [{ name: 'model', preemption: 'none', cores: 8 }],
      tools: recordedTools(facts.tools),
    });
    const recorded = recordedLive(spec, {
      model: recordedModel(byRun),
      tools: {
        call: ({ script }) => Promise.resolve({ ok: script?.failed !== true, value: script?.result ?? null }),
      },
      people: {
        ask: ({ request, script }) => recorded.live.answer(request, 'answer', script?.answer ?? null),
        withdraw: () => {},
      },
    });
    const ends = [...byRun].map(
      ([run, agent]) =>
        recorded.live.spawn({
          program: 'replayed',
          arguments: agent as unknown as Json,
          name: agent.name,
          run,
        }).end,
    );
    const outcomes = (await Promise.all(ends)).map(({ outcome }) => outcome);
    expect(outcomes.filter((outcome) => outcome === 'completed')).toHaveLength(200);
    const lines = recorded.end();
    const again = await rerun('recording', each(lines));
    expect(again).toMatchObject({ isSame: true, eventHash: recorded.hash() });
    expect(again.inputs).toBeGreaterThan(5_000);
  },
);

/** An agent that reads, writes, fetches, calculates and runs a command, with a person who approves and one that is told something meanwhile. */
async function recordedAgent() {
  const folder = mkdtempSync(join(tmpdir(), 'ringzero-live-'));
  const tools = new LiveTools([
    ...fileTools(await FileRoot.open(folder)),
    fetchTool(['example.invalid']),
    shellTool(folder),
    ...builtInTools.map(pureTool),
  ]);
  const wanted: readonly (readonly [tool: string, args: Json])[] = [
    ['write_file', { path: 'a/b.txt', text: 'hello' }],
    ['read_file', { path: 'a/b.txt' }],
    ['list_files', {}],
    ['fetch', { url: 'https://elsewhere.invalid/' }],
    ['shell', { command: 'echo hi' }],
    ['calculator', { expression: '6 * 7' }],
  ];
  let asked = 0;
  const recorded = recordedLive(liveSpec({ tools: tools.data }), {
    model: {
      call: () => {
        if (asked++ > 0) return Promise.resolve(said('All done.'));
        const toolCalls = wanted.map(([tool, args], index) => ({ id: `c${index}`, tool, arguments: args }));
        return Promise.resolve(said('I work.', { toolCalls, finish: 'tool-calls' }));
      },
    },
    tools,
    people: { ask: ({ request }) => recorded.live.answer(request, 'approve', null), withdraw: () => {} },
  });
  const { end } = recorded.live.spawn({
    program: 'agent',
    arguments: { task: 'work', tools: wanted.map(([tool]) => tool) },
    name: 'worker',
    run: 'run-1',
  });
  // What the kernel refuses is told to who asked for it, and leaves no trace in the recording.
  expect(() => recorded.live.spawn({ program: 'nobody', arguments: null, name: 'x', run: 'run-2' })).toThrow(
    'nobody',
  );
  expect(() => recorded.live.signal(99 as Pid, 'stop')).toThrow('99');
  const { outcome } = await end;
  expect(outcome).toBe('completed');
  const lines = recorded.end();
  rmSync(folder, { recursive: true });
  return { lines, hash: recorded.hash() };
}

test('an agent with real tools and a person runs again when its files are gone, also from the command line', async () => {
  const { lines, hash } = await recordedAgent();
  expect(lines.join('\n')).toContain('hello');
  expect(await rerun('recording', each(lines))).toMatchObject({ isSame: true, eventHash: hash });
  const path = files.write('live.rec', `${lines.join('\n')}\n`);
  const { status, out } = await runCli(['rerun', path]);
  expect({ status, out }).toMatchObject({
    status: 0,
    out: expect.stringContaining('the same, to the byte') as string,
  });
  // What a tool said is part of what happened.
  const other = files.write(
    'other.rec',
    `${lines.join('\n').replace('"value":42', '"value":"more than a number, and longer"')}\n`,
  );
  expect(await runCli(['rerun', other])).toMatchObject({ status: 1 });
});

test('a description that this version cannot build is told in one line', async () => {
  const { lines } = await recordedAgent();
  const [header = '', ...rest] = lines;
  const cases: readonly [changed: string, problem: RegExp][] = [
    [
      header.replace('{"name":"agent","version":1}', '{"name":"agent","version":9}'),
      /line 1: options: no kernel can be made of them \(program: "agent version 9" is not allowed; allowed: agent version 1, single-call/,
    ],
    [
      header.replace('"kind":"live"', '"kind":"live","tokenizer":"guess"'),
      /tokenizer: "guess" is not allowed; allowed: o200k_base/,
    ],
  ];
  for (const [changed, problem] of cases) {
    expect(changed).not.toBe(header);
    const { status, err } = await runCli([
      'rerun',
      files.write('changed.rec', [changed, ...rest].join('\n')),
    ]);
    expect({ status, lines: err.split('\n').length }).toEqual({ status: 2, lines: 1 });
    expect(err).toMatch(problem);
  }
});
