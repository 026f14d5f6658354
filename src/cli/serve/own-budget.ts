import type { RestoreInput } from '../../kernel/inputs.ts';
import type { Json } from '../../kernel/ids.ts';
import { hasFacts } from '../../server/runs/run-facts.ts';
import { budgetName, budgetNode } from '../live/live-world.ts';
import { checkRunSettings } from '../store/run-settings.ts';

/** Of a run that was started on the command line: its budget goes on below that of the server. What a server has started spends of that of the server alone. */
export function ownBudget(
  run: string,
  settings: Json | undefined,
): Pick<RestoreInput, 'budgets' | 'budgetNames'> {
  if (hasFacts(settings)) return {};
  const name = `${budgetName}/${run}`;
  const { budget } = checkRunSettings(run, settings);
  return {
    budgets: [{ ...budgetNode(budget, name), parent: budgetName }],
    budgetNames: { [budgetName]: name },
  };
}
