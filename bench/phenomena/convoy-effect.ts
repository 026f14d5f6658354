import { convoyEffect, convoyJobs } from '../../src/lessons/phenomena/convoy-effect.ts';
import { jobCharts, jobsCsv } from './job-charts.ts';
import { figure, percent, type ResultPage, table } from './page.ts';

export function convoyEffectPage(): ResultPage {
  const runs = convoyEffect();
  const [fifo, roundRobin, srtf] = runs;
  return {
    name: 'convoy-effect',
    title: 'The convoy effect',
    finding: `short jobs take ${figure(fifo!.shortTurnaround)} ticks behind a long one under fifo, ${figure(srtf!.shortTurnaround)} under srtf`,
    phenomenon: [
      'Under first come, first served, jobs with short bursts queue up behind one with long bursts. They then do their I/O together and queue up behind its next burst together: a convoy. Devices stand idle while the long burst runs, the core while all do I/O, and jobs that need little take as long as the one that needs much. It takes preemption to break it up.',
    ],
    sources:
      'A. Silberschatz, P. B. Galvin, G. Gagne, “Operating System Concepts”, 10th edition, section 5.3.1; the word is from M. Blasgen, J. Gray, M. Mitoma, T. Price, “The convoy phenomenon”, ACM SIGOPS Operating Systems Review 13(2), 1979, where it is about locks',
    workload: [
      'One core. One job computes for 30 ticks at a time, four times, with I/O of 3 ticks between. Four jobs compute for one tick, eight times, with I/O of 9 ticks between. All are there at 0, the long one first. Round-robin has slices of one tick.',
    ],
    figures: [
      table(
        [
          'policy',
          'mean turnaround of the short jobs',
          'turnaround of the long job',
          'longest wait of a short job',
          'core used',
          'devices at work on average',
          'all done at',
        ],
        runs.map((run) => [
          run.policy,
          figure(run.shortTurnaround),
          figure(run.longTurnaround),
          figure(run.longestWait),
          percent(run.core),
          run.devices.toFixed(2),
          figure(run.makespan),
        ]),
      ),
      `Alone, a short job takes 71 ticks. Preemption costs the long job ${figure(srtf!.longTurnaround - fifo!.longTurnaround)} ticks of ${figure(fifo!.longTurnaround)} (round-robin: ${figure(roundRobin!.longTurnaround - fifo!.longTurnaround)}), and all jobs together are done ${figure(fifo!.makespan - srtf!.makespan)} ticks earlier.`,
    ],
    charts: [
      {
        alt: 'Gantt charts: under fifo the short jobs stand in line behind each long burst; round-robin and srtf let them pass',
        svg: jobCharts(
          'The convoy effect',
          runs,
          (run) => `short jobs: mean turnaround ${figure(run.shortTurnaround)}`,
        ),
      },
    ],
    repeat: [
      {
        command:
          'sched --jobs docs/results/convoy-effect.csv --policy fifo,round-robin,srtf --slice 1 --gantt',
        shows: 'times of each job, and the charts in the terminal; --why says why each was picked',
      },
    ],
    code: 'src/lessons/phenomena/convoy-effect.ts',
    seeds: 'no chance',
    inputs: { 'convoy-effect.csv': jobsCsv(convoyJobs()) },
  };
}
