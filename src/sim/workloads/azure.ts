/**
 * Requests to a service: arrival, context tokens, generated tokens; nothing is known of the contents, so no two share any.
 * Format: CSV with a header; times in units of 100 ns, rounded to µs here.
 * Source: Azure/AzurePublicDataset, AzureLLMInferenceTrace 2023 (Patel et al., "Splitwise", ISCA 2024).
 */
import type { AgentSpec } from '../../agents/steps.ts';
import { dayNumber } from './date-time.ts';
import { fieldError, fileError, integerAt, numberedLines } from './fields.ts';
import type { Place } from './fields.ts';

export const azureHeader = 'TIMESTAMP,ContextTokens,GeneratedTokens';

/** One agent per request, arriving as long after the first as recorded. */
export async function* parseAzure(
  file: string,
  lines: AsyncIterable<string> | Iterable<string>,
): AsyncGenerator<AgentSpec> {
  let firstUs: number | undefined;
  for await (const [lineNumber, line] of numberedLines(lines)) {
    const place = { file, at: `line ${lineNumber}` };
    if (lineNumber === 1) {
      if (line !== azureHeader) throw fieldError(place, 'header', line, azureHeader);
      continue;
    }
    const cells = line.split(',');
    if (cells.length !== 3) throw fileError(place, `${cells.length} fields; allowed: 3 (${azureHeader})`);
    const [time = '', context = '', generated = ''] = cells;
    const timeUs = timestampUs(place, time);
    firstUs ??= timeUs;
    if (timeUs < firstUs) throw fieldError(place, 'TIMESTAMP', time, 'a time not before the first');
    yield requestAgent({
      name: `request-${lineNumber - 1}`,
      arrivalUs: timeUs - firstUs,
      contextTokens: countAt(place, 'ContextTokens', context),
      generatedTokens: countAt(place, 'GeneratedTokens', generated),
    });
  }
}

function requestAgent(request: {
  readonly name: string;
  readonly arrivalUs: number;
  readonly contextTokens: number;
  readonly generatedTokens: number;
}): AgentSpec {
  const { name, arrivalUs, contextTokens, generatedTokens } = request;
  return {
    name,
    arrivalUs,
    steps: [
      // A space of its own: the content is this request's alone.
      { op: 'context', space: name, blockTokens: contextTokens, keep: 0, runs: [[0, 1]] },
      { op: 'think', tokensIn: contextTokens, tokensOut: generatedTokens },
    ],
  };
}

/** Both counts are at least 1 in the data; a request of nothing is no request. */
function countAt(place: Place, field: string, text: string): number {
  return integerAt(place, field, /^\d+$/.test(text) ? Number(text) : text, 1);
}

const timestampForm = /^(\d{4})-(\d\d)-(\d\d) (\d\d):(\d\d):(\d\d)(?:\.(\d{1,7}))?(?:Z|\+00:00)?$/;

/** µs since 1970, of a time in UTC. */
function timestampUs(place: Place, text: string): number {
  const [whole, ...parts] = timestampForm.exec(text) ?? [];
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = parts.slice(0, 6).map(Number);
  const isAllowed =
    whole !== undefined && month >= 1 && month <= 12 && day >= 1 && day <= 31 && hour < 24 && minute < 60;
  if (!isAllowed || second >= 60) {
    throw fieldError(place, 'TIMESTAMP', text, 'YYYY-MM-DD HH:MM:SS.fffffff (UTC)');
  }
  const hundredNs = Number((parts[6] ?? '').padEnd(7, '0'));
  const seconds = ((dayNumber(year, month, day) * 24 + hour) * 60 + minute) * 60 + second;
  return seconds * 1_000_000 + Math.round(hundredNs / 10);
}
