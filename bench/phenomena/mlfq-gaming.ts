import { boostTicks, gamedTicks, gamingJobs, mlfqGaming } from '../../src/lessons/phenomena/mlfq-gaming.ts';
import { jobCharts, jobsCsv } from './job-charts.ts';
import { figure, percent, type ResultPage, table } from './page.ts';

export function mlfqGamingPage(): ResultPage {
  const runs = mlfqGaming();
  const [gamed, , cured] = runs;
  const jobs = '0,200,0:0,180,9:0,180,9';
  return {
    name: 'mlfq-gaming',
    title: 'Gaming a multi-level feedback queue, and the cure',
    finding: `two gamers leave an honest job ${percent(gamed!.honestShare)} of the core; with allotments that are accounted for it gets ${percent(cured!.honestShare)}`,
    phenomenon: [
      'A multi-level feedback queue moves a job down once it has used up its allotment of core time, and takes one that gives up the core earlier for an interactive one. Where a wait makes it forget what was used, a job can do a little I/O just before its allotment ends and keep the topmost queue for ever, and those below starve. The cure is better accounting: what was used of an allotment is kept, in however many pieces. A priority boost from time to time rescues the starved, but does not stop the game.',
    ],
    sources:
      'R. H. and A. C. Arpaci-Dusseau, “Operating Systems: Three Easy Pieces”, chapter 8, sections 8.3 and 8.4; the queue: F. J. Corbató and others, “An experimental time-sharing system”, 1962',
    workload: [
      `One core, three queues with slices and allotments of 10 ticks. An honest job computes for 200 ticks. Two gamers compute for 9 ticks and do I/O for one, 20 times. Shares are of the first ${gamedTicks} ticks, while all three have work.`,
    ],
    figures: [
      table(
        [
          'what was used of an allotment is',
          'honest job',
          'both gamers',
          'longest wait of the honest job',
          'it ends at',
        ],
        runs.map((run) => [
          run.policy,
          percent(run.honestShare),
          percent(run.gamerShare),
          figure(run.longestWait),
          figure(run.honestFinish),
        ]),
      ),
      `A fair share is 33 %. The boost alone gives the honest job one allotment in ${boostTicks} ticks; the accounting gives it its share without one.`,
    ],
    charts: [
      {
        alt: 'Gantt charts: the gamers keep the core while a wait makes the scheduler forget; with accounting all three take turns',
        svg: jobCharts(
          'Gaming a multi-level feedback queue',
          runs,
          (run) => `honest job: ${percent(run.honestShare)} of the core until ${gamedTicks}`,
        ),
      },
    ],
    repeat: [
      {
        command: `ostep mlfq -n 3 -q 10 -i 1 -S -l ${jobs} -c`,
        shows: 'by the rules of OSTEP’s mlfq.py: -S is the forgetting (job 0 is the honest one)',
      },
      { command: `ostep mlfq -n 3 -q 10 -i 1 -l ${jobs} -c`, shows: 'accounted for' },
      {
        command: 'sched --jobs docs/results/mlfq-gaming.csv --policy mlfq --gantt',
        shows: 'under this kernel’s own mlfq, which accounts',
      },
    ],
    code: 'src/lessons/phenomena/mlfq-gaming.ts',
    seeds: 'no chance',
    inputs: { 'mlfq-gaming.csv': jobsCsv(gamingJobs()) },
  };
}
