/** Finds a trace's format by its content: the header of a table, or the names of the first fields. */
import { fileError } from './fields.ts';
import type { TraceFormat } from './workload.ts';
import { azureHeader } from './azure.ts';

/**
 * `head` is the beginning of the text, cut anywhere. Throws KernelError INVALID_FILE when it is none of the formats; `others`: what the message allows beside
 * them.
 */
export function detectFormat(file: string, head: string, others = ''): TraceFormat {
  const text = head.trimStart();
  if (text.startsWith(azureHeader)) return 'azure';
  // An array that has no object yet is read as the one format of arrays, whose reader says what is wrong.
  const isArray = text.startsWith('[');
  const fields = firstFields(text, isArray ? 2 : 1);
  if (isArray && (fields.length === 0 || fields.some((field) => tauFields.has(field)))) return 'tau-bench';
  if (!isArray) {
    const logged = loggedFormat(fields);
    if (logged !== undefined) return logged;
    if (fields.includes('hash_ids') || fields.includes('input_length')) return 'mooncake';
    if (fields.includes('trajectory') || fields.includes('history')) return 'swe-agent';
    if (fields.includes('r') || wekaFields.every((field) => fields.includes(field))) return 'weka';
  }
  throw fileError({ file, at: '' }, `${described(text, fields)}; allowed: ${allowed}${others}`);
}

/** Formats of agents whose page references can be told. */
export type AgentFormat = Extract<TraceFormat, 'workload' | 'otel' | 'claude-code'>;

/** One of these formats, by the beginning of a text; undefined: it is another. */
export function agentFormatOf(head: string): AgentFormat | undefined {
  const text = head.trimStart();
  return text.startsWith('{') ? loggedFormat(firstFields(text, 1)) : undefined;
}

function loggedFormat(fields: readonly string[]): AgentFormat | undefined {
  if (fields.includes('resourceSpans')) return 'otel';
  if (fields.some((field) => claudeCodeFields.has(field)) && !fields.includes('id')) return 'claude-code';
  return fields.includes('steps') && !fields.includes('agents') ? 'workload' : undefined;
}
/** Of a message, a summary and a snapshot of files: a session may begin with each of them. */
const claudeCodeFields = new Set([
  'parentUuid',
  'isSidechain',
  'leafUuid',
  'sessionId',
  'isSnapshotUpdate',
  'messageId',
]);

/** Whether it begins as a scenario does: a JSON object with fields that no trace has. */
export function isScenario(head: string): boolean {
  const text = head.trimStart();
  return text.startsWith('{') && firstFields(text, 1).some((field) => scenarioFields.has(field));
}
const scenarioFields = new Set(['agents', 'engines', 'scheduler', 'budgets']);

/** Whether it begins as a recording does (recording.ts). */
export function isRecording(head: string): boolean {
  return /^\s*\{\s*"format"\s*:\s*"ringzero-recording"/.test(head);
}

const tauFields = new Set(['task_id', 'traj', 'trial']);
/** A session's calls come last: its first fields tell it even when a long line is cut. */
const wekaFields = ['id', 'tool', 'sys'];
const allowed =
  'a trace of tau-bench (JSON array with traj), SWE-agent (JSON with trajectory), weka (JSON lines with r), ' +
  'mooncake (JSON lines with hash_ids) or azure (CSV), a log of OpenTelemetry (JSON with resourceSpans) or Claude Code ' +
  '(JSON lines with sessionId), or a workload (JSON lines with steps)';

function described(text: string, fields: readonly string[]): string {
  if (fields.length > 0) return `unknown format with the fields ${fields.slice(0, 8).join(', ')}`;
  const [firstLine = ''] = text.split('\n', 1);
  return `unknown format, beginning with ${JSON.stringify(firstLine.slice(0, 40))}`;
}

/** Names of the fields at this depth of the first JSON object, as far as the text goes. Depth 2: of the first one in an array. */
function firstFields(text: string, depth: number): string[] {
  const fields: string[] = [];
  let level = 0;
  let name: string | undefined; // the last string at this depth; a colon makes it a name
  // Strings, brackets and colons are all that matters; a string that the end cuts off matches nothing.
  for (const [token] of text.matchAll(/"(?:[^"\\]|\\.)*"|[[\]{}:]/gs)) {
    if (token === '{' || token === '[') level++;
    else if (token === '}' || token === ']') level--;
    else if (token !== ':') name = level === depth ? token.slice(1, -1) : undefined;
    else if (level === depth && name !== undefined) fields.push(name);
    if (level < depth && token === '}') break;
  }
  return fields;
}
