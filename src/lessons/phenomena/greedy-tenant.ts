/**
 * Fair share against a greedy tenant: one client of a model server sends very many calls at once. Served first come, first served, all others wait for its backlog;
 * policies that share the core among processes give the greedy one a share for each of its calls; the virtual token counter shares it among clients, so that whoever asks
 * for less than a fair share is served as if alone, and two that both ask for more differ by a bounded amount of service.
 *
 * Source: Y. Sheng et al., "Fairness in Serving Large Language Models", OSDI 2024 (arXiv 2401.00588).
 */
import type { Json } from '../../kernel/ids.ts';
import { type SchedulingPolicyName, vtcDefaults } from '../../policies/index.ts';
import { mean } from '../../sim/metrics/statistics.ts';
import { noSlice } from '../../sim/spec.ts';
import { ClientService } from './client-service.ts';
import { runScenario } from './scenario-run.ts';

/** Calls of a client: how many, how long, and how far apart, seconds (0: all at once). */
interface Client {
  readonly calls: number;
  readonly promptTokens: number;
  readonly answerTokens: number;
  readonly everySeconds: number;
}

export const tenants = {
  greedy: { calls: 80, promptTokens: 1_000, answerTokens: 300, everySeconds: 0 },
  steady: { calls: 40, promptTokens: 3_000, answerTokens: 120, everySeconds: 0 },
  modest: { calls: 20, promptTokens: 1_000, answerTokens: 120, everySeconds: 20 },
} as const satisfies Record<string, Client>;
type Tenant = keyof typeof tenants;
const tenantNames = Object.keys(tenants) as Tenant[];

/** One core; each call is a process of its own, of a client; slices of a second where the policy has any. */
export function tenantScenario(scheduler: SchedulingPolicyName): Json {
  return {
    name: `a greedy tenant, ${scheduler}`,
    engines: [{ cores: 1, memoryTokens: 1_000_000 }],
    scheduler,
    ...(noSlice(scheduler) === undefined ? { slice: '1s' } : {}),
    agents: tenantNames.flatMap((client): Json[] => {
      const { calls, promptTokens, answerTokens, everySeconds } = tenants[client];
      const steps = [
        { op: 'page', kind: 'user', tokens: promptTokens },
        { op: 'think', tokensOut: answerTokens, keep: false },
      ];
      if (everySeconds === 0) return [{ name: client, copies: calls, scheduling: { client }, steps }];
      return Array.from({ length: calls }, (_, index) => ({
        name: `${client}-${index + 1}`,
        arrivalUs: `${index * everySeconds}s`,
        scheduling: { client },
        steps,
      }));
    }),
  };
}

export interface TenantFigures {
  readonly scheduler: SchedulingPolicyName;
  /** Of each modest call, in the order of their arrivals: when it came, and how long until it ended, s. */
  readonly modest: readonly { readonly arrival: number; readonly turnaround: number }[];
  readonly meanTurnaround: Readonly<Record<Tenant, number>>;
  /** Largest difference of service between two clients that both had calls waiting, weighted tokens. */
  readonly gap: number;
}

const secondUs = 1_000_000;

export function greedyTenant(
  schedulers: readonly SchedulingPolicyName[] = ['fifo', 'round-robin', 'stride', 'cfs', 'vtc'],
): readonly TenantFigures[] {
  return schedulers.map((scheduler) => {
    const service = new ClientService((name) => name.replace(/-\d+$/, ''));
    const { perProcess } = runScenario(tenantScenario(scheduler), (event) => service.onEvent(event));
    const callsOf = (client: Tenant) => perProcess.filter(({ name }) => name.startsWith(client));
    const meanOf = (client: Tenant): number =>
      mean(callsOf(client).map(({ turnaroundUs }) => turnaroundUs)) / secondUs;
    return {
      scheduler,
      modest: callsOf('modest').map(({ spawnedUs, turnaroundUs }) => ({
        arrival: spawnedUs / secondUs,
        turnaround: turnaroundUs / secondUs,
      })),
      meanTurnaround: { greedy: meanOf('greedy'), steady: meanOf('steady'), modest: meanOf('modest') },
      gap: service.gap,
    };
  });
}

/** What vtc promises: twice max(w_in L, w_out M), L the longest prompt and M the most tokens of the calls that run at once: on one core, of one call. */
export const vtcBound = ((): number => {
  const all = Object.values(tenants);
  const longestPrompt = Math.max(...all.map(({ promptTokens }) => promptTokens));
  const longestCall = Math.max(...all.map(({ promptTokens, answerTokens }) => promptTokens + answerTokens));
  return 2 * Math.max(vtcDefaults.inputWeight * longestPrompt, vtcDefaults.outputWeight * longestCall);
})();
