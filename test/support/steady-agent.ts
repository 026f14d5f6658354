/** An agent that calls a tool so many times and then answers, for tests of what lies under it: what it does and what is stored of it is the same in each of its runs. */
import { LiveTools } from '../../src/adapters/tools/live-tool.ts';
import { agentProgram } from '../../src/agents/loop/agent-program.ts';
import { hash32 } from '../../src/base/hash.ts';
import type { ProcessEnd } from '../../src/host/live-kernel.ts';
import type { StorageNews } from '../../src/host/storage-waits.ts';
import type { StorageManager } from '../../src/kernel/storage.ts';
import { live, said } from './live.ts';

export interface SteadyRun {
  readonly end: ProcessEnd;
  /** The turns in which the model was asked, and the lines that the tool wrote. */
  readonly asked: readonly number[];
  readonly written: readonly string[];
  readonly news: readonly StorageNews[];
}

export const steadyTurns = 6;

export async function runSteadyAgent(
  storage: StorageManager,
  {
    run = 'r1',
    onTurn = () => {},
    onStorage = () => {},
  }: {
    readonly run?: string;
    /** Before the model answers. */
    readonly onTurn?: (turn: number) => void | Promise<void>;
    readonly onStorage?: (news: StorageNews) => void;
  } = {},
): Promise<SteadyRun> {
  const asked: number[] = [];
  const written: string[] = [];
  const news: StorageNews[] = [];
  const tools = new LiveTools([
    {
      spec: {
        name: 'write',
        description: 'Writes a line.',
        parameters: { type: 'object', properties: { turn: { type: 'integer' } } },
        reads: [],
        writes: ['file'],
      },
      call: (args) => {
        const line = noise((args as { readonly turn: number }).turn);
        written.push(line.slice(0, 20));
        return Promise.resolve({ ok: true, value: line });
      },
    },
  ]);
  const { live: kernel } = live({
    program: agentProgram,
    tools,
    kernel: { tools: tools.specs, programs: [agentProgram] },
    model: {
      async call({ messages }) {
        const turn = messages.filter(({ role }) => role === 'tool').length;
        asked.push(turn);
        await onTurn(turn);
        if (turn === steadyTurns) return said(`after ${turn} turns`);
        const toolCalls = [{ id: `call-${turn}`, tool: 'write', arguments: { turn } }];
        return said('next', { toolCalls, finish: 'tool-calls' });
      },
    },
    options: {
      storage,
      onStorage(one) {
        news.push(one);
        onStorage(one);
      },
    },
  });
  const task = { task: 'Write.', tools: ['write'], checkpointEvery: 2, reflectEvery: 0 };
  const { end } = kernel.spawn({ program: 'agent', arguments: task, name: 'writer', run });
  return { end: await end, asked, written, news };
}

/** All that is stored of the run, but for times. */
export async function storedOf(storage: StorageManager, run = 'r1'): Promise<unknown> {
  const processes = await storage.processes(run);
  const ledger = await storage.ledger();
  const stored = {
    processes,
    verdict: (await storage.verifyAudit(run)).ok,
    audit: (await storage.audit(run)).map(({ record }) => record),
    history: await storage.history(run),
    journals: await Promise.all(processes.map((process) => storage.journal(process))),
    ledger: ledger.filter((record) => record.run === run),
    checkpoints: await Promise.all(processes.map((process) => storage.lastCheckpoint(process))),
  };
  return JSON.parse(JSON.stringify(stored, (name, value: unknown) => (timed.has(name) ? undefined : value)));
}

const timed = new Set(['atUs', 'reservedUs', 'coreUs', 'random']);

/** 10 kB that compression makes little smaller. */
function noise(seed: number): string {
  return Array.from({ length: 1_250 }, (_, index) =>
    hash32(`${index}`, seed).toString(16).padStart(8, '0'),
  ).join('');
}
