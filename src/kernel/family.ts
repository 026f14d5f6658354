import type { Pid } from './ids.ts';
import type { PidNamespace } from './pid-namespaces.ts';
import type { Semaphore } from './semaphores.ts';
import type { Process } from './process.ts';

/** The living processes of one run, as far as waits among them are concerned: only they can come to share its semaphores, by being spawned. */
export class Family {
  /** From 0. */
  readonly number: number;
  alive = 0;
  /** Members that wait for other processes alone. While they are not all, somebody of the run goes on by itself. */
  waiting = 0;
  /** Members that may send to processes of other runs. */
  sendsToAll = 0;
  /** Where its processes have other pids than numbers. */
  readonly namespace: PidNamespace | undefined;
  /** Of its ledger, from the start: how many records are booked. */
  booked = 0;
  /** What its records call nodes of other names; undefined: nothing. */
  budgetNames: BudgetNames | undefined = undefined;
  /** By name; made with the first one. */
  semaphores: Map<string, Semaphore> | undefined = undefined;
  private list: Process[] = none;
  /** Of all that it has had here. */
  pids: Pid[] = noPids;

  constructor(number: number, namespace?: PidNamespace) {
    this.number = number;
    this.namespace = namespace;
  }

  /** Its node in the wait-for graph: it stands for "any member". Below 0, so that it is no pid. */
  get node(): number {
    return -1 - this.number;
  }

  add(process: Process): void {
    // Most runs are one process: a list of its length, not one with room for more.
    if (this.list.length === 0) this.list = [process];
    else this.list.push(process);
    if (this.pids.length === 0) this.pids = [process.pid];
    else this.pids.push(process.pid);
    this.alive++;
  }

  /** One of them has just ended, or left. */
  leave(): void {
    this.alive--;
    if (this.alive === 0) {
      this.list = none;
      this.semaphores = undefined;
    } else if (this.list.length > 2 * this.alive) this.list = this.living();
  }

  members(): readonly Process[] {
    if (this.list.length > this.alive) this.list = this.living();
    return this.list;
  }

  private living(): Process[] {
    return this.list.filter(({ state }) => state !== 'terminated');
  }
}

/** Both ways. */
export interface BudgetNames {
  readonly here: ReadonlyMap<string, string>;
  readonly there: ReadonlyMap<string, string>;
}

export function budgetNamesOf(names: Readonly<Record<string, string>> = {}): BudgetNames | undefined {
  const pairs = Object.entries(names);
  if (pairs.length === 0) return undefined;
  return { here: new Map(pairs), there: new Map(pairs.map(([there, here]) => [here, there])) };
}

const none: Process[] = [];
const noPids: Pid[] = [];
