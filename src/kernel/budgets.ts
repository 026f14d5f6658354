/**
 * Budgets: a tree of limits on tokens, calls, money and core time (organisation, team, agent, sub-agent).
 *
 * A call starts only when what it can use at most is reserved at its node and at every ancestor, all or nothing. It is settled to
 * what it used, also when it failed. The rest goes back to the window it came from, and nowhere if that window is over. Use above
 * the reservation is an overrun: debited at once from the current window, and what that can't hold from the ones after.
 * What can never fit fails at once; what must wait waits at the first node, from its own up, that lacks room: so whoever is out
 * of his own budget is in nobody's way above. A node's first waiter is not overtaken by later ones.
 *
 * The tree decides and counts. Who waits, and when he is tried again, is the caller's.
 * Cost: O(depth) to reserve and settle, with one object for the ticket; no list of windows, because the ticket's instant names them.
 */
import { assert } from '../base/assert.ts';
import { canonicalJson } from '../base/canonical-json.ts';
import type { LimitAccount, LimitUsage, Reserved } from './budget-accounts.ts';
import { loadLedger, saveLedger, unknownBudget } from './budget-ledger.ts';
import { amountOf, budgetResources, checkNodeSpecs, isCount } from './budget-limits.ts';
import type {
  BudgetAmounts,
  BudgetLimit,
  BudgetNodeSpec,
  BudgetResource,
  BudgetWindow,
} from './budget-limits.ts';
import { BudgetNode, Ticket } from './budget-nodes.ts';
import { BudgetWaiters } from './budget-waiters.ts';
import { checkRules, type CheaperModel, type ExhaustionRule } from './budget-rules.ts';
import { invalid } from './errors.ts';
import type { Json } from './ids.ts';

/** A ticket: what was reserved at `node` and its ancestors, at `atUs`. Settled exactly once, by the tree that gave it. */
export interface Reservation extends Reserved {
  readonly seq: number;
  readonly node: number;
}

export type ReserveResult =
  | { readonly kind: 'reserved'; readonly reservation: Reservation }
  /** `node` lacks room or has an earlier waiter. `retryAtUs`: when its windows may have room; Infinity: only somebody else's settlement or turn can help. */
  | { readonly kind: 'waits'; readonly node: number; readonly retryAtUs: number }
  /** No window of `node` can ever hold what was asked of `resource`. */
  | {
      readonly kind: 'never';
      readonly node: number;
      readonly resource: BudgetResource;
      readonly limit: number;
      readonly asked: number;
    };

/**
 * Why amounts wait at a node. `spent`: they would not fit either if all that is reserved were given back; `reserved`: they might; `pace`: they would
 * fit, and are early; `turn`: they would, and somebody waits there already.
 */
export type WhyNot =
  | { readonly kind: 'spent'; readonly resource: BudgetResource; readonly asked: number }
  | { readonly kind: 'reserved' }
  | { readonly kind: 'pace'; readonly untilUs: number }
  | { readonly kind: 'turn' };

/** Above what was reserved, at a node that limits `resource`. */
export interface Overrun {
  readonly node: number;
  readonly resource: BudgetResource;
  readonly amount: number;
}

const noOverruns: readonly Overrun[] = [];
const nobody: readonly number[] = [];

export class BudgetTree {
  /** By index; undefined: it has left the tree. */
  private readonly nodes: (BudgetNode | undefined)[] = [];
  /** Indexes of those that have left, for others. */
  private readonly free: number[] = [];
  private readonly indexes = new Map<string, number>();
  /** Nodes at which somebody waits. */
  private readonly waited = new Set<number>();
  private firstOpen: Ticket | undefined;
  private nextSeq = 1;
  private lastUs = 0;

  /** Throws KernelError INVALID_ARGUMENT. Nodes are numbered in the order of `nodes`, in which a parent may stand behind its children. */
  constructor(nodes: readonly BudgetNodeSpec[] = []) {
    this.add(nodes);
  }

  /** How many nodes there are. */
  get size(): number {
    return this.indexes.size;
  }

  /** In the order in which they came. */
  indices(): Iterable<number> {
    return this.indexes.values();
  }

  /** Those of `nodes` that are not there yet. Throws KernelError INVALID_ARGUMENT for what can't be added, and for one that is there with another definition. */
  missing(nodes: readonly BudgetNodeSpec[]): readonly BudgetNodeSpec[] {
    // What is no node at all has no name.
    const specs: readonly (BudgetNodeSpec | null)[] = nodes;
    const fresh = nodes.filter((_, at) => !this.indexes.has(specs[at]?.name ?? ''));
    checkNodeSpecs(fresh, this.indexes);
    checkRules(fresh);
    for (const spec of nodes) {
      const known = this.indexes.get(spec.name);
      if (known !== undefined && !isSameSpec(this.nodeAt(known).spec, spec))
        throw invalid('budget', spec.name, 'a name that no other budget has, or the definition that it has');
    }
    return fresh;
  }

  /** Returns the indexes of those that were not there. Throws as `missing`. */
  add(nodes: readonly BudgetNodeSpec[]): readonly number[] {
    const added: BudgetNode[] = [];
    for (const spec of this.missing(nodes)) {
      const node = new BudgetNode(this.free.pop() ?? this.nodes.length, spec);
      this.nodes[node.index] = node;
      this.indexes.set(spec.name, node.index);
      added.push(node);
    }
    for (const node of added) {
      const { parent } = node.spec;
      if (parent !== undefined) node.parent = this.nodeAt(this.indexes.get(parent)!);
    }
    return added.map(({ index }) => index);
  }

  /** Whether nothing is reserved and nobody waits at the node, and no other is below it. */
  isIdle(index: number): boolean {
    const node = this.nodeAt(index);
    if (node.firstWaiterSeq !== Infinity) return false;
    for (const other of this.nodes) if (other?.parent === node) return false;
    for (let ticket = this.firstOpen; ticket !== undefined; ticket = ticket.next)
      if (ticket.own === node) return false;
    return true;
  }

  /** An idle node leaves the tree, with what was used of it. */
  remove(index: number): void {
    const { name } = this.nodeAt(index);
    assert(this.isIdle(index), `budget ${name} is in use`);
    this.nodes[index] = undefined;
    this.indexes.delete(name);
    this.free.push(index);
  }

  accountsAt(index: number): readonly LimitAccount[] {
    return this.nodeAt(index).accounts;
  }

  /** -1: no node has this name. */
  find(name: string): number {
    return this.indexes.get(name) ?? -1;
  }

  /** Throws KernelError UNKNOWN_BUDGET. */
  indexOf(name: string): number {
    const index = this.indexes.get(name);
    if (index === undefined) throw unknownBudget('budget', name);
    return index;
  }

  nameOf(index: number): string {
    return this.nodeAt(index).name;
  }

  ruleOf(index: number): ExhaustionRule {
    return this.nodeAt(index).rule;
  }

  /** Of a node with the rule `degrade`. */
  cheaperAt(index: number): CheaperModel | undefined {
    return this.nodeAt(index).cheaper;
  }

  /** -1 for a root. */
  parentOf(index: number): number {
    return this.nodeAt(index).parent?.index ?? -1;
  }

  /** Is `node` below `above`, or the same? */
  isUnder(node: number, above: number): boolean {
    for (let at: BudgetNode | undefined = this.nodeAt(node); at !== undefined; at = at.parent)
      if (at.index === above) return true;
    return false;
  }

  /** Is `resource` limited at `node` or above it? */
  limits(node: number, resource: BudgetResource): boolean {
    for (let at: BudgetNode | undefined = this.nodeAt(node); at !== undefined; at = at.parent)
      if (at.accounts.some(({ limit }) => limit.resource === resource)) return true;
    return false;
  }

  /** `waiterSeq` orders callers: one with a larger number does not pass a node at which one with a smaller number waits. */
  reserve(node: number, amounts: BudgetAmounts, nowUs: number, waiterSeq: number): ReserveResult {
    const own = this.nodeAt(node);
    this.moveTo(nowUs);
    checkAmounts('asked', amounts);
    let full: BudgetNode | undefined;
    for (let at: BudgetNode | undefined = own; at !== undefined; at = at.parent) {
      if (full === undefined && at.firstWaiterSeq < waiterSeq) full = at;
      const { accounts } = at;
      for (let index = 0; index < accounts.length; index++) {
        const account = accounts[index]!;
        if (account.fits(amounts, nowUs)) {
          if (full === undefined && at.isPaced && isAhead(account, amounts, nowUs)) full = at;
          continue;
        }
        if (account.neverFits(amounts)) return never(at, account.limit, amounts);
        full ??= at;
      }
    }
    if (full !== undefined) {
      return { kind: 'waits', node: full.index, retryAtUs: retryAtUs(full, amounts, nowUs) };
    }
    const ticket = new Ticket(this.nextSeq++, own, amounts, nowUs);
    for (let at: BudgetNode | undefined = own; at !== undefined; at = at.parent) {
      const { accounts } = at;
      for (let index = 0; index < accounts.length; index++) accounts[index]!.reserve(ticket);
    }
    this.open(ticket);
    return ticket;
  }

  /** Why `node` lets amounts wait: just refused by `reserve`. */
  whyNot(node: number, amounts: BudgetAmounts, nowUs: number): WhyNot {
    const at = this.nodeAt(node);
    let why: WhyNot = { kind: 'turn' };
    for (const account of at.accounts) {
      if (account.fits(amounts, nowUs)) {
        if (why.kind === 'turn' && at.isPaced && isAhead(account, amounts, nowUs))
          why = { kind: 'pace', untilUs: retryAtUs(at, amounts, nowUs) };
        continue;
      }
      const { limit } = account;
      if (account.isSpent(amounts))
        return { kind: 'spent', resource: limit.resource, asked: amountOf(amounts, limit.resource) };
      why = { kind: 'reserved' };
    }
    return why;
  }

  /**
   * Reserves what an earlier kernel granted, now that its ledger is replayed. Where the limits have been lowered since, they are raised again
   * to what was granted: a tree for the past, from which `save` and `load` lead to one with the limits of today.
   */
  grant(node: number, amounts: BudgetAmounts, nowUs: number): Reservation {
    const own = this.nodeAt(node);
    this.moveTo(nowUs);
    checkAmounts('granted', amounts);
    const ticket = new Ticket(this.nextSeq++, own, amounts, nowUs);
    for (let at: BudgetNode | undefined = own; at !== undefined; at = at.parent)
      for (const account of at.accounts) account.grant(ticket);
    this.open(ticket);
    return ticket;
  }

  /** The next reservation has at least this number: those of a tree before this one keep theirs, and none is given twice. */
  numberFrom(seq: number): void {
    this.nextSeq = Math.max(this.nextSeq, seq);
  }

  /** Settles to what was used. Returns the overruns, from the node up; each is debited already. */
  settle(reservation: Reservation, used: BudgetAmounts, nowUs: number): readonly Overrun[] {
    assert(reservation instanceof Ticket, 'not a reservation of a budget tree');
    if (!reservation.isOpen) assert(false, `reservation ${reservation.seq} is settled already`);
    this.moveTo(nowUs);
    checkAmounts('used', used);
    this.close(reservation);
    for (let at: BudgetNode | undefined = reservation.own; at !== undefined; at = at.parent) {
      const { accounts } = at;
      for (let index = 0; index < accounts.length; index++) accounts[index]!.settle(reservation, used, nowUs);
    }
    const isWithin =
      used.tokens <= reservation.tokens &&
      used.calls <= reservation.calls &&
      used.microDollars <= reservation.microDollars &&
      used.coreUs <= reservation.coreUs;
    return isWithin ? noOverruns : overrunsOf(reservation, used);
  }

  /** `id` names the waiter to the caller. */
  addWaiter(node: number, waiterSeq: number, id: number): void {
    const at = this.nodeAt(node);
    at.waiters ??= new BudgetWaiters();
    at.waiters.add(waiterSeq, id);
    at.firstWaiterSeq = at.waiters.firstSeq;
    this.waited.add(node);
  }

  /** No effect when it does not wait at `node`. */
  removeWaiter(node: number, waiterSeq: number): void {
    const at = this.nodeAt(node);
    if (at.waiters === undefined) return;
    at.waiters.remove(waiterSeq);
    at.firstWaiterSeq = at.waiters.firstSeq;
    if (at.waiters.size === 0) this.waited.delete(node);
  }

  /** The id of the waiter with the smallest number; -1 when nobody waits. */
  firstWaiter(node: number): number {
    return this.nodeAt(node).waiters?.firstId ?? -1;
  }

  /** In the order of their indexes, as they are now: waiters may come and go while the caller walks. */
  nodesWithWaiters(): readonly number[] {
    return this.waited.size === 0 ? nobody : [...this.waited].sort((left, right) => left - right);
  }

  /** The nearest node, itself or above, with a token limit of an hour; -1. */
  quotaNode(node: number): number {
    return this.quotaOwner(node)?.index ?? -1;
  }

  /** Tokens an hour at quotaNode(node); the smallest if it has several; Infinity when there is none. */
  quotaLimit(node: number): number {
    return this.quotaAccount(node)?.limit.amount ?? Infinity;
  }

  /** Whether that limit is fixed or slides. */
  quotaKind(node: number): BudgetWindow['kind'] | undefined {
    return this.quotaAccount(node)?.limit.window.kind;
  }

  /** When that window rolls, or when something next leaves it if it slides; after now; Infinity when there is none. */
  rollsUs(node: number, nowUs: number): number {
    this.moveTo(nowUs);
    return this.quotaAccount(node)?.rollsUs(nowUs) ?? Infinity;
  }

  /** One entry for each limit of the node, in the order in which they were given. */
  usage(node: number, nowUs: number): readonly LimitUsage[] {
    const { accounts } = this.nodeAt(node);
    this.moveTo(nowUs);
    return accounts.map((account) => account.usage(nowUs));
  }

  /** What is reserved now is saved as used in full: a ledger is loaded after a crash, when nobody is left to settle. Waiters are not saved. */
  save(): Json {
    return saveLedger(this.present(), this.lastUs);
  }

  /**
   * Takes over a saved ledger; time goes on from the saved one. Limits are recognised by resource and window, so that an amount may be
   * changed between save and load; a limit that no longer exists is forgotten, one that is new starts empty. Nothing may be reserved.
   * Throws KernelError INVALID_FILE, or UNKNOWN_BUDGET for a node that this tree lacks, and then changes nothing.
   */
  load(state: Json): void {
    assert(this.firstOpen === undefined, 'a ledger is loaded while something is reserved');
    this.lastUs = loadLedger(this.present(), state);
  }

  /** Recounts from the open reservations. Throws AssertionError. O(reservations × depth). */
  checkInvariants(nowUs: number): void {
    this.moveTo(nowUs);
    const open = this.nodes.map((): Ticket[] => []);
    for (let ticket = this.firstOpen; ticket !== undefined; ticket = ticket.next) {
      assert(ticket.isOpen, `reservation ${ticket.seq} is listed as open`);
      for (let at: BudgetNode | undefined = ticket.own; at !== undefined; at = at.parent)
        open[at.index]!.push(ticket);
    }
    for (const { index, waiters, firstWaiterSeq, accounts } of this.present()) {
      for (const account of accounts) account.checkInvariants(open[index]!, nowUs);
      waiters?.checkInvariants();
      const firstSeq = waiters?.firstSeq ?? Infinity;
      assert(
        firstWaiterSeq === firstSeq,
        `node ${index} says ${firstWaiterSeq} waits first, not ${firstSeq}`,
      );
      assert(this.waited.has(index) === (firstSeq !== Infinity), `node ${index} in the list of waited nodes`);
    }
  }

  private present(): readonly BudgetNode[] {
    return this.nodes.filter((node) => node !== undefined);
  }

  nodeAt(index: number): BudgetNode {
    const node = this.nodes[index];
    if (node === undefined) assert(false, `no budget node ${index}`);
    return node;
  }

  private quotaOwner(index: number): BudgetNode | undefined {
    let at: BudgetNode | undefined = this.nodeAt(index);
    while (at !== undefined && at.quotaPlace === -1) at = at.parent;
    return at;
  }

  private quotaAccount(index: number): LimitAccount | undefined {
    const owner = this.quotaOwner(index);
    return owner?.accounts[owner.quotaPlace];
  }

  private moveTo(nowUs: number): void {
    if (!(nowUs >= this.lastUs)) assert(false, `time went back: ${nowUs} < ${this.lastUs}`);
    this.lastUs = nowUs;
  }

  private open(ticket: Ticket): void {
    const second = this.firstOpen;
    ticket.next = second;
    if (second !== undefined) second.previous = ticket;
    this.firstOpen = ticket;
  }

  private close(ticket: Ticket): void {
    const { previous, next } = ticket;
    if (previous === undefined) this.firstOpen = next;
    else previous.next = next;
    if (next !== undefined) next.previous = previous;
    ticket.previous = undefined;
    ticket.next = undefined;
    ticket.isOpen = false;
  }
}

const isSameSpec = (one: BudgetNodeSpec, other: BudgetNodeSpec): boolean =>
  one === other || canonicalJson(one) === canonicalJson(other);

function never(
  { index }: BudgetNode,
  { resource, amount }: BudgetLimit,
  amounts: BudgetAmounts,
): ReserveResult {
  return { kind: 'never', node: index, resource, limit: amount, asked: amountOf(amounts, resource) };
}

/** Whether a call that fits is early where calls are paced. One that asks for nothing needs no room. */
function isAhead(account: LimitAccount, amounts: BudgetAmounts, nowUs: number): boolean {
  return amountOf(amounts, account.limit.resource) > 0 && account.pacedUs() > nowUs;
}

/** When all windows of the node have room; Infinity too when they have, but an earlier waiter is first. */
function retryAtUs({ accounts, isPaced }: BudgetNode, amounts: BudgetAmounts, nowUs: number): number {
  let atUs = -Infinity;
  for (const account of accounts) {
    if (!account.fits(amounts, nowUs)) atUs = Math.max(atUs, account.fitsAtUs(amounts));
    if (isPaced && isAhead(account, amounts, nowUs)) atUs = Math.max(atUs, account.pacedUs());
  }
  return atUs === -Infinity ? Infinity : atUs;
}

function overrunsOf(reserved: Ticket, used: BudgetAmounts): readonly Overrun[] {
  const overruns: Overrun[] = [];
  for (let at: BudgetNode | undefined = reserved.own; at !== undefined; at = at.parent) {
    for (const resource of budgetResources) {
      const amount = amountOf(used, resource) - amountOf(reserved, resource);
      if (amount <= 0 || !at.accounts.some(({ limit }) => limit.resource === resource)) continue;
      overruns.push({ node: at.index, resource, amount });
    }
  }
  return overruns;
}

/** A negative amount would raise the quota. */
function checkAmounts(what: string, amounts: BudgetAmounts): void {
  const { tokens, calls, microDollars, coreUs } = amounts;
  if (isCount(tokens) && isCount(calls) && isCount(microDollars) && isCount(coreUs)) return;
  for (const resource of budgetResources) {
    const amount = amountOf(amounts, resource);
    assert(isCount(amount), `${what} ${resource}: ${amount} is not an integer, 0 or more`);
  }
}
