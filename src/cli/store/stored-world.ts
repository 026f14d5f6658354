/** The settings of a run that goes on: as it was started with, the keys from the environment, and what somebody says anew. */
import { modelVariables } from '../../adapters/models/openai-compatible.ts';
import type { McpServer } from '../../adapters/tools/mcp-server-link.ts';
import { KernelError } from '../../kernel/errors.ts';
import type { Json } from '../../kernel/ids.ts';
import type { Io } from '../command.ts';
import type { ApprovalMode } from '../live/approval.ts';
import { readConfig, type ConfigFile } from '../live/config-file.ts';
import { distinctNames, serverOfCommand } from '../live/mcp-servers.ts';
import { scriptedModel, type LiveModel, type Models } from '../live/model-choice.ts';
import { bareUrl } from '../live/secret-words.ts';
import type { LiveSettings } from '../live/settings.ts';
import { telemetrySettings, type TelemetryFlags } from '../live/world-telemetry.ts';
import type { RunSettings, StoredModel, StoredServer } from './run-settings.ts';
import { storedRedaction } from './stored-redaction.ts';

export interface ResumeFlags extends TelemetryFlags {
  readonly config?: string;
  readonly modelUrl?: string;
  readonly redact?: readonly string[];
  readonly mcp: readonly string[];
  readonly approve?: ApprovalMode;
  readonly budgetTokens?: number;
  readonly budgetUsd?: number;
}

/** Throws KernelError INVALID_ARGUMENT for what is kept nowhere and said nowhere: a variable that is not set, a word that may be a secret. */
export function settingsOf(run: string, stored: RunSettings, flags: ResumeFlags, io: Io): LiveSettings {
  const here = new Here(run, flags, io);
  const redaction = storedRedaction(run, stored as unknown as Json, flags, io);
  const tokens = flags.budgetTokens ?? stored.budget.tokens;
  const usd = flags.budgetUsd ?? stored.budget.usd;
  return {
    config: undefined,
    models: storedModels(stored, here),
    furtherModels: stored.models.map(({ name }) => name),
    system: stored.system,
    memories: { scopes: stored.memories, given: [] },
    tools: stored.tools,
    mcp: stored.mcp.map((server) => here.server(server)),
    root: stored.root,
    hosts: stored.hosts,
    shell: stored.shell,
    approve: flags.approve ?? stored.approve,
    budget: { ...(tokens === undefined ? {} : { tokens }), ...(usd === undefined ? {} : { usd }) },
    agent: stored.agent,
    redactor: redaction.redactor,
    redactionRules: redaction.rules,
    telemetry: telemetrySettings(flags, io),
  };
}

function storedModels({ chain, routes, models, spec }: RunSettings, here: Here): Models {
  const made = new Map(
    models.map((model, index): [string, LiveModel] => {
      const { prices, windowTokens } = spec.engines[index] ?? {};
      const { endpoint } = model;
      if (endpoint === undefined) return [model.name, { ...scriptedModel, name: model.name }];
      const { keyVariable } = endpoint;
      return [
        model.name,
        {
          name: model.name,
          endpoint: { ...here.endpoint(model.asks ?? model.name, endpoint), alias: model.name },
          keyVariable,
          prices: model.isUnpriced === true ? undefined : prices,
          windowTokens,
        },
      ];
    }),
  );
  return { chain, routes, model: (name) => made.get(name)! };
}

/** What flags, environment and the file of settings say now, each read only where something is missing. */
class Here {
  private readonly run: string;
  private readonly flags: ResumeFlags;
  private readonly io: Io;
  private read: { readonly config: ConfigFile } | undefined;

  constructor(run: string, flags: ResumeFlags, io: Io) {
    this.run = run;
    this.flags = flags;
    this.io = io;
  }

  endpoint(name: string, stored: StoredModel['endpoint'] & {}): LiveModel['endpoint'] & {} {
    const { keyVariable, model } = stored;
    const isOwn = keyVariable !== modelVariables.key;
    const key = keyVariable === undefined ? undefined : this.io.environment[keyVariable]?.trim();
    const told = isOwn ? undefined : this.flags.modelUrl;
    return {
      url: told ?? this.url(name, stored, key !== undefined && key !== ''),
      model,
      alias: name,
      ...(key === undefined || key === '' ? {} : { key }),
      ...(isOwn ? { keyPlace: keyVariable ?? `models.${name}.keyVariable` } : {}),
    };
  }

  /** The one that was kept, with the query that was not. A key goes to the endpoint that it was given for, and to no other. */
  private url(
    name: string,
    { url, isCut, keyVariable }: StoredModel['endpoint'] & {},
    hasKey: boolean,
  ): string {
    const { environment } = this.io;
    const now =
      keyVariable === modelVariables.key
        ? (environment[modelVariables.url]?.trim() ?? (isCut || hasKey ? this.config.model?.url : undefined))
        : isCut
          ? this.config.models?.[name]?.url
          : undefined;
    if (now !== undefined && bareUrl(now) === url) return now;
    if (!isCut && !(hasKey && now !== undefined)) return url;
    throw this.problem(
      isCut
        ? `of the URL of model ${name}, ${url}, the query is not kept: it may be a secret; allowed: the whole URL as --model-url or in ${modelVariables.url}`
        : `model ${name} is asked at ${url}, and ${modelVariables.key} is for ${bareUrl(now!)}; allowed: --model-url with the one that is meant`,
    );
  }

  server(stored: StoredServer): McpServer {
    const { name } = stored;
    const told = distinctNames(this.flags.mcp.map((text) => serverOfCommand('--mcp', text))).find(
      (server) => server.name === name,
    );
    if (told !== undefined) return told;
    if ('url' in stored) {
      if (!stored.isCut) return { name, url: stored.url };
      const known = this.configured(name);
      if (known !== undefined && 'url' in known && bareUrl(known.url) === stored.url) return known;
      throw this.lacking(name, 'the query of its URL');
    }
    const { command, env } = stored;
    const handedOn = Object.fromEntries(env.map((variable) => [variable, this.variable(name, variable)]));
    if (stored.args.every((word) => word !== null))
      return { name, command, args: stored.args, env: handedOn };
    const known = this.configured(name);
    if (known !== undefined && !('url' in known) && isLike(known.args ?? [], stored.args))
      return { ...known, env: handedOn };
    throw this.lacking(name, 'a word of its command');
  }

  private variable(server: string, variable: string): string {
    const value = this.io.environment[variable];
    if (value === undefined)
      throw this.problem(`MCP server ${server} gets the variable ${variable}, which is not set`);
    return value;
  }

  private configured(name: string): McpServer | undefined {
    return this.config.mcp?.find((server) => server.name === name);
  }

  private get config(): ConfigFile {
    const { folder, environment } = this.io;
    this.read ??= { config: readConfig(folder, this.flags.config, environment)?.config ?? {} };
    return this.read.config;
  }

  private lacking(server: string, what: string): KernelError {
    return this.problem(
      `of MCP server ${server}, ${what} is not kept: it may be a secret; allowed: the whole of it as --mcp, or as an entry of ringzero.json`,
    );
  }

  private problem(text: string): KernelError {
    return new KernelError('INVALID_ARGUMENT', `run ${this.run}: ${text}`);
  }
}

/** What was kept of the words is as it was. */
function isLike(words: readonly string[], kept: readonly (string | null)[]): boolean {
  return words.length === kept.length && kept.every((word, index) => word === null || word === words[index]);
}
