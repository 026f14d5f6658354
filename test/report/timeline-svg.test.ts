import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import type { EventBody, KernelEvent } from '../../src/kernel/events.ts';
import type { CoreId, PageId, Pid } from '../../src/kernel/ids.ts';
import { timelineSvg } from '../../src/report/timeline-svg.ts';
import { demoEngines, runDemo } from '../../src/sim/demo.ts';
import { runCli } from '../support/run-cli.ts';
import { projectRoot } from '../support/source.ts';

const second = 1_000_000;
const pid = (n: number): Pid => n as Pid;
const core = 0 as CoreId;

/** Numbers the events of one kernel. */
function kernel(...events: (EventBody & { readonly atUs: number })[]): KernelEvent[] {
  return events.map((event, index) => ({ seq: index + 1, ...event }));
}

const spawned = (n: number, atUs: number, name: string, engine = 0) =>
  ({
    type: 'process.spawned',
    atUs,
    pid: pid(n),
    run: 'r',
    parent: 0,
    name,
    program: 'p',
    priority: 50,
    engine,
    budget: '',
  }) as const;
const dispatched = (n: number, atUs: number, room = 0) =>
  ({
    type: 'process.dispatched',
    atUs,
    pid: pid(n),
    core,
    n: 1,
    newTokens: 0,
    repeatedTokens: 0,
    loadTokens: 0,
    cachedTokens: 0,
    room,
  }) as const;
const ended = (n: number, atUs: number, newPrefillUs = 0, repeatedPrefillUs = 0) =>
  ({
    type: 'call.ended',
    atUs,
    pid: pid(n),
    core,
    n: 1,
    ok: true,
    tokensIn: 1,
    tokensCached: 0,
    tokensOut: 1,
    microDollars: 0,
    newPrefillUs,
    repeatedPrefillUs,
    loadUs: 0,
  }) as const;
const stopped = (n: number, atUs: number) =>
  ({
    type: 'call.stopped',
    atUs,
    pid: pid(n),
    core,
    n: 1,
    by: 'slice',
    tokensOut: 1,
    newPrefillUs: 0,
    repeatedPrefillUs: 0,
    loadUs: 0,
  }) as const;
const waiting = (n: number, atUs: number, on: string) =>
  ({ type: 'process.waiting', atUs, pid: pid(n), on }) as const;
const terminated = (n: number, atUs: number, outcome: 'completed' | 'failed' = 'completed') =>
  ({ type: 'process.terminated', atUs, pid: pid(n), outcome, code: '', message: '' }) as const;

function demoEvents(): KernelEvent[] {
  const events: KernelEvent[] = [];
  runDemo({ print: () => {}, onEvent: (event) => events.push(event) });
  return events;
}

/** Throws unless every element is closed in order, attributes are quoted, and text has no bare `<`, `>` or `&`. */
function checkWellFormed(xml: string): void {
  const open: string[] = [];
  let end = 0;
  for (const match of xml.matchAll(/<(\/?)([a-zA-Z]+)((?: [a-zA-Z0-9-]+="[^"<]*")*)(\/?)>/g)) {
    const [all, closing, name, attributes = '', empty] = match;
    const between = xml.slice(end, match.index) + attributes;
    if (/[<>]|&(?!(amp|lt|gt|quot|#39);)/.test(between)) throw new Error(`bare markup in ${between}`);
    if (open.length === 0 && end > 0) throw new Error(`${all} after the end`);
    if (closing === '/' && open.pop() !== name) throw new Error(`${all} closes something else`);
    if (closing === '' && empty === '') open.push(name!);
    end = match.index + all.length;
  }
  if (open.length > 0 || xml.slice(end) !== '\n') throw new Error(`open at the end: ${open.join(', ')}`);
}

/** Values of an attribute, in the order of the drawing. */
function values(svg: string, attribute: string): string[] {
  return [...svg.matchAll(new RegExp(` ${attribute}="([^"]*)"`, 'g'))].map(([, value]) => value!);
}

/** Bars as `state x width`, px rounded. */
function bars(svg: string): string[] {
  return [
    ...svg.matchAll(
      /<rect x="([\d.]+)" y="[\d.]+" width="([\d.]+)" height="[\d.]+" fill="[^"]+" data-state="([^"]+)">/g,
    ),
  ].map(([, x, width, state]) => `${state} ${Math.round(Number(x))} ${Math.round(Number(width))}`);
}

test('docs/demo.svg is what `ringzero demo --svg docs/demo.svg` draws now', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'ringzero-'));
  try {
    const file = join(folder, 'demo.svg');
    expect(await runCli(['demo', '--svg', file])).toMatchObject({ status: 0, err: '' });
    expect(readFileSync(file, 'utf8')).toBe(readFileSync(join(projectRoot, 'docs/demo.svg'), 'utf8'));
    const bad = await runCli(['demo', '--svg', join(folder, 'none', 'demo.svg')]);
    expect(bad).toMatchObject({ status: 2, out: '' });
    expect(bad.err).toMatch(/^error: --svg: .*demo\.svg.*$/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('the demo: every process, every kind of mark, the crash, the break, capacity and evictions', () => {
  const svg = timelineSvg(demoEvents(), { engines: demoEngines });
  checkWellFormed(svg);
  expect(values(svg, 'data-pid')).toEqual(['1', '2', '3']);
  for (const name of ['ResearchAssistant', 'CodeAssistant', 'DataAnalyst'])
    expect(svg).toContain(`>${name}</text>`);
  expect(values(svg, 'data-mark').sort()).toEqual([
    'budget',
    'budget',
    'completed',
    'completed',
    'completed',
    'fault',
    'fault',
    'fault',
    'preempted',
    'replayed',
    'restored',
    'saved',
  ]);
  expect(new Set(values(svg, 'data-state'))).toEqual(
    new Set([
      'new-prefill',
      'repeated-prefill',
      'decode',
      'running',
      'ready',
      'waiting:tool',
      'waiting:budget',
    ]),
  );
  expect(values(svg, 'data-crash')).toHaveLength(1);
  expect(values(svg, 'data-break')).toHaveLength(1);
  expect(svg).toContain('57 min 10 s left out');
  expect(svg).toContain('>4,000</text>');
  expect(svg).toContain('>14 pages evicted</text>');
  // Nothing that runs or is fetched.
  expect(svg).not.toMatch(/<script|href|url\((?!#)|@import/);
  expect(timelineSvg(demoEvents(), { engines: demoEngines })).toBe(svg);
});

test('bars have the lengths of the states, and a stretch the lengths of its parts', () => {
  // From x = 164 to 816: 652 px for 10 s.
  const svg = timelineSvg(
    kernel(
      spawned(1, 0, 'a'),
      dispatched(1, 1 * second),
      ended(1, 5 * second, 1 * second, 2 * second),
      waiting(1, 5 * second, 'tool'),
      { type: 'process.ready', atUs: 8 * second, pid: pid(1) },
      { type: 'process.suspended', atUs: 9 * second, pid: pid(1), by: 'signal' },
      terminated(1, 10 * second, 'failed'),
    ),
  );
  expect(bars(svg)).toEqual([
    'ready 164 65',
    'repeated-prefill 229 130',
    'new-prefill 360 65',
    'decode 425 65',
    'waiting:tool 490 196',
    'ready 686 65',
    'suspended 751 65',
  ]);
  expect(values(svg, 'data-mark')).toEqual(['ended']);
  expect(svg).toContain('>failed</text>');
});

test('a long idle gap is left out, a long stretch on a core is not', () => {
  const hour = 3_600 * second;
  const asleep = kernel(
    spawned(1, 0, 'a'),
    dispatched(1, 0),
    ended(1, 60 * second),
    waiting(1, 60 * second, 'timer'),
    dispatched(1, hour),
    ended(1, hour + 60 * second),
  );
  const busy = kernel(spawned(1, 0, 'a'), dispatched(1, 0), ended(1, hour));
  const svg = timelineSvg(asleep);
  expect(values(svg, 'data-break')).toHaveLength(1);
  expect(svg).toContain('59 min 00 s left out');
  // Both minutes have the same width.
  const decode = bars(svg)
    .filter((bar) => bar.startsWith('decode'))
    .map((bar) => bar.split(' ')[2]);
  expect(decode).toEqual([decode[0], decode[0]]);
  expect(values(timelineSvg(busy), 'data-break')).toEqual([]);
  // Nothing but idle time: there is nothing to make room for.
  expect(
    values(
      timelineSvg(kernel(spawned(1, 0, 'a'), waiting(1, 0, 'timer'), terminated(1, hour))),
      'data-break',
    ),
  ).toEqual([]);
});

test('a process of the next kernel goes on in its row', () => {
  const svg = timelineSvg([
    ...kernel(spawned(1, 0, 'a'), dispatched(1, 0), spawned(2, 5 * second, 'b')),
    ...kernel(
      spawned(1, 10 * second, 'a'),
      { type: 'process.restored', atUs: 10 * second, pid: pid(1), fromCheckpoint: 3, mail: [], replayed: 0 },
      dispatched(1, 10 * second),
      ended(1, 15 * second),
      terminated(1, 20 * second),
    ),
  ]);
  expect(values(svg, 'data-pid')).toEqual(['1', '2']);
  // The first stretch is cut off by the crash; b is not restored, so that nothing is known of it afterwards.
  expect(bars(svg)).toEqual(['running 164 326', 'decode 490 163', 'ready 653 163', 'ready 327 163']);
  expect(values(svg, 'data-mark')).toEqual(['restored', 'completed']);
});

test('context memory: levels, room for answers, one strip for each engine', () => {
  const load = (engine: number, atUs: number, page: number, tokens: number) =>
    ({ type: 'page.loaded', atUs, engine, page: page as PageId, pages: 1, tokens }) as const;
  const events = kernel(
    spawned(1, 0, 'a', 1),
    load(0, 0, 1, 100),
    load(1, 0, 2, 50),
    dispatched(1, 0, 30),
    ended(1, 10 * second),
  );
  const engines = [
    { name: 'first', memoryTokens: 200 },
    { name: 'second', memoryTokens: 100 },
  ];
  const svg = timelineSvg(events, { engines });
  expect(values(svg, 'data-memory')).toEqual(['0', '1']);
  expect(svg).toContain('>memory of second</text>');
  // Of 56 px: half a capacity is 28 px high, and 80 of 100 tokens with the room is 44.8.
  const heights = [...svg.matchAll(/<path d="M164 ([\d.]+)H164V([\d.]+)/g)].map(
    ([, base, top]) => Math.round((Number(base) - Number(top)) * 10) / 10,
  );
  expect(heights).toEqual([28, 28, 44.8, 28]);
});

test('names are escaped, and what XML cannot hold is replaced', () => {
  const svg = timelineSvg(kernel(spawned(1, 0, '<b>&"\'\u0000\uD800'), terminated(1, second)), {
    title: 'a < b & c',
  });
  checkWellFormed(svg);
  expect(svg).toContain('&lt;b&gt;&amp;&quot;&#39;\uFFFD\uFFFD');
  expect(svg).toContain('>a &lt; b &amp; c</text>');
  // Reasons are an open union, and don't get out of their attributes.
  const odd = timelineSvg(kernel(spawned(1, 0, 'a'), waiting(1, 0, 'x"/><y'), terminated(1, second)));
  checkWellFormed(odd);
  expect(values(odd, 'data-state')).toEqual(['waiting:x&quot;/&gt;&lt;y']);
});

test('marks that would hide each other are one with a count; rows beyond the last are counted', () => {
  const slices = Array.from({ length: 50 }, (_, index) => [
    dispatched(1, index * 1_000),
    stopped(1, (index + 1) * 1_000),
  ]).flat();
  const svg = timelineSvg(
    kernel(spawned(1, 0, 'a'), ...slices, dispatched(1, second), ended(1, 60 * second)),
  );
  expect(svg).toContain('>preempted ×50</text>');
  const many = Array.from({ length: 75 }, (_, index) => spawned(index + 1, 0, `p${index}`));
  const crowd = timelineSvg(kernel(...many, terminated(1, second)));
  checkWellFormed(crowd);
  expect(values(crowd, 'data-pid')).toHaveLength(60);
  expect(crowd).toContain('and 15 more processes');
});

test('no events, and events of one instant, are drawings, too', () => {
  checkWellFormed(timelineSvg([]));
  expect(timelineSvg([])).toContain('No events.');
  const instant = timelineSvg(kernel(spawned(1, second, 'a'), terminated(1, second)));
  checkWellFormed(instant);
  expect(instant).not.toMatch(/NaN|Infinity/);
  expect(() => timelineSvg(kernel(spawned(1, second, 'a'), terminated(1, 0)))).toThrow('go back');
});
