/** The tools that processes may call: what each takes, what it touches, and how often and how long it may run. */
import { assert } from '../base/assert.ts';
import { isRecord } from './budget-limits.ts';
import { invalid, messageOf } from './errors.ts';
import type { Json, Pid } from './ids.ts';
import { checkKnownFields } from './known-fields.ts';
import type { Effects } from './lock-table.ts';
import { compileSchema } from './schema/compile.ts';
import { problemOf } from './schema/problem.ts';
import type { ArgumentSchema } from './schema/types.ts';

/** The process that makes a call. */
export interface ToolCaller {
  readonly pid: Pid;
  readonly name: string;
  readonly run: string;
}

/** A tool as its author states it. */
export interface ToolSpec {
  /** 1 to 128 letters, digits, `_`, `.` and `-`; unique. */
  readonly name: string;
  readonly description: string;
  /** JSON Schema of the arguments: an object schema (`"type": "object"`). */
  readonly parameters: Json;
  /**
   * The resources that a call with these arguments reads and writes; must depend on nothing else. Absent: unknown, hence an
   * exclusive write on `server`, or on the tool's own name when it has no server.
   */
  readonly effects?: (args: Json, caller: ToolCaller) => Effects;
  /** Name of the server that offers the tool. */
  readonly server?: string;
  /** Longest wait for a result, µs; 1 to 7 days. */
  readonly timeoutUs?: number;
  /** Repeats after a failure, 0 to 10; only for a tool whose repeat is harmless. */
  readonly retries?: number;
  /** Wait before the first repeat, µs, 0 to 1 hour; each further wait is twice the one before. */
  readonly retryWaitUs?: number;
  /** Calls with the same key (`ToolStart.subRun`) act once: after a crash, one of which nobody knows whether it acted is started again. Default: false. */
  readonly idempotent?: boolean;
  /** At most this many calls at once over all processes, 1 to 1,000,000; absent: no limit. */
  readonly concurrency?: number;
  /** Whether a person must approve a call: each, none, or those of which this says so; must depend on nothing else. One that throws, or says neither, needs approval. */
  readonly approval?: boolean | ((args: Json, effects: Effects) => boolean);
  /**
   * A person is the tool: each call is a question that waits until somebody answers it, its arguments are what is asked, the answer is its result. It touches nothing, so `effects`, `server`
   * and what concerns time, repeats, number and approval of calls are not given with it. Default: false.
   */
  readonly asksPerson?: boolean;
}

/** A tool with its defaults filled in. `concurrency` is Infinity when there is no limit. */
export interface RegisteredTool extends Required<Omit<ToolSpec, 'effects' | 'server'>> {
  readonly effects: ToolSpec['effects'] | undefined;
  readonly server: string | undefined;
}

/** A result within 15 s (the source system's); no repeats, which would wait 1, 2, 4 s …; no limit of calls at once. */
export const toolDefaults = {
  timeoutUs: 15_000_000,
  retries: 0,
  retryWaitUs: 1_000_000,
  idempotent: false,
  concurrency: Infinity,
  approval: false,
  asksPerson: false,
} as const;

const toolFields = Object.keys({
  name: true,
  description: true,
  parameters: true,
  effects: true,
  server: true,
  timeoutUs: true,
  retries: true,
  retryWaitUs: true,
  idempotent: true,
  concurrency: true,
  approval: true,
  asksPerson: true,
} satisfies Record<keyof ToolSpec, true>);

/** Without meaning for a question to a person. */
const notAsked = [
  'effects',
  'server',
  'timeoutUs',
  'retries',
  'retryWaitUs',
  'idempotent',
  'concurrency',
  'approval',
] as const satisfies readonly (keyof ToolSpec)[];

export class ToolRegistry {
  readonly #tools = new Map<string, RegisteredTool>();
  readonly #schemas = new Map<RegisteredTool, ArgumentSchema>();

  /** Throws as `register` does; then there is no registry. */
  constructor(specs: readonly ToolSpec[] = []) {
    // Many tools may share one schema, which cannot change between them.
    const compiled = new Map<Json, ArgumentSchema>();
    for (const spec of specs) this.#add(spec, compiled);
  }

  /** Throws KernelError INVALID_ARGUMENT for a name taken or not allowed, a schema that is none (with the path to it), a number out of range. */
  register(spec: ToolSpec): void {
    this.#add(spec, new Map());
  }

  #add(spec: ToolSpec, compiled: Map<Json, ArgumentSchema>): void {
    if (!isRecord(spec)) throw invalid('tool', spec, '{ name, description, parameters, … }');
    const { name, parameters } = spec;
    if (typeof name !== 'string' || !/^[a-zA-Z0-9_.-]{1,128}$/.test(name)) {
      throw invalid('tool.name', name, '1 to 128 letters, digits, "_", "." and "-"');
    }
    if (this.#tools.has(name)) throw invalid('tool.name', name, 'a name that is not registered yet');
    checkKnownFields(`tool ${name}: `, spec, toolFields);
    const tool: RegisteredTool = {
      ...toolDefaults,
      ...given(spec),
      effects: spec.effects,
      server: spec.server,
    };
    checkFields(tool);
    const field = tool.asksPerson ? notAsked.find((one) => spec[one] !== undefined) : undefined;
    if (field !== undefined)
      throw invalid(`tool ${name}: ${field}`, spec[field], 'none, as each call asks a person');
    const path = `tool ${name}: parameters`;
    let schema = compiled.get(parameters);
    if (schema === undefined) compiled.set(parameters, (schema = compileSchema(parameters, path)));
    const type = (parameters as { readonly type?: Json }).type;
    if (type !== 'object') throw invalid(`${path}.type`, type, '"object"');
    this.#tools.set(name, tool);
    this.#schemas.set(tool, schema);
  }

  get(name: string): RegisteredTool | undefined {
    return this.#tools.get(name);
  }

  /** In the order of registration. */
  names(): readonly string[] {
    return [...this.#tools.keys()];
  }

  /** Undefined when the arguments fit the tool's schema, else one line that names the field, the value and what is allowed. */
  check(tool: RegisteredTool, args: Json): string | undefined {
    const schema = this.#schemas.get(tool);
    assert(schema !== undefined, () => `tool ${tool.name} is not of this registry`);
    return problemOf(schema, args);
  }

  /** What a call touches; its arguments have been checked. A string: the tool's author erred, in one line. */
  effectsOf(tool: RegisteredTool, args: Json, caller: ToolCaller): Effects | string {
    if (tool.asksPerson) return { reads: [], writes: [] };
    if (tool.effects === undefined) return { reads: [], writes: [tool.server ?? tool.name] };
    let effects: Effects;
    try {
      effects = tool.effects(args, caller);
    } catch (error) {
      return `effects of tool ${tool.name} failed: ${messageOf(error)}`;
    }
    for (const field of ['reads', 'writes'] as const)
      if (!isKeys(effects?.[field]))
        return `effects of tool ${tool.name}: ${field} must be a list of resource names`;
    return { reads: effects.reads, writes: effects.writes };
  }
}

/** Without the fields that are undefined, which must not hide a default. */
function given(spec: ToolSpec): ToolSpec {
  return Object.fromEntries(
    Object.entries(spec).filter(([, value]) => value !== undefined),
  ) as unknown as ToolSpec;
}

/** Whether a person must approve this call; when the tool's author erred, one must. */
export function needsApproval({ approval }: RegisteredTool, args: Json, effects: Effects): boolean {
  if (typeof approval === 'boolean') return approval;
  try {
    const answer: unknown = approval(args, effects);
    return answer !== false;
  } catch {
    return true;
  }
}

const DAY_US = 86_400_000_000;

function checkFields(tool: RegisteredTool): void {
  const { name, concurrency } = tool;
  const demand = (field: keyof RegisteredTool, isAllowed: boolean, allowed: string): void => {
    if (!isAllowed) throw invalid(`tool ${name}: ${field}`, tool[field], allowed);
  };
  const isIn = (value: unknown, min: number, max: number): boolean =>
    Number.isInteger(value) && (value as number) >= min && (value as number) <= max;
  demand('description', typeof tool.description === 'string', 'text');
  demand(
    'effects',
    tool.effects === undefined || typeof tool.effects === 'function',
    'a function of the arguments',
  );
  const isServer = tool.server === undefined || (typeof tool.server === 'string' && tool.server !== '');
  demand('server', isServer, 'a name that is not empty');
  demand('timeoutUs', isIn(tool.timeoutUs, 1, 7 * DAY_US), `an integer from 1 to ${7 * DAY_US}`);
  demand('retries', isIn(tool.retries, 0, 10), 'an integer from 0 to 10');
  demand('retryWaitUs', isIn(tool.retryWaitUs, 0, DAY_US / 24), `an integer from 0 to ${DAY_US / 24}`);
  demand(
    'concurrency',
    concurrency === Infinity || isIn(concurrency, 1, 1_000_000),
    'an integer from 1 to 1000000',
  );
  const isRule = typeof tool.approval === 'boolean' || typeof tool.approval === 'function';
  demand('approval', isRule, 'true, false, or a function of the arguments and effects');
  demand('idempotent', typeof tool.idempotent === 'boolean', 'true or false');
  demand('asksPerson', typeof tool.asksPerson === 'boolean', 'true or false');
}

function isKeys(keys: unknown): boolean {
  return Array.isArray(keys) && keys.every((key) => typeof key === 'string' && key !== '');
}
