import type { ProcessRunAnswer, ProcessRunProblem } from '../../lessons/ostep/process-run.ts';
import { count, decimals, figures, type Header, type ToolView } from './tool-view.ts';

export const processRunView: ToolView<ProcessRunProblem, ProcessRunAnswer> = {
  title: ({ instructions, ioLength }) =>
    `${count(instructions.length, 'process', 'processes')} on one CPU; an I/O takes ${count(ioLength, 'tick')}`,
  problem: ({ instructions, ...rules }) => [
    rules.switch === 'SWITCH_ON_IO'
      ? 'The CPU goes to the next process when one waits for I/O (SWITCH_ON_IO).'
      : 'The CPU goes to the next process when one is done, not when it waits for I/O (SWITCH_ON_END).',
    rules.ioDone === 'IO_RUN_LATER'
      ? 'A process whose I/O ended runs when it is its turn (IO_RUN_LATER).'
      : 'A process whose I/O ended runs at once (IO_RUN_IMMEDIATE).',
    '',
    ...figures(
      ['process', { left: 'instructions' }],
      instructions.map((list, pid) => [String(pid), grouped(list).join(', ') || 'none']),
    ),
  ],
  question: 'the state of each process in every tick, and how busy CPU and I/O are.',
  answer: ({ trace, ...totals }, { instructions }, { given }) => [
    ...figures(
      ['time', ...instructions.map((_, pid): Header => ({ left: `process ${pid}` })), 'CPU', 'I/Os'],
      trace.map(({ tick, ioDone, states, cpu, ios }) => [
        `${tick}${ioDone ? '*' : ' '}`,
        ...states,
        cpu === 0 ? '' : '1',
        ios === 0 ? '' : String(ios),
      ]),
    ),
    '',
    '* an I/O ended',
    ...(given.has('-p')
      ? [
          '',
          `total time  ${totals.totalTime}`,
          `CPU busy    ${totals.cpuBusy} (${decimals(totals.cpuBusyPct)} %)`,
          `I/O busy    ${totals.ioBusy} (${decimals(totals.ioBusyPct)} %)`,
        ]
      : []),
  ],
};

/** `cpu, cpu, io` → `cpu × 2`, `io`. */
function grouped(list: readonly string[]): string[] {
  const groups: { name: string; times: number }[] = [];
  for (const name of list) {
    const last = groups.at(-1);
    if (last?.name === name) last.times++;
    else groups.push({ name, times: 1 });
  }
  return groups.map(({ name, times }) => (times === 1 ? name : `${name} × ${times}`));
}
