/**
 * The account of one limit: what is used and reserved in its window, and what later windows owe.
 *
 * An account keeps no list of reservations: a reservation's instant names the window it came from. An account is brought up to
 * `nowUs` by the call that needs it; time never goes back. Amounts are integers, 0 or more (the tree checks them).
 * The sliding account is in budget-sliding.ts.
 */
import { assert } from '../base/assert.ts';
import type { BudgetAmounts, BudgetLimit, BudgetResource, BudgetWindow } from './budget-limits.ts';
import { amountOf, isCount, isRecord } from './budget-limits.ts';
import { KernelError } from './errors.ts';
import type { Json } from './ids.ts';

/** Integers. `used` holds what overruns debited too and may exceed `limit`. `windowStartUs` is 0 for `total`. */
export interface LimitUsage {
  readonly resource: BudgetResource;
  readonly window: BudgetWindow;
  readonly limit: number;
  readonly used: number;
  readonly reserved: number;
  readonly windowStartUs: number;
}

/** What was reserved, and when: that names the window it came from. */
export interface Reserved extends BudgetAmounts {
  readonly atUs: number;
}

/** Each account looks at its own resource of the amounts. */
export interface LimitAccount {
  readonly limit: BudgetLimit;
  /** Whether the window has room now. An amount of 0 too needs a window that is not overdrawn. */
  fits(amounts: BudgetAmounts, nowUs: number): boolean;
  /** Whether no window will ever have room, whatever is still given back. Only asked after `fits` said no. */
  neverFits(amounts: BudgetAmounts): boolean;
  /** The first instant after now at which they fit if nothing else happens; Infinity: never. Only asked after `fits` said no. */
  fitsAtUs(amounts: BudgetAmounts): number;
  /** Whether they would not fit either if all that is reserved were given back. Only asked after `fits` said no. */
  isSpent(amounts: BudgetAmounts): boolean;
  /**
   * Pacing: from when on the next call may start, so that the windows fill evenly; 0 where a total has no rate. Only asked after `fits` at this instant.
   *
   * The limit is a token bucket that fills at the rate of the limit, amount / length, holds nothing over, and may be overdrawn by one call: a call starts when those
   * before it are paid for. Fixed windows: the bucket is empty when the window begins, and a call may start from `start + held × length / amount` on, `held` being what
   * the window holds; what was not asked for so far may be used later in the window. Sliding windows: from the latest of `at + held since at × length / amount` over all
   * instants `at` in the window (the generic cell rate algorithm without tolerance: ITU-T I.371, 1996, virtual scheduling). Either way a call whose turn it is
   * waits at the limit itself for less than `asked × length / amount`, the time that it is paid for in (but for overruns).
   */
  pacedUs(): number;
  /** Only after `fits` said yes at this instant. */
  reserve(reserved: Reserved): void;
  /** Reserves now, whether it fits or not: the amount of the limit is raised to what that takes. */
  grant(reserved: Reserved): void;
  settle(reserved: Reserved, used: BudgetAmounts, nowUs: number): void;
  /** What `past`, an account of the same limit, holds was used here, too, and is told late. All of it counts as used. */
  absorb(past: LimitAccount, nowUs: number): void;
  /** The next instant after now at which the window rolls or something slides out of it; Infinity for `total`. */
  rollsUs(nowUs: number): number;
  usage(nowUs: number): LimitUsage;
  /** What is reserved is saved as used: after a crash nobody settles it. */
  save(): Json;
  /** Only into a fresh account. Throws KernelError INVALID_FILE. */
  load(state: Json): void;
  /** Recounts from `open`, the open reservations that draw from this limit. Throws AssertionError. */
  checkInvariants(open: readonly Reserved[], nowUs: number): void;
}

/**
 * Fixed windows, aligned to multiples of their length from time 0; `total` is one window without end.
 *
 * An overrun may push `used` over the amount. When the window rolls, what it could not hold is the first thing used in the
 * next one, so that a large debt fills window after window.
 */
export class FixedAccount implements LimitAccount {
  readonly limit: BudgetLimit;
  private readonly resource: BudgetResource;
  private amount: number;
  private readonly lengthUs: number;
  private startUs = 0;
  private endUs: number;
  private used = 0;
  private reserved = 0;
  /** Debited to this window above what was reserved: its own overruns and what the window before could not hold. */
  private overrun = 0;

  constructor(limit: BudgetLimit) {
    this.resource = limit.resource;
    this.limit = limit;
    this.amount = limit.amount;
    this.lengthUs = limit.window.kind === 'total' ? Infinity : limit.window.lengthUs;
    this.endUs = this.lengthUs;
  }

  fits(amounts: BudgetAmounts, nowUs: number): boolean {
    if (nowUs >= this.endUs) this.roll(nowUs);
    return this.used + this.reserved + amountOf(amounts, this.resource) <= this.amount;
  }

  neverFits(amounts: BudgetAmounts): boolean {
    // A debt to a limit of 0 is paid by no window, however often it rolls.
    const isLast = this.lengthUs === Infinity || this.amount === 0;
    return amountOf(amounts, this.resource) > (isLast ? this.amount - this.used : this.amount);
  }

  fitsAtUs(amounts: BudgetAmounts): number {
    if (this.lengthUs === Infinity) return Infinity;
    const excess = this.used + this.reserved + amountOf(amounts, this.resource) - this.amount;
    assert(excess > 0, `${this.resource} fit already`);
    return this.startUs + Math.ceil(excess / this.amount) * this.lengthUs;
  }

  isSpent(amounts: BudgetAmounts): boolean {
    return this.used + amountOf(amounts, this.resource) > this.amount;
  }

  pacedUs(): number {
    const held = this.used + this.reserved;
    if (this.lengthUs === Infinity || held === 0) return 0;
    return this.startUs + Math.ceil((held / this.amount) * this.lengthUs);
  }

  reserve(reserved: Reserved): void {
    this.reserved += amountOf(reserved, this.resource);
  }

  grant(reserved: Reserved): void {
    if (!this.fits(reserved, reserved.atUs))
      this.amount = this.used + this.reserved + amountOf(reserved, this.resource);
    this.reserve(reserved);
  }

  settle(reserved: Reserved, used: BudgetAmounts, nowUs: number): void {
    if (nowUs >= this.endUs) this.roll(nowUs);
    const asked = amountOf(reserved, this.resource);
    const taken = amountOf(used, this.resource);
    const above = taken > asked ? taken - asked : 0;
    if (reserved.atUs >= this.startUs) {
      this.reserved -= asked;
      this.used += taken;
    } else {
      this.used += above; // the window it came from is over: nothing goes back
    }
    this.overrun += above;
  }

  absorb(past: LimitAccount, nowUs: number): void {
    assert(past instanceof FixedAccount, 'another kind of account');
    for (const one of [this, past]) if (nowUs >= one.endUs) one.roll(nowUs);
    this.used += past.used + past.reserved;
    this.overrun = Math.max(this.overrun, this.used + this.reserved - this.amount);
  }

  rollsUs(nowUs: number): number {
    if (nowUs >= this.endUs) this.roll(nowUs);
    return this.endUs;
  }

  usage(nowUs: number): LimitUsage {
    if (nowUs >= this.endUs) this.roll(nowUs);
    const { resource, limit, used, reserved, startUs } = this;
    return { resource, window: limit.window, limit: limit.amount, used, reserved, windowStartUs: startUs };
  }

  save(): Json {
    return { startUs: this.startUs, used: this.used + this.reserved };
  }

  load(state: Json): void {
    this.startUs = savedCount(state, 'startUs');
    if (this.lengthUs === Infinity) {
      if (this.startUs !== 0) throw badLedger('startUs', this.startUs, '0');
    } else if (this.startUs % this.lengthUs !== 0) {
      throw badLedger('startUs', this.startUs, `a multiple of ${this.lengthUs}`);
    }
    this.endUs = this.startUs + this.lengthUs;
    this.used = savedCount(state, 'used');
    this.overrun = Math.max(0, this.used - this.amount); // the amount may have been lowered since
  }

  checkInvariants(open: readonly Reserved[], nowUs: number): void {
    if (nowUs >= this.endUs) this.roll(nowUs);
    let reserved = 0;
    for (const one of open) if (one.atUs >= this.startUs) reserved += amountOf(one, this.resource);
    assert(reserved === this.reserved, `${this.reserved} reserved, open are ${reserved}`);
    assert(this.used >= 0, `used is ${this.used}`);
    const held = this.used + this.reserved;
    assert(held <= this.amount + this.overrun, `${held} > ${this.amount} + overruns ${this.overrun}`);
  }

  /** What is still reserved counts in full in its own window: what it leaves over comes too late. */
  private roll(nowUs: number): void {
    const startUs = nowUs - (nowUs % this.lengthUs);
    const windows = (startUs - this.startUs) / this.lengthUs;
    this.used = Math.max(0, this.used + this.reserved - windows * this.amount);
    this.overrun = this.used;
    this.reserved = 0;
    this.startUs = startUs;
    this.endUs = startUs + this.lengthUs;
  }
}

export function savedCount(state: Json | undefined, field: string): number {
  const value = isRecord(state) ? state[field] : undefined;
  if (!isCount(value)) throw badLedger(field, value, 'an integer, 0 or more');
  return value;
}

export function badLedger(field: string, value: unknown, allowed: string): KernelError {
  const shown = JSON.stringify(value) ?? String(value);
  return new KernelError(
    'INVALID_FILE',
    `budget ledger, ${field}: ${shown} is not allowed; allowed: ${allowed}`,
    {
      detail: { field, value, allowed },
    },
  );
}
