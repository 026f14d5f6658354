/**
 * A checkpoint names its whole prompt by one tip: the chained hash of its nodes, the hash of the empty prompt being ''. It
 * carries only the nodes that the checkpoint before it doesn't have, so that storage grows with what is new, and a prompt
 * put together again from many checkpoints proves itself by its tip.
 */
import { sha256Hex } from '../base/sha256.ts';
import { KernelError } from './errors.ts';
import type { CheckpointRecord, PromptNode } from './records.ts';

/** The part of a checkpoint that tells its prompt. `base` is '' when nothing of the prompt before it is kept. */
export type PromptDelta = Pick<CheckpointRecord, 'base' | 'keep' | 'nodes' | 'tip'>;

/** The tip of a prompt that ends with `node`, from the tip of what stands before it: 64 hex digits. */
export function chainHash(previousTip: string, node: PromptNode): string {
  const { hash, tokens, number, pages, space, first, importance, pinned } = node;
  // A list in a fixed order: JSON then has one spelling for it in every engine.
  return sha256Hex(
    JSON.stringify([previousTip, hash, tokens, number, pages, space, first, importance, pinned]),
  );
}

/** The tip that names these nodes. One hash for each. */
export function tipOf(nodes: readonly PromptNode[]): string {
  let tip = '';
  for (const node of nodes) tip = chainHash(tip, node);
  return tip;
}

/**
 * One process's prompt as its last checkpoint, or its last model call, told it. Nodes are kept as copies, so that an entry that is changed in place
 * is seen to have changed.
 */
export class PromptChain {
  private readonly nodes: PromptNode[] = [];
  /** tips[i] names the first i + 1 nodes. */
  private readonly tips: string[] = [];

  /** `nodes`: the prompt of the checkpoint that the process is restored from. */
  constructor(nodes: readonly PromptNode[] = []) {
    this.push(nodes);
  }

  /** The tip of the last checkpoint's prompt; '' before the first. */
  get tip(): string {
    return this.tips.at(-1) ?? '';
  }

  /** The next checkpoint's prompt, told as what is new in it. Hashes only nodes behind the common start of the two prompts. */
  next(nodes: readonly PromptNode[]): PromptDelta {
    return this.nextFrom(0, nodes);
  }

  /** `next`, where the first `same` nodes are known to be those of before, and `nodes` are the ones behind them. */
  nextFrom(same: number, nodes: readonly PromptNode[]): PromptDelta {
    const shared = Math.min(nodes.length, this.nodes.length - same);
    let alike = 0;
    while (alike < shared && isSameNode(this.nodes[same + alike]!, nodes[alike]!)) alike++;
    const keep = same + alike;
    const base = keep === 0 ? '' : this.tip;
    this.replace(keep, nodes.slice(alike));
    return { base, keep, nodes: this.nodes.slice(keep), tip: this.tip };
  }

  /** The prompt is its first `keep` nodes and then these. */
  replace(keep: number, nodes: readonly PromptNode[]): void {
    this.nodes.length = keep;
    this.tips.length = keep;
    this.push(nodes);
  }

  get length(): number {
    return this.nodes.length;
  }

  at(index: number): PromptNode | undefined {
    return this.nodes[index];
  }

  private push(nodes: readonly PromptNode[]): void {
    let { tip } = this;
    for (const one of nodes) {
      const node = ownNode(one);
      tip = chainHash(tip, node);
      this.nodes.push(node);
      this.tips.push(tip);
    }
  }
}

/**
 * The whole prompt of the last of these checkpoints, which follow one another from one with an empty `base`. Throws
 * STORAGE_FAILED when a link is missing or when the nodes are not those that the last tip names.
 */
export function assemble(checkpoints: readonly PromptDelta[]): PromptNode[] {
  const prompt: PromptNode[] = [];
  let tip = '';
  for (const checkpoint of checkpoints) {
    const { base, keep } = checkpoint;
    const held = base === '' ? 0 : prompt.length;
    if (base !== '' && base !== tip)
      throw broken(`builds on ${base}, but the one before it ends in '${tip}'`);
    if (keep > held) throw broken(`keeps ${keep} nodes of the ${held} before it`);
    prompt.length = keep;
    for (const node of checkpoint.nodes) prompt.push(node);
    tip = checkpoint.tip;
  }
  const actual = tipOf(prompt);
  if (actual !== tip)
    throw broken(`names its prompt ${tip}, but its ${prompt.length} nodes have the tip '${actual}'`);
  return prompt;
}

function isSameNode(a: PromptNode, b: PromptNode): boolean {
  return (
    a.hash === b.hash &&
    a.tokens === b.tokens &&
    a.number === b.number &&
    a.pages === b.pages &&
    a.space === b.space &&
    a.first === b.first &&
    a.importance === b.importance &&
    a.pinned === b.pinned
  );
}

/** Exactly the fields that the hash covers. */
function ownNode({ hash, tokens, number, pages, space, first, importance, pinned }: PromptNode): PromptNode {
  return { hash, tokens, number, pages, space, first, importance, pinned };
}

function broken(why: string): KernelError {
  return new KernelError('STORAGE_FAILED', `checkpoint: ${why}`);
}
