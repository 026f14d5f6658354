/** A workload as a file: JSON lines, one agent each with its steps (docs/scenario.md documents these), as `ringzero trace convert` writes it. */
import type { AgentSpec } from '../../agents/steps.ts';
import { jsonAt, numberedLines } from './fields.ts';
import { builtInNames } from './recorded-tools.ts';
import { workloadAgent } from './scenario-agents.ts';
import type { Workload } from './workload.ts';

/** Throws KernelError INVALID_FILE with file, line and field. */
export async function parseAgents(
  file: string,
  lines: AsyncIterable<string> | Iterable<string>,
): Promise<AgentSpec[]> {
  const read = workloadAgent(builtInNames);
  const agents: AgentSpec[] = [];
  for await (const [lineNumber, line] of numberedLines(lines)) {
    const value = jsonAt({ file, at: `line ${lineNumber}` }, line);
    agents.push(read({ file: `${file} line ${lineNumber}`, path: '', value }));
  }
  return agents;
}

export function* agentLines({ agents }: Workload): Generator<string> {
  for (const agent of agents) yield `${JSON.stringify(agent)}\n`;
}
