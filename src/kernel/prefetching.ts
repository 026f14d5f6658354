import type { Engine } from './engine.ts';
import type { PageId } from './ids.ts';
import type { KernelState } from './kernel-state.ts';

/**
 * Loads what paging policies want from slower tiers before it is asked for, beside the calls: it takes no core's time, pins nothing and keeps no room, so that no call ever
 * waits for it. A transfer is a timer of the world's; a call that needs its pages before it is over loads them itself. After a crash memory is cold, and what was under way is gone.
 */
export class Prefetching {
  private readonly state: KernelState;
  /** Those with a link. */
  private readonly engines: readonly Engine[];

  /** The engines have been built. */
  constructor(state: KernelState) {
    this.state = state;
    this.engines = state.engines.filter(({ tier }) => tier !== undefined);
  }

  /** Begins what transfers are wanted and cancels those that nobody is left for. Called when everything else of a step has happened. */
  settle(): void {
    for (const engine of this.engines) {
      if (engine.population === 0) this.cancel(engine);
      else if (engine.tier!.mayBegin) this.begin(engine);
    }
  }

  /** The timer of the engine's transfer fired. */
  transferred(engine: Engine): void {
    engine.transferTimer = undefined;
    const { loadedTokens, declinedTokens } = engine.tier!.end(this.state.nowUs);
    this.state.out.emit({
      type: 'prefetch.ended',
      engine: engine.index,
      tokens: loadedTokens,
      declinedTokens,
    });
  }

  private begin(engine: Engine): void {
    const { timers, nowUs, out } = this.state;
    const tier = engine.tier!;
    const endUs = tier.begin(nowUs);
    if (endUs === undefined) return;
    const { extent, tokens } = tier.underWay!;
    out.emit({ type: 'prefetch.started', engine: engine.index, page: extent.firstPage as PageId, tokens });
    engine.transferTimer = timers.set({ kind: 'prefetch', engine }, endUs);
  }

  private cancel(engine: Engine): void {
    const { timers, out } = this.state;
    const tier = engine.tier!;
    if (engine.transferTimer !== undefined) {
      timers.clear(engine.transferTimer);
      engine.transferTimer = undefined;
      out.emit({ type: 'prefetch.cancelled', engine: engine.index, tokens: tier.underWay!.tokens });
    }
    tier.cancel();
  }
}
