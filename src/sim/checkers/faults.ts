import { checkOf, type CheckerFacts, type Check, type Checker, type EventOf } from './checker.ts';

/** What happened to one engine's memory at one instant, tokens. */
interface Instant {
  event: Parameters<Check>[1] | undefined;
  loaded: number;
  /** Compulsory and capacity faults by process: what they miss has to come in. */
  readonly faulted: Map<number, number>;
  /** Answers of calls that ended: they are in memory without a load, so no fault explains them. */
  answers: number;
}

/**
 * Faults and loads tell the same story: at every instant what comes into a memory is what was missing there, beside answers just
 * decoded; a call that bypasses memory brings nothing in. What a prompt misses is paid for, what it doesn't miss is not.
 */
export function faults({ engines }: CheckerFacts): Checker {
  const check: Check = checkOf('faults');
  const instants: Instant[] = engines.map(() => ({
    event: undefined,
    loaded: 0,
    faulted: new Map(),
    answers: 0,
  }));
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
      const { event, loaded, answers } = instant;
      let missing = 0;
      for (const [pid, tokens] of instant.faulted) if (!bypassing.has(pid)) missing += tokens;
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
      instant.loaded = instant.answers = 0;
      instant.faulted.clear();
    }
    isDirty = false;
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
      'page.faulted': (event) => {
        const { pid, tokens } = event;
        const prompt = prompts.get(pid);
        if (prompt !== undefined) prompt.faultedTokens += tokens;
        if (event.kind === 'hole') return;
        const { faulted } = touched(event, event.engine);
        faulted.set(pid, (faulted.get(pid) ?? 0) + tokens);
      },
      'page.loaded': (event) => {
        touched(event, event.engine).loaded += event.tokens;
      },
      'call.requested': (event) => {
        bypassing.delete(event.pid);
        prompts.set(event.pid, { promptTokens: event.promptTokens, faultedTokens: 0, dispatches: 0 });
      },
      'call.bypassed': (event) => void bypassing.add(event.pid),
      'process.dispatched': (event) => {
        const prompt = prompts.get(event.pid);
        if (prompt === undefined) return;
        paid(check, event, prompt);
        prompt.dispatches++;
        prompt.faultedTokens = 0;
      },
      'call.ended': (event) => {
        prompts.delete(event.pid);
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
