import type { Pid } from '../../kernel/ids.ts';

/** What a spawn tells of a process. */
interface Spawned {
  readonly pid: Pid;
  readonly parent: Pid | 0;
  readonly run: string;
}

/** Names processes by their place in their family: the root of a run, the third child of that one. Whatever pids they get, the same work has the same places. */
export class FamilyPlaces {
  private readonly names = new Map<Pid, string>();
  private readonly pids = new Map<string, Pid>();
  private readonly children = new Map<string, number>();

  /** To be told of each process, in the order of their spawns. Returns its place. */
  add({ pid, parent, run }: Spawned): string {
    const above = parent === 0 ? JSON.stringify(run) : this.names.get(parent)!;
    const number = (this.children.get(above) ?? 0) + 1;
    this.children.set(above, number);
    const name = `${above}/${number}`;
    this.names.set(pid, name);
    this.pids.set(name, pid);
    return name;
  }

  nameOf(pid: Pid): string | undefined {
    return this.names.get(pid);
  }

  pidOf(name: string): Pid | undefined {
    return this.pids.get(name);
  }
}
