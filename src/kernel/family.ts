import type { Semaphore } from './semaphores.ts';
import type { Process } from './process.ts';

/** The living processes of one run, as far as waits among them are concerned: only they can come to share its semaphores, by being spawned. */
export class Family {
  /** Its node in the wait-for graph: it stands for "any member". Below 0, so that it is no pid. */
  readonly node: number;
  alive = 0;
  /** Members that wait for other processes alone. While they are not all, somebody of the run goes on by itself. */
  waiting = 0;
  /** Members that may send to processes of other runs. */
  sendsToAll = 0;
  /** By name; made with the first one. */
  semaphores: Map<string, Semaphore> | undefined = undefined;
  private list: Process[] = [];

  constructor(index: number) {
    this.node = -1 - index;
  }

  add(process: Process): void {
    this.list.push(process);
    this.alive++;
  }

  /** One of them has just ended. */
  leave(): void {
    this.alive--;
    if (this.alive === 0) {
      this.list = [];
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
