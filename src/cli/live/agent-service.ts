/** Agents as others drive them: spawned, listed, looked at, stopped, and their questions answered. The tools of `ringzero mcp`. */
import { agentTaskOf, type AgentTask } from '../../agents/loop/agent-task.ts';
import type { ServedTool } from '../../adapters/tools/mcp-tool-server.ts';
import { invalid, messageOf } from '../../kernel/errors.ts';
import type { KernelEvent } from '../../kernel/events.ts';
import type { Json, Pid } from '../../kernel/ids.ts';
import type { PersonAnswered } from '../../kernel/inputs.ts';
import type { PersonAsk } from '../../kernel/requests.ts';
import type { ToolReply } from '../../host/ports.ts';
import type { ApprovalMode } from './approval.ts';
import { callOf, nobodyIsAsked, noReason } from './ask-person.ts';
import { budgetName, type LiveWatcher, type LiveWorld } from './live-world.ts';
import { liveEndOf, type LiveEnd } from './run-result.ts';

interface Agent {
  readonly pid: Pid;
  readonly run: string;
  readonly task: string;
  state: 'ready' | 'running' | 'waiting' | 'suspended' | 'ended';
  /** While it waits: for what. */
  waitingOn: string;
  end: LiveEnd | undefined;
}

/** Who answers in the audit log. */
const clientName = 'the client of ringzero mcp';

/** Agents that have ended and are still known, at most. */
const endedMax = 1_000;

export class AgentService implements LiveWatcher {
  private readonly agents = new Map<Pid, Agent>();
  private readonly changes = new Set<() => void>();
  private world: LiveWorld | undefined;
  private count = 0;

  /** Its world is made with this service as its watcher. `approve`: who decides on the questions of its agents. */
  serve(world: LiveWorld, approve: ApprovalMode): readonly ServedTool[] {
    this.world = world;
    world.questions.watch((news) => {
      if (news.type === 'asked' && approve === 'never') this.deny(news.ask);
      else this.changed();
    });
    return [
      {
        spec: {
          name: 'spawn',
          description:
            'Starts an agent on a task and returns at once: its pid, and its run. Look at it with status; it works on by itself.',
          parameters: object(
            {
              task: { type: 'string', minLength: 1, description: 'what is to be done' },
              system: { type: 'string', description: 'a system prompt' },
              tools: {
                type: 'array',
                ...(world.tools.length === 0
                  ? { maxItems: 0 }
                  : { items: { type: 'string', enum: [...world.tools] } }),
                description: 'the tools that it may use; absent: all',
              },
              models: {
                type: 'array',
                items: { type: 'string', enum: world.models.map(({ name }) => name) },
                minItems: 1,
                description:
                  'the models that it asks, the next when one is not available; absent: as the server was told',
              },
              iterations: { type: 'integer', minimum: 1, description: 'turns of its model at most' },
              toolCalls: { type: 'integer', minimum: 0, description: 'tool calls at most' },
              priority: { type: 'integer', minimum: 0, maximum: 100, description: 'smaller runs first; 50' },
            },
            ['task'],
          ),
        },
        isReadOnly: false,
        call: (args) => this.spawn(args as unknown as SpawnArguments),
      },
      {
        spec: { name: 'list', description: 'All agents and their states.', parameters: object({}) },
        isReadOnly: true,
        call: () => done({ agents: [...this.agents.values()].map(listed) }),
      },
      {
        spec: {
          name: 'status',
          description:
            'One agent: its state, the answer or what there is of it, what it used, the questions that it asks. With waitSeconds it answers when the agent has ended or asks something, at the latest then.',
          parameters: object({ pid, waitSeconds: { type: 'number', minimum: 0, maximum: 60 } }, ['pid']),
        },
        isReadOnly: true,
        call: (args) => this.status(args as unknown as { pid: Pid; waitSeconds?: number }),
      },
      {
        spec: {
          name: 'stop',
          description: 'Ends an agent; what it has under way is ended, too.',
          parameters: object({ pid }, ['pid']),
        },
        isReadOnly: false,
        call: (args) => this.stop(args as unknown as { pid: Pid }),
      },
      {
        spec: {
          name: 'ask',
          description:
            'The questions of agents that wait for an answer; with question and decision it answers one: approve; edit, with other arguments as value; deny, with the reason as value; answer, with the answer as value.',
          parameters: object({
            question: { type: 'integer', minimum: 1, description: 'its number' },
            decision: { type: 'string', enum: ['approve', 'edit', 'deny', 'answer'] },
            value: {},
          }),
        },
        isReadOnly: false,
        call: (args) => this.ask(args as unknown as AskArguments),
      },
    ];
  }

  onEvent(event: KernelEvent): void {
    const agent = 'pid' in event ? this.agents.get(event.pid as Pid) : undefined;
    if (agent === undefined) return;
    switch (event.type) {
      case 'process.ready':
        agent.state = 'ready';
        break;
      case 'process.dispatched':
        agent.state = 'running';
        break;
      case 'process.waiting':
        agent.state = 'waiting';
        agent.waitingOn = event.on;
        break;
      case 'process.suspended':
        agent.state = 'suspended';
        break;
      default:
    }
  }

  // ---- The tools -----------------------------------------------------------------------------------------------------

  private async spawn({ priority, ...given }: SpawnArguments): Promise<ToolReply> {
    const world = this.world!;
    const { task, ...own } = given;
    const args = { ...world.agent(own), task } as unknown as Json;
    agentTaskOf(args);
    const run = `run-${world.clock.nowUs()}-${++this.count}`;
    const { pid: made, end } = world.live.spawn({
      program: 'agent',
      name: `agent-${this.count}`,
      arguments: args,
      run,
      budget: budgetName,
      ...(priority === undefined ? {} : { priority }),
    });
    const agent: Agent = { pid: made, run, task: given.task, state: 'ready', waitingOn: '', end: undefined };
    this.agents.set(made, agent);
    end.then(
      (ended) => this.ended(agent, liveEndOf(ended)),
      // The kernel itself could not go on.
      (error: unknown) =>
        this.ended(
          agent,
          liveEndOf({ outcome: 'failed', value: null, code: 'STORAGE_FAILED', message: messageOf(error) }),
        ),
    );
    return done({ pid: made, run });
  }

  private async status({
    pid: asked,
    waitSeconds = 0,
  }: {
    readonly pid: Pid;
    readonly waitSeconds?: number;
  }): Promise<ToolReply> {
    const agent = this.agentOf(asked);
    const isDue = (): boolean => agent.end !== undefined || this.openOf(asked).length > 0;
    if (waitSeconds > 0 && !isDue()) await this.change(waitSeconds, isDue);
    const { live, usage } = this.world!;
    const soFar = live.answers.soFar(asked);
    const { end } = agent;
    return done({
      ...listed(agent),
      ...(end === undefined ? { answerSoFar: soFar?.text ?? '' } : { ...end }),
      usage: { ...usage.of(asked) },
      questions: this.openOf(asked).map(questionOf),
    });
  }

  private stop({ pid: asked }: { readonly pid: Pid }): ToolReply {
    const agent = this.agentOf(asked);
    if (agent.end !== undefined) return done({ pid: asked, stopped: false, outcome: agent.end.outcome });
    this.world!.live.signal(asked, 'terminate');
    return done({ pid: asked, stopped: true });
  }

  private ask({ question, decision, value = null }: AskArguments): ToolReply {
    const { questions, live, registry } = this.world!;
    const open = questions.open();
    if (question === undefined) return done({ questions: open.map(questionOf) });
    const ask = open.find(({ request }) => request === question);
    if (ask === undefined)
      throw invalid(
        'question',
        question,
        open.map(({ request }) => request).join(', ') || 'none: none is open',
      );
    const allowed = ask.purpose === 'answer' ? ['answer', 'deny'] : ['approve', 'edit', 'deny'];
    if (decision === undefined || !allowed.includes(decision))
      throw invalid('decision', decision, allowed.join(', '));
    const tool = registry.get(callOf(ask)?.tool ?? '');
    const problem = decision === 'edit' && tool !== undefined ? registry.check(tool, value) : undefined;
    if (problem !== undefined) return { ok: false, value: `value: ${problem}` };
    questions.close(ask.request);
    live.answer(ask.request, decision, decision === 'deny' ? (value ?? noReason) : value, clientName);
    return done({ question, decision });
  }

  /** Not within the step that asked. */
  private deny({ request }: PersonAsk): void {
    const { questions, live } = this.world!;
    queueMicrotask(() => {
      questions.close(request);
      live.answer(request, 'deny', nobodyIsAsked, 'nobody: --approve never');
    });
  }

  // ---- Helpers -------------------------------------------------------------------------------------------------------

  private agentOf(asked: Pid): Agent {
    const agent = this.agents.get(asked);
    if (agent !== undefined) return agent;
    throw invalid('pid', asked, [...this.agents.keys()].join(', ') || 'none: no agent was spawned');
  }

  private openOf(asked: Pid): readonly PersonAsk[] {
    return this.world!.questions.open().filter(({ pid }) => pid === asked);
  }

  private ended(agent: Agent, end: LiveEnd): void {
    agent.state = 'ended';
    agent.end = end;
    const ended = [...this.agents.values()].filter((one) => one.end !== undefined);
    for (const old of ended.slice(0, Math.max(0, ended.length - endedMax))) this.agents.delete(old.pid);
    this.changed();
  }

  private changed(): void {
    for (const told of this.changes) told();
  }

  /** Resolves when `isDue`, or after so many seconds. */
  private change(seconds: number, isDue: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const { clock } = this.world!;
      const finish = (): void => {
        cancel();
        this.changes.delete(told);
        resolve();
      };
      const cancel = clock.at(clock.nowUs() + seconds * 1e6, finish);
      const told = (): void => {
        if (isDue()) finish();
      };
      this.changes.add(told);
    });
  }
}

interface SpawnArguments extends Pick<
  AgentTask,
  'task' | 'system' | 'tools' | 'models' | 'iterations' | 'toolCalls'
> {
  readonly priority?: number;
}
interface AskArguments {
  readonly question?: number;
  readonly decision?: PersonAnswered['decision'];
  readonly value?: Json;
}

const done = (value: Json): ToolReply => ({ ok: true, value });

const pid = { type: 'integer', minimum: 1, description: 'as spawn gave it' } as const;

const object = (properties: { [name: string]: Json }, required: string[] = []): Json => ({
  type: 'object',
  properties,
  required,
  additionalProperties: false,
});

function listed({ pid: own, run, task, state, waitingOn, end }: Agent): { [field: string]: Json } {
  return {
    pid: own,
    run,
    task,
    state,
    ...(state === 'waiting' ? { waitingOn } : {}),
    ...(end === undefined ? {} : { outcome: end.outcome }),
  };
}

function questionOf(ask: PersonAsk): { [field: string]: Json } {
  const { request, pid, purpose, question } = ask;
  return { question: request, pid, purpose, ...(callOf(ask) ?? { text: question }) };
}
