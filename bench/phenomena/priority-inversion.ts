import {
  type InversionRun,
  inversionScenario,
  priorityInversion,
} from '../../src/lessons/phenomena/priority-inversion.ts';
import { ganttSvg, type TitledGantt } from '../../src/report/gantt-svg.ts';
import { lineChartSvg } from '../../src/report/line-chart.ts';
import { figure, type ResultPage, table } from './page.ts';

const lengths = [0, 10, 20, 30, 40, 50];
const shown = 50;
const protocols = ['none', 'inheritance'] as const;

export function priorityInversionPage(): ResultPage {
  const runs = protocols.map((protocol) => priorityInversion(shown, protocol));
  const [none, inheritance] = runs;
  const urgent = (run: InversionRun) => run.agents.find(({ name }) => name === 'bus')!;
  const [without, with_] = [urgent(none!), urgent(inheritance!)];
  const curves = protocols.map((protocol) => ({
    protocol,
    points: lengths.map((seconds) => ({
      x: seconds,
      y: urgent(priorityInversion(seconds, protocol)).turnaround,
    })),
  }));
  return {
    name: 'priority-inversion',
    title: 'Priority inversion and inheritance',
    finding: `the most urgent of three takes ${figure(without.turnaround)} s without priority inheritance, ${figure(with_.turnaround)} s with it`,
    phenomenon: [
      'An urgent process waits for a lock that an unimportant one holds. That wait is as long as the critical section. But a third process, of a priority in between, keeps the owner from running, and so the urgent one from going on, though it needs no lock at all: the priorities are turned upside down for as long as it likes. With priority inheritance the owner runs as urgently as whoever waits for it, and the urgent one waits for the critical section alone.',
      'It is what reset Mars Pathfinder in 1997: its weather task held a lock of the information bus, the bus task waited for it, communications ran, and the watchdog found the bus task late.',
    ],
    sources:
      'L. Sha, R. Rajkumar, J. P. Lehoczky, “Priority inheritance protocols: an approach to real-time synchronization”, IEEE Transactions on Computers 39(9), 1990; G. E. Reeves, “What really happened on Mars?”, 1997',
    workload: [
      `One core, fixed priorities, preemptive. \`meteorology\` (priority 90) takes the lock at 0 and needs the core for 10 s before it gives it back. \`bus\` (priority 0) comes at 2 s and needs the lock for 1 s. \`communications\` (priority 40) comes at 3 s and computes for ${shown} s, without the lock.`,
    ],
    figures: [
      table(
        [
          'lock protocol',
          'bus: turnaround, s',
          'of it waiting for the lock, s',
          'communications, s',
          'meteorology, s',
        ],
        runs.map(({ lockProtocol, agents }) => {
          const of = (name: string) => agents.find((agent) => agent.name === name)!;
          return [
            lockProtocol,
            ...[
              of('bus').turnaround,
              of('bus').lockWait,
              of('communications').turnaround,
              of('meteorology').turnaround,
            ].map(figure),
          ];
        }),
      ),
      'The turnaround of the bus task, s, by how long communications take:',
      table(
        ['lock protocol', ...lengths.map((seconds) => `${seconds} s`)],
        curves.map(({ protocol, points }) => [protocol, ...points.map(({ y }) => figure(y))]),
      ),
      'With inheritance it is what is left of the critical section and its own second, whatever the others do.',
    ],
    charts: [
      {
        alt: 'Gantt charts: without inheritance communications run while the owner of the lock stands ready and the bus task waits; with it the owner goes on first',
        svg: ganttSvg(runs.map(gantt), { title: 'Priority inversion', unit: 's' }),
      },
      {
        name: 'priority-inversion-turnaround',
        alt: 'Turnaround of the bus task against the length of communications: rising without inheritance, flat with it',
        svg: lineChartSvg(
          {
            title: 'An inversion lasts as long as the third one likes',
            subtitle: 'the most urgent task, which needs a lock of the least urgent',
            x: { label: 'core time of the task in between, s', scale: 'linear', format: 'count' },
            y: { label: 'turnaround of the urgent task, s', scale: 'linear', format: 'count' },
            series: curves.map(({ protocol, points }) => ({
              label: protocol === 'none' ? 'no lock protocol' : 'priority inheritance',
              points,
            })),
          },
          { width: 640, height: 360 },
        ),
      },
    ],
    repeat: [
      {
        command: 'simulate docs/results/priority-inversion.json --lock-protocol none',
        shows: 'the inversion',
      },
      {
        command: 'simulate docs/results/priority-inversion.json --lock-protocol inheritance',
        shows: 'the cure',
      },
    ],
    code: 'src/lessons/phenomena/priority-inversion.ts',
    seeds: 'no chance',
    inputs: {
      'priority-inversion.json': `${JSON.stringify(inversionScenario(shown, 'none'), null, 1)}\n`,
    },
  };
}

/** Waits for the lock are dotted, as I/O is. */
function gantt(run: InversionRun): TitledGantt {
  const { lockProtocol, agents, stretches, lockWaits } = run;
  const bus = agents.find(({ name }) => name === 'bus')!;
  return {
    title: lockProtocol === 'none' ? 'no lock protocol' : 'inheritance',
    note: `bus: turnaround ${figure(bus.turnaround)} s, of it ${figure(bus.lockWait)} s waiting for the lock (dotted)`,
    cores: 1,
    end: Math.max(...stretches.map(({ to }) => to)),
    slices: stretches.map(({ agent, from, to }) => ({ core: 0, job: agent, from, to })),
    jobs: agents.map(({ name, arrival, turnaround }, index) => ({
      name,
      arrival,
      finish: arrival + turnaround,
      io: lockWaits.filter(({ agent }) => agent === index),
    })),
  };
}
