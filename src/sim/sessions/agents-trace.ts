/** Agents whose contexts are told block by block, as a session trace: at the times that were recorded, whatever a kernel would make of them. */
import type { AgentSpec, AgentStep } from '../../agents/steps.ts';
import { fileError } from '../workloads/fields.ts';
import type { Workload } from '../workloads/workload.ts';
import type { RecordedCall, RecordedChain, SessionTrace } from './session-trace.ts';

/** A context of its own, on the clock of the workload. */
export interface AgentChain {
  /** Which agent of the workload, from 0. */
  readonly agent: number;
  /** Names what its block ids mean. */
  readonly space: string;
  readonly chain: RecordedChain;
}

/** Throws KernelError INVALID_FILE for a workload whose agents have no such contexts, or blocks of different sizes. */
export function agentsTrace({ name, agents }: Workload): SessionTrace {
  const { blockTokens, chains } = chainsOf(name, agents);
  return {
    name,
    blockTokens,
    sessions: agents.flatMap((agent, index) => {
      const own = chains.filter((one) => one.agent === index).map(({ chain }) => chain);
      const startUs = agent.arrivalUs ?? 0;
      // A session begins with its own calls, also where its first one was a sub-agent's.
      return own.length === 0
        ? []
        : [
            {
              name: agent.name,
              chains: own.map((chain) => ({ ...chain, startUs: chain.startUs - startUs })),
            },
          ];
    }),
  };
}

/** In the order of the agents; sub-agents behind who spawned them. Throws as `agentsTrace` does. */
export function chainsOf(
  file: string,
  agents: readonly AgentSpec[],
): { readonly blockTokens: number; readonly chains: readonly AgentChain[] } {
  const walk = new ContextWalk(file);
  for (const [index, agent] of agents.entries()) walk.enter(index, agent, agent.arrivalUs ?? 0);
  if (walk.blockTokens === undefined)
    throw fileError({ file, at: '' }, 'has no sessions: no agent says of which blocks its contexts are made');
  return { blockTokens: walk.blockTokens, chains: walk.chains };
}

class ContextWalk {
  readonly chains: AgentChain[] = [];
  blockTokens: number | undefined;
  private readonly file: string;

  constructor(file: string) {
    this.file = file;
  }

  enter(index: number, { name, steps }: AgentSpec, startUs: number): void {
    const children: (() => void)[] = [];
    const ends = new Map<string, number>();
    const calls: RecordedCall[] = [];
    let space = '';
    let context: Context = { keep: 0, runs: [], blocks: 0 };
    let nowUs = startUs;
    for (const [at, step] of steps.entries()) {
      switch (step.op) {
        case 'context': {
          this.checkBlocks(name, step.blockTokens);
          if (space !== '' && space !== step.space)
            throw fileError(
              { file: this.file, at: '' },
              `agent ${name}: blocks of two spaces in one context`,
            );
          space = step.space;
          context = changed(context, step);
          break;
        }
        case 'think': {
          const { tokensIn = context.blocks * (this.blockTokens ?? 0), tokensOut, durationUs = null } = step;
          const { keep, runs, blocks } = context;
          const pause = pauseOf(steps[at + 1]);
          calls.push({
            startUs: nowUs - startUs,
            durationUs,
            keep,
            runs,
            blocks,
            tokensIn,
            tokensOut,
            pause,
          });
          context = { keep: blocks, runs: [], blocks };
          break;
        }
        case 'spawn': {
          const { agent } = step;
          const atUs = nowUs;
          children.push(() => this.enter(index, agent, atUs));
          break;
        }
        default:
      }
      nowUs = timeBehind(step, nowUs, ends);
    }
    if (space !== '') this.chains.push({ agent: index, space, chain: { startUs, systemBlocks: 0, calls } });
    for (const enterChild of children) enterChild();
  }

  private checkBlocks(agent: string, blockTokens: number): void {
    this.blockTokens ??= blockTokens;
    if (blockTokens !== this.blockTokens)
      throw fileError(
        { file: this.file, at: '' },
        `agent ${agent}: blocks of ${blockTokens} tokens are not allowed; allowed: ${this.blockTokens}, as before`,
      );
  }
}

/** Against the call before: so many leading blocks of it, then runs. */
interface Context {
  readonly keep: number;
  readonly runs: readonly (readonly [first: number, count: number])[];
  readonly blocks: number;
}

/** Several changes before one call come to one. */
function changed(before: Context, { keep, runs }: Extract<AgentStep, { readonly op: 'context' }>): Context {
  let left = Math.max(0, Math.min(keep, before.blocks) - before.keep);
  const kept: (readonly [number, number])[] = [];
  for (const [first, count] of before.runs) {
    if (left > 0) kept.push([first, Math.min(count, left)]);
    left = Math.max(0, left - count);
  }
  const all = [...kept, ...runs];
  const shared = Math.min(keep, before.keep);
  return { keep: shared, runs: all, blocks: all.reduce((sum, [, count]) => sum + count, shared) };
}

function pauseOf(next: AgentStep | undefined): RecordedCall['pause'] {
  if (next?.op === 'tools') return 'tool';
  return next?.op === 'ask' ? 'person' : 'unknown';
}

/** When an agent goes on behind a step, as recorded; `ends`: of its children by key. */
function timeBehind(step: AgentStep, nowUs: number, ends: Map<string, number>): number {
  switch (step.op) {
    case 'think':
    case 'ask':
      return nowUs + (step.durationUs ?? 0);
    case 'tools':
      return step.calls.reduce((sum, { durationUs = 0 }) => sum + durationUs, nowUs);
    case 'sleep':
      return nowUs + step.us;
    case 'spawn': {
      const inner = new Map<string, number>();
      ends.set(
        step.key,
        step.agent.steps.reduce((us, one) => timeBehind(one, us, inner), nowUs),
      );
      return nowUs;
    }
    case 'wait':
      return Math.max(nowUs, ends.get(step.key) ?? nowUs);
    default:
      return nowUs;
  }
}
