/** The syscalls on pages: what stands in a process's prompt, and what each page of it is worth. None of them waits. */
import type { PageNumber, Pid } from './ids.ts';
import type { KernelState } from './kernel-state.ts';
import type { ContentRun } from './memory/extent.ts';
import { findEntry, sizesOf } from './memory/page-table.ts';
import { importanceDefaults } from './options.ts';
import type { Process } from './process.ts';
import { historyVersion } from './records.ts';
import {
  bad,
  done,
  failed,
  isCount,
  isTokens,
  mostTokens,
  type Handlers,
  type Result,
} from './syscall-handler.ts';
import type { Allocate, Drop, Touch } from './syscalls.ts';

type PageSyscall = 'allocate' | 'touch' | 'pin' | 'unpin' | 'drop' | 'free' | 'setImportance' | 'truncate';

export function pageSyscalls(state: KernelState): Pick<Handlers, PageSyscall> {
  return {
    allocate: (process, call) => allocate(state, process, call),
    touch: (process, call) => touch(state, process, call),
    pin: (process, { page }) => known(page, process.engine.memory.setPinned(process.table, page, true)),
    unpin: (process, { page }) => known(page, process.engine.memory.setPinned(process.table, page, false)),
    drop: (process, call) => takeOut(state, process, call),
    free: (process, call) => takeOut(state, process, call),
    setImportance: (process, { page, importance }) =>
      isShare(importance)
        ? known(page, process.engine.memory.setImportance(process.table, page, importance))
        : bad('importance', importance, 'a number from 0 to 1'),
    truncate: (process, { pages }) => truncate(process, pages),
  };
}

function allocate(state: KernelState, process: Process, call: Allocate): Result {
  const { engine, table } = process;
  const importance = call.importance ?? importanceDefaults.page;
  if (!isShare(importance)) return bad('importance', importance, 'a number from 0 to 1');
  if (!isTokens(call.tokens)) return bad('tokens', call.tokens, `an integer from 1 to ${mostTokens}`);
  if (table.tokens + call.tokens * (call.blocks?.count ?? 1) > mostTokens)
    return bad('tokens', call.tokens, `a prompt of up to ${mostTokens}`);
  if (call.tokens > engine.options.memoryTokens && state.options.oversize === 'fail')
    return failed(
      'CONTEXT_TOO_LARGE',
      `tokens: a page of ${call.tokens} is larger than the context memory; allowed: up to ${engine.options.memoryTokens}`,
    );
  let run: ContentRun;
  if (call.blocks !== undefined) {
    const { space, first, count } = call.blocks;
    if (!isCount(count)) return bad('blocks.count', count, 'an integer above 0');
    if (!(Number.isSafeInteger(first) && first >= 0 && first + count <= 4_294_967_296))
      return bad('blocks.first', first, 'ids from 0 to 2^32 - 1');
    run = state.contents.blocks(space, first, count, call.tokens);
  } else if (call.text !== undefined) {
    const content = state.contents.ofText(process.run, call.text, call.tokens);
    run = content.run;
    if (content.isNew)
      state.record({
        v: historyVersion,
        type: 'page',
        run: process.run,
        hash: content.hash,
        text: call.text,
      });
  } else if (call.hash !== undefined) run = state.contents.ofHash(call.hash, call.tokens);
  else run = state.contents.own(call.tokens);
  const page = engine.memory.append(table, run, importance, call.pinned ?? false);
  return { ok: true, value: page };
}

function touch(state: KernelState, process: Process, { pages }: Touch): Result {
  const { table } = process;
  for (const page of pages) if (findEntry(table, page) < 0) return noPage(page);
  for (const page of pages) {
    const outcome = process.engine.memory.touch(process.table, page, process.pid, state.nowUs);
    if (outcome === 'waits')
      return failed('CONTEXT_TOO_LARGE', `pages: page ${page} does not fit beside what is pinned`);
  }
  return done;
}

function takeOut(state: KernelState, process: Process, { kind, pages }: Drop): Result {
  const { pid, table, engine } = process;
  const order = [...pages].sort((a, b) => a - b);
  const twice = order.find((page, at) => page === order[at - 1]);
  if (twice !== undefined) return bad('pages', twice, 'each page once');
  const sizes = sizesOf(table, order);
  if (sizes.length < order.length) return noPage(order[sizes.length]!);
  if (order.length === 0) return done;
  engine.memory.takeOut(table, order, kind === 'free');
  if (kind === 'drop') tellDropped(state, pid, order, sizes);
  return done;
}

/** Once for each run of consecutive pages. */
function tellDropped(
  { out }: KernelState,
  pid: Pid,
  order: readonly PageNumber[],
  sizes: readonly number[],
): void {
  for (let at = 0; at < order.length;) {
    const from = at;
    let tokens = 0;
    do tokens += sizes[at]!;
    while (order[++at] === order[at - 1]! + 1);
    out.emit({ type: 'page.dropped', pid, page: order[from]!, pages: at - from, tokens });
  }
}

function truncate(process: Process, pages: number): Result {
  const { table, engine } = process;
  if (!(Number.isSafeInteger(pages) && pages >= 0 && pages <= table.pages))
    return bad('pages', pages, `an integer from 0 to ${table.pages}`);
  engine.memory.truncate(table, pages);
  return done;
}

const isShare = (value: number): boolean => value >= 0 && value <= 1;

const noPage = (page: PageNumber): Result => failed('UNKNOWN_PAGE', `page: ${page} is not in the page table`);
const known = (page: PageNumber, isKnown: boolean): Result => (isKnown ? done : noPage(page));
