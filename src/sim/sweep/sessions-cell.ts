/** A cell of sessions: one policy on sessions that the seed draws. */
import { drawCell, type CellRequest, type CellResult } from '../sessions/session-cell.ts';
import { sessionContenders } from '../sessions/session-contenders.ts';
import { runTask, type GridTask } from '../sessions/session-grid.ts';
import type { SessionTrace } from '../sessions/session-trace.ts';
import type { SessionsCell } from './cells.ts';

/** Throws KernelError INVALID_ARGUMENT for a policy that cannot run there. */
export function runSessionsCell(cell: SessionsCell, trace: SessionTrace): CellResult {
  return runTask(trace, taskOf(cell)).result;
}

/** Throws KernelError INVALID_ARGUMENT for more sessions than there are. */
export function checkSessionsCell(cell: SessionsCell, trace: SessionTrace): void {
  void drawCell(trace, taskOf(cell).request);
}

function taskOf(cell: SessionsCell): GridTask {
  const { policy, seed, capacity, sessions, calls, victims, admission, workflows } = cell;
  const contender = sessionContenders.find(({ name }) => name === policy) ?? { name: policy };
  const request: CellRequest = {
    sessions,
    memoryTokens: capacity,
    seed,
    calls,
    workflows,
    victims: contender.victims ?? victims,
    admission: contender.admission ?? admission,
  };
  return { contender, request };
}
