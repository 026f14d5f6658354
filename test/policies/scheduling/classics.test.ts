/** Examples worked out by hand, a few for each policy, and what the explanations say. */
import { expect, test } from 'vitest';

import type { CreateSchedulingPolicy, SchedulingPolicy } from '../../../src/kernel/contracts.ts';
import {
  cfsDefaults,
  cfsWith,
  edfDefaults,
  edfWith,
  eevdfDefaults,
  eevdfWith,
  lotteryDefaults,
  lotteryWith,
  mlfqDefaults,
  mlfqWith,
  randomWith,
  schedulingPolicies,
  staticPriorityDefaults,
  staticPriorityWith,
  strideWith,
} from '../../../src/policies/index.ts';
import { scheduleOnCores, type Job } from '../../support/core-schedule.ts';
import { ArrayProcesses, core, pid } from '../../support/process-view.ts';

/** `job@start` of each stretch. */
const told = (create: CreateSchedulingPolicy, jobs: readonly Job[], untilUs = Infinity): string =>
  scheduleOnCores({ create, jobs, untilUs })
    .segments.map(({ start, job }) => `${job}@${start}`)
    .join(' ');

const second = 1_000_000;
const charge = (policy: SchedulingPolicy, id: number, coreUs: number, nowUs: number): void =>
  policy.charge!(pid(id), { coreUs, tokensIn: 0, tokensOut: 0 }, nowUs);

test('sjf and srtf: a shorter call that comes later waits, or takes over', () => {
  const jobs: Job[] = [
    { arrival: 0, bursts: [8] },
    { arrival: 1, bursts: [4] },
    { arrival: 2, bursts: [9] },
    { arrival: 3, bursts: [5] },
  ];
  expect(told(schedulingPolicies.sjf, jobs)).toBe('0@0 1@8 3@12 2@17');
  expect(told(schedulingPolicies.srtf, jobs)).toBe('0@0 1@1 3@5 0@10 2@17');
});

test('srtf: just as much left does not preempt', () => {
  expect(
    told(schedulingPolicies.srtf, [
      { arrival: 0, bursts: [6] },
      { arrival: 2, bursts: [4] },
    ]),
  ).toBe('0@0 1@6');
  expect(
    told(schedulingPolicies.srtf, [
      { arrival: 0, bursts: [6] },
      { arrival: 1, bursts: [4] },
    ]),
  ).toBe('0@0 1@1 0@5');
});

test('static priority: a preempted one goes behind its equals, or before them with the rest of its slice', () => {
  const jobs: Job[] = [
    { arrival: 0, bursts: [10], priority: 50 },
    { arrival: 0, bursts: [10], priority: 50 },
    { arrival: 3, bursts: [2], priority: 10 },
  ];
  const slices = { ...staticPriorityDefaults, sliceUs: 5 };
  expect(told(staticPriorityWith(slices), jobs)).toBe('0@0 2@3 1@5 0@10 1@15 0@20');
  expect(told(staticPriorityWith({ ...slices, preemptedTo: 'head' }), jobs)).toBe(
    '0@0 2@3 0@5 1@7 0@12 1@17',
  );
  expect(told(staticPriorityWith({ ...slices, isPreemptive: false }), jobs)).toBe('0@0 2@5 1@7 0@12 1@17');
});

test('hrrn: a long call overtakes once it has waited long enough', () => {
  const jobs = (arrival: number): Job[] => [
    { arrival: 0, bursts: [10] },
    { arrival: 1, bursts: [5] },
    { arrival, bursts: [1] },
  ];
  // At 10: (9 + 5) / 5 = 2.8 against (3 + 1) / 1 = 4, or against (1 + 1) / 1 = 2.
  expect(told(schedulingPolicies.hrrn, jobs(7))).toBe('0@0 2@10 1@11');
  expect(told(schedulingPolicies.hrrn, jobs(9))).toBe('0@0 1@10 2@15');
});

const queues = {
  ...mlfqDefaults,
  queues: 3,
  slicesUs: [2, 4, 8],
  allotmentsUs: [4, 8, 8],
  boostUs: Infinity,
};

test('mlfq rules 1 to 3: newcomers preempt, equals take turns', () => {
  // 0 sinks at 4 (two turns alone); 1 comes at 5, on top, and sinks at 9; then they take turns of 4 in the middle queue.
  expect(
    told(mlfqWith(queues), [
      { arrival: 0, bursts: [12] },
      { arrival: 5, bursts: [10] },
    ]),
  ).toBe('0@0 1@5 0@9 1@13 0@17 1@20');
});

test('mlfq rule 4: an allotment counts in however many pieces; with the first form of it the process games', () => {
  const gamer: Job = {
    arrival: 0,
    bursts: Array.from({ length: 19 }, () => 1),
  };
  const victim: Job = { arrival: 0, bursts: [30] };
  const shareUntil20 = (allotmentOnWait: 'keep' | 'reset'): number =>
    scheduleOnCores({ create: mlfqWith({ ...queues, allotmentOnWait }), jobs: [gamer, victim], untilUs: 20 })
      .segments.filter(({ job, end }) => job === 0 && end <= 20)
      .reduce((sum, { start, end }) => sum + end - start, 0);
  expect(shareUntil20('reset')).toBeGreaterThan(shareUntil20('keep'));
});

test('mlfq rule 5: a boost brings all to the top', () => {
  const processes = new ArrayProcesses();
  const policy = mlfqWith({ ...queues, boostUs: 100 })(processes.context());
  for (const id of [1, 2]) policy.ready(pid(id), 0);
  expect(policy.pick(core(0), 0)).toBe(1);
  charge(policy, 1, 50, 50);
  processes.lefts[1] = 1;
  policy.ready(pid(1), 50);
  expect(policy.explain!(pid(1), 50)).toBe(
    'agent-1 (pid 1) has queue 3 of 3; the first of 2 ready is agent-2 (pid 2) with queue 1 of 3, 0 µs of its 4 µs used; ' +
      'a higher queue preempts, turns within a queue, a used allotment sinks, all rise at 100 µs',
  );
  // At 120 it is on top again, before one that came since; 3 came to the top before it was pushed down by nobody.
  policy.ready(pid(3), 110);
  expect(policy.explain!(pid(1), 120)).toContain('has queue 1 of 3, 0 µs of its 4 µs used');
  expect([policy.pick(core(0), 120), policy.pick(core(0), 120), policy.pick(core(0), 120)]).toEqual([
    2, 1, 3,
  ]);
});

test('mlfq: a ready process that used much in an earlier life stands further down', () => {
  const policy = mlfqWith(queues)(new ArrayProcesses().context());
  for (const id of [1, 2]) policy.ready(pid(id), 100);
  charge(policy, 1, 5, 100);
  expect([policy.pick(core(0), 100), policy.pick(core(0), 100)]).toEqual([2, 1]);
});

test('stride: 3, 2 and 1 tickets take turns as in the paper', () => {
  const jobs = [3, 2, 1].map((tickets) => ({ arrival: 0, bursts: [100], tickets }));
  const { segments } = scheduleOnCores({ create: strideWith({ sliceUs: 6 }), jobs, untilUs: 72 });
  // Passes 2, 3, 6: a 4, b 6, a 6, then all three by order, and again.
  const turns = segments.flatMap(({ start, end, job }) =>
    Array.from({ length: (end - start) / 6 }, () => 'abc'[job]),
  );
  expect(turns.slice(0, 12).join('')).toBe('abacbaabacba');
});

test('stride: who sleeps comes back with what it was ahead or behind, not with all the time it slept', () => {
  const processes = new ArrayProcesses();
  const policy = strideWith({ sliceUs: 100 })(processes.context());
  for (const id of [1, 2]) policy.ready(pid(id), 0);
  // In its first 100 µs, 1 is charged with 1 a ticket, and the global pass moves by half of it; both began one slice ahead.
  expect(policy.pick(core(0), 0)).toBe(1);
  charge(policy, 1, 100, 100);
  policy.waiting(pid(1), 100);
  expect(policy.pick(core(0), 100)).toBe(2);
  charge(policy, 2, 5_000, 5_100);
  policy.ready(pid(2), 5_100);
  // Meanwhile it moved by 50 a ticket.
  policy.ready(pid(1), 5_100);
  expect(policy.explain!(pid(1), 5_100)).toContain(
    'pass 52 (µs per ticket, 1.5 ahead of the global pass; 100 tickets)',
  );
  expect(policy.explain!(pid(2), 5_100)).toContain(
    'pass 51 (µs per ticket, 0.5 ahead of the global pass; 100 tickets)',
  );
});

test('cfs: weights 2 and 1 share a period; one that wakes preempts when far enough behind', () => {
  const options = { latencyUs: 30, minGranularityUs: 3, wakeupGranularityUs: 5 };
  const processes = new ArrayProcesses();
  processes.weights[1] = 2;
  const policy = cfsWith(options)(processes.context());
  for (const id of [1, 2]) policy.ready(pid(id), 0);
  expect([policy.slice(pid(1)), policy.slice(pid(2))]).toEqual([20, 10]);
  const sleeper = (wakeupGranularityUs: number): string =>
    told(cfsWith({ ...options, wakeupGranularityUs }), [
      { arrival: 0, bursts: [3, 55, 3] },
      { arrival: 0, bursts: [200] },
    ]);
  // It comes back half a period, 15 µs, before the other, and preempts it at once. With a larger granularity it waits until the other is ahead by
  // more than its slice, which is 15 µs, too.
  expect(sleeper(5)).toBe('0@0 1@3 0@58 1@61');
  expect(sleeper(50)).toBe('0@0 1@3 0@59 1@62');
  for (const wrong of [{ latencyUs: 0 }, { minGranularityUs: 0.5 }, { wakeupGranularityUs: -1 }])
    expect(() => cfsWith({ ...cfsDefaults, ...wrong })).toThrow(Object.keys(wrong)[0]);
});

test('cfs: of two that wake one after the other, the second is placed no further back than the first', () => {
  const policy = cfsWith({ latencyUs: 30, minGranularityUs: 3, wakeupGranularityUs: 5 })(
    new ArrayProcesses().context(),
  );
  for (const id of [1, 2, 3]) policy.ready(pid(id), 0);
  for (const id of [1, 2]) policy.waiting(pid(id), 0);
  expect(policy.pick(core(0), 0)).toBe(3);
  charge(policy, 3, 1_000, 1_000);
  policy.ready(pid(3), 1_000);
  for (const id of [1, 2]) policy.ready(pid(id), 1_000);
  const time = (id: number): string =>
    /virtual run time [\d.]+ \S+/.exec(policy.explain!(pid(id), 1_000))![0];
  expect(time(2)).toBe(time(1));
  expect(time(2)).not.toBe(time(3));
});

test('eevdf: who comes back before the others caught up begins a new request where it is', () => {
  const policy = eevdfWith({ ...eevdfDefaults, sliceUs: 100 })(new ArrayProcesses().context());
  for (const id of [1, 2]) policy.ready(pid(id), 0);
  expect(policy.pick(core(0), 0)).toBe(1);
  charge(policy, 1, 60, 60);
  policy.waiting(pid(1), 60);
  policy.ready(pid(1), 60);
  expect(policy.explain!(pid(1), 60)).toContain(
    'virtual deadline 160 µs, lag -30 µs, not eligible (weight 1)',
  );
});

test('eevdf: what runs now on other cores counts', () => {
  const policy = eevdfWith({ ...eevdfDefaults, sliceUs: 100 })(new ArrayProcesses().context());
  for (const id of [1, 2, 3]) policy.ready(pid(id), 0);
  expect([policy.pick(core(0), 0), policy.pick(core(1), 0)]).toEqual([1, 2]);
  // Two cores for 60 µs, a third of it is 40.
  expect(policy.explain!(pid(3), 60)).toContain('virtual deadline 100 µs, lag 40 µs (weight 1)');
});

test('static priority: what was used in an earlier life takes nothing from the slice', () => {
  const policy = staticPriorityWith({ ...staticPriorityDefaults, sliceUs: 10, preemptedTo: 'head' })(
    new ArrayProcesses().context(),
  );
  policy.ready(pid(1), 0);
  charge(policy, 1, 4, 0);
  policy.pick(core(0), 0);
  expect(policy.slice(pid(1))).toBe(10);
  charge(policy, 1, 4, 4);
  expect(policy.slice(pid(1))).toBe(6);
});

test('eevdf: the shorter virtual request goes first, and who is ahead has to wait', () => {
  // Weights 2 and 1, requests of 2 µs: deadlines 1 and 2. After its first, 0 stands at 1 and the time at 2/3: not eligible.
  const jobs: Job[] = [
    { arrival: 0, bursts: [200], weight: 2 },
    { arrival: 0, bursts: [200], weight: 1 },
  ];
  const { segments } = scheduleOnCores({
    create: eevdfWith({ ...eevdfDefaults, sliceUs: 20 }),
    jobs,
    untilUs: 120,
  });
  expect(
    segments
      .slice(0, 5)
      .map(({ start, job }) => `${job}@${start}`)
      .join(' '),
  ).toBe('0@0 1@20 0@40 1@80 0@100');
});

test('edf: an earlier deadline preempts; without one the service class counts, from when the call was asked for', () => {
  const create = edfWith({
    isPreemptive: true,
    classes: [
      { name: 'interactive', upToPriority: 29, withinUs: 10 },
      { name: 'batch', upToPriority: 60, withinUs: 100 },
    ],
  });
  const jobs: Job[] = [
    { arrival: 0, bursts: [30], priority: 50 },
    { arrival: 5, bursts: [5], priority: 20 },
    { arrival: 6, bursts: [5], deadline: 40 },
    { arrival: 0, bursts: [5], priority: 90 },
  ];
  expect(told(create, jobs)).toBe('0@0 1@5 2@10 0@15 3@40');
  const processes = new ArrayProcesses();
  processes.deadlines[2] = 3 * second;
  const policy = schedulingPolicies.edf(processes.context());
  for (const id of [1, 2]) policy.ready(pid(id), second);
  expect(policy.explain!(pid(1), 5 * second)).toBe(
    'agent-1 (pid 1) has its deadline as standard at 61 s, in 56 s; the first of 2 ready is agent-2 (pid 2) with its ' +
      'deadline at 3 s, missed 2 s ago; the earliest deadline first; an earlier one preempts',
  );
  expect(() => edfWith({ ...edfDefaults, classes: edfDefaults.classes.toReversed() })).toThrow(
    'upToPriority',
  );
});

test('lottery: the explanation counts tickets, compensated ones too', () => {
  const processes = new ArrayProcesses();
  processes.ticketsOf.push(0, 100, 300);
  const policy = lotteryWith({ ...lotteryDefaults, sliceUs: second })(processes.context());
  policy.ready(pid(1), 0);
  expect(policy.pick(core(0), 0)).toBe(1);
  charge(policy, 1, second / 4, second / 4);
  // Progress is charged in tokens only.
  charge(policy, 1, 0, second / 4);
  for (const id of [1, 2]) policy.ready(pid(id), second);
  expect(policy.explain!(pid(1), second)).toBe(
    'agent-1 (pid 1) has 400 of the 700 tickets of 2 ready (100, compensated for using 250 ms of a slice): 57.143 % to be ' +
      'drawn next; a draw for each slice of 1 s',
  );
});

test('the explanations name the key that orders and the rule that decides', () => {
  const processes = new ArrayProcesses();
  processes.bursts.push(0, 2 * second, second);
  const line = (create: CreateSchedulingPolicy): string => {
    const policy = create(processes.context());
    for (const id of [1, 2]) policy.ready(pid(id), 0);
    return policy.explain!(pid(1), second);
  };
  expect(line(schedulingPolicies.sjf)).toBe(
    'agent-1 (pid 1) has a call of 2 s; the first of 2 ready is agent-2 (pid 2) with a call of 1 s; the shortest first, to its end',
  );
  expect(line(schedulingPolicies.srtf)).toContain(
    'with 1 s left; the least time left first; strictly less preempts',
  );
  expect(line(schedulingPolicies.hrrn)).toBe(
    'agent-1 (pid 1) has response ratio (1 s + 2 s) / 2 s = 1.5; the first of 2 ready is agent-2 (pid 2) with response ratio ' +
      '(1 s + 1 s) / 1 s = 2; the highest ratio first, to its end',
  );
  expect(line(schedulingPolicies['priority-preemptive'])).toBe(
    'agent-1 (pid 1) is the first of 2 ready with priority 50; the smallest number first; a smaller one preempts',
  );
  expect(line(schedulingPolicies.stride)).toContain('the smallest pass first, for 10 s');
  expect(line(schedulingPolicies.cfs)).toContain('virtual run time 60 s (weight 1)');
  expect(line(schedulingPolicies.eevdf)).toContain(
    'is the first of 2 ready with virtual deadline 10 s, lag 0 µs (weight 1)',
  );
  expect(line(schedulingPolicies.random)).toBe(
    'agent-1 (pid 1) has 1 chance in 2 to be drawn next; each with the same chance',
  );
});

test('impossible options stop the program and name the field', () => {
  for (const sliceUs of [0, -1, NaN]) {
    for (const create of [
      () => strideWith({ sliceUs }),
      () => randomWith({ sliceUs }),
      () => lotteryWith({ ...lotteryDefaults, sliceUs }),
      () => eevdfWith({ ...eevdfDefaults, sliceUs }),
      () => staticPriorityWith({ ...staticPriorityDefaults, sliceUs }),
    ])
      expect(create).toThrow('sliceUs');
  }
  for (const wrong of [{ queues: 0 }, { slicesUs: [] }, { allotmentsUs: [0] }, { boostUs: 0.5 }])
    expect(() => mlfqWith({ ...mlfqDefaults, ...wrong })).toThrow(Object.keys(wrong)[0]);
});

test('cfs: one more that is ready makes the slice of the running one shorter, wherever it stands', () => {
  const policy = cfsWith({ latencyUs: 60, minGranularityUs: 1, wakeupGranularityUs: 5 })(
    new ArrayProcesses().context(),
  );
  for (const id of [1, 2, 3]) policy.ready(pid(id), 0);
  expect(policy.pick(core(0), 0)).toBe(1);
  charge(policy, 1, 500, 500);
  policy.waiting(pid(1), 500);
  const [running, first] = [policy.pick(core(0), 500)!, policy.pick(core(0), 500)!];
  policy.ready(first, 500);
  const before = policy.shouldPreempt!(running, 501);
  // It comes back as the last: nobody else would notice, were it not news.
  expect(policy.ready(pid(1), 501)).toBe(true);
  expect(policy.explain!(pid(1), 501)).toContain(`the first of 2 ready is agent-${first} `);
  expect(policy.shouldPreempt!(running, 501)).toBeLessThan(before);
});

test('edf: a priority that is lent moves a call into its class at once, and back', () => {
  const processes = new ArrayProcesses();
  processes.priorities.push(0, 50, 50, 80);
  const policy = schedulingPolicies.edf(processes.context());
  policy.ready(pid(3), 0);
  for (const id of [1, 2]) policy.ready(pid(id), second);
  expect(policy.pick(core(0), second)).toBe(1);
  expect(policy.shouldPreempt!(pid(1), second)).toBe(Infinity);
  // 10 s from when it was asked for.
  processes.priorities[3] = 10;
  policy.reprioritized!(pid(3), 2 * second);
  expect(policy.explain!(pid(3), 2 * second)).toContain('its deadline as interactive at 10 s');
  expect(policy.shouldPreempt!(pid(1), 2 * second)).toBe(2 * second);
  expect(policy.pick(core(1), 2 * second)).toBe(3);
  processes.priorities[3] = 80;
  policy.reprioritized!(pid(3), 3 * second);
  expect(policy.shouldPreempt!(pid(3), 3 * second)).toBe(3 * second);
});

test('mlfq: who was stopped before anything of its call was done has not come from a wait', () => {
  const processes = new ArrayProcesses();
  const policy = mlfqWith({ ...mlfqDefaults, wokenTo: 'head', allotmentOnWait: 'reset' })(
    processes.context(),
  );
  for (const id of [1, 2, 3]) policy.ready(pid(id), 0);
  expect(policy.pick(core(0), 0)).toBe(1);
  charge(policy, 1, 3 * second, 3 * second);
  // Its call is settled, and nothing tells by its length that it has begun.
  processes.underWay[1] = true;
  policy.waiting(pid(1), 3 * second);
  policy.ready(pid(1), 3 * second);
  expect(policy.explain!(pid(1), 3 * second)).toContain('3 s of its 4 s used');
  expect([2, 3, 1].map(() => policy.pick(core(0), 3 * second))).toEqual([2, 3, 1]);
});
