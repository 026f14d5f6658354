import { expect, test } from 'vitest';

import { JobService, type JobNews } from '../../src/server/jobs/job-service.ts';
import { openServer } from '../support/open-server.ts';
import { runCli, scratch } from '../support/run-cli.ts';
import { SystemClock } from '../../src/adapters/clock/system-clock.ts';

const files = scratch();
type Fields = Readonly<Record<string, unknown>>;
interface Job {
  readonly job_id: string;
  readonly status: string;
  readonly error: string | null;
  readonly rows: readonly {
    readonly scheduler: string;
    readonly seed: number;
    readonly event_hash: string;
  }[];
}

const scenario = {
  name: 'two',
  agents: [
    { name: 'a', steps: [{ op: 'think', tokensOut: 100 }] },
    { name: 'b', steps: [{ op: 'think', tokensOut: 50 }] },
  ],
};

test('a scenario is simulated with each scheduler on each seed, as the command line does it', async () => {
  await using server = await openServer();
  const made = await server.post('/api/jobs', { scenario, schedulers: ['fifo', 'priority'], seeds: [1, 2] });
  expect(made.status).toBe(202);
  const { job_id: id } = (await made.json()) as Job;
  const get = async (): Promise<Job> => (await (await server.get(`/api/jobs/${id}`)).json()) as Job;
  await expect.poll(async () => (await get()).status).toBe('completed');
  const { rows } = await get();
  expect(rows.map(({ scheduler, seed }) => [scheduler, seed])).toEqual([
    ['fifo', 1],
    ['priority', 1],
    ['fifo', 2],
    ['priority', 2],
  ]);
  const file = files.write('scenario.json', JSON.stringify(scenario));
  const { out } = await runCli(['simulate', file, '--scheduler', 'fifo', '--seed', '2', '--json']);
  expect(rows[2]!.event_hash).toBe((JSON.parse(out) as Fields)['eventHash']);
  expect((await (await server.get('/api/jobs')).json()) as Fields).toMatchObject({ jobs: [{ job_id: id }] });
  const bad = await server.post('/api/jobs', {
    scenario: { ...scenario, agents: [{ name: 'a', steps: 1 }] },
  });
  const { job_id: other } = (await bad.json()) as Job;
  await expect
    .poll(async () => (await server.get(`/api/jobs/${other}`)).json())
    .toMatchObject({ status: 'failed', error: expect.stringContaining('steps') });
  expect((await server.post('/api/jobs', { scenario, schedulers: ['/tmp/own.ts'] })).status).toBe(422);
  expect((await server.get('/api/jobs/none')).status).toBe(404);
});

test('few run at once, others wait, may be cancelled, and the oldest that have ended are forgotten', async () => {
  const under: { readonly tell: (news: JobNews) => void; readonly end: () => void }[] = [];
  let cancelled = 0;
  const jobs = new JobService(
    (_job, tell) => {
      let end: () => void = () => {};
      const ended = new Promise<void>((resolve) => (end = resolve));
      under.push({ tell, end });
      return { ended, cancel: async () => void cancelled++ };
    },
    new SystemClock(),
    { running: 1, waiting: 2, kept: 1, timeoutUs: 60_000_000, resultBytes: 200 },
  );
  const [first, second, third] = [1, 2, 3].map(() => jobs.create({ scenario }));
  expect(() => jobs.create({ scenario })).toThrow(/2 jobs are waiting/);
  expect([first!, second!, third!].map(({ job_id: id }) => jobs.get(id).status)).toEqual([
    'running',
    'waiting',
    'waiting',
  ]);
  under[0]!.tell({ kind: 'progress', done: 0.5 });
  expect(jobs.get(first!.job_id).progress).toBe(0.5);
  jobs.cancel(second!.job_id);
  under[0]!.end();
  await expect.poll(() => jobs.get(third!.job_id).status).toBe('running');
  const row = {
    scheduler: 'fifo',
    seed: 1,
    events: 1,
    event_hash: 'x'.repeat(200),
    virtual_seconds: 1,
    is_cut: false,
    metrics: {},
  };
  under[1]!.tell({ kind: 'row', row });
  jobs.cancel(third!.job_id);
  expect(cancelled).toBe(1);
  expect(jobs.list()).toMatchObject([{ status: 'cancelled', rows: [] }]);
});
