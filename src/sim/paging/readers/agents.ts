/** Recorded agents as references to the blocks of their prompts: every call references its whole context, when it began. Equal ids of one space are one page. */
import { chainsOf } from '../../sessions/agents-trace.ts';
import type { AgentFormat } from '../../workloads/detect.ts';
import { parseAgentLines } from '../../workloads/read-workload.ts';
import { ReferenceColumns } from '../reference-columns.ts';
import type { ReadingOptions } from '../reference-columns.ts';

/** Throws KernelError INVALID_FILE with the file and the place in it. */
export async function readAgents(
  file: string,
  format: AgentFormat,
  lines: AsyncIterable<string>,
  options: ReadingOptions = {},
): Promise<ReferenceColumns> {
  const agents = await parseAgentLines[format](file, lines);
  const columns = new ReferenceColumns({ hasTimes: true, ...options });
  if (agents.length === 0) return columns;
  const { chains } = chainsOf(file, agents);
  const spaces = new Map<string, number>();
  const contexts = chains.map(() => [] as number[]);
  const calls = chains.flatMap(({ chain: { startUs, calls: own } }, place) =>
    own.map((call) => ({ atUs: startUs + call.startUs, place, call })),
  );
  for (const { atUs, place, call } of calls.toSorted((a, b) => a.atUs - b.atUs)) {
    const { space } = chains[place]!;
    if (!spaces.has(space)) spaces.set(space, spaces.size);
    const context = contexts[place]!;
    context.length = Math.min(context.length, call.keep);
    for (const [first, count] of call.runs) for (let id = first; id < first + count; id++) context.push(id);
    for (const id of context) columns.add(id | 0, spaces.get(space)!, 0, atUs);
  }
  return columns;
}
