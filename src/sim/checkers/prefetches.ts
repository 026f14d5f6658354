import {
  checkOf,
  type CheckedEngine,
  type CheckerFacts,
  type Check,
  type Checker,
  type EventOf,
} from './checker.ts';

/** One engine's link to its slower tier. */
interface Link {
  readonly engine: CheckedEngine;
  transfer: EventOf<'prefetch.started'> | undefined;
  /** What came in since the last transfer ended, tokens; and when. */
  arrived: number;
  arrivedUs: number;
  /** Over the whole run, tokens. */
  prefetched: number;
  used: number;
}

/**
 * A slower tier sends one transfer at a time, which takes its latency and its rate; no more comes of it than was sent, at its end and not before; and no more is used
 * than came. A call that uses some finds it in memory.
 */
export function prefetches({ engines }: CheckerFacts): Checker {
  const check: Check = checkOf('prefetches');
  const links = engines.map((engine): Link => ({
    engine,
    transfer: undefined,
    arrived: 0,
    arrivedUs: 0,
    prefetched: 0,
    used: 0,
  }));
  /** Of calls that are about to be dispatched, by pid. */
  const usedBy = new Map<number, number>();

  function linkOf(
    event: EventOf<
      'prefetch.started' | 'page.prefetched' | 'prefetch.ended' | 'prefetch.cancelled' | 'prefetch.used'
    >,
  ): Link {
    const link = links[event.engine];
    check(link !== undefined, event, () => `engine ${event.engine} of ${engines.length}`);
    return link;
  }

  function transferOf(
    event: EventOf<'page.prefetched' | 'prefetch.ended' | 'prefetch.cancelled'>,
  ): EventOf<'prefetch.started'> {
    const { transfer, engine } = linkOf(event);
    check(transfer !== undefined, event, () => `engine ${engine.name} has no transfer under way`);
    return transfer;
  }

  return {
    name: 'prefetches',
    promise:
      'What is loaded before it is asked for comes from a slower tier, one transfer at a time, in the time that the tier takes.',
    every(event) {
      for (const link of links)
        if (link.arrived > 0)
          check(
            event.atUs === link.arrivedUs,
            event,
            () =>
              `engine ${link.engine.name}: ${link.arrived} tokens were prefetched before their transfer ended`,
          );
    },
    on: {
      'prefetch.started': (event) => {
        const link = linkOf(event);
        check(link.transfer === undefined, event, () => `engine ${link.engine.name} transfers already`);
        check(
          link.engine.loadTokensPerSecond !== 0,
          event,
          () => `engine ${link.engine.name} has no slower tier`,
        );
        check(event.tokens > 0, event, () => `${event.tokens} tokens: a transfer brings something`);
        link.transfer = event;
      },
      'page.prefetched': (event) => {
        transferOf(event);
        const link = linkOf(event);
        link.arrived += event.tokens;
        link.arrivedUs = event.atUs;
      },
      'prefetch.ended': (event) => {
        const started = transferOf(event);
        const link = linkOf(event);
        const { tokens, declinedTokens } = event;
        check(
          tokens === link.arrived,
          event,
          () => `${link.arrived} tokens were prefetched, ${tokens} are said to be`,
        );
        check(
          tokens + declinedTokens <= started.tokens,
          event,
          () =>
            `${tokens} tokens were prefetched and ${declinedTokens} declined of ${started.tokens} transferred`,
        );
        const dueUs = started.atUs + transferUs(link.engine, started.tokens);
        check(
          event.atUs >= dueUs,
          event,
          () => `a transfer of ${started.tokens} tokens that takes until ${dueUs} µs`,
        );
        link.transfer = undefined;
        link.prefetched += link.arrived;
        link.arrived = 0;
      },
      'prefetch.cancelled': (event) => {
        transferOf(event);
        linkOf(event).transfer = undefined;
      },
      'prefetch.used': (event) => {
        const link = linkOf(event);
        link.used += event.tokens;
        check(
          link.used <= link.prefetched,
          event,
          () => `engine ${link.engine.name}: ${link.used} tokens were used of ${link.prefetched} prefetched`,
        );
        usedBy.set(event.pid, event.tokens);
      },
      'process.dispatched': (event) => {
        const used = usedBy.get(event.pid);
        if (used === undefined) return;
        usedBy.delete(event.pid);
        check(
          used <= event.cachedTokens,
          event,
          () =>
            `call ${event.n} of process ${event.pid} uses ${used} prefetched tokens and finds ${event.cachedTokens}`,
        );
      },
    },
  };
}

/** 0 where nobody says what a load takes. */
function transferUs({ loadTokensPerSecond = 0, loadLatencyUs = 0 }: CheckedEngine, tokens: number): number {
  return loadTokensPerSecond === 0
    ? 0
    : loadLatencyUs + Math.ceil((tokens * 1_000_000) / loadTokensPerSecond);
}
