/** The figures of one run of a workload: what policies are compared by. From the event stream, and from the agents as they stand in the workload. */
import type { AgentSpec } from '../../agents/steps.ts';
import type { KernelEvent } from '../../kernel/events.ts';
import { pressureResources, type Pressure } from '../metrics/pressure-group.ts';
import type { ProcessMetrics, RunMetrics } from '../metrics/run-metrics.ts';
import { distribution, jainIndex } from '../metrics/statistics.ts';
import type { Demand } from './demand.ts';
import { leastMeanUs } from './lower-bound.ts';
import { ServiceGap } from './service-gap.ts';

/** Of some programs. Times are µs. A program is a root process with all its descendants; it ends when the root does. */
export interface ProgramFigures {
  /** Those that arrived before the end of the run. */
  readonly programs: number;
  readonly completed: number;
  readonly failed: number;
  readonly unfinished: number;
  /** Job completion time, from arrival to end; of a program that did not end, up to the end of the run. */
  readonly completionUs: {
    readonly mean: number;
    readonly p50: number;
    readonly p95: number;
    readonly p99: number;
  };
  /** Mean over programs of completion time per answer token: the token latency of the whole program. */
  readonly tokenLatencyUs: number;
  readonly deadlines: number;
  readonly deadlineMisses: number;
  readonly microDollars: number;
}

/** Of all programs, and of the run as a whole. */
export interface RunFigures extends ProgramFigures {
  /** Programs that had a call or a tool refused, or a sub-agent that ended otherwise than well: they did less than they were to do, and the lower bound says nothing of them. */
  readonly cutShort: number;
  /** The scenario ended before everything had happened. */
  readonly isCut: boolean;
  /** Model calls that were asked for, but none was answered. */
  readonly isUnanswered: boolean;
  readonly programsPerHour: number;
  /** Jain's index of the programs' slowdown, completion time over critical path. */
  readonly fairness: number;
  /** Null with one client, or with very many. */
  readonly serviceGapUs: number | null;
  /** The longest that a process stood ready without getting a core. */
  readonly starvationUs: number;
  /** Lower bound of the mean completion time; null where it need not hold: not all programs completed all that they were to do. */
  readonly boundUs: number | null;
  readonly makespanUs: number;
  /** Shares of the run's time, of the whole run and of each budget node. */
  readonly pressure: PressureShares;
  readonly budgets: readonly ({ readonly node: string } & PressureShares)[];
  /** What budgets did to calls and processes. */
  readonly budgetActions: RunMetrics['budgetActions'] & { readonly degraded: number };
  /** The same in every run of a workload; none where there are fewer than two, or too many to be told apart. */
  readonly groups: readonly ({ readonly group: string } & ProgramFigures)[];
}

/** For how much of the time some, or all that were not idle, were stalled on a resource; 0 to 1. */
export type PressureShares = {
  readonly [Resource in keyof Pressure]: { readonly some: number; readonly full: number };
};

/** More are not broken down by. */
const mostGroups = 12;

/** What is known before the run. Agents arrive in their own order where they arrive at one instant. */
interface Expected {
  readonly agents: readonly AgentSpec[];
  /** The least of each. */
  readonly demands: readonly Demand[];
  /** Over all engines. */
  readonly cores: number;
  /** The group of each agent. */
  readonly groups?: readonly string[];
}

export class FigureTally {
  private readonly agents: readonly AgentSpec[];
  private readonly demands: readonly Demand[];
  private readonly cores: number;
  /** By agent. */
  private readonly groups: readonly string[];
  private readonly gap: ServiceGap;
  /** Agents in the order in which they arrive. */
  private readonly order: readonly number[];
  private arrived = 0;
  /** By pid: its program, which is the agent of its root. */
  private readonly programOf: number[] = [];
  private readonly isRoot: boolean[] = [];
  private readonly readySinceUs: number[] = [];
  private readonly isCutShort: boolean[];
  private starvationUs = 0;

  constructor({ agents, demands, cores, groups = [] }: Expected) {
    this.agents = agents;
    this.demands = demands;
    this.cores = cores;
    this.groups = groups;
    this.isCutShort = agents.map(() => false);
    const { clients, clientOf, weights } = clientsOf(agents);
    this.gap = new ServiceGap(
      clients,
      (pid) => clientOf[this.programOf[pid]!]!,
      (client) => weights[client]!,
    );
    this.order = agents
      .map((_, index) => index)
      .sort((a, b) => (agents[a]!.arrivalUs ?? 0) - (agents[b]!.arrivalUs ?? 0) || a - b);
  }

  onEvent(event: KernelEvent): void {
    switch (event.type) {
      case 'process.spawned':
        this.isRoot[event.pid] = event.parent === 0;
        this.programOf[event.pid] =
          event.parent === 0 ? this.order[this.arrived++]! : this.programOf[event.parent]!;
        break;
      case 'process.ready':
        this.readySinceUs[event.pid] = event.atUs;
        break;
      case 'process.dispatched':
      case 'process.suspended':
      case 'process.waiting':
        this.stoodReady(event.pid, event.atUs);
        break;
      case 'process.terminated':
        this.stoodReady(event.pid, event.atUs);
        // Of a root it is told by its outcome.
        if (event.outcome !== 'completed' && !this.isRoot[event.pid]!) this.cutShort(event.pid);
        break;
      case 'call.refused':
      case 'tool.refused':
        this.cutShort(event.pid);
        break;
      default:
    }
    this.gap.onEvent(event);
  }

  /** `isCut`: the run ended before everything had happened. */
  result(metrics: RunMetrics, isCut: boolean): RunFigures {
    for (const pid of this.readySinceUs.keys()) this.stoodReady(pid, metrics.endUs);
    const programs = this.programs(metrics.perProcess);
    const own = figuresOf(programs);
    const { completed } = own;
    const cutShort = this.isCutShort.filter(Boolean).length;
    const isBounded = programs.length > 0 && completed === this.agents.length && cutShort === 0;
    const { pressure, makespanUs, budgetActions, modelCallsDegraded } = metrics;
    return {
      ...own,
      cutShort,
      isCut,
      isUnanswered: metrics.modelCalls > 0 && metrics.modelCallsCompleted === 0,
      programsPerHour: makespanUs === 0 ? 0 : (completed * 3_600_000_000) / makespanUs,
      fairness: jainIndex(
        programs.flatMap(({ root, demand: { criticalPathUs } }) =>
          criticalPathUs > 0 ? [root.turnaroundUs / criticalPathUs] : [],
        ),
      ),
      serviceGapUs: this.gap.gapUs(metrics.endUs),
      starvationUs: this.starvationUs,
      boundUs: isBounded
        ? leastMeanUs(
            programs.map(({ agent: { arrivalUs = 0 }, demand }) => ({ arrivalUs, demand })),
            this.cores,
          )
        : null,
      makespanUs,
      pressure: sharesOf(pressure),
      budgets: pressure.budgets.map(({ node, ...own }) => ({ node, ...sharesOf(own) })),
      budgetActions: { ...budgetActions, degraded: modelCallsDegraded },
      groups: this.byGroup(programs),
    };
  }

  private byGroup(programs: readonly Ended[]): RunFigures['groups'] {
    const names = [...new Set(this.groups)];
    if (names.length < 2 || names.length > mostGroups) return [];
    return names.map((group) => ({
      group,
      ...figuresOf(programs.filter(({ index }) => this.groups[index] === group)),
    }));
  }

  private cutShort(pid: number): void {
    this.isCutShort[this.programOf[pid]!] = true;
  }

  private stoodReady(pid: number, atUs: number): void {
    const sinceUs = this.readySinceUs[pid] ?? -1;
    if (sinceUs < 0) return;
    this.starvationUs = Math.max(this.starvationUs, atUs - sinceUs);
    this.readySinceUs[pid] = -1;
  }

  /** Those that arrived, in that order. */
  private programs(processes: readonly ProcessMetrics[]): Ended[] {
    const tokensOut = this.agents.map(() => 0);
    const microDollars = this.agents.map(() => 0);
    for (const { pid, usage } of processes) {
      const program = this.programOf[pid]!;
      tokensOut[program]! += usage.tokensOut;
      microDollars[program]! += usage.microDollars;
    }
    return processes.flatMap((root) => {
      if (root.parent !== 0) return [];
      const program = this.programOf[root.pid]!;
      return {
        index: program,
        root,
        agent: this.agents[program]!,
        demand: this.demands[program]!,
        tokensOut: tokensOut[program]!,
        microDollars: microDollars[program]!,
      };
    });
  }
}

interface Ended {
  /** Of its agent. */
  readonly index: number;
  readonly root: ProcessMetrics;
  readonly agent: AgentSpec;
  readonly demand: Demand;
  /** Of all its processes. */
  readonly tokensOut: number;
  readonly microDollars: number;
}

function figuresOf(programs: readonly Ended[]): ProgramFigures {
  const count = (is: (program: Ended) => boolean): number => programs.filter(is).length;
  const { mean, p50, p95, p99 } = distribution(programs.map(({ root }) => root.turnaroundUs));
  return {
    programs: programs.length,
    completed: count(({ root }) => root.outcome === 'completed'),
    failed: count(({ root }) => root.outcome === 'failed'),
    unfinished: count(({ root }) => root.outcome === 'unfinished'),
    completionUs: { mean, p50, p95, p99 },
    tokenLatencyUs: distribution(
      programs.flatMap(({ root, tokensOut }) => (tokensOut > 0 ? [root.turnaroundUs / tokensOut] : [])),
    ).mean,
    deadlines: count(({ agent }) => agent.scheduling?.deadlineUs !== undefined),
    deadlineMisses: count(missesDeadline),
    microDollars: programs.reduce((sum, { microDollars }) => sum + microDollars, 0),
  };
}

/** One that did not end has until its deadline. */
function missesDeadline({ root, agent }: Ended): boolean {
  const { deadlineUs = Infinity } = agent.scheduling ?? {};
  if (deadlineUs === Infinity) return false;
  return root.turnaroundUs > deadlineUs || (root.outcome !== 'completed' && root.outcome !== 'unfinished');
}

function sharesOf(pressure: Pressure): PressureShares {
  const shares = pressureResources.map((resource) => {
    const { some, full } = pressure[resource];
    return [resource, { some: some.share, full: full.share }] as const;
  });
  return Object.fromEntries(shares) as PressureShares;
}

/** Agents that name no client are clients of their own. */
function clientsOf(agents: readonly AgentSpec[]): {
  readonly clients: number;
  readonly clientOf: readonly number[];
  readonly weights: readonly number[];
} {
  const numbers = new Map<string, number>();
  const weights: number[] = [];
  const clientOf = agents.map(({ scheduling }, index) => {
    const name = scheduling?.client === undefined ? `agent ${index}` : `client ${scheduling.client}`;
    let client = numbers.get(name);
    if (client === undefined) {
      client = numbers.size;
      numbers.set(name, client);
      weights.push(scheduling?.weight ?? 1);
    }
    return client;
  });
  return { clients: numbers.size, clientOf, weights };
}
