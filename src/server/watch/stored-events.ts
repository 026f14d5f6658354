/** The numbered events of a run as its storage tells them: those of its branches one after the other, as each took over from the one before. */
import { BranchEvents, type NumberedEvent } from '../../agents/traces/branch-events.ts';
import type { EventPlace } from '../../agents/traces/watch-event.ts';
import type { RunStarted } from '../../kernel/records.ts';
import type { StorageManager } from '../../kernel/storage.ts';

export interface StoredEvents {
  /** All branches of the run, in the order of their start. */
  readonly branches: readonly RunStarted[];
  /** Those whose events these are, in order. */
  readonly line: readonly string[];
  readonly events: readonly (NumberedEvent & { readonly branch: string })[];
  /** Of the last of them: takes what comes. */
  readonly current: BranchEvents;
}

/** `head`: the first branch of the line; default: of the run. `onEvent`: told of what `current` takes later. Undefined: there is no such run or branch. Rejects as the storage does. */
export async function readEvents(
  storage: Pick<StorageManager, 'branches' | 'records' | 'ledger'>,
  { run, head }: { readonly run: string; readonly head: string | undefined },
  onEvent: (event: NumberedEvent) => void,
): Promise<StoredEvents | undefined> {
  const branches = await storage.branches(run);
  const line = lineFrom(branches, head ?? branches[0]?.branch);
  if (line.length === 0) return undefined;
  const records = await Promise.all(line.map(({ branch }) => storage.records(run, branch)));
  // Later than the records: what a call was settled for must be there where its result is.
  const ledger = await storage.ledger({ run });
  const events: (NumberedEvent & { readonly branch: string })[] = [];
  let isRead = false;
  let current: BranchEvents | undefined;
  for (const [index, started] of line.entries()) {
    const { branch } = started;
    current = new BranchEvents(started, line[index + 1]?.atUs, (event) => {
      if (isRead) onEvent(event);
      else events.push({ ...event, branch });
    });
    for (const record of ledger) current.settled(record);
    for (const record of records[index]!) current.take(record);
  }
  isRead = true;
  return { branches, line: line.map(({ branch }) => branch), events, current: current! };
}

/** `head` and what took over from it, each from the one before. */
function lineFrom(branches: readonly RunStarted[], head: string | undefined): readonly RunStarted[] {
  const line = branches.filter(({ branch }) => branch === head);
  for (const started of branches) {
    const { origin } = started;
    if (origin?.kind === 'rewind' && origin.branch === line.at(-1)?.branch) line.push(started);
  }
  return line;
}

/** The head of the line in which a branch is told; undefined: that of the run. */
export function headOf(branches: readonly RunStarted[], branch: string): string | undefined {
  for (let at = branch; ;) {
    const origin = branches.find((one) => one.branch === at)?.origin;
    if (origin?.kind !== 'rewind') return at === branches[0]?.branch ? undefined : at;
    at = origin.branch;
  }
}

/**
 * Where in a line somebody stands who was told up to `place`. In a branch that another has taken the place of: behind the last that both have. Undefined: there is no such place.
 */
export function placeInLine(
  { branches, line }: Pick<StoredEvents, 'branches' | 'line'>,
  place: EventPlace,
): EventPlace | undefined {
  if (line.includes(place.branch)) return place;
  const origin = branches.find(({ branch }) => branch === place.branch)?.origin;
  if (origin?.kind !== 'rewind') return undefined;
  return placeInLine({ branches, line }, { branch: origin.branch, number: Infinity });
}
