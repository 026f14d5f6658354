import * as fc from 'fast-check';
import { expect, test } from 'vitest';

import { firstState, footerOf, press, type TopState } from '../../../src/cli/top/top-keys.ts';
import type { KernelSnapshot } from '../../../src/kernel/snapshot.ts';
import { topColumns, topRows, type TopColumn } from '../../../src/report/top-rows.ts';
import { topProcess, topScreen } from '../../../src/report/top-screen.ts';
import { textWidth } from '../../../src/report/text-width.ts';
import { topPaints } from '../../../src/cli/top/top-loop.ts';
import { SimulationSource } from '../../../src/cli/top/top-source.ts';
import { parseScenario } from '../../../src/sim/workloads/scenario.ts';
import { readFileSync } from 'node:fs';

const name = 'examples/scenario.json';
const scenario = parseScenario(name, readFileSync(name, 'utf8'), {});
const source = () =>
  new SimulationSource(name, { ...scenario, program: 'scripted', ownScheduler: undefined }, 60);

/** Keys one after the other. */
const type = (machine: KernelSnapshot, keys: readonly string[], from: TopState = firstState): TopState =>
  keys.reduce((state, key) => press(state, key, machine).state, from);

test('the marked process goes up and down the shown rows, and is looked at', async () => {
  const machine = await source().look(500_000);
  const rows = topRows(machine, firstState.view).map(({ pid }) => pid);
  expect(type(machine, ['down']).marked).toBe(rows[0]);
  expect(type(machine, ['down', 'down', 'j', 'up']).marked).toBe(rows[1]);
  expect(type(machine, ['end']).marked).toBe(rows.at(-1));
  expect(type(machine, ['end', 'page-down', 'down']).marked).toBe(rows.at(-1));
  expect(type(machine, ['down', 'enter']).mode).toBe('process');
  expect(type(machine, ['down', 'enter', 'q']).mode).toBe('list');
  expect(press(type(machine, ['down']), 'q', machine).effect).toEqual({ leaves: true });
});

test('a signal needs a marked process and one of its letters', async () => {
  const machine = await source().look(500_000);
  expect(type(machine, ['x'])).toMatchObject({
    mode: 'list',
    note: expect.stringContaining('mark') as string,
  });
  const asked = type(machine, ['down', 'x']);
  expect(footerOf(asked)).toContain(`process ${asked.marked}`);
  expect(press(asked, 't', machine).effect).toEqual({ signal: { pid: asked.marked, signal: 'terminate' } });
  expect(press(asked, 'z', machine)).toMatchObject({ effect: {}, state: { mode: 'list' } });
});

test('a signal reaches the simulation, and one to nobody says so', async () => {
  const top = source();
  const machine = await top.look(100_000);
  const { pid } = machine.processes.find(({ state }) => state === 'running')!;
  await top.signal(pid, 'kill');
  const later = await top.look(500_000);
  expect(later.processes.find((one) => one.pid === pid)!.outcome).toBe('killed');
  expect(later.nowUs).toBeGreaterThan(machine.nowUs);
  top.pace('pause');
  expect((await top.look(10_000_000)).nowUs).toBe(later.nowUs);
});

test('a filter is typed, mended and taken back; sorting and reversing order the rows', async () => {
  const machine = await source().look(500_000);
  const filtered = type(machine, ['/', 'n', 'i', 'x', 'backspace', 'g', 'h', 't', 'enter']);
  const names = topRows(machine, filtered.view).map((one) => one.name);
  expect(names.length).toBeGreaterThan(0);
  expect(names.every((one) => one.includes('night'))).toBe(true);
  expect(type(machine, ['escape'], filtered).view.filter).toBe('');
  const byPid = type(machine, ['s', 'a']);
  const pids = topRows(machine, byPid.view).map(({ pid }) => pid);
  expect(pids).toEqual(pids.toSorted((a, b) => a - b));
  expect(topRows(machine, type(machine, ['r'], byPid).view).map(({ pid }) => pid)).toEqual(pids.toReversed());
});

test('whatever the terminal: no line is wider, there are as many as it has, and the marked row is among them', async () => {
  const machine = await source().look(500_000);
  const paints = { ...topPaints(false), marked: (text: string) => `»${text.slice(1)}` };
  fc.assert(
    fc.property(
      fc.integer({ min: 20, max: 200 }),
      fc.integer({ min: 14, max: 60 }),
      fc.constantFrom(...topColumns),
      fc.boolean(),
      fc.nat(),
      (width, height, sort: TopColumn, isReversed, chosen) => {
        const view = { sort, isReversed, filter: '', showsEnded: true };
        const rows = topRows(machine, view);
        const marked = rows[chosen % rows.length]!.pid;
        const options = { width, height, title: 'a title', view, marked, footer: 'keys', paints };
        const lines = topScreen(machine, options);
        expect(lines.length).toBe(height);
        for (const line of lines) expect(textWidth(line)).toBeLessThanOrEqual(Math.max(width, 14));
        expect(
          lines.some((line) => line.startsWith('»') || (line.startsWith(' ') && line.includes('»'))),
        ).toBe(true);
        const close = topProcess(machine, marked, options);
        expect(close.length).toBe(height);
        for (const line of close) expect(textWidth(line)).toBeLessThanOrEqual(Math.max(width, 15));
      },
    ),
    { seed: 1, numRuns: 60 },
  );
});
