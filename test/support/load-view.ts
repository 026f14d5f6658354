import { rngFor } from '../../src/base/rng.ts';
import type { LoadContext, LoadView } from '../../src/kernel/contracts.ts';
import type { Pid } from '../../src/kernel/ids.ts';

export interface LoadFigures {
  readonly tokens: number;
  readonly priority?: number;
  readonly active?: boolean;
  readonly lastFaultUs?: number;
}

/** What load-control policies see, over a table that a test writes. */
export class ArrayLoad implements LoadView {
  readonly figures = new Map<Pid, LoadFigures>();
  /** The windows that were asked for. */
  readonly windows = new Set<number>();

  set(pid: Pid, figures: LoadFigures): void {
    this.figures.set(pid, { ...this.figures.get(pid), ...figures });
  }
  processes(): Iterable<Pid> {
    return [...this.figures.keys()].sort((a, b) => a - b);
  }
  workingSet(pid: Pid, windowUs: number): number {
    this.windows.add(windowUs);
    return this.figures.get(pid)!.tokens;
  }
  active(pid: Pid): boolean {
    return this.figures.get(pid)?.active ?? true;
  }
  priority(pid: Pid): number {
    return this.figures.get(pid)!.priority ?? 50;
  }
  lastFaultUs(pid: Pid): number {
    return this.figures.get(pid)?.lastFaultUs ?? -1;
  }
  context(capacity: number): LoadContext {
    return { capacity, unit: 'tokens', rng: rngFor(1, 'load-control'), load: this };
  }
}
