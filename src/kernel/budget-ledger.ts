/** How the accounts of a budget tree survive a restart: as JSON, by the names of nodes and the keys of limits. */
import { badLedger, savedCount } from './budget-accounts.ts';
import { isRecord, limitKey } from './budget-limits.ts';
import { createAccount } from './budget-nodes.ts';
import type { BudgetNode } from './budget-nodes.ts';
import { KernelError } from './errors.ts';
import type { Json } from './ids.ts';

/** Raised when a field changes its meaning; other versions are refused. */
const ledgerVersion = 1;

export function saveLedger(nodes: readonly BudgetNode[], atUs: number): Json {
  const saved = nodes
    .filter(({ accounts }) => accounts.length > 0)
    .map(({ name, accounts }) => ({
      name,
      limits: accounts.map((account) => ({ limit: limitKey(account.limit), account: account.save() })),
    }));
  return { v: ledgerVersion, atUs, nodes: saved };
}

/** Returns the time of the save. Throws KernelError, and then has changed nothing. */
export function loadLedger(nodes: readonly BudgetNode[], state: Json): number {
  const version = isRecord(state) ? state['v'] : undefined;
  if (version !== ledgerVersion) throw badLedger('v', version, String(ledgerVersion));
  const atUs = savedCount(state, 'atUs');
  const fresh = nodes.map(({ accounts }) => accounts.map(({ limit }) => createAccount(limit)));
  const byName = new Map(nodes.map(({ name }, at) => [name, at]));
  for (const saved of savedList(state, 'nodes')) {
    const name = isRecord(saved) ? saved['name'] : undefined;
    const index = typeof name === 'string' ? (byName.get(name) ?? -1) : -1;
    if (index === -1) throw unknownBudget('budget ledger, name', name);
    const byKey = new Map(fresh[index]!.map((account) => [limitKey(account.limit), account]));
    for (const one of savedList(saved, 'limits')) {
      if (!isRecord(one)) throw badLedger('limits', one, '{ limit, account }');
      byKey.get(String(one['limit']))?.load(one['account'] as Json);
    }
  }
  nodes.forEach((node, index) => {
    node.accounts = fresh[index]!;
  });
  return atUs;
}

export function unknownBudget(field: string, name: unknown): KernelError {
  const shown = JSON.stringify(name) ?? String(name);
  return new KernelError(
    'UNKNOWN_BUDGET',
    `${field}: ${shown} is not allowed; allowed: the name of a budget`,
    {
      detail: { field, value: name },
    },
  );
}

function savedList(state: unknown, field: string): readonly unknown[] {
  const list = isRecord(state) ? state[field] : undefined;
  if (!Array.isArray(list)) throw badLedger(field, list, 'a list');
  return list;
}
