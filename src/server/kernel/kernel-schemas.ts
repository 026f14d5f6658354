/** What the routes of the kernel give: its snapshot, as the schemas of the document. */
import { z } from '@hono/zod-openapi';

import { signalNames } from '../../kernel/inputs.ts';

const count = z.int().min(0);

export const processView = z
  .object({
    pid: z.int().min(1),
    run: z.string(),
    parent: count.openapi({ description: '0: an agent of its own' }),
    name: z.string(),
    program: z.string(),
    priority: z.int(),
    effectivePriority: z.int().openapi({ description: 'by which it is scheduled' }),
    state: z.enum(['ready', 'running', 'waiting', 'suspended', 'terminated']),
    waitingOn: z
      .string()
      .openapi({ description: 'tool, person, message, child, budget, memory, storage, timer, lock, …' }),
    sinceUs: count,
    isDeadlocked: z.boolean(),
    core: z.int().openapi({ description: '-1: on none' }),
    engine: count,
    budget: z.string(),
    outcome: z.enum(['', 'completed', 'failed', 'cancelled', 'killed']),
    syscalls: count,
    pages: count,
    promptTokens: count,
    residentTokens: count,
    mail: count,
    usage: z.object({
      tokensIn: count,
      tokensCached: count,
      tokensOut: count,
      calls: count,
      coreUs: count,
      microDollars: count,
      faults: count,
    }),
    explanation: z.string().openapi({ description: 'why it stands where it stands in the ready queue' }),
  })
  .openapi('Process');

export const processList = z.object({ nowUs: count, processes: z.array(processView) }).openapi('Processes');

const budgetView = z
  .object({
    name: z.string(),
    parent: z.string().openapi({ description: "'': it is the root" }),
    limits: z.array(
      z.looseObject({
        resource: z.enum(['tokens', 'calls', 'microDollars', 'coreUs']),
        limit: z.number(),
        used: z.number(),
        reserved: z.number(),
      }),
    ),
  })
  .openapi('Budget');

export const budgetList = z.object({ nowUs: count, budgets: z.array(budgetView) }).openapi('Budgets');

export const kernelView = z
  .object({
    nowUs: count.openapi({ description: 'the kernel’s clock, µs' }),
    events: count,
    processes: z.array(processView),
    engines: z.array(
      z.looseObject({
        index: count,
        scheduler: z.string(),
        paging: z.string(),
        loadControl: z.string(),
        running: z.array(count).openapi({ description: 'the pid on each core; 0: none' }),
        ready: count,
        waitingForMemory: count,
        residentTokens: count,
        pinnedTokens: count,
        roomTokens: count,
      }),
    ),
    budgets: z.array(budgetView),
    locks: z.array(z.looseObject({ lock: z.string(), owner: count, waiters: z.array(count) })),
    semaphores: z.array(
      z.looseObject({ run: z.string(), semaphore: z.string(), count: z.int(), waiters: z.array(count) }),
    ),
  })
  .openapi('Kernel');

export const policyList = z
  .object({
    active: z.array(
      z.object({ engine: z.string(), scheduling: z.string(), paging: z.string(), loadControl: z.string() }),
    ),
    scheduling: z.array(z.string()),
    paging: z.array(z.string()),
    loadControl: z.array(z.string()),
  })
  .openapi('Policies');

export const signalOrder = z.strictObject({ signal: z.enum(signalNames) }).openapi('Signal');

export const signalled = z
  .object({ pid: z.int(), signal: z.enum(signalNames), state: processView.shape.state })
  .openapi('Signalled');
