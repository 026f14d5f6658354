/** The textbooks' examples of the shared reference, solved by the policies themselves. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { existsSync } from 'node:fs';

import { expect, test } from 'vitest';

import type { CreateSchedulingPolicy } from '../../../src/kernel/contracts.ts';
import {
  mlfqDefaults,
  mlfqWith,
  roundRobinWith,
  schedulingPolicies,
  staticPriorityDefaults,
  staticPriorityWith,
} from '../../../src/policies/index.ts';
import { scheduleOnCores } from '../../support/core-schedule.ts';
import { projectRoot } from '../../support/source.ts';

const file = join(projectRoot, '../shared/reference/ostep.json');
const isPresent = existsSync(file);
const unit = 1_000_000;

interface Example {
  readonly id: string;
  readonly policy: string;
  readonly quantum: number | string | null;
  readonly jobs: readonly { readonly arrival: number; readonly length: number; readonly priority?: number }[];
  readonly answer: {
    readonly perJob: readonly { readonly finish: number; readonly response: number }[];
    readonly timeline: readonly { readonly start: number; readonly end: number; readonly job: number }[];
  };
}

/** Feedback as Stallings has it: unbounded queues, no preemption within a slice, who loses the core at its end sinks. */
const feedback = (slicesUs: readonly number[]): CreateSchedulingPolicy =>
  mlfqWith({
    ...mlfqDefaults,
    queues: 1000,
    slicesUs,
    boostUs: Infinity,
    demotion: 'slice',
    isPreemptive: false,
  });

function policyOf({ policy, quantum }: Example): CreateSchedulingPolicy {
  const sliceUs = Number(quantum) * unit;
  switch (policy) {
    case 'FCFS':
      return schedulingPolicies.fifo;
    case 'SJF':
      return schedulingPolicies.sjf;
    case 'SRTF':
      return schedulingPolicies.srtf;
    case 'HRRN':
      return schedulingPolicies.hrrn;
    case 'RR':
      return roundRobinWith({ sliceUs });
    case 'PRIORITY':
      return schedulingPolicies['priority-nonpreemptive'];
    case 'PRIORITY+RR':
      return staticPriorityWith({ ...staticPriorityDefaults, isPreemptive: false, sliceUs });
    case 'FEEDBACK q=1':
      return feedback([unit]);
    case 'FEEDBACK q=2^i':
      return feedback(Array.from({ length: 30 }, (_, level) => 2 ** level * unit));
    default:
      throw new Error(policy);
  }
}

const examples = isPresent
  ? (JSON.parse(readFileSync(file, 'utf8')) as { textbookScheduling: readonly Example[] }).textbookScheduling
  : [];

test.skipIf(!isPresent)('there are examples (skipped where ../shared is absent)', () => {
  expect(examples.length).toBeGreaterThan(30);
});

for (const example of examples) {
  test(`${example.id}: ${example.policy}`, () => {
    const { segments, finish, first } = scheduleOnCores({
      create: policyOf(example),
      jobs: example.jobs.map(({ arrival, length, priority }) => ({
        arrival: arrival * unit,
        bursts: [length * unit],
        ...(priority === undefined ? {} : { priority }),
      })),
    });
    const { perJob, timeline } = example.answer;
    expect(segments.map(({ start, end, job }) => ({ start: start / unit, end: end / unit, job }))).toEqual(
      timeline,
    );
    expect(finish.map((us) => us / unit)).toEqual(perJob.map((one) => one.finish));
    expect(first.map((us, job) => us / unit - example.jobs[job]!.arrival)).toEqual(
      perJob.map((one) => one.response),
    );
  });
}
