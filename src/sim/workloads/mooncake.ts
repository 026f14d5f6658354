/** Requests to a chat service (Mooncake's) as a workload. */
import type { AgentSpec } from '../../agents/steps.ts';
import { mooncakeBlockTokens, readMooncakeRequests, runsOf } from './mooncake-requests.ts';

/** One agent per request, arriving when recorded. */
export async function* parseMooncake(
  file: string,
  lines: AsyncIterable<string> | Iterable<string>,
): AsyncGenerator<AgentSpec> {
  let requestCount = 0;
  for await (const { atUs, tokensIn, tokensOut, ids } of readMooncakeRequests(file, lines)) {
    requestCount++;
    const space = { space: 'mooncake', blockTokens: mooncakeBlockTokens, keep: 0, runs: runsOf(ids) };
    yield {
      name: `request-${requestCount}`,
      arrivalUs: atUs,
      steps: [
        { op: 'context', ...space },
        { op: 'think', tokensIn, tokensOut },
      ],
    };
  }
}
