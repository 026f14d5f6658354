/** What a model was asked at a step of a stored run: the kernel is built again as it stood when that call began, from what stands before its result. */
import { PageMessages } from '../agents/model/page-messages.ts';
import { PromptCall } from '../agents/model/prompts.ts';
import type { Message } from '../agents/model/messages.ts';
import type { StoredStep } from '../agents/traces/stored-steps.ts';
import { invalid } from '../kernel/errors.ts';
import { Kernel } from '../kernel/kernel.ts';
import { MemoryStore } from '../kernel/memory-store.ts';
import type { KernelOptionsInput } from '../kernel/options.ts';
import { recoveryInput } from '../kernel/recovery.ts';
import type { StorageManager } from '../kernel/storage.ts';
import type { OfferedTool } from '../kernel/syscalls.ts';
import { cutBefore, recordsOfBranch } from './branch-cut.ts';
import type { StoredBranch } from './stored-branch.ts';
import { hashesOf } from './stored-run.ts';

export interface AskedModel {
  readonly messages: readonly Message[];
  readonly tools: readonly OfferedTool[];
}

/**
 * `kernel`: that of the run, with its programs. Undefined: the step is no model call. Throws KernelError INVALID_ARGUMENT for a step that there is not, UNKNOWN_PROGRAM for a program of another version, and as the storage
 * does.
 */
export async function storedPrompt(
  storage: StorageManager,
  stored: StoredBranch,
  step: number,
  kernel: KernelOptionsInput,
): Promise<AskedModel | undefined> {
  const asked: StoredStep | undefined = stored.steps[step - 1];
  if (asked === undefined) throw invalid('step', step, `a step of the run, 1 to ${stored.steps.length}`);
  if (asked.type !== 'llm_call' && asked.type !== 'reflection') return undefined;
  const { run, branch, started } = stored;
  const store = new MemoryStore();
  store.append([started, ...recordsOfBranch(cutBefore(stored, asked), branch)]);
  const restore = recoveryInput(store, run, () => branch)!;
  const pages = new PageMessages();
  for (const [hash, text] of await storage.pages(hashesOf(restore))) pages.add(hash, text);
  const again = new Kernel({ ...kernel, ledger: [] });
  const { records, requests } = again.step({ atUs: asked.startedUs, ...restore });
  for (const record of records) if (record.type === 'page') pages.add(record.hash, record.text);
  const call = requests.find((request) => request.type === 'call.start' && request.pid === asked.pid);
  if (call?.type !== 'call.start') return undefined;
  const { messages, tools } = new PromptCall(again, call, (hash) => pages.of(hash));
  return { messages, tools };
}
