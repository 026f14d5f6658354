/** The work of a model call on a core, phase by phase. */

/** What is left of each phase, in µs of a core that works alone. Phases follow one another in this order. */
export interface Phases {
  switchUs: number;
  loadUs: number;
  newPrefillUs: number;
  repeatedPrefillUs: number;
  decodeUs: number;
  /** Answer tokens of the whole call, and how many are still to come. */
  tokensOut: number;
  tokensLeft: number;
}

export const noPhases = (): Phases => ({
  switchUs: 0,
  loadUs: 0,
  newPrefillUs: 0,
  repeatedPrefillUs: 0,
  decodeUs: 0,
  tokensOut: 0,
  tokensLeft: 0,
});

export const totalUs = (plan: Phases): number =>
  plan.switchUs + plan.loadUs + plan.newPrefillUs + plan.repeatedPrefillUs + plan.decodeUs;

/** Only the first `leftUs` of the work are done. */
export function cut(plan: Phases, leftUs: number): void {
  let us = leftUs;
  const take = (phaseUs: number): number => {
    const taken = Math.min(phaseUs, us);
    us -= taken;
    return taken;
  };
  plan.switchUs = take(plan.switchUs);
  plan.loadUs = take(plan.loadUs);
  plan.newPrefillUs = take(plan.newPrefillUs);
  plan.repeatedPrefillUs = take(plan.repeatedPrefillUs);
  const decodeUs = take(plan.decodeUs);
  plan.tokensOut = plan.decodeUs === 0 ? 0 : Math.floor((plan.tokensOut * decodeUs) / plan.decodeUs);
  plan.tokensLeft = plan.tokensOut;
  plan.decodeUs = decodeUs;
}

/** New prefill and decode in `fixedUs` instead of their own time; whole µs, decoding takes what rounding leaves. */
export function scale(plan: Phases, fixedUs: number): void {
  const ownUs = plan.newPrefillUs + plan.decodeUs;
  plan.newPrefillUs = ownUs === 0 ? 0 : Math.floor((plan.newPrefillUs / ownUs) * fixedUs);
  plan.decodeUs = fixedUs - plan.newPrefillUs;
}
