import type { Engine } from './engine.ts';
import type { KernelState } from './kernel-state.ts';
import type { Migration } from './migration.ts';
import type { Dispatcher } from './one-queue.ts';
import type { Process } from './process.ts';

/** So many of those that may leave a victim are compared; as many as Linux moves in one go (sched_nr_migrate). */
const mostCompared = 32;

/**
 * Work stealing between engines with queues of their own: an engine with an idle core and an empty queue takes over who stands ready elsewhere. Thieves act in the order of their
 * numbers, when all engines have filled their own cores.
 *
 * Victim: the engine with the longest ready queue of those where somebody may leave for the thief; of several the first. Of the 32 there that have stood ready longest
 * and may leave (migration.ts: the call has not begun, has waited for its own engine as long as it is worth, fits and finds room), the one whose context takes least longer to bring
 * in at the thief goes; of several the one that has stood ready longest, which is mostly next there, too.
 *
 * Source: R. D. Blumofe, C. E. Leiserson, "Scheduling Multithreaded Computations by Work Stealing", J. ACM 46(5), 1999: who has nothing to do steals, and nobody hands out work.
 * Departs from it: the victim is the longest queue, as in Linux's load balancer (find_busiest_queue), not a random one, so that nobody tries in vain; and like that one
 * (task_hot) it leaves alone who is better off where it is.
 * Cost: for each theft, one look at each that stands ready at the victim, up to 32 of them at their prompts.
 */
export class WorkStealing {
  private readonly state: KernelState;
  private readonly migration: Migration;
  private readonly dispatcher: Dispatcher;

  constructor(state: KernelState, migration: Migration, dispatcher: Dispatcher) {
    this.state = state;
    this.migration = migration;
    this.dispatcher = dispatcher;
  }

  settle(): void {
    for (const thief of this.state.engines)
      while (this.isThief(thief)) {
        const process = this.loot(thief);
        if (process === undefined) break;
        this.takeOver(process, thief);
      }
  }

  /** It could start somebody, and nobody waits there. */
  private isThief(engine: Engine): boolean {
    const { queue, memoryWaiters, held } = engine;
    return (
      queue.readyCount === 0 &&
      memoryWaiters.size === 0 &&
      held.length === 0 &&
      this.dispatcher.isOpen(engine)
    );
  }

  private loot(thief: Engine): Process | undefined {
    const victims = this.state.engines
      .filter(({ queue }) => queue.readyCount > 0)
      .sort((a, b) => b.queue.readyCount - a.queue.readyCount || a.index - b.index);
    for (const victim of victims) {
      const process = this.bestOf(victim, thief);
      if (process !== undefined) return process;
    }
    return undefined;
  }

  private bestOf(victim: Engine, thief: Engine): Process | undefined {
    const { migration } = this;
    const found: { readonly process: Process; readonly lossUs: number }[] = [];
    for (const process of victim.queue.standing!) {
      if (!migration.mayLeave(process)) continue;
      if (!migration.suits(process, thief) || !migration.fits(process, thief)) continue;
      const lossUs = migration.bringInUs(process, thief) - migration.bringInUs(process, victim);
      if (found.push({ process, lossUs }) === mostCompared) break;
    }
    // Stable: of several, the one that has stood ready longest.
    found.sort((a, b) => a.lossUs - b.lossUs);
    return found.find(({ process }) => this.dispatcher.mayStartOn(thief, process))?.process;
  }

  private takeOver(process: Process, thief: Engine): void {
    const { migration, dispatcher, state } = this;
    const { policy } = process.engine;
    dispatcher.leave(process);
    policy.waiting(process.pid, state.nowUs);
    migration.move(process, thief);
    dispatcher.join(process);
    dispatcher.dispatchAll(thief);
  }
}
