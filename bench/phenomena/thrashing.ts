import { thrashing, thrashingScenario, thrashingSetting } from '../../src/lessons/phenomena/thrashing.ts';
import { formatCount } from '../../src/report/format.ts';
import { lineChartSvg } from '../../src/report/line-chart.ts';
import { figure, percent, type ResultPage, table } from './page.ts';

export function thrashingPage(): ResultPage {
  const runs = thrashing();
  const { memoryTokens, workingSetTokens, cores, minutes, callSeconds, toolSeconds, sliceSeconds } =
    thrashingSetting;
  const counts = runs[0]!.points.map(({ agents }) => agents);
  const [none, workingSet] = runs;
  const best = Math.max(...none!.points.map(({ useful }) => useful));
  const last = (run: typeof none): number => run!.points.at(-1)!.useful;
  const bySeries = (of: (point: (typeof runs)[number]['points'][number]) => string): string[][] =>
    runs.map(({ loadControl, points }) => [loadControl, ...points.map(of)]);
  const headers = ['load control', ...counts.map(String)];
  return {
    name: 'thrashing',
    title: 'Thrashing and admission control',
    finding: `too many agents leave ${percent(last(none))} of the core time for useful work; with working-set load control it stays at ${percent(last(workingSet))}`,
    phenomenon: [
      'As the degree of multiprogramming rises, the cores are better used, until the working sets of the processes no longer fit into memory together. From there on each evicts what another is about to need, the cores spend their time on bringing it back, and throughput collapses: thrashing. More work makes it worse. Load control lets on only as many processes as have room for their working sets; the others wait outside, and throughput stays where it was best. Here memory is the context memory of a model server, and a fault is prefill that is paid for again.',
    ],
    sources:
      'P. J. Denning, “Thrashing: its causes and prevention”, AFIPS FJCC 1968; “The working set model for program behavior”, CACM 11(5), 1968; pause-and-restore: H. Kang and others, “ThunderAgent: A simple, fast and program-aware agentic inference system”, 2026 (arXiv 2602.13692)',
    workload: [
      `An engine of ${cores} cores with a context memory of ${formatCount(memoryTokens)} tokens, and 1 to ${counts.at(-1)} agents with a context of ${formatCount(workingSetTokens)} tokens each: five contexts fit, four with the answers beside them. Each agent calls the model for ${callSeconds} s (1,800 tokens) and a tool for ${toolSeconds} s in turn, for ${minutes} minutes. Round-robin, slices of ${sliceSeconds} s, as where people watch answers appear; LRU. Prefill is 8,000 tokens a second: a context that was evicted costs 2.5 s.`,
    ],
    figures: [
      `Useful share of the core time (answers, and prompts for the first time), by the number of agents:`,
      table(
        headers,
        bySeries(({ useful }) => percent(useful)),
      ),
      'Share of the core time for prompts that had been evicted:',
      table(
        headers,
        bySeries(({ repeated }) => percent(repeated)),
      ),
      `Calls completed in ${minutes} minutes:`,
      table(
        headers,
        bySeries(({ callsCompleted }) => figure(callsCompleted)),
      ),
      'Working-set control counts whoever runs or asks for a core, and gives the room of those that wait for a tool to others; pause-and-restore keeps their place, so that it brings back nothing, and lets fewer on.',
    ],
    charts: [
      {
        alt: `Useful core time against the number of agents: without load control it falls from ${percent(best)} to ${percent(last(none))}, with load control it stays`,
        svg: lineChartSvg(
          {
            title: 'Thrashing and admission control',
            subtitle: `${cores} cores, memory for five contexts; round-robin, slices of ${sliceSeconds} s, LRU`,
            x: { label: 'agents', scale: 'linear', format: 'count' },
            y: { label: 'useful share of the core time', scale: 'linear', format: 'percent' },
            series: runs.map(({ loadControl, points }) => ({
              label: loadControl === 'none' ? 'no load control' : loadControl,
              points: points.map(({ agents, useful }) => ({ x: agents, y: useful })),
            })),
          },
          { width: 640, height: 400 },
        ),
      },
    ],
    repeat: [
      {
        command: 'simulate docs/results/thrashing.json',
        shows: 'eight agents without load control; "copies" and "loadControl" are what the page changes',
      },
    ],
    code: 'src/lessons/phenomena/thrashing.ts',
    seeds: 'no chance',
    inputs: { 'thrashing.json': `${JSON.stringify(thrashingScenario(8, 'none'), null, 1)}\n` },
  };
}
