/** `ringzero audit RUN [PID]`: who did what with which input and output, at what cost; `--verify` proves that nothing of it was changed (docs/retention.md). */
import type { Command as CommanderCommand } from 'commander';

import { AuditContents } from '../../host/audit-contents.ts';
import type { AuditVerdict, ChainedAuditRecord } from '../../kernel/audit-log.ts';
import { KernelError } from '../../kernel/errors.ts';
import type { Json, Pid } from '../../kernel/ids.ts';
import type { AuditRecord } from '../../kernel/records.ts';
import type { StorageManager } from '../../kernel/storage.ts';
import { formatCount, formatMoney } from '../../report/format.ts';
import { table } from '../../report/table.ts';
import type { Call, Command, CommonOptions, Io } from '../command.ts';
import { visible } from '../live/visible-text.ts';
import { parseInteger } from '../options.ts';
import { findRun } from '../store/find-run.ts';
import { openStoreToRead } from '../store/open-store.ts';
import { addStoreFlag, type StoreFlags } from '../store/store-place.ts';

interface AuditOptions extends CommonOptions, Omit<StoreFlags, 'config'> {
  readonly verify: boolean;
  readonly head?: string | true;
  readonly full: boolean;
}

export const auditCommand: Command<AuditOptions> = {
  name: 'audit',
  summary: 'Who did what in a run, with what, at what cost; and whether the log of it is whole.',
  register(command: CommanderCommand): void {
    command
      .argument('<run>', 'its name, or how it begins; also of one that was pruned')
      .argument('[pid]', 'only the acts of this process; --verify checks the whole log all the same')
      .option(
        '--verify',
        'check the chain of hashes, and the contents that are still there; exit status 1 when something is wrong',
        false,
      )
      .option(
        '--head [hash]',
        'print the hash that the log ends with, to keep it elsewhere; with --verify: the log must hold the one that was kept',
      )
      .option('--full', 'with all contents: prompts, answers, arguments, results, reasoning', false);
    addStoreFlag(command);
  },
  async run({ operands: [name = '', process], options }: Call<AuditOptions>, io: Io): Promise<number> {
    const pid = process === undefined ? undefined : (parseInteger('pid', process, { min: 1 }) as Pid);
    const { head, verify } = options;
    if (typeof head === 'string' && !/^[0-9a-f]{64}$/.test(head))
      throw new KernelError(
        'INVALID_ARGUMENT',
        `--head: "${head}" is not allowed; allowed: 64 hex digits, as --head prints them`,
      );
    if (typeof head === 'string' && !verify)
      throw new KernelError(
        'INVALID_ARGUMENT',
        '--head: a hash is checked with --verify only; without one it is printed',
      );
    const { storage } = await openStoreToRead(options, io);
    try {
      const { run } = await findRun(storage, name);
      if (pid !== undefined) await checkPid(storage, run, pid);
      if (verify) return await check({ storage, run, head: head === true ? undefined : head, options, io });
      if (head === true) return await printHead(storage, run, options, io);
      return await list({ storage, run, pid, options, io });
    } finally {
      await storage.close();
    }
  },
};

/** Of a pruned run only the log tells who was there. */
async function checkPid(storage: StorageManager, run: string, pid: Pid): Promise<void> {
  if ((await storage.audit(run, { pid })).length > 0) return;
  if ((await storage.processes(run)).some((process) => process.pid === pid)) return;
  const pids = [...new Set((await storage.audit(run)).map(({ record }) => record.pid))].join(', ');
  throw new KernelError(
    'INVALID_ARGUMENT',
    `pid: ${pid} is not allowed; allowed: ${pids || 'none, the run has done nothing'}`,
  );
}

// ---- The proof -------------------------------------------------------------------------------------------------------

interface Proof {
  readonly storage: StorageManager;
  readonly run: string;
  readonly head: string | undefined;
  readonly options: AuditOptions;
  readonly io: Io;
}

async function check({ storage, run, head, options, io }: Proof): Promise<number> {
  const verdict = await storage.verifyAudit(run);
  const entries = await storage.audit(run);
  const problems = [
    ...chainProblems(verdict, entries, head),
    ...(await contentProblems(storage, run, entries)),
  ];
  const count = entries.length;
  if (options.json)
    io.out(
      JSON.stringify(
        {
          command: 'audit',
          run,
          entries: count,
          whole: problems.length === 0,
          problems,
          ...(verdict.ok ? { head: verdict.head.hash } : {}),
        },
        null,
        1,
      ),
    );
  else if (problems.length === 0) io.out(`${formatCount(count)} ${count === 1 ? 'entry' : 'entries'}, whole`);
  else for (const { message } of problems) io.out(message);
  return problems.length === 0 ? 0 : 1;
}

interface Problem {
  readonly index: number;
  readonly problem: string;
  readonly message: string;
}

function chainProblems(
  verdict: AuditVerdict,
  entries: readonly ChainedAuditRecord[],
  head: string | undefined,
): Problem[] {
  if (!verdict.ok)
    return [
      { index: verdict.index, problem: verdict.problem, message: `${verdict.problem}: ${verdict.message}` },
    ];
  if (head === undefined || entries.some(({ hash }) => hash === head)) return [];
  const message = `head: the log has no entry with the hash that was kept, ${head}: what it ended with then was cut off or changed`;
  return [{ index: entries.length, problem: 'head', message }];
}

async function contentProblems(
  storage: StorageManager,
  run: string,
  entries: readonly ChainedAuditRecord[],
): Promise<Problem[]> {
  let contents: AuditContents;
  try {
    contents = new AuditContents(await storage.whole(run));
  } catch (error) {
    if (!(error instanceof KernelError)) throw error;
    return [{ index: -1, problem: 'content', message: `content: ${error.message}` }];
  }
  return entries.flatMap(({ index, record }) => {
    const which = contents.changed(record);
    if (which === undefined) return [];
    const message = `content: entry ${index}, ${record.action} of process ${record.pid}: its ${which} is not what the run has now`;
    return [{ index, problem: 'content', message }];
  });
}

async function printHead(
  storage: StorageManager,
  run: string,
  options: AuditOptions,
  io: Io,
): Promise<number> {
  const verdict = await storage.verifyAudit(run);
  if (!verdict.ok) {
    io.err(`${verdict.problem}: ${verdict.message}`);
    return 1;
  }
  const { count, hash } = verdict.head;
  io.out(
    options.json ? JSON.stringify({ command: 'audit', run, entries: count, head: hash }, null, 1) : hash,
  );
  return 0;
}

// ---- The list --------------------------------------------------------------------------------------------------------

interface Listing {
  readonly storage: StorageManager;
  readonly run: string;
  readonly pid: Pid | undefined;
  readonly options: AuditOptions;
  readonly io: Io;
}

async function list({ storage, run, pid, options, io }: Listing): Promise<number> {
  const contents = new AuditContents(await storage.whole(run));
  const entries = await storage.audit(run, pid === undefined ? {} : { pid });
  if (options.json) {
    io.out(
      JSON.stringify(
        { command: 'audit', run, entries: entries.map((entry) => documentOf(entry, contents, options.full)) },
        null,
        1,
      ),
    );
    return 0;
  }
  if (entries.length === 0) io.out('nothing was done yet');
  else if (options.full) for (const entry of entries) printFull(entry, contents, io);
  else printTable(entries, contents, io);
  return 0;
}

const documentOf = (
  { index, hash, record }: ChainedAuditRecord,
  contents: AuditContents,
  isFull: boolean,
): object => ({
  index,
  hash,
  time: timeOf(record),
  pid: record.pid,
  name: contents.nameOf(record.pid) ?? null,
  ...(record.person === undefined ? {} : { person: record.person }),
  action: record.action,
  n: record.n,
  input: record.input,
  output: record.output,
  microDollars: record.microDollars,
  ...(record.reasoning === undefined ? {} : { reasoning: record.reasoning }),
  ...(isFull
    ? {
        contents: {
          input: contents.input(record) ?? null,
          output: contents.output(record) ?? null,
          ...(record.reasoning === undefined ? {} : { reasoning: contents.reasoning(record) ?? null }),
        },
      }
    : {}),
});

function printTable(entries: readonly ChainedAuditRecord[], contents: AuditContents, io: Io): void {
  const lines = table({
    columns: [
      { header: '#', align: 'right' },
      { header: 'time' },
      { header: 'who', shrinkTo: 8 },
      { header: 'did' },
      { header: 'with', shrinkTo: 12 },
      { header: 'got', shrinkTo: 12 },
      { header: 'cost', align: 'right' },
    ],
    rows: entries.map(({ index, record }) => [
      String(index),
      timeOf(record),
      whoOf(record, contents),
      record.action,
      firstWords(record.input, contents.input(record)),
      firstWords(record.output, contents.output(record)),
      record.microDollars === 0 ? '' : formatMoney(record.microDollars),
    ]),
    ...(io.isTerminal ? { width: io.columns } : {}),
  });
  for (const line of lines) io.out(line.trimEnd());
}

function printFull({ index, hash, record }: ChainedAuditRecord, contents: AuditContents, io: Io): void {
  const shown = (text: string): string => (io.isTerminal ? visible(text) : text);
  const cost = record.microDollars === 0 ? '' : `, ${formatMoney(record.microDollars)}`;
  io.out(
    `#${index} ${timeOf(record)} ${shown(whoOf(record, contents))}: ${shown(record.action)}${cost}, ${hash}`,
  );
  const part = (name: string, reference: string | undefined, value: Json | undefined): void => {
    if (reference === undefined || reference === '') return;
    io.out(`  ${name} ${reference}`);
    if (value === undefined) return;
    for (const line of textOf(value).split('\n')) io.out(`    ${shown(line)}`);
  };
  part('input', record.input, contents.input(record));
  part('reasoning', record.reasoning, contents.reasoning(record));
  part('output', record.output, contents.output(record));
}

/** A person, or the process that did it. */
const whoOf = ({ pid, action, person }: AuditRecord, contents: AuditContents): string =>
  action.startsWith('person/') ? (person ?? 'nobody named') : `${contents.nameOf(pid) ?? 'process'} ${pid}`;

const timeOf = ({ atUs }: AuditRecord): string =>
  new Date(atUs / 1_000).toISOString().replace(/\.\d+Z$/, 'Z');

/** Of what stands for it, where it is not kept, the beginning of its hash. */
function firstWords(reference: string, value: Json | undefined): string {
  const [, tokens] = /^prompt\/[0-9a-f]*\/(\d+)$/.exec(reference) ?? [];
  if (tokens !== undefined) return `a prompt of ${formatCount(Number(tokens))} tokens`;
  if (value === undefined) return /^[0-9a-f]{64}$/.test(reference) ? `${reference.slice(0, 12)}…` : reference;
  const text = textOf(value).replaceAll(/\s+/g, ' ').trim();
  return text.length > wordsMax ? `${text.slice(0, wordsMax)}…` : text;
}
const wordsMax = 40;

/** Of an answer its text, when it is one. */
function textOf(value: Json): string {
  if (typeof value === 'string') return value;
  if (Array.isArray(value) && value.every((part) => typeof part === 'string')) return value.join('\n');
  const answer = value as {
    readonly text?: Json;
    readonly toolCalls?: readonly { readonly tool: string; readonly arguments: Json }[];
  };
  if (answer !== null && typeof answer.text === 'string' && 'tokensOut' in answer) {
    const calls = (answer.toolCalls ?? []).map(
      ({ tool, arguments: args }) => `→ ${tool} ${JSON.stringify(args)}`,
    );
    return [answer.text, ...calls].filter((line) => line !== '').join('\n');
  }
  return JSON.stringify(value);
}
