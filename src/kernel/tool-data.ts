/** A tool as plain data: what a scenario, a recording and a live kernel say of it. The same data makes the same tool, so that what ran live can run again without it. */
import { fileKeys } from './file-keys.ts';
import type { Json } from './ids.ts';
import type { Effects } from './lock-table.ts';
import type { ToolCaller, ToolSpec } from './tools.ts';

/**
 * `reads` and `writes` are resource keys in which {field} stands for an argument and {pid}, {name}, {run} for the caller; both absent, and no `files`:
 * unknown effects, an exclusive write on the tool's server. One that has the name of a built-in tool (calculator, search) takes its place.
 */
export interface ToolData {
  readonly name: string;
  readonly description?: string;
  /** JSON Schema of the arguments; default: any object. */
  readonly parameters?: Json;
  readonly reads?: readonly string[];
  readonly writes?: readonly string[];
  /** It touches the file or folder of its argument `path`, default `.`, in this root: an absolute path without links. Not beside `reads` and `writes`. */
  readonly files?: { readonly root: string; readonly access: 'read' | 'write' };
  readonly server?: string;
  readonly timeoutUs?: number;
  readonly retries?: number;
  readonly retryWaitUs?: number;
  readonly idempotent?: boolean;
  readonly concurrency?: number;
  /** `writes`: of the calls that write something. */
  readonly approval?: boolean | 'writes';
  /** Each call is a question to a person; beside it nothing is said of effects, server, time, repeats, number or approval. */
  readonly asksPerson?: boolean;
}

export function toolSpecOf(data: ToolData): ToolSpec {
  const { reads: _reads, writes: _writes, files: _files, parameters, description, approval, ...rest } = data;
  const effects = effectsOf(data);
  return {
    ...rest,
    description: description ?? data.name,
    parameters: parameters ?? { type: 'object' },
    ...(approval === undefined ? {} : { approval: approval === 'writes' ? doesWrite : approval }),
    ...(effects === undefined ? {} : { effects }),
  };
}

const doesWrite = (_args: Json, { writes }: Effects): boolean => writes.length > 0;

function effectsOf({ reads, writes, files }: ToolData): ToolSpec['effects'] {
  if (files !== undefined) {
    const { root, access } = files;
    return (args) => fileEffects(root, access, pathOf(args));
  }
  if (reads === undefined && writes === undefined) return undefined;
  const [readKeys, writeKeys] = [(reads ?? []).map(keyTemplate), (writes ?? []).map(keyTemplate)];
  return (args, caller) => ({
    reads: readKeys.map((key) => key(args, caller)),
    writes: writeKeys.map((key) => key(args, caller)),
  });
}

/** What a file tool is asked for. */
export function pathOf(args: Json): string {
  const { path } = args as { readonly path?: string };
  return path ?? '.';
}

/** Reading a file reads its own key; writing it writes its key and those of all folders above, which whoever lists or searches them reads. */
function fileEffects(root: string, access: 'read' | 'write', path: string): Effects {
  const keys = fileKeys(root, path);
  return access === 'write' ? { reads: [], writes: keys } : { reads: keys.slice(-1), writes: [] };
}

/** A resource key with its fields filled in. */
function keyTemplate(template: string): (args: Json, caller: ToolCaller) => string {
  // Texts, and between every two of them the name of a field.
  const parts = template.split(/\{(\w+)\}/g);
  return (args, caller) => {
    let key = parts[0]!;
    for (let index = 1; index < parts.length; index += 2)
      key += spelled(parts[index]!, args, caller) + parts[index + 1]!;
    return key;
  };
}

/** What the caller is goes before an argument of that name. */
function spelled(field: string, args: Json, caller: ToolCaller): string {
  if (field === 'pid' || field === 'name' || field === 'run') return String(caller[field]);
  const value = Object.hasOwn(args as object, field) ? (args as Record<string, Json>)[field] : undefined;
  return typeof value === 'string' ? value : JSON.stringify(value ?? null);
}
