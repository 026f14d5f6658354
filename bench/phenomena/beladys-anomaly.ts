import {
  anomalousReferences,
  anomalousStrings,
  drawnStringsDefaults,
  faultsOf,
} from '../../src/lessons/phenomena/beladys-anomaly.ts';
import { lineChartSvg } from '../../src/report/line-chart.ts';
import { type ResultPage, table } from './page.ts';

const mostFrames = 5;

export function beladysAnomalyPage(): ResultPage {
  const faults = faultsOf(anomalousReferences, ['fifo', 'lru', 'opt'], mostFrames);
  const frames = Array.from({ length: mostFrames }, (_, index) => index + 1);
  const drawn = anomalousStrings(['fifo', 'clock', 'sieve', 'two-q', 'lru', 'opt']);
  const { strings, references, pages } = drawnStringsDefaults;
  const [fifo] = faults;
  const string = anomalousReferences.join(' ');
  return {
    name: 'beladys-anomaly',
    title: 'Belady’s anomaly',
    finding: `fifo: ${fifo!.faults[2]} faults with 3 frames, ${fifo!.faults[3]} with 4; lru and opt never`,
    phenomenon: [
      'With some page replacement policies a program can fault more often in a larger memory. First in, first out evicts by the time of loading, so that the pages that a larger memory holds need not include those that a smaller one holds. Where they always do, the policy is a *stack algorithm* (LRU and the optimum are), and more frames never mean more faults.',
    ],
    sources:
      'L. A. Belady, R. A. Nelson, G. S. Shedler, “An anomaly in space-time characteristics of certain programs running in a paging machine”, CACM 12(6), 1969; R. L. Mattson, J. Gecsei, D. R. Slutz, I. L. Traiger, “Evaluation techniques for storage hierarchies”, IBM Systems Journal 9(2), 1970',
    workload: [
      `The reference string of the paper, \`${string}\`, with 1 to ${mostFrames} frames. Beside it ${strings} strings of ${references} references to ${pages} pages, all equally likely, with 1 to ${pages} frames.`,
    ],
    figures: [
      'Faults by the number of frames:',
      table(
        ['policy', ...frames.map(String)],
        faults.map((one) => [one.policy, ...one.faults.map(String)]),
      ),
      `How many of the ${strings} drawn strings have more faults with some number of frames than with one less:`,
      table(
        ['policy', 'anomalous strings'],
        drawn.map(({ policy, anomalous }) => [policy, String(anomalous)]),
      ),
      'The anomaly is rare on strings without a pattern, it is not fifo’s alone, and the stack algorithms have none.',
    ],
    charts: [
      {
        alt: `Faults against frames on the string of the paper: fifo rises from ${fifo!.faults[2]} to ${fifo!.faults[3]} at 4 frames, lru and opt fall`,
        svg: lineChartSvg(
          {
            title: 'Belady’s anomaly',
            subtitle: `references ${string}`,
            x: { label: 'frames', scale: 'linear', format: 'count' },
            y: { label: 'page faults', scale: 'linear', format: 'count' },
            series: faults.map((one) => ({
              label: one.policy,
              points: one.faults.map((count, index) => ({ x: index + 1, y: count })),
            })),
          },
          { width: 640, height: 360 },
        ),
      },
    ],
    repeat: [
      {
        command: `page --trace docs/results/beladys-anomaly.ids --policy fifo,lru,opt --capacity ${frames.join(',')}`,
        shows: 'hit ratios of the string of the paper: faults are misses',
      },
      {
        command: 'ostep paging -p FIFO -C 4 -a 1,2,3,4,1,2,5,1,2,3,4,5 -N -c',
        shows: 'reference by reference',
      },
    ],
    code: 'src/lessons/phenomena/beladys-anomaly.ts',
    seeds: `seed ${drawnStringsDefaults.seed}`,
    inputs: { 'beladys-anomaly.ids': `${anomalousReferences.join('\n')}\n` },
  };
}
