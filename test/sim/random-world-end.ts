/** What must hold when a world has come to rest: nobody waits without a reason that can be named, and nothing is held for nobody. */
import type { Kernel } from '../../src/kernel/kernel.ts';
import type { Process } from '../../src/kernel/process.ts';
import { checkDeadlocks } from '../support/deadlock-search.ts';
import type { WorldSetup } from './random-world.ts';

/** Nothing is due any more. Throws when somebody waits for what should have come; returns how many wait for what nobody will send. */
export function checkStuck(kernel: Kernel, setup: Pick<WorldSetup, 'faults'>): number {
  const alive = kernel['state'].processes.filter(
    (process) => process !== undefined && process.state !== 'terminated',
  ) as Process[];
  checkDeadlocks(kernel);
  if (alive.length !== kernel.alive) throw new Error(`${kernel.alive} are said to live, ${alive.length} do`);
  for (const process of alive) {
    const problem = problemOf(process, alive, setup);
    if (problem !== undefined)
      throw new Error(`process ${process.pid}, ${process.state} on "${process.waitingOn}", ${problem}`);
  }
  return alive.length;
}

/** Why the process should not be where it is; undefined: it waits for what will never come. */
function problemOf(
  process: Process,
  alive: readonly Process[],
  { faults }: Pick<WorldSetup, 'faults'>,
): string | undefined {
  const { pending, call, engine } = process;
  const isPossible = (reason: boolean, problem: string): string | undefined => (reason ? undefined : problem);
  const others = alive.filter((other) => other !== process);
  if (process.state === 'suspended') {
    if (process.suspension!.by === 'signal') return undefined;
    if (process.suspension!.by === 'budget')
      return isPossible(
        call!.waitsAt === -1 || others.some((other) => other.call?.reservation !== undefined),
        'suspended by a budget that is not spent for good, though nobody holds a reservation',
      );
    return isPossible(
      holdsMemory(others, process),
      'suspended by load control, though nobody else uses memory',
    );
  }
  if (process.state !== 'waiting') return 'neither waits nor has ended';
  switch (process.waitingOn) {
    case 'message':
      return isPossible(pending?.kind === 'receive' && pending.timer === undefined, 'has a time limit');
    case 'child':
      return isPossible((process.children ?? []).length > 0, 'has no child');
    case 'person':
      return isPossible((faults.personAbsent ?? 0) > 0, 'though every question is answered');
    case 'memory': {
      if (process.held)
        return isPossible(holdsMemory(others, process), 'held back, though nobody else uses memory');
      const { memory } = engine;
      const { room } = call!;
      const isFirst = engine.memoryWaiters.peek() === process.pid;
      if (!isFirst)
        return isPossible(engine.memoryWaiters.size > 1, 'is not among those that wait for memory');
      return isPossible(
        memory.pinnedTokens + memory.roomTokens > 0 && memory.canEverHold(process.table, room),
        `needs up to ${process.table.tokens + room} of ${memory.capacity}, ${memory.pinnedTokens} are pinned`,
      );
    }
    case 'budget':
      // Somebody who is stopped, or who waits for memory, may hold what it needs.
      return isPossible(
        others.some((other) => other.call?.reservation !== undefined),
        'though nobody holds a reservation',
      );
    case 'lock':
      // Whom it waits for is looked at by the search for deadlocks.
      if (pending?.kind === 'lock' || pending?.kind === 'semaphore')
        return isPossible(pending.timer === undefined, 'has a time limit');
      // A stopped process keeps the locks of a call that it is about to repeat.
      return isPossible(
        others.some(({ tools }) => tools?.runs.some((run) => run.stage === 'held' && run.attempt > 0)),
        'though nobody holds a lock',
      );
    default:
      return 'though nothing is due';
  }
}

function holdsMemory(others: readonly Process[], { engine }: Process): boolean {
  return others.some((other) => other.engine === engine && other.table.pages > 0);
}

/** Everybody has ended: nothing may be left. */
export function checkEnded(kernel: Kernel): void {
  kernel.checkInvariants();
  const state = kernel['state'];
  const held: Record<string, number> = {
    processes: kernel.alive,
    runnable: state.runnable.length,
    questions: state.questions.size,
    'storage calls': state.storageCalls.size,
    'tool calls': kernel['tools']['runs'].size,
    'tool slots': [...kernel['tools']['slots']['busy'].values()].reduce((sum, busy) => sum + busy, 0),
    'tool queues': [...kernel['tools']['slots']['queues'].values()].reduce(
      (sum, queue) => sum + queue.length,
      0,
    ),
    locks: kernel.snapshot().locks.filter(({ owner, waiters }) => owner !== 0 || waiters.length > 0).length,
    semaphores: kernel.snapshot().semaphores.length,
    timers: state.timers['alarms'].filter((alarm) => alarm !== undefined).length,
    'budget waiters': state.budgets.nodesWithWaiters().length,
  };
  for (const { name, limits } of kernel.snapshot().budgets)
    for (const { resource, reserved } of limits) held[`${resource} reserved at ${name}`] = reserved;
  held['waits for engines'] = kernel['scheduler']['migration']['waits'].size;
  for (const process of state.processes)
    if (process !== undefined && process.leavesUs !== -1)
      held[`process ${process.pid}: waits for its engine until`] = 1;
  for (const engine of state.engines) {
    held[`${engine.options.name}: bound to it`] = engine.boundCount;
    const { memory, options } = engine;
    held[`${options.name}: pinned tokens`] = memory.pinnedTokens;
    held[`${options.name}: room`] = memory.roomTokens;
    held[`${options.name}: ready`] = engine.queue.readyCount;
    held[`${options.name}: waiters for memory`] = engine.memoryWaiters.size;
    held[`${options.name}: held back`] = engine.held.length;
    held[`${options.name}: population`] = engine.population;
    held[`${options.name}: busy cores`] = engine.cores.length - engine.idle.size;
    for (const extent of memory.all()) {
      held[`${options.name}: users of page ${extent.firstPage}`] = extent.users.length;
      held[`${options.name}: pins of page ${extent.firstPage}`] = extent.pins;
    }
  }
  for (const [what, count] of Object.entries(held))
    if (count !== 0) throw new Error(`left behind: ${what}: ${count}`);
}
