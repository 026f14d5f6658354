import type { Prices } from '../../kernel/engine-options.ts';
import { CallModels } from './call-models.ts';
import {
  checkOf,
  type CheckedEngine,
  type CheckerFacts,
  type Check,
  type Checker,
  type EventOf,
} from './checker.ts';

/** An open model call: what its stretches took, counted from dispatches and ends. */
interface MeteredCall {
  readonly request: EventOf<'call.requested'>;
  /** Core time of the call's reservations, which all ask for the same; -1: it had none. */
  mostUs: number;
  /** To another engine since, which may ask for other amounts. */
  hasMoved: boolean;
  /** Since the last reservation; undefined: nothing is reserved. */
  stretches: Stretches | undefined;
  /** On a core since, µs; -1: on none. */
  sinceUs: number;
  /** Answer tokens so far. */
  tokensOut: number;
  /** Settled while the call was on its core: its end, which must follow, tells what it took. */
  pending: EventOf<'budget.settled'> | undefined;
  /** Settled so far. */
  readonly paid: Taken;
}

/** What a call took: prompt tokens, those of them that were found in memory or loaded, and answer tokens. */
interface Taken {
  tokensIn: number;
  tokensCached: number;
  tokensOut: number;
  microDollars: number;
}

interface Stretches {
  count: number;
  tokensIn: number;
  tokensCached: number;
  coreUs: number;
}

/**
 * What a call reserves is all that it can take: its prompt and its longest answer, at the prices of its engine, or of the cheaper model of the
 * budget that degraded it. What it settles is what its
 * stretches on cores took since the reservation; and all that it settled is what its end says. A recorded duration is in no event, so
 * that the time reserved is only held against what the prompt alone takes.
 */
export function metering(facts: CheckerFacts): Checker {
  const check: Check = checkOf('metering');
  const calls = new Map<number, MeteredCall>();
  const models = new CallModels(facts);

  /** What a settlement must say. Of a call without a price list the money is not judged. */
  function judge(
    call: MeteredCall,
    event: EventOf<'budget.settled'>,
    taken: Omit<Taken, 'microDollars'>,
  ): void {
    const { pid, tokens, microDollars } = event;
    const { tokensIn, tokensCached, tokensOut } = taken;
    check(
      tokens === tokensIn + tokensOut,
      event,
      () =>
        `call ${call.request.n} of process ${pid} settles ${tokens} tokens and took ${tokensIn} of prompt and ${tokensOut} of answer`,
    );
    const prices = models.of(pid)?.prices;
    const cost = prices === undefined ? microDollars : costOf(prices, tokensIn, tokensCached, tokensOut);
    check(
      microDollars === cost,
      event,
      () =>
        `call ${call.request.n} of process ${pid} settles ${microDollars} microDollars: ${tokensIn} tokens of prompt ` +
        `(${tokensCached} cached) and ${tokensOut} of answer cost ${cost}`,
    );
    const coreUs = call.stretches!.coreUs;
    check(
      event.coreUs === coreUs,
      event,
      () =>
        `call ${call.request.n} of process ${pid} settles ${event.coreUs} µs and was on a core for ${coreUs}`,
    );
    const { paid } = call;
    paid.tokensIn += tokensIn;
    paid.tokensCached += tokensCached;
    paid.tokensOut += tokensOut;
    paid.microDollars += microDollars;
    call.stretches = undefined;
    call.pending = undefined;
  }

  function leavesCore(call: MeteredCall, event: EventOf<'call.stopped' | 'call.ended'>): void {
    if (call.stretches !== undefined && call.sinceUs >= 0) call.stretches.coreUs += event.atUs - call.sinceUs;
    call.sinceUs = -1;
    call.tokensOut = event.tokensOut;
  }

  return {
    name: 'metering',
    promise:
      "A call's prompt and its maximal output are reserved; it is settled to what it used, at the prices of its engine.",
    on: {
      'process.spawned': (event) => models.spawned(event),
      'process.migrated': (event) => {
        models.migrated(event);
        const call = calls.get(event.pid);
        if (call !== undefined) call.hasMoved = true;
      },
      'budget.exhausted': (event) => models.exhaustedAt(event),
      'call.degraded': (event) => {
        const model = models.degraded(event);
        check(
          model === event.model,
          event,
          () =>
            `call ${event.n} of process ${event.pid} is degraded to ${event.model}: its budget has ${model}`,
        );
      },
      'call.requested': (event) => {
        models.requested(event);
        calls.set(event.pid, {
          request: event,
          mostUs: -1,
          hasMoved: false,
          stretches: undefined,
          sinceUs: -1,
          tokensOut: 0,
          pending: undefined,
          paid: { tokensIn: 0, tokensCached: 0, tokensOut: 0, microDollars: 0 },
        });
      },
      'budget.reserved': (event) => {
        const { pid, tokens, microDollars, coreUs } = event;
        const call = calls.get(pid);
        check(call !== undefined, event, () => `process ${pid} reserves, but asks for no call`);
        const { n, promptTokens, maxOutput } = call.request;
        const name = () => `call ${n} of process ${pid}`;
        check(
          tokens === promptTokens + maxOutput,
          event,
          () =>
            `${name()} reserves ${tokens} tokens for a prompt of ${promptTokens} and an answer of ${maxOutput}`,
        );
        const model = models.of(pid);
        const cost =
          model?.prices === undefined ? microDollars : costOf(model.prices, promptTokens, 0, maxOutput);
        check(
          microDollars === cost,
          event,
          () => `${name()} reserves ${microDollars} microDollars and may cost ${cost}`,
        );
        const leastUs = prefillUs(model, promptTokens);
        check(
          coreUs >= leastUs,
          event,
          () => `${name()} reserves ${coreUs} µs, and its prompt may take ${leastUs}`,
        );
        check(
          call.mostUs === -1 || call.mostUs === coreUs || call.hasMoved,
          event,
          () => `${name()} reserves ${coreUs} µs after ${call.mostUs}`,
        );
        call.mostUs = coreUs;
        call.hasMoved = false;
        call.stretches = { count: 0, tokensIn: 0, tokensCached: 0, coreUs: 0 };
      },
      'process.dispatched': (event) => {
        const call = calls.get(event.pid);
        if (call === undefined) return; // the calls' checker speaks of it
        call.sinceUs = event.atUs;
        const { stretches } = call;
        // A call that is resumed keeps its reservation and goes on; one that is reserved anew pays for its prompt, with the answer so far, again.
        if (stretches === undefined || stretches.count++ > 0) return;
        stretches.tokensIn = call.request.promptTokens + call.tokensOut;
        stretches.tokensCached = event.cachedTokens + event.loadTokens;
      },
      'call.stopped': (event) => {
        const call = calls.get(event.pid);
        if (call !== undefined) leavesCore(call, event);
      },
      'budget.settled': (event) => {
        const call = calls.get(event.pid);
        if (call?.stretches === undefined) return; // the reservations' checker speaks of it
        if (call.sinceUs >= 0) call.pending = event;
        else {
          const { count, tokensIn, tokensCached } = call.stretches;
          const tokensOut = count === 0 ? 0 : call.tokensOut - call.paid.tokensOut;
          judge(call, event, { tokensIn, tokensCached, tokensOut });
        }
      },
      'call.ended': (event) => {
        const { pid, n, tokensIn, tokensCached, tokensOut, microDollars } = event;
        const call = calls.get(pid);
        if (call === undefined) return;
        leavesCore(call, event);
        calls.delete(pid);
        if (call.mostUs === -1) return; // no budget asked for a reservation
        const { pending, paid } = call;
        check(
          pending !== undefined && pending.atUs === event.atUs,
          event,
          () => `call ${n} of process ${pid} ends and was not settled`,
        );
        check(
          tokensCached >= 0 && tokensCached <= tokensIn,
          event,
          () => `call ${n} of process ${pid} found ${tokensCached} of ${tokensIn} prompt tokens`,
        );
        // What the model server reports counts, so that only the end knows it.
        judge(call, pending, {
          tokensIn: tokensIn - paid.tokensIn,
          tokensCached: tokensCached - paid.tokensCached,
          tokensOut: tokensOut - paid.tokensOut,
        });
        check(
          microDollars === paid.microDollars,
          event,
          () =>
            `call ${n} of process ${pid} cost ${microDollars} microDollars and settled ${paid.microDollars}`,
        );
      },
      'call.refused': ({ pid }) => void calls.delete(pid),
      'process.terminated': (event) => {
        const { pending } = calls.get(event.pid) ?? {};
        check(pending === undefined, event, () => `process ${event.pid} settled a call that has not ended`);
        calls.delete(event.pid);
      },
    },
  };
}

/** Micro-dollars, rounded up; prices are for a million tokens. */
function costOf(
  { input, cachedInput, output }: Prices,
  tokensIn: number,
  cached: number,
  out: number,
): number {
  return Math.ceil(((tokensIn - cached) * input + cached * cachedInput + out * output) / 1_000_000);
}

/** 0 where the rate is not known. */
function prefillUs(engine: CheckedEngine | undefined, tokens: number): number {
  const rate = engine?.prefillTokensPerSecond;
  return rate === undefined ? 0 : Math.ceil((tokens / rate) * 1_000_000);
}
