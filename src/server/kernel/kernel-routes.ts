/** The kernel behind the runs: what it does now, and the signals that reach a process. */
import { createRoute, z, type OpenAPIHono } from '@hono/zod-openapi';

import type { LiveKernel } from '../../host/live-kernel.ts';
import type { Pid } from '../../kernel/ids.ts';
import type { SignalName } from '../../kernel/inputs.ts';
import type { KernelSnapshot, ProcessSnapshot } from '../../kernel/snapshot.ts';
import { loadControlPolicies, pagingPolicies, schedulingPolicies } from '../../policies/index.ts';
import { callerOf, type Caller, type ServerEnv } from '../caller.ts';
import { Refused } from '../errors.ts';
import { jsonAnswer, jsonBody, refusals } from '../openapi/answers.ts';
import {
  budgetList,
  kernelView,
  policyList,
  processList,
  processView,
  signalled,
  signalOrder,
} from './kernel-schemas.ts';

export interface KernelServices {
  readonly live: LiveKernel;
  /** Whether the caller may know of this run. */
  readonly isSeen: (run: string, caller: Caller) => Promise<boolean>;
  /** Resolves when the signal is durable. */
  readonly send: (pid: Pid, signal: SignalName, caller: Caller) => Promise<void>;
}

const kernel = createRoute({
  method: 'get',
  path: '/api/kernel',
  operationId: 'getKernel',
  summary: 'The kernel as it stands: processes, engines, memory, budgets, locks',
  responses: { 200: jsonAnswer('a snapshot', kernelView) },
});

const processes = createRoute({
  method: 'get',
  path: '/api/processes',
  operationId: 'listProcesses',
  summary: 'Processes and what they wait for',
  request: {
    query: z.object({
      state: processView.shape.state.optional().openapi({ description: 'default: all that have not ended' }),
      run: z.string().optional(),
    }),
  },
  responses: { 200: jsonAnswer('by pid', processList) },
});

const pidParam = z.object({ pid: z.coerce.number().int().min(1).max(Number.MAX_SAFE_INTEGER) });

const one = createRoute({
  method: 'get',
  path: '/api/processes/{pid}',
  operationId: 'getProcess',
  summary: 'One process',
  request: { params: pidParam },
  responses: { 200: jsonAnswer('the process', processView), ...refusals({ 404: 'no such process' }) },
});

const signal = createRoute({
  method: 'post',
  path: '/api/processes/{pid}/signal',
  operationId: 'signalProcess',
  summary: 'Stop, continue, terminate or kill a process and its children',
  request: { params: pidParam, body: jsonBody(signalOrder) },
  responses: {
    200: jsonAnswer('it is durable that it was told', signalled),
    ...refusals({ 404: 'no such process', 409: 'it has ended' }),
  },
});

const budgets = createRoute({
  method: 'get',
  path: '/api/budgets',
  operationId: 'listBudgets',
  summary: 'The tree of budgets, with what is used and reserved of each limit',
  responses: { 200: jsonAnswer('parents first', budgetList) },
});

const policies = createRoute({
  method: 'get',
  path: '/api/policies',
  operationId: 'listPolicies',
  summary: 'The policies that there are, and those that this kernel runs',
  responses: { 200: jsonAnswer('names', policyList) },
});

export function addKernelRoutes(app: OpenAPIHono<ServerEnv>, { live, isSeen, send }: KernelServices): void {
  /** Those of a snapshot that the caller may know of. */
  const seen = async (caller: Caller, isMeant: (process: ProcessSnapshot) => boolean) => {
    const machine = machineNow(live);
    const meant = machine.processes.filter(isMeant);
    const known = new Map<string, boolean>();
    for (const { run } of meant) if (!known.has(run)) known.set(run, await isSeen(run, caller));
    return { nowUs: machine.nowUs, processes: meant.filter(({ run }) => known.get(run)) };
  };
  /** Another tenant's is refused like one that is not there. */
  const processOf = async (pid: number, caller: Caller): Promise<ProcessSnapshot> => {
    const [found] = (await seen(caller, (process) => process.pid === pid)).processes;
    if (found === undefined) throw new Refused(404, 'UNKNOWN_PROCESS', `process ${pid}: there is none`);
    return found;
  };
  app.openapi(kernel, (context) => context.json(toldOf(machineNow(live)), 200));
  app.openapi(processes, async (context) => {
    const { state, run } = context.req.valid('query');
    const isMeant = (process: ProcessSnapshot): boolean =>
      (state === undefined ? process.state !== 'terminated' : process.state === state) &&
      (run === undefined || process.run === run);
    return context.json(await seen(callerOf(context), isMeant), 200);
  });
  app.openapi(one, async (context) =>
    context.json(await processOf(context.req.valid('param').pid, callerOf(context)), 200),
  );
  app.openapi(signal, async (context) => {
    const { pid } = context.req.valid('param');
    const told = context.req.valid('json').signal;
    if ((await processOf(pid, callerOf(context))).state === 'terminated')
      throw new Refused(409, 'NOT_RUNNING', `process ${pid}: it has ended`);
    await send(pid as Pid, told, callerOf(context));
    const after = live.kernel.snapshot().processes.find((process) => process.pid === pid);
    return context.json({ pid, signal: told, state: after?.state ?? 'terminated' }, 200);
  });
  app.openapi(budgets, (context) => {
    const machine = toldOf(machineNow(live));
    return context.json({ nowUs: machine.nowUs, budgets: machine.budgets }, 200);
  });
  app.openapi(policies, (context) => {
    const { engines } = live.kernel.snapshot();
    return context.json(
      {
        active: engines.map(({ options, scheduler, paging, loadControl }) => ({
          engine: options.name,
          scheduling: scheduler,
          paging,
          loadControl,
        })),
        scheduling: Object.keys(schedulingPolicies),
        paging: Object.keys(pagingPolicies),
        loadControl: Object.keys(loadControlPolicies),
      },
      200,
    );
  });
}

/** Its own time is that of its last input. */
const machineNow = (live: LiveKernel): KernelSnapshot => ({
  ...live.kernel.snapshot(),
  nowUs: live.nowUs(),
});

/** As its schema has it: plain lists that whoever gets them may have for themselves. */
const toldOf = (machine: KernelSnapshot): z.infer<typeof kernelView> =>
  machine as unknown as z.infer<typeof kernelView>;
