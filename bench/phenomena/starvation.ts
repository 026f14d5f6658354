import { agingBound, starvation, starvingJobs } from '../../src/lessons/phenomena/starvation.ts';
import { lineChartSvg } from '../../src/report/line-chart.ts';
import { jobsCsv } from './job-charts.ts';
import { figure, type ResultPage, table } from './page.ts';

export function starvationPage(): ResultPage {
  const runs = starvation();
  const [fixed, aging] = runs;
  const counts = fixed!.waits.map(({ important }) => important);
  const most = counts.at(-1)!;
  return {
    name: 'starvation',
    title: 'Starvation and aging',
    finding: `behind ${most} important jobs an unimportant one waits ${figure(fixed!.waits.at(-1)!.wait)} ticks, with aging ${figure(aging!.waits.at(-1)!.wait)}`,
    phenomenon: [
      'Under fixed priorities an unimportant job waits for as long as more important ones keep coming: it starves, though every single decision is right. Aging raises the priority of whoever waits. The wait then has a bound that depends on the difference of the priorities, and not on how many come.',
    ],
    sources:
      'A. Silberschatz, P. B. Galvin, G. Gagne, “Operating System Concepts”, 10th edition, section 5.3.4',
    workload: [
      'One core. An unimportant job (priority 80) of 10 ticks arrives at 0. Important ones (priority 20) of 10 ticks come every 10 ticks, so that they alone keep the core busy. `priority-preemptive` has fixed priorities; `priority`, the kernel’s default, lets whoever is ready gain a point of priority in 6 ticks.',
    ],
    figures: [
      'How long the unimportant job waits, ticks, by how many important ones come:',
      table(
        ['policy', ...counts.map(String)],
        runs.map(({ policy, waits }) => [policy, ...waits.map(({ wait }) => figure(wait))]),
      ),
      `The bound of aging: 60 points of difference × 6 ticks, and a job that is under way, make ${figure(agingBound)} ticks.`,
    ],
    charts: [
      {
        alt: 'Wait of the unimportant job against the number of important ones: fixed priorities rise without end, aging stays at 360 ticks',
        svg: lineChartSvg(
          {
            title: 'Starvation and aging',
            subtitle: 'one job of priority 80 among jobs of priority 20 that keep the core busy',
            x: { label: 'important jobs that come', scale: 'linear', format: 'count' },
            y: { label: 'wait of the unimportant job, ticks', scale: 'linear', format: 'count' },
            series: runs.map(({ policy, waits }) => ({
              label: policy === 'priority' ? 'priority (aging)' : `${policy} (fixed)`,
              points: waits.map(({ important, wait }) => ({ x: important, y: wait })),
            })),
          },
          { width: 640, height: 360 },
        ),
      },
    ],
    repeat: [
      {
        command: 'sched --jobs docs/results/starvation.csv --policy priority-preemptive,priority --slice 60',
        shows: `with ${most} important jobs`,
      },
    ],
    code: 'src/lessons/phenomena/starvation.ts',
    seeds: 'no chance',
    inputs: { 'starvation.csv': jobsCsv(starvingJobs(most)) },
  };
}
