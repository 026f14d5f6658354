import {
  greedyTenant,
  tenants,
  tenantScenario,
  vtcBound,
} from '../../src/lessons/phenomena/greedy-tenant.ts';
import { formatCount } from '../../src/report/format.ts';
import { lineChartSvg } from '../../src/report/line-chart.ts';
import { figure, type ResultPage, table } from './page.ts';

export function greedyTenantPage(): ResultPage {
  const runs = greedyTenant();
  const of = (scheduler: string) => runs.find((run) => run.scheduler === scheduler)!;
  const [fifo, vtc] = [of('fifo'), of('vtc')];
  const { greedy, steady, modest } = tenants;
  const longest = ({ modest: calls }: typeof fifo): number =>
    Math.max(...calls.map(({ turnaround }) => turnaround));
  return {
    name: 'greedy-tenant',
    title: 'Fair share against a greedy tenant',
    finding: `a modest client’s calls take ${figure(fifo.meanTurnaround.modest)} s under fifo and ${figure(vtc.meanTurnaround.modest)} s under vtc`,
    phenomenon: [
      'One client of a shared model server sends very many calls at once. First come, first served, everybody waits for its backlog. Policies that share the core among *processes* (round-robin, stride, cfs) give it a share for each of its calls, and the others next to nothing. The virtual token counter shares among *clients*: it serves the client that has received least, in weighted tokens. Whoever asks for less than a fair share is served nearly as if alone, and two clients that both have calls waiting never differ by more than a fixed amount of service, whatever they send.',
    ],
    sources:
      'Y. Sheng and others, “Fairness in serving large language models”, OSDI 2024 (arXiv 2401.00588); stride: C. A. Waldspurger, W. E. Weihl, “Stride scheduling”, MIT/LCS/TM-528, 1995',
    workload: [
      `One core, each call a process of its own. At 0 the greedy client sends ${greedy.calls} calls (${formatCount(greedy.promptTokens)} tokens in, ${greedy.answerTokens} out: 5.1 s each), and a steady one ${steady.calls} calls (${formatCount(steady.promptTokens)} in, ${steady.answerTokens} out: 2.4 s each). A modest one sends a call every ${modest.everySeconds} s (${formatCount(modest.promptTokens)} in, ${modest.answerTokens} out: 2.1 s). Round-robin and stride have slices of a second. A token in counts 1, a token out 2.`,
    ],
    figures: [
      table(
        [
          'policy',
          'mean turnaround, modest, s',
          'longest, modest, s',
          'mean, steady, s',
          'mean, greedy, s',
          'service gap, weighted tokens',
        ],
        runs.map((run) => [
          run.scheduler,
          figure(run.meanTurnaround.modest),
          figure(longest(run)),
          figure(run.meanTurnaround.steady),
          figure(run.meanTurnaround.greedy),
          formatCount(run.gap),
        ]),
      ),
      `The service gap is the largest difference of what two clients receive while both have calls waiting. The bound that vtc promises, 2 · max(w_in L, w_out M), is ${formatCount(vtcBound)} here; the other policies promise none. The greedy client pays: its calls take ${figure(vtc.meanTurnaround.greedy)} s on average instead of ${figure(fifo.meanTurnaround.greedy)} s.`,
    ],
    charts: [
      {
        alt: 'Turnaround of the modest client’s calls against the time when they come: hundreds of seconds under fifo, round-robin, stride and cfs, a few under vtc',
        svg: lineChartSvg(
          {
            title: 'A modest client beside a greedy one',
            subtitle: `${greedy.calls} calls of a greedy client and ${steady.calls} of a steady one at 0, one of a modest client every ${modest.everySeconds} s`,
            x: { label: 'when the modest client’s call comes, s', scale: 'linear', format: 'count' },
            y: { label: 'until it is answered, s', scale: 'linear', format: 'count' },
            series: runs.map((run) => ({
              label: run.scheduler,
              points: run.modest.map(({ arrival, turnaround }) => ({ x: arrival, y: turnaround })),
            })),
          },
          { width: 720, height: 420 },
        ),
      },
    ],
    repeat: [
      {
        command: 'simulate docs/results/greedy-tenant.json',
        shows: 'under vtc; "scheduler" is what the page changes',
      },
    ],
    code: 'src/lessons/phenomena/greedy-tenant.ts',
    seeds: 'no chance',
    inputs: { 'greedy-tenant.json': `${JSON.stringify(tenantScenario('vtc'), null, 1)}\n` },
  };
}
