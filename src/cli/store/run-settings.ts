/** What is kept with a run so that its world can be built again: models, tools, limits, budget. Never a secret: a key is named by its variable, and a word that may be one is left out. */
import type { McpServer } from '../../adapters/tools/mcp-server-link.ts';
import { askPersonTool } from '../../agents/tools/ask-person.ts';
import { isRecord } from '../../kernel/budget-limits.ts';
import { KernelError, shown } from '../../kernel/errors.ts';
import type { Json } from '../../kernel/ids.ts';
import type { LiveSpec } from '../../sim/live-spec.ts';
import type { ApprovalMode } from '../live/approval.ts';
import type { AgentLimits } from '../live/config-file.ts';
import type { LiveModel, Models } from '../live/model-choice.ts';
import { bareUrl, secretWords } from '../live/secret-words.ts';
import type { LiveSettings } from '../live/settings.ts';

const settingsVersion = 1;

/** A type, as it is JSON. */
export type RunSettings = {
  readonly v: number;
  /** Version of the program that started it. */
  readonly ringzero: string;
  /** What the kernel is built from. */
  readonly spec: LiveSpec;
  /** Whom agents ask, and other chains by the complexity of a task. */
  readonly chain: Models['chain'];
  readonly routes: Models['routes'];
  /** In the order of the engines. */
  readonly models: readonly StoredModel[];
  readonly system?: string;
  /** The tools that agents are offered. */
  readonly tools: readonly string[];
  readonly mcp: readonly StoredServer[];
  /** Of the file tools, absolute; absent: there are none. */
  readonly root?: string;
  readonly hosts: readonly string[];
  /** The folder in which commands run; absent: none may. */
  readonly shell?: string;
  readonly approve: ApprovalMode;
  readonly budget: LiveSettings['budget'];
  readonly agent: Partial<AgentLimits>;
  /** Scopes of the memories that agents are told of. */
  readonly memories: readonly string[];
  /** Names of the rules of redaction that somebody has told. What they match is not kept: it may be a secret. */
  readonly redactions: readonly string[];
};

export type StoredModel = {
  /** That of its engine, by which histories name it. */
  readonly name: string;
  /** The model that a fork has put behind it, as somebody named it; absent: the one of that name. */
  readonly asks?: string;
  /** Nobody knows what it costs: the prices of its engine are none. */
  readonly isUnpriced?: true;
  /** Absent: the scripted one. */
  readonly endpoint?: {
    /** Without a query, which may hold a key. */
    readonly url: string;
    readonly isCut: boolean;
    readonly model: string;
    /** The variable of the environment that holds the key; absent: it needs none. */
    readonly keyVariable?: string;
  };
};

/** A word is null where it may be a secret; `env` names variables of the environment. */
export type StoredServer =
  | {
      readonly name: string;
      readonly command: string;
      readonly args: readonly (string | null)[];
      readonly env: readonly string[];
    }
  | { readonly name: string; readonly url: string; readonly isCut: boolean };

/** `models`: in the order of the engines; `tools`: those that agents are offered. */
export function runSettings(
  {
    models: { chain, routes },
    system,
    memories,
    mcp,
    root,
    shell,
    hosts,
    approve,
    budget,
    agent,
    redactionRules,
  }: LiveSettings,
  {
    spec: { ledger: _ledger, ...spec },
    models,
    tools,
    ringzero,
  }: {
    readonly spec: LiveSpec;
    readonly models: readonly LiveModel[];
    readonly tools: readonly string[];
    readonly ringzero: string;
  },
): RunSettings {
  return {
    v: settingsVersion,
    ringzero,
    spec,
    chain,
    routes,
    models: models.map(storedModel),
    ...(system === undefined ? {} : { system }),
    tools,
    mcp: mcp.map((server) => storedServer(server, secretsOf(mcp, models))),
    ...(root === undefined ? {} : { root }),
    hosts,
    ...(shell === undefined ? {} : { shell }),
    approve,
    budget,
    agent,
    memories: memories.scopes,
    redactions: redactionRules,
  };
}

/** Throws KernelError STORAGE_FAILED for settings that are none of this version; `run` is named. */
export function checkRunSettings(run: string, settings: Json | undefined): RunSettings {
  const v = isRecord(settings) ? settings['v'] : undefined;
  if (v === settingsVersion) return settings as unknown as RunSettings;
  throw new KernelError(
    'STORAGE_FAILED',
    v === undefined
      ? `run ${run}: nobody has kept how it was started; only a run of ringzero run can go on`
      : `run ${run}: its settings are of version ${shown(v)}; allowed: ${settingsVersion}, that of this ringzero`,
  );
}

/** Whether its agents may ask a person. */
export function asksPerson({ tools }: Pick<RunSettings, 'tools'>): boolean {
  return tools.includes(askPersonTool.name);
}

/** The model behind an engine: of another name where a fork has put it there. */
export function shownModel({ models }: Pick<RunSettings, 'models'>, engine: string): string {
  const found = models.find(({ name }) => name === engine);
  return found === undefined ? engine : (found.asks ?? found.name);
}

export function storedModel({ name, endpoint, keyVariable, prices }: LiveModel): StoredModel {
  if (endpoint === undefined) return { name };
  const url = bareUrl(endpoint.url);
  const { model } = endpoint;
  return {
    name,
    ...(prices === undefined ? { isUnpriced: true } : {}),
    endpoint: {
      url,
      isCut: url !== endpoint.url,
      model,
      ...(keyVariable === undefined ? {} : { keyVariable }),
    },
  };
}

/** What the world is told of secrets: the keys of its models, and what variables hand on to servers. */
function secretsOf(servers: readonly McpServer[], models: readonly LiveModel[]): ReadonlySet<string> {
  const keys = models.flatMap(({ endpoint }) => (endpoint?.key === undefined ? [] : [endpoint.key]));
  const values = servers.flatMap((server) => ('url' in server ? [] : Object.values(server.env ?? {})));
  return new Set([...keys, ...values].filter((secret) => secret !== ''));
}

function storedServer(server: McpServer, secrets: ReadonlySet<string>): StoredServer {
  const { name } = server;
  if ('url' in server) {
    const url = bareUrl(server.url);
    return { name, url, isCut: url !== server.url };
  }
  const { command, args = [], env = {} } = server;
  const areSecret = secretWords(args);
  return {
    name,
    command,
    args: args.map((word, index) => (areSecret[index] === true || secrets.has(word) ? null : word)),
    env: Object.keys(env),
  };
}
