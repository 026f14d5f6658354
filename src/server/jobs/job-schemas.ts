/** What the routes of jobs take and give: a job is a simulation, of every seed with every scheduler. */
import { z } from '@hono/zod-openapi';

import { schedulingPolicies } from '../../policies/index.ts';

const schedulers = Object.keys(schedulingPolicies) as [string, ...string[]];

export const createJob = z
  .strictObject({
    scenario: z.record(z.string(), z.unknown()).openapi({
      description: 'as a file of ringzero simulate: a kernel and its agents',
      example: { agents: [] },
    }),
    schedulers: z
      .array(z.enum(schedulers))
      .min(1)
      .max(100)
      .optional()
      .openapi({ description: 'default: the scenario’s own' }),
    seeds: z
      .array(z.int().min(0).max(Number.MAX_SAFE_INTEGER))
      .min(1)
      .max(1_000)
      .optional()
      .openapi({ description: 'default: the scenario’s own' }),
    until_seconds: z
      .number()
      .positive()
      .max(1e9)
      .optional()
      .openapi({ description: 'virtual time at which each run is cut; default: the scenario’s own' }),
  })
  .openapi('CreateJob');
export type CreateJob = z.infer<typeof createJob>;

export const jobRow = z
  .object({
    scheduler: z.string(),
    seed: z.int(),
    events: z.int(),
    event_hash: z.string().openapi({ description: 'the same wherever this run is repeated' }),
    virtual_seconds: z.number(),
    is_cut: z.boolean(),
    metrics: z
      .record(z.string(), z.unknown())
      .openapi({ description: 'as ringzero simulate --json has them' }),
  })
  .openapi('JobRow');
export type JobRow = z.infer<typeof jobRow>;

const summary = {
  job_id: z.string(),
  status: z.enum(['waiting', 'running', 'completed', 'failed', 'cancelled']),
  progress: z.number().openapi({ description: '0 to 1' }),
  created_at: z.iso.datetime(),
  ended_at: z.iso.datetime().nullable(),
  error: z.string().nullable(),
};

export const jobSummary = z.object(summary).openapi('JobSummary');
export const jobView = z.object({ ...summary, rows: z.array(jobRow) }).openapi('Job');
export type JobView = z.infer<typeof jobView>;
export const jobList = z.object({ jobs: z.array(jobSummary) }).openapi('Jobs');
