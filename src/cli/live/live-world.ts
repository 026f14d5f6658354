/** The world of live agents on the command line: a kernel with its model, its tools, and whoever watches. */
import { SystemClock } from '../../adapters/clock/system-clock.ts';
import { openAiCompatible } from '../../adapters/models/openai-compatible.ts';
import { loadTokenizer } from '../../adapters/models/tokenizer.ts';
import { LiveTools, pureTool, type LiveTool } from '../../adapters/tools/live-tool.ts';
import { responseCache } from '../../agents/loop/response-cache.ts';
import { askPersonTool } from '../../agents/tools/ask-person.ts';
import { LiveKernel } from '../../host/live-kernel.ts';
import { OpenQuestions } from '../../host/open-questions.ts';
import { redactedModel, redactedTools } from '../../host/redacted-ports.ts';
import type { Clock, ModelPort } from '../../host/ports.ts';
import { simulatedPort } from '../../host/simulated-port.ts';
import { estimateTokens } from '../../kernel/estimate.ts';
import type { BudgetLimit, BudgetNodeSpec } from '../../kernel/budget-limits.ts';
import { KernelError } from '../../kernel/errors.ts';
import type { Json, Pid } from '../../kernel/ids.ts';
import type { LedgerRecord } from '../../kernel/records.ts';
import type { StorageManager } from '../../kernel/storage.ts';
import type { Remember } from '../../kernel/syscalls.ts';
import { ToolRegistry } from '../../kernel/tools.ts';
import { liveKernelOptions, liveProgramNames, type LiveSpec } from '../../sim/live-spec.ts';
import { LiveRecorder } from '../../sim/recording.ts';
import { simulationDefaults } from '../../sim/spec.ts';
import { LineFile } from '../line-file.ts';
import { packageVersion } from '../package-version.ts';
import { runSettings, type RunSettings } from '../store/run-settings.ts';
import { agentArguments, type AgentArguments } from './agent-arguments.ts';
import { mayNeedYes, withApproval } from './approval.ts';
import { chosenTools, namedApart, openLinks, ownTools } from './live-tools.ts';
import { storageLine, watchedModel, watchedTools, type LiveWatcher } from './live-watcher.ts';
import { modelsNamedBy, type LiveModel } from './model-choice.ts';
import { scriptedAnswers } from './scripted-answers.ts';
import type { LiveSettings } from './settings.ts';
import { UsageMeter } from './usage-meter.ts';
import { WorldTelemetry } from './world-telemetry.ts';

export type { LiveWatcher } from './live-watcher.ts';

export interface LiveWorld {
  readonly live: LiveKernel;
  readonly questions: OpenQuestions;
  readonly usage: UsageMeter;
  readonly clock: Clock;
  readonly telemetry: WorldTelemetry;
  /** All tools by name, those of MCP servers among them. */
  readonly registry: ToolRegistry;
  /** Those that agents may ask. */
  readonly models: readonly LiveModel[];
  /** The tools that agents are offered. */
  readonly tools: readonly string[];
  /** Of these, whose calls may need a person's yes. */
  readonly needYes: readonly string[];
  /** What is kept with a run that starts here. */
  readonly settings: RunSettings;
  /** What an agent is given here, with what is said of it alone; but for its task. Throws KernelError INVALID_ARGUMENT. */
  agent(own?: Readonly<Record<string, Json>>): AgentArguments;
  /** Stops everything that still runs. `isHurried`: MCP servers are not asked to go, but made to. */
  close(how?: { readonly isHurried: boolean }): Promise<void>;
}

/** The budget node of all agents. */
export const budgetName = 'run';
/** Calls of one model at once. */
const cores = 8;
/** Before each word of the scripted one, µs, where somebody looks on. */
const wordUs = 15_000;

export interface LiveWorldOptions {
  readonly seed: number;
  /** Somebody looks on. */
  readonly isWatched: boolean;
  /** Agents may ask a person. */
  readonly asksPerson: boolean;
  readonly watcher: LiveWatcher;
  /** The caller closes it, behind the world. */
  readonly storage: StorageManager;
  /** The run that goes on here, as it was started: its kernel is built anew, but for its limits and the tools as they are now. */
  readonly goesOn?: Continued;
  /** Models that agents may be told to ask, beside those of the settings. */
  readonly moreModels?: readonly string[];
  /** The file that all inputs are kept in, which checkOutputs has allowed. */
  readonly record?: string | undefined;
  /** Each line of its recording, as JSON, until the world is closed. */
  readonly onRecorded?: ((line: string) => void) | undefined;
  /** Its figures are read; default false. */
  readonly hasFigures?: boolean;
  /** Runs that are not over when it is closed may go on in another one; default false. */
  readonly isKept?: boolean;
}

interface Continued {
  readonly run: string;
  readonly settings: RunSettings;
  readonly ledger: readonly LedgerRecord[];
}

/** Starts the MCP servers. Throws KernelError INVALID_ARGUMENT for whatever of the settings cannot be. */
export async function openLiveWorld(
  settings: LiveSettings,
  {
    seed,
    isWatched,
    asksPerson,
    watcher,
    storage,
    goesOn,
    moreModels = [],
    record,
    onRecorded,
    hasFigures = false,
    isKept = false,
  }: LiveWorldOptions,
): Promise<LiveWorld> {
  const clock = new SystemClock();
  const models = modelsOf(settings, moreModels);
  // Built before any server is started: each says what is wrong with its endpoint.
  const ports = models.map((model) => modelPort(model, clock, isWatched));
  const own = [...(await ownTools(settings, clock)), ...(asksPerson ? [{ spec: askPersonTool }] : [])];
  // Before any server is started: without one all names are known.
  if (settings.mcp.length === 0) chosenTools(settings, own, goesOn?.run);
  const links = await openLinks(settings.mcp, (line) => watcher.onNotice?.(line));
  try {
    const found = namedApart([...own, ...links.flatMap((link) => link.tools)]);
    const tools = chosenTools(settings, found, goesOn?.run).map((tool) => ({
      ...tool,
      spec: withApproval(tool.spec, settings.approve),
    }));
    const offered = tools.map(({ spec }) => spec.name);
    const all = [...tools, pureTool(responseCache())];
    agentArguments(settings, offered);
    const spec = specOf(settings, { seed, models, tools: all, goesOn });
    const recording =
      record === undefined && onRecorded === undefined ? undefined : openRecording(spec, record, onRecorded);
    const usage = new UsageMeter(
      models.map(({ name }) => name),
      cores,
    );
    const questions = new OpenQuestions();
    const toolPort = new LiveTools(all);
    // Most servers count themselves: the vocabulary is loaded for the first answer of one that doesn't.
    let counter = estimateTokens;
    const needCounter = async (): Promise<void> => {
      counter = await loadTokenizer();
    };
    await remember(storage, settings.memories.given, clock.nowUs());
    const { redactor } = settings;
    const telemetry = await WorldTelemetry.open({
      settings: settings.telemetry,
      hasFigures,
      isKept,
      models,
      clock,
      redactor,
      onNotice: (line) => watcher.onNotice?.(line),
    });
    const live = new LiveKernel({
      kernel: liveKernelOptions(spec),
      clock,
      models: Object.fromEntries(
        models.map(({ name }, index) => [
          name,
          telemetry.model(watchedModel(redactedModel(ports[index]!, redactor), watcher, needCounter)),
        ]),
      ),
      tools: watchedTools(redactedTools(toolPort, redactor), watcher),
      people: questions,
      redactor,
      storage,
      onStorage(news) {
        telemetry.storage(news);
        watcher.onNotice?.(storageLine(news));
      },
      countTokens: (text) => counter(text),
      onInput(input) {
        recording?.onInput(input);
        const isRecall = input.type === 'storage.done' && Array.isArray(input.value);
        if (isRecall && input.value.length > 0) watcher.onRecall?.(input.value.length);
      },
      onEvent(event) {
        recording?.onEvent(event);
        usage.onEvent(event);
        watcher.onEvent?.(event);
        if (event.type === 'process.migrated') watcher.onModel?.(event.pid, models[event.to]!.name);
      },
    });
    live.answers.watch((delta) => watcher.onDelta?.(delta));
    telemetry.watch(live);
    return {
      live,
      questions,
      usage,
      clock,
      telemetry,
      registry: new ToolRegistry(toolPort.specs),
      models,
      tools: offered,
      needYes: tools.flatMap(({ spec: tool }) => (mayNeedYes(tool) ? [tool.name] : [])),
      settings: runSettings(settings, { spec, models, tools: offered, ringzero: packageVersion() }),
      agent: (told) => agentArguments(settings, offered, told),
      async close(how) {
        live.close();
        recording?.end();
        await Promise.all([...links.map((link) => link.close(how)), telemetry.close()]);
      },
    };
  } catch (error) {
    await Promise.all(links.map((link) => link.close()));
    throw error;
  }
}

/** Agents begin when all of it is there. What the storage has already it has once. */
async function remember(storage: StorageManager, memories: readonly Remember[], atUs: number): Promise<void> {
  const stored = memories.map((one, index) => {
    const { kind: _, ...memory } = one;
    const identity = { run: memory.scope, branch: 'main', pid: 1 as Pid, n: index + 1, index: 0 };
    return storage.remember({ identity, ...memory, atUs });
  });
  await Promise.all(stored);
}

interface Recording extends Pick<LiveRecorder, 'onInput' | 'onEvent'> {
  end(): void;
}

function openRecording(
  spec: LiveSpec,
  path: string | undefined,
  onRecorded: ((line: string) => void) | undefined,
): Recording {
  const file = path === undefined ? undefined : new LineFile('--record', path);
  const recorder = new LiveRecorder({ ringzero: packageVersion(), spec }, (line) => {
    file?.write(line);
    onRecorded?.(line);
  });
  const { onInput, onEvent } = recorder;
  return {
    onInput,
    onEvent,
    end() {
      recorder.end();
      file?.close();
    },
  };
}

// ---- The kernel -----------------------------------------------------------------------------------------------------------

/** The first is the one that agents ask if nothing else is said. Throws KernelError INVALID_ARGUMENT: one has no endpoint, or no price where money is limited. */
function modelsOf({ models, agent, budget }: LiveSettings, more: readonly string[]): readonly LiveModel[] {
  const { chain, routes } = models;
  const asked = modelsNamedBy({ ...agent, models: chain, routes });
  const all = [...new Set([...asked, ...more])].map((name) => models.model(name));
  const unpriced = all.find(({ prices }) => prices === undefined);
  if (budget.usd !== undefined && unpriced !== undefined)
    throw new KernelError(
      'INVALID_ARGUMENT',
      `--budget-usd: means nothing without a price, and none is known of model "${unpriced.name}"; allowed: with its price in a file (--prices FILE), or --budget-tokens`,
    );
  return all;
}

/** What the kernel is built from, here and when a recording is repeated: an engine for each model. */
function specOf(
  { budget }: LiveSettings,
  {
    seed,
    models,
    tools,
    goesOn,
  }: {
    readonly seed: number;
    readonly models: readonly LiveModel[];
    readonly tools: readonly LiveTool[];
    readonly goesOn: Continued | undefined;
  },
): LiveSpec {
  const made = { budgets: [budgetNode(budget)], tools: tools.map(({ spec }) => spec) };
  if (goesOn !== undefined) return { ...goesOn.settings.spec, ...made, ledger: goesOn.ledger };
  return {
    ...simulationDefaults,
    ...made,
    kind: 'live',
    seed,
    oversize: 'estimate',
    engines: models.map(({ name, prices, windowTokens }) => ({
      name,
      cores,
      // An estimate of what the server has in its cache, which never keeps a call waiting.
      memoryTokens: 'endless',
      ...(windowTokens === undefined ? {} : { windowTokens }),
      preemption: 'none',
      prices: prices ?? { input: 0, cachedInput: 0, output: 0 },
    })),
    programs: liveProgramNames,
  };
}

export function budgetNode({ tokens, usd }: LiveSettings['budget'], name = budgetName): BudgetNodeSpec {
  const window = { kind: 'total' } as const;
  const limits: BudgetLimit[] = [];
  if (tokens !== undefined) limits.push({ resource: 'tokens', amount: tokens, window });
  if (usd !== undefined)
    limits.push({ resource: 'microDollars', amount: Math.round(usd * 1_000_000), window });
  return { name, limits };
}

function modelPort({ endpoint }: LiveModel, clock: Clock, isWatched: boolean): ModelPort {
  return endpoint === undefined
    ? simulatedPort({ model: scriptedAnswers, clock, wordUs: isWatched ? wordUs : 0 })
    : openAiCompatible(endpoint);
}
