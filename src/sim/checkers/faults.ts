import { checkOf, type CheckerFacts, type Check, type Checker, type EventOf } from './checker.ts';

/** What happened to one engine's memory at one instant, tokens. */
interface Instant {
  event: Parameters<Check>[1] | undefined;
  loaded: number;
  /** By compulsory and capacity faults: what they miss has to come in. */
  missing: number;
  /** Answers of calls that ended: they are in memory without a load, so no fault explains them. */
  answers: number;
}

/**
 * Faults and loads tell the same story: at every instant what comes into a memory is what was missing there, beside answers just
 * decoded; a call that bypasses memory brings nothing in. What a prompt misses is paid for, what it doesn't miss is not.
 */
export function faults({ engines }: CheckerFacts): Checker {
  const check: Check = checkOf('faults');
  const instants = engines.map((): Instant => ({ event: undefined, loaded: 0, missing: 0, answers: 0 }));
  let isDirty = false;
  let atUs = 0;
  const engineOf = new Map<number, number>();
  const bypassing = new Set<number>();
  const prompts = new Map<
    number,
    { readonly promptTokens: number; faultedTokens: number; dispatches: number }
  >();

  function closeInstant(): void {
    for (const [index, instant] of instants.entries()) {
      const { event, loaded, missing, answers } = instant;
      if (event !== undefined) {
        const isExplained = loaded >= missing && loaded <= missing + answers;
        check(
          isExplained,
          event,
          () =>
            `engine ${index} loaded ${loaded} tokens where ${missing} faulted and ${answers} were answers`,
        );
      }
      instant.event = undefined;
      instant.loaded = instant.missing = instant.answers = 0;
    }
    isDirty = false;
  }

  function forget(pid: number): void {
    prompts.delete(pid);
    bypassing.delete(pid);
  }

  function touched(event: Parameters<Check>[1], engine: number): Instant {
    const instant = instants[engine];
    check(instant !== undefined, event, () => `engine ${engine} of ${engines.length}`);
    instant.event = event;
    isDirty = true;
    return instant;
  }

  return {
    name: 'faults',
    promise: 'A fault is a needed page that is not resident: it is loaded and paid for, and nothing else is.',
    every(event) {
      if (event.atUs !== atUs && isDirty) closeInstant();
      atUs = event.atUs;
    },
    on: {
      'process.spawned': (event) => void engineOf.set(event.pid, event.engine),
      'process.migrated': ({ pid, to }) => void engineOf.set(pid, to),
      'page.faulted': (event) => {
        const { pid, tokens } = event;
        const prompt = prompts.get(pid);
        if (prompt !== undefined) prompt.faultedTokens += tokens;
        if (event.kind !== 'hole' && !bypassing.has(pid)) touched(event, event.engine).missing += tokens;
      },
      'page.loaded': (event) => {
        touched(event, event.engine).loaded += event.tokens;
      },
      'call.requested': (event) => {
        prompts.set(event.pid, { promptTokens: event.promptTokens, faultedTokens: 0, dispatches: 0 });
      },
      'call.bypassed': (event) => void bypassing.add(event.pid),
      'call.degraded': (event) => void bypassing.add(event.pid),
      'process.dispatched': (event) => {
        const prompt = prompts.get(event.pid);
        if (prompt === undefined) return;
        paid(check, event, prompt);
        prompt.dispatches++;
        prompt.faultedTokens = 0;
      },
      // Refused by a budget after it was told to bypass memory.
      'call.refused': ({ pid }) => forget(pid),
      'call.ended': (event) => {
        forget(event.pid);
        // The answer joins the memory, if at all, at the instant of the call's end.
        const engine = engineOf.get(event.pid);
        if (engine !== undefined) touched(event, engine).answers += answerTokens(event.tokensOut);
      },
    },
    finish: closeInstant,
  };
}

/** An answer whose tokens nobody counted is estimated from its text, which events don't carry. */
function answerTokens(tokensOut: number): number {
  return tokensOut === 0 ? Infinity : tokensOut;
}

function paid(
  check: Check,
  event: EventOf<'process.dispatched'>,
  prompt: { readonly promptTokens: number; readonly faultedTokens: number; readonly dispatches: number },
): void {
  const { pid, n, newTokens, repeatedTokens, loadTokens, cachedTokens } = event;
  const paidTokens = newTokens + repeatedTokens + loadTokens;
  const { promptTokens, faultedTokens } = prompt;
  check(
    paidTokens >= faultedTokens,
    event,
    () => `call ${n} of process ${pid} faulted ${faultedTokens} tokens and pays for ${paidTokens}`,
  );
  // A later stretch may begin with less to do, or with the partial answer in its prompt.
  if (prompt.dispatches > 0) return;
  check(
    paidTokens + cachedTokens === promptTokens,
    event,
    () =>
      `call ${n} of process ${pid} pays for ${paidTokens} tokens and finds ${cachedTokens}: its prompt has ${promptTokens}`,
  );
}
