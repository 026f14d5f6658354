/** What the hashes of an audit log stand for, as far as the run still has it: contents are told by their hash alone, so whatever is found under one is what was meant. */
import { sha256Hex } from '../base/sha256.ts';
import { chainHash } from '../kernel/checkpoint-chain.ts';
import type { Json, Pid } from '../kernel/ids.ts';
import { isRecord } from '../kernel/budget-limits.ts';
import type { AuditRecord, CheckpointRecord } from '../kernel/records.ts';
import type { WholeRun } from '../kernel/storage.ts';

export class AuditContents {
  /** By hash: of texts as they are, of other values as JSON. */
  private readonly values = new Map<string, Json>();
  /** By process and syscall, the hashes of what it was given and of what it got. */
  private readonly given = new Map<string, Set<string>>();
  private readonly got = new Map<string, Set<string>>();
  /** What single calls of a batch came to, before the batch had its result. */
  private readonly journalled = new Map<string, Set<string>>();
  /** By the name of the prompt. */
  private readonly prompts = new Map<string, PromptEnd>();
  private readonly pages = new Map<string, string>();
  private readonly names = new Map<Pid, string>();

  /** `run` undefined: it was pruned, and nothing is found. */
  constructor(run: WholeRun | undefined) {
    const chains = new Map<string, PromptNames>();
    for (const record of run?.records ?? []) {
      switch (record.type) {
        case 'page':
          this.pages.set(record.hash, record.text);
          break;
        case 'process.started':
          this.names.set(record.pid, record.name);
          this.add(record.arguments);
          break;
        case 'history': {
          const { asked, kind, pid, n, result } = record;
          for (const input of inputsOf(kind, asked)) this.add(input, this.given, pid, n);
          if (result.ok) for (const value of outputsOf(kind, result.value)) this.add(value, this.got, pid, n);
          break;
        }
        case 'tool.started':
          if (record.arguments !== undefined) this.add(record.arguments, this.given, record.pid, record.n);
          break;
        case 'tool.ended':
          if (record.result.ok) this.add(record.result.value, this.journalled, record.pid, record.n);
          break;
        case 'message.sent':
          this.add(record.message);
          break;
        case 'checkpoint': {
          this.add(record.state);
          const key = `${record.pid} ${record.branch}`;
          const chain = chains.get(key) ?? new PromptNames(this.prompts);
          chains.set(key, chain);
          chain.take(record);
          break;
        }
        default:
      }
    }
  }

  /** Undefined: its end is all that is known of it. */
  nameOf(pid: Pid): string | undefined {
    return this.names.get(pid);
  }

  /** Undefined: it is not kept, or not any more. */
  input({ input }: AuditRecord): Json | undefined {
    const [, prompt] = /^prompt\/([0-9a-f]{64})\//.exec(input) ?? [];
    if (prompt === undefined) return this.values.get(input);
    const pages: string[] = [];
    let end = this.prompts.get(prompt);
    if (end === undefined) return undefined;
    for (; end !== undefined; end = this.prompts.get(end.before))
      pages.push(this.pages.get(end.hash) ?? `[page ${end.hash} is not kept]`);
    return pages.reverse();
  }

  output({ output }: AuditRecord): Json | undefined {
    return this.values.get(output);
  }

  reasoning({ reasoning = '' }: AuditRecord): string | undefined {
    return this.pages.get(reasoning);
  }

  /** What the run has now in the place of what this record tells of: `input`, `output`, or undefined when it is the same, or nothing is there. */
  changed({ pid, n, input, output, action }: AuditRecord): 'input' | 'output' | undefined {
    // What came late is nobody's result.
    if (action.startsWith('person/') || action.endsWith('/late')) return undefined;
    const isOther = (known: ReadonlySet<string> | undefined, hash: string): boolean =>
      known !== undefined && isHash.test(hash) && !known.has(hash);
    if (isOther(this.given.get(`${pid} ${n}`), input)) return 'input';
    // Where the batch has its result, that is what counts.
    const got = this.got.get(`${pid} ${n}`) ?? this.journalled.get(`${pid} ${n}`);
    return isOther(got, output) ? 'output' : undefined;
  }

  private add(value: Json, to?: Map<string, Set<string>>, pid?: Pid, n?: number): void {
    const hash = sha256Hex(JSON.stringify(value));
    this.values.set(hash, value);
    if (to === undefined) return;
    const key = `${pid} ${n}`;
    const known = to.get(key);
    if (known === undefined) to.set(key, new Set([hash]));
    else known.add(hash);
  }
}

const isHash = /^[0-9a-f]{64}$/;

/** What the trail has hashed of these arguments (kernel/audit-trail.ts), as the history tells them. */
function inputsOf(kind: string, asked: Json | undefined): readonly Json[] {
  if (kind === 'callTools' && Array.isArray(asked))
    // A person is asked with the tool's name beside them.
    return asked.flatMap((call) =>
      isRecord(call) && 'arguments' in call ? [call['arguments'] as Json, call as unknown as Json] : [],
    );
  if (!isRecord(asked)) return [];
  if (kind === 'ask') return [asked['question'] as Json];
  if (kind !== 'remember') return [];
  const { text, key } = asked as { readonly text: Json; readonly key?: Json };
  return [key === undefined ? text : { text, key }];
}

function outputsOf(kind: string, value: Json): readonly Json[] {
  if (kind === 'think' && isRecord(value)) {
    const { page: _page, ...answer } = value;
    return [answer];
  }
  if (kind === 'callTools' && Array.isArray(value))
    return value.flatMap((result) =>
      isRecord(result) && result['ok'] === true ? [result['value'] as Json] : [],
    );
  return [value];
}

/** A prompt's last page, and the name of the prompt before it. */
interface PromptEnd {
  readonly hash: string;
  readonly before: string;
}

/** The names that a prompt had on its way to each checkpoint: it mostly grows at its end. */
class PromptNames {
  private readonly prompts: Map<string, PromptEnd>;
  /** Of the pages in their order; shorter when a content has no hash: what stands behind it is no message. */
  private readonly tips: string[] = [];

  constructor(prompts: Map<string, PromptEnd>) {
    this.prompts = prompts;
  }

  take({ keep, nodes }: CheckpointRecord): void {
    const { tips } = this;
    if (keep > tips.length) return;
    tips.length = keep;
    for (const node of nodes) {
      if (node.hash === '') break;
      const before = tips.at(-1) ?? '';
      const tip = chainHash(before, { ...node, number: 0, first: 0, importance: 0, pinned: false });
      this.prompts.set(tip, { hash: node.hash, before });
      tips.push(tip);
    }
  }
}
