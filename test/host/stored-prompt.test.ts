import { expect, test } from 'vitest';

import { LiveTools } from '../../src/adapters/tools/live-tool.ts';
import { agentProgram } from '../../src/agents/loop/agent-program.ts';
import type { Message } from '../../src/agents/model/messages.ts';
import type { ModelPort } from '../../src/host/ports.ts';
import { readBranch } from '../../src/host/stored-branch.ts';
import { storedPrompt } from '../../src/host/stored-prompt.ts';
import { MemoryStorage } from '../../src/kernel/memory-storage.ts';
import { live, said } from '../support/live.ts';

const turns = 8;

test('what a model was asked at each step is what it was asked', async () => {
  const asked = new Map<number, readonly Message[]>();
  const model: ModelPort = {
    call({ identity, messages, request }) {
      asked.set(identity.n, [...messages]);
      if (request.format !== undefined)
        return Promise.resolve(
          said(JSON.stringify({ score: 1, issues: [], suggestions: [], goOn: true, plan: '' })),
        );
      const turn = messages.filter(({ role }) => role === 'tool').length;
      if (turn === turns) return Promise.resolve(said('It is done.'));
      const call = { id: `call-${turn}`, tool: 'look', arguments: { at: turn } };
      return Promise.resolve(said('', { toolCalls: [call], finish: 'tool-calls' }));
    },
  };
  const tools = new LiveTools([
    {
      spec: { name: 'look', description: 'Looks.', parameters: { type: 'object' }, reads: [], writes: [] },
      call: (args) => Promise.resolve({ ok: true, value: { seen: args, text: 'word '.repeat(60) } }),
    },
  ]);
  const storage = new MemoryStorage();
  const kernel = { tools: tools.specs, programs: [agentProgram] };
  const { live: first } = live({ program: agentProgram, model, tools, kernel, options: { storage } });
  const args = {
    task: 'Look around.',
    system: 'Be brief.',
    tools: ['look'],
    models: ['model'],
    // So small that pages leave the window on the way.
    windowTokens: 700,
    maxOutput: 100,
    reflectEvery: 3,
  };
  const { end } = first.spawn({ program: 'agent', name: 'agent', arguments: args, run: 'r1' });
  expect(await end).toMatchObject({ outcome: 'completed' });
  const { options } = first.kernel;

  const stored = await readBranch(storage, 'r1');
  let compared = 0;
  for (const { sequence, type, n } of stored.steps) {
    const prompt = await storedPrompt(storage, stored, sequence, options);
    if (type === 'llm_call' || type === 'reflection') {
      expect([sequence, prompt?.messages]).toEqual([sequence, asked.get(n)]);
      compared++;
    } else expect(prompt).toBeUndefined();
  }
  expect(compared).toBe(asked.size);
  expect(compared).toBeGreaterThan(turns + 1);
  await expect(storedPrompt(storage, stored, 0, options)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' });
});
