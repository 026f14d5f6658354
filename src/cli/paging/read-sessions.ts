/** Recorded sessions from a file, whatever its format. */
import { openInputFile } from '../../adapters/files/input-file.ts';
import { KernelError } from '../../kernel/errors.ts';
import { agentsTrace } from '../../sim/sessions/agents-trace.ts';
import { readMooncakeTrace } from '../../sim/sessions/mooncake-trace.ts';
import type { SessionTrace } from '../../sim/sessions/session-trace.ts';
import { readWekaTrace } from '../../sim/sessions/weka-trace.ts';
import { detectFormat } from '../../sim/workloads/detect.ts';
import { readWorkload } from '../../sim/workloads/read-workload.ts';
import type { TraceFormat } from '../../sim/workloads/workload.ts';

/** Throws KernelError INVALID_FILE, one line with the file, the place in it, the value and what is allowed. */
export async function readSessions(path: string): Promise<SessionTrace> {
  const file = await openInputFile(path);
  switch (formatOf(file.name, await file.head())) {
    case 'weka':
      return readWekaTrace(file.name, file.lines());
    case 'mooncake':
      return readMooncakeTrace(file.name, file.lines());
    case 'workload':
    case 'otel':
    case 'claude-code':
      return agentsTrace(await readWorkload(file));
    default:
      throw new KernelError(
        'INVALID_FILE',
        `${path}: has no sessions; allowed with --residency prefix: weka (JSON lines with r), mooncake (JSON lines with hash_ids), logs of OpenTelemetry and Claude Code, and workloads (JSON lines with steps)`,
      );
  }
}

/** Other formats of page references are none of workloads: they have no sessions. */
function formatOf(file: string, head: string): TraceFormat | undefined {
  try {
    return detectFormat(file, head);
  } catch (error) {
    if (error instanceof KernelError && error.code === 'INVALID_FILE') return undefined;
    throw error;
  }
}
