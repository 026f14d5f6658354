/** One life of a worker: a live kernel on a machine of its own, with a clock, a connection to the storage and ways to models, tools and people. When it dies, nothing of it happens any more; what the world was asked for goes on. */
import { agentProgram } from '../../src/agents/loop/agent-program.ts';
import { stepPrograms } from '../../src/agents/programs.ts';
import { singleCall } from '../../src/agents/single-call.ts';
import { team } from '../../src/agents/teams/team.ts';
import type { LeaseKeeper } from '../../src/host/lease-keeper.ts';
import { LiveKernel } from '../../src/host/live-kernel.ts';
import type { ModelPort, ModelReply, PersonPort, Stop, ToolPort, ToolReply } from '../../src/host/ports.ts';
import { estimateTokens } from '../../src/kernel/estimate.ts';
import type { Json } from '../../src/kernel/ids.ts';
import type { KernelOptionsInput } from '../../src/kernel/options.ts';
import type { LedgerRecord } from '../../src/kernel/records.ts';
import type { PersonAsk, ToolStart } from '../../src/kernel/requests.ts';
import { toolSpecOf } from '../../src/kernel/tool-data.ts';
import { fifo } from '../../src/policies/scheduling/fifo.ts';
import { priorityDefaults, priorityWith } from '../../src/policies/scheduling/priority.ts';
import { roundRobinWith } from '../../src/policies/scheduling/round-robin.ts';
import { createCheckers } from '../../src/sim/checkers/checkers.ts';
import { kernelPagingPolicies } from '../support/kernel-paging.ts';
import { promised } from './broken-promise.ts';
import type {
  Crash,
  FlushFault,
  PersonPlan,
  RunPlan,
  Scenario,
  ToolArguments,
  WorkerPlan,
} from './scenario.ts';
import type { SimulatedModels } from './simulated-models.ts';
import { crew, diary } from './simulated-programs.ts';
import { SimulatedConnection, type SimulatedDisk } from './simulated-storage.ts';
import { MachineClock, type VirtualTime } from './virtual-time.ts';
import type { Witness, WitnessedLife } from './witness.ts';

const programs = [agentProgram, team, singleCall, ...stepPrograms, crew, diary];

/** What all machines have in common. */
export interface Surroundings {
  readonly scenario: Scenario;
  readonly time: VirtualTime;
  readonly disk: SimulatedDisk;
  readonly models: SimulatedModels;
  readonly witness: Witness;
  /** A promise is broken, or something has thrown. */
  readonly fail: (error: unknown) => void;
}

export interface MachineOptions {
  readonly run: RunPlan;
  readonly worker: WorkerPlan;
  readonly clockUs: number;
  readonly crash: Crash | undefined;
  /** Counts the flushes of the worker. */
  readonly nextFlush: () => number;
  /** It is gone: why, when its kernel broke down. */
  readonly onDeath: (error: unknown) => void;
}

/** Of the first kernels' clocks; far enough from 0 for clocks that are set back. */
const epochUs = 7_200_000_000;
/** A stopped model call says so. */
const stopUs = 3_000;

export class Machine {
  readonly clock: MachineClock;
  readonly connection: SimulatedConnection;
  live: LiveKernel | undefined;
  lease: LeaseKeeper | undefined;
  isDead = false;
  flushes = 0;
  acts = 0;
  /** Questions that nobody has answered. */
  readonly open = new Map<number, PersonAsk>();
  private readonly world: Surroundings;
  private readonly options: MachineOptions;
  private readonly life: WitnessedLife;
  private checkers: ReturnType<typeof createCheckers> | undefined;
  private steps = 0;
  private pausedUntilUs = 0;
  private readonly inbox: (() => void)[] = [];

  constructor(world: Surroundings, options: MachineOptions) {
    this.world = world;
    this.options = options;
    const { time, disk, witness } = world;
    const { worker, clockUs, crash, nextFlush } = options;
    this.life = witness.begin();
    const deliver = (then: () => void): void => this.deliver(then);
    this.clock = new MachineClock(time, epochUs + clockUs, deliver);
    let flush = 0;
    const isOut = (): boolean =>
      worker.outages.some(({ fromUs, untilUs }) => fromUs <= time.nowUs && time.nowUs < untilUs);
    this.connection = new SimulatedConnection({
      disk,
      time,
      flushUs: worker.flushUs,
      faultOf: () =>
        isOut() ? { kind: 'lost', us: 0 } : worker.flushes.find((fault) => isWithin(fault, flush)),
      isOut,
      crashAt: () => {
        flush = nextFlush();
        this.flushes++;
        if (crash?.at.kind !== 'flush' || crash.at.nth !== this.flushes) return undefined;
        return { phase: crash.at.phase, keep: crash.at.keep ?? 0 };
      },
      crash: () => this.die(undefined),
      deliver,
      onAcknowledged: (records) => void (this.life.acknowledged += records.length),
      onStored: (records) => witness.onStored(records),
    });
    if (crash?.at.kind === 'time') time.after(crash.at.us, () => this.die(undefined));
    if (crash?.at.kind === 'park') time.after(crash.at.us, () => this.deliver(() => void this.park()));
  }

  die(error: unknown): void {
    if (this.isDead) return;
    this.isDead = true;
    this.connection.die();
    this.clock.stop();
    this.options.onDeath(error);
  }

  /** Nothing is lost, and nothing runs behind its end. */
  private async park(): Promise<void> {
    const { live } = this;
    if (live === undefined) return this.die(undefined);
    try {
      await live.park();
      promised(!live['underWay'].isBusy(), 'who is parked does nothing', () => 'something still runs');
      this.world.witness.note('parked');
      await this.lease?.release();
      this.die(undefined);
    } catch (error) {
      if (!this.isDead) this.die(error);
    }
  }

  /** Carries something to it, unless it is gone; while it stands still, that waits. */
  deliver(then: () => void): void {
    if (this.isDead) return;
    const { time, fail } = this.world;
    if (this.pausedUntilUs > time.nowUs || this.inbox.length > 0) {
      this.inbox.push(then);
      return;
    }
    try {
      then();
    } catch (error) {
      fail(error);
    }
  }

  pause(us: number): void {
    const { time } = this.world;
    this.pausedUntilUs = Math.max(this.pausedUntilUs, time.nowUs + us);
    time.at(this.pausedUntilUs, () => {
      if (this.pausedUntilUs > time.nowUs) return;
      for (const then of this.inbox.splice(0)) this.deliver(then);
    });
  }

  /** The kernel, with what an earlier one has left. */
  boot(ledger: readonly LedgerRecord[]): LiveKernel {
    const { scenario, witness, fail } = this.world;
    const { life } = this;
    const live = new LiveKernel({
      kernel: { ...kernelOf(scenario), ledger },
      clock: this.clock,
      models: Object.fromEntries(scenario.kernel.engines.map(({ name }) => [name, this.modelPort])),
      tools: this.toolPort,
      people: this.personPort,
      storage: this.connection,
      countTokens: estimateTokens,
      onEvent: (event) => {
        if (this.isDead) return;
        this.guard(() => {
          witness.onEvent(this.options.run.name, event);
          this.checkers!.onEvent(event);
        });
      },
    });
    const { engines, queues, budgets, tools } = live.kernel.options;
    this.checkers = createCheckers({ engines, queues, budgets, tools });
    live.watch({
      take: (output, input) => {
        if (this.isDead) return;
        this.guard(() => {
          witness.onStep(life, output, input);
          if (++this.steps % 16 === 0) live.kernel.checkInvariants();
          if (this.steps > stepLimit) throw new Error(`more than ${stepLimit} steps`);
        });
      },
      broke: () => {
        if (this.isDead) return;
        const { error } = (live as unknown as { broken: { error: unknown } }).broken;
        this.die(error);
      },
    });
    watchDeltas(live, fail);
    this.live = live;
    return live;
  }

  /** Everything of this life is over. */
  finish(isRunOver: boolean): void {
    this.live?.kernel.checkInvariants();
    this.checkers?.finish(isRunOver);
  }

  /** What a watcher throws would break the kernel, and pass for a failure of its own. */
  private guard(act: () => void): void {
    try {
      act();
    } catch (error) {
      this.world.fail(error);
      throw error;
    }
  }

  /** Something is asked of the world, unless the machine dies over it. */
  private act(then: () => void): void {
    if (this.isDead) return;
    const { crash } = this.options;
    this.acts++;
    const isLast = crash?.at.kind === 'act' && crash.at.nth === this.acts;
    if (isLast && crash.at.kind === 'act' && crash.at.phase === 'before') return this.die(undefined);
    this.guard(then);
    if (isLast) this.die(undefined);
  }

  // ---- Models ----------------------------------------------------------------------------------------------------------

  private readonly modelPort: ModelPort = {
    call: (call, stop, tell) =>
      new Promise((resolve, reject) => {
        this.act(() => {
          const { time, models, witness } = this.world;
          const { scripts } = this.options.run;
          witness.onModelCall(this.life, call);
          const { run, pid } = call.identity;
          const process = witness.names.get(`${run} ${pid}`) ?? '';
          const speech = models.answer(call, process, scripts[process] ?? [], time.nowUs);
          const { partial = '' } = call;
          const rest = speech.told.slice(partial.length);
          const pieces = Math.max(1, speech.pieces);
          let said = '';
          const end = (reply: ModelReply): void => {
            witness.onModelReply(call, reply, speech.text);
            for (const appointment of due) appointment.cancel();
            resolve(reply);
          };
          const due = Array.from({ length: pieces }, (_, index) =>
            time.after(Math.floor((speech.us * (index + 1)) / (pieces + 1)), () =>
              this.deliver(() => {
                const text = rest.slice(
                  Math.floor((rest.length * index) / pieces),
                  Math.floor((rest.length * (index + 1)) / pieces),
                );
                if (stop.isStopped || text === '') return;
                said += text;
                tell({ type: 'text', text });
              }),
            ),
          );
          due.push(
            time.after(speech.us, () =>
              this.deliver(() => {
                if (speech.isThrown) reject(new Error('the line is dead'));
                else if (!stop.isStopped) end({ ...speech.reply, text: rest });
              }),
            ),
          );
          stop.onStop(() => {
            if (this.isDead) return;
            time.after(stopUs, () => this.deliver(() => end({ text: said, toolCalls: [], usage: {} })));
          });
        });
      }),
  };

  // ---- Tools -----------------------------------------------------------------------------------------------------------

  private readonly toolPort: ToolPort = {
    call: (start, stop) =>
      new Promise((resolve, reject) => {
        this.act(() => this.runTool(start, stop, resolve, reject));
      }),
  };

  private runTool(
    start: ToolStart,
    stop: Stop,
    resolve: (reply: ToolReply) => void,
    reject: (error: Error) => void,
  ): void {
    const { time, witness, scenario } = this.world;
    const call = witness.onToolStart(this.life, start);
    const { path, us = 1_000, does = 'ok', acts = 'end' } = start.arguments as unknown as ToolArguments;
    const { retries = 0 } = scenario.tools.find(({ name }) => name === start.tool)!;
    // The first time, where there is another one.
    const fails = (does === 'fails' || does === 'throws') && (start.attempt === 0 || retries === 0);
    const { n, index } = start.identity;
    const reply: ToolReply = fails
      ? { ok: false, value: `${path} is broken` }
      : { ok: true, value: `${start.tool} ${path} ${n}.${index}` };
    if (acts === 'begin' && !fails) witness.onEffect(call);
    const end = (said: ToolReply): void => {
      witness.onToolReply(start.identity, call, said);
      this.deliver(() => {
        if (fails && does === 'throws') reject(new Error(`${path} is broken`));
        else resolve(said);
      });
    };
    const over =
      does === 'lost'
        ? undefined
        : time.after(does === 'late' ? start.timeoutUs + us : us, () => {
            if (acts === 'end' && !fails) witness.onEffect(call);
            end(reply);
            if (does === 'twice') time.after(us, () => this.deliver(() => this.tellAgain(start, reply)));
          });
    stop.onStop(() => {
      if (this.isDead || does === 'late') return;
      over?.cancel();
      time.after(stopUs, () => end({ ok: false, value: 'stopped' }));
    });
  }

  private tellAgain({ request, attempt }: ToolStart, reply: ToolReply): void {
    const live = this.live!;
    live['feed']({ atUs: live['nowUs'](), type: 'tool.ended', request, attempt, ...reply });
  }

  // ---- People ----------------------------------------------------------------------------------------------------------

  private readonly personPort: PersonPort = {
    ask: (ask) =>
      this.act(() => {
        const { time, witness } = this.world;
        witness.onAsk(this.life, ask);
        this.open.set(ask.request, ask);
        const { us, says, times = 1 } = planOf(ask);
        if (says === 'absent') return;
        for (let nth = 0; nth < times; nth++)
          time.after(us + nth * 1_000, () => this.deliver(() => this.answer(ask, nth === 0 ? says : 'deny')));
      }),
    withdraw: (request) => void this.open.delete(request),
  };

  answer(ask: PersonAsk, says: Exclude<PersonPlan['says'], 'absent'>): void {
    this.open.delete(ask.request);
    const { decision, value } = wordOf(ask, says);
    this.live!.answer(ask.request, decision, value);
  }
}

/** No life needs more: one that does runs in a circle. */
const stepLimit = 20_000;

function planOf({ question }: PersonAsk): PersonPlan {
  const asked = question as {
    readonly person?: PersonPlan;
    readonly arguments?: { readonly person?: PersonPlan };
  };
  return asked?.person ?? asked?.arguments?.person ?? { us: 1_000_000, says: 'approve' };
}

function wordOf(
  { purpose, question }: PersonAsk,
  says: 'approve' | 'edit' | 'deny' | 'answer',
): { readonly decision: 'approve' | 'edit' | 'deny' | 'answer'; readonly value: Json } {
  if (says === 'deny') return { decision: 'deny', value: 'not now' };
  if (purpose === 'answer') return { decision: 'answer', value: 'so be it' };
  if (says === 'edit') {
    const { arguments: args } = question as { readonly arguments?: { readonly [field: string]: Json } };
    return { decision: 'edit', value: { ...args, path: 'edited' } };
  }
  return says === 'answer' ? { decision: 'answer', value: 'so be it' } : { decision: 'approve', value: null };
}

const isWithin = ({ nth, count }: FlushFault, flush: number): boolean => nth <= flush && flush < nth + count;

/** Of one call the deltas are numbered without gaps. */
function watchDeltas(live: LiveKernel, fail: (error: unknown) => void): void {
  const next = new Map<string, number>();
  live.answers.watch(({ call: { run, pid, n }, number }) => {
    const key = `${run} ${pid} ${n}`;
    const wanted = next.get(key) ?? 0;
    if (number !== wanted) fail(new Error(`delta ${number} of ${key} comes in the place of ${wanted}`));
    next.set(key, number + 1);
  });
}

function kernelOf({ seed, kernel, budgets, tools }: Scenario): KernelOptionsInput {
  const { engines, scheduling, sliceUs, paging, ...rest } = kernel;
  return {
    seed,
    ...rest,
    engines,
    budgets,
    tools: tools.map(toolSpecOf),
    programs,
    scheduling:
      scheduling === 'fifo'
        ? fifo
        : scheduling === 'round-robin'
          ? roundRobinWith({ sliceUs })
          : priorityWith({ ...priorityDefaults, sliceUs }),
    paging: kernelPagingPolicies[paging]!,
  };
}
