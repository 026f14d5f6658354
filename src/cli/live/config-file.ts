/** `ringzero.json`: how live agents run here, for who doesn't want to say it every time. Never a key: a file is copied, shared and committed. */
import { existsSync, readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';

import { agentDefaults, agentTaskOf, type AgentSettings } from '../../agents/loop/agent-task.ts';
import type { RouteTable } from '../../agents/loop/model-routing.ts';
import { hasPassword, isDatabaseUrl } from '../../adapters/storage/postgres-storage.ts';
import type { SyncLevel } from '../../adapters/storage/sqlite-database.ts';
import type { McpServer } from '../../adapters/tools/mcp-server-link.ts';
import { modelVariables } from '../../adapters/models/openai-compatible.ts';
import type { RedactionRule } from '../../host/redactor.ts';
import { isRecord } from '../../kernel/budget-limits.ts';
import { checkPrices, type Prices } from '../../kernel/engine-options.ts';
import { invalid, KernelError, messageOf } from '../../kernel/errors.ts';
import { mostTokens } from '../../kernel/syscall-handler.ts';
import { approvalModes, type ApprovalMode } from './approval.ts';
import { serverOfCommand } from './mcp-servers.ts';
import { looksSecret } from './secret-words.ts';

/** What a file says; what it doesn't is absent. Paths in it begin where the file is. */
export interface ConfigFile {
  readonly model?: { readonly url?: string; readonly name?: readonly string[] };
  /** By the names that everything else calls them. */
  readonly models?: Readonly<Record<string, ConfiguredModel>>;
  readonly routes?: RouteTable;
  readonly agent?: Partial<AgentLimits>;
  readonly system?: string;
  readonly tools?: readonly string[];
  readonly mcp?: readonly McpServer[];
  readonly root?: string;
  readonly hosts?: readonly string[];
  readonly shell?: boolean;
  readonly approve?: ApprovalMode;
  readonly budget?: { readonly tokens?: number; readonly usd?: number };
  readonly prices?: string;
  readonly memories?: string;
  readonly redact?: readonly RedactionRule[];
  readonly store?: string;
  readonly sync?: SyncLevel;
}

interface ConfiguredModel {
  /** Its name at the endpoint; absent: the same. */
  readonly name?: string;
  /** Absent: the endpoint of `model`, with its key. */
  readonly url?: string;
  /** The variable of the environment that holds the key of `url`. */
  readonly keyVariable?: string;
  readonly windowTokens?: number;
  readonly prices?: Prices;
}

/** What of an agent has no entry, and no flag, of its own. */
export type AgentLimits = Omit<AgentSettings, keyof typeof saidElsewhere>;
const saidElsewhere = { tools: '--tools, tools', models: '--model, model.name', routes: 'routes' };
const agentLimits = Object.keys(agentDefaults).filter((field) => !Object.hasOwn(saidElsewhere, field));

export interface FoundConfig {
  /** As it was named. */
  readonly name: string;
  readonly config: ConfigFile;
}

export const configFileName = 'ringzero.json';

/**
 * The file that is named, else `ringzero.json` of the folder when there is one. Throws KernelError INVALID_FILE or INVALID_ARGUMENT, one line with file and field, and an error of
 * the file system for a named file that is not there.
 */
export function readConfig(
  folder: string,
  named: string | undefined,
  environment: Readonly<Record<string, string | undefined>>,
): FoundConfig | undefined {
  const found = readFile(folder, named);
  if (found === undefined) return undefined;
  const { name, path, parsed } = found;
  return { name, config: new ConfigReader(name, dirname(path), environment).config(parsed) };
}

/** Where runs are kept, of that file: whoever only looks at them needs nothing else of it. */
export function readStoreConfig(
  folder: string,
  named: string | undefined,
): Pick<ConfigFile, 'store' | 'sync'> & { readonly name: string } {
  const found = readFile(folder, named);
  if (found === undefined) return { name: configFileName };
  const { name, path, parsed } = found;
  return { name, ...new ConfigReader(name, dirname(path), {}).storeEntries(parsed) };
}

/** The rules of redaction alone. */
export function readRedactConfig(
  folder: string,
  named: string | undefined,
): { readonly name: string; readonly rules: readonly RedactionRule[] } {
  const found = readFile(folder, named);
  if (found === undefined) return { name: configFileName, rules: [] };
  const { name, path, parsed } = found;
  return { name, rules: new ConfigReader(name, dirname(path), {}).redactEntries(parsed) };
}

function readFile(
  folder: string,
  named: string | undefined,
): { readonly name: string; readonly path: string; readonly parsed: unknown } | undefined {
  const name = named ?? configFileName;
  const path = resolve(folder, name);
  if (named === undefined && !existsSync(path)) return undefined;
  const text = readFileSync(path, 'utf8');
  try {
    return { name, path, parsed: JSON.parse(text) as unknown };
  } catch (error) {
    throw new KernelError('INVALID_FILE', `${name}: is not JSON (${messageOf(error)})`, { cause: error });
  }
}

/** Checks each field and says which file it is in. */
class ConfigReader {
  private readonly name: string;
  private readonly folder: string;
  private readonly environment: Readonly<Record<string, string | undefined>>;

  constructor(name: string, folder: string, environment: Readonly<Record<string, string | undefined>>) {
    this.name = name;
    this.folder = folder;
    this.environment = environment;
  }

  config(given: unknown): ConfigFile {
    return this.fields('', given, {
      model: (field, value) => this.fields(field, value, { url: this.text, name: this.modelNames }),
      models: (field, value) => this.table(field, value, (at, model) => this.model(at, model)),
      routes: (field, value) =>
        this.fields(field, value, { simple: this.texts, standard: this.texts, complex: this.texts }),
      agent: (field, value) => this.agent(field, value),
      system: this.text,
      tools: this.texts,
      mcp: (field, value) => this.list(field, value, (at, server) => this.server(at, server)),
      root: this.path,
      hosts: this.texts,
      shell: (field, value) => {
        if (typeof value !== 'boolean') throw this.invalid(field, value, 'true or false');
        return value;
      },
      approve: (field, value) => {
        const mode = approvalModes.find((one) => one === value);
        if (mode === undefined) throw this.invalid(field, value, approvalModes.join(', '));
        return mode;
      },
      budget: (field, value) => this.fields(field, value, { tokens: this.tokens, usd: this.dollars }),
      prices: this.path,
      memories: this.path,
      redact: this.redactions,
      ...this.storeChecks,
    });
  }

  /** The entries of where runs are kept, whatever the others are. */
  storeEntries(given: unknown): Pick<ConfigFile, 'store' | 'sync'> {
    if (!isRecord(given)) return {};
    const known = Object.entries(given).filter(([name]) => Object.hasOwn(this.storeChecks, name));
    return this.fields('', Object.fromEntries(known), this.storeChecks);
  }

  private readonly storeChecks = {
    store: (field: string, value: unknown): string => {
      const where = this.text(field, value);
      if (!isDatabaseUrl(where)) return where === 'memory' ? where : this.path(field, value);
      if (!hasPassword(where)) return where;
      // Not shown: it would be in the line.
      throw new KernelError(
        'INVALID_ARGUMENT',
        `${this.name}: ${field}: a password does not belong in a file; allowed: the URL without it, and PGPASSWORD of the environment`,
      );
    },
    sync: (field: string, value: unknown): SyncLevel => {
      if (value !== 'normal' && value !== 'full') throw this.invalid(field, value, 'normal, full');
      return value;
    },
  };

  /** An object of these fields, each of which may be absent. */
  private fields<Checked extends Record<string, unknown>>(
    field: string,
    given: unknown,
    checks: { readonly [Name in keyof Checked]: (field: string, value: unknown) => Checked[Name] },
  ): Partial<Checked> {
    if (!isRecord(given)) throw this.invalid(field, given, `an object of ${Object.keys(checks).join(', ')}`);
    const made: Record<string, unknown> = {};
    for (const [name, value] of Object.entries(given)) {
      const at = field === '' ? name : `${field}.${name}`;
      // Not shown: it would be in the line.
      if (looksSecret(name))
        throw new KernelError(
          'INVALID_ARGUMENT',
          `${this.name}: ${at}: a key does not belong in a file; allowed: the variable ${modelVariables.key} of the environment`,
        );
      if (!Object.hasOwn(checks, name))
        throw this.invalid(at, value, `the fields ${Object.keys(checks).join(', ')}`);
      made[name] = checks[name]!(at, value);
    }
    return made as Partial<Checked>;
  }

  /** One of several models; what it does not say, the endpoint and the tables do. */
  private model(field: string, value: unknown): ConfiguredModel {
    const told = this.fields(field, value, {
      name: this.text,
      url: this.text,
      keyVariable: this.variable,
      windowTokens: this.tokens,
      prices: (at: string, prices: unknown) => {
        this.checked(() => checkPrices(at, prices));
        return prices as Prices;
      },
    });
    if (told.keyVariable !== undefined && told.url === undefined)
      throw this.invalid(`${field}.keyVariable`, told.keyVariable, 'together with a url');
    return told;
  }

  /** The limits of agents, by the names and with the checks that agents have for them. */
  private agent(field: string, value: unknown): Partial<AgentLimits> {
    if (!isRecord(value)) throw this.invalid(field, value, 'an object');
    for (const name of Object.keys(value))
      if (!agentLimits.includes(name))
        throw this.invalid(`${field}.${name}`, value[name], `the fields ${agentLimits.join(', ')}`);
    checkAgentLimits(`${this.name}: ${field}.`, value);
    return value;
  }

  /** What a check of another room says, with the file before it. */
  private checked(check: () => void): void {
    try {
      check();
    } catch (error) {
      if (!(error instanceof KernelError)) throw error;
      throw new KernelError(error.code, `${this.name}: ${error.message}`, { cause: error });
    }
  }

  private table<Item>(
    field: string,
    value: unknown,
    check: (field: string, item: unknown) => Item,
  ): Readonly<Record<string, Item>> {
    if (!isRecord(value)) throw this.invalid(field, value, 'an object by names');
    return Object.fromEntries(
      Object.entries(value).map(([name, item]) => [name, check(`${field}.${name}`, item)]),
    );
  }

  private list<Item>(field: string, value: unknown, check: (field: string, item: unknown) => Item): Item[] {
    if (!Array.isArray(value)) throw this.invalid(field, value, 'a list');
    return value.map((item, index) => check(`${field}[${index}]`, item));
  }

  private readonly text = (field: string, value: unknown): string => {
    if (typeof value !== 'string' || value === '')
      throw this.invalid(field, value, 'a text that is not empty');
    return value;
  };

  private readonly texts = (field: string, value: unknown): string[] => this.list(field, value, this.text);

  /** Not shown: it may be the key itself. */
  private readonly variable = (field: string, value: unknown): string => {
    if (typeof value === 'string' && /^[A-Za-z_]\w*$/.test(value) && this.environment[value]) return value;
    throw new KernelError(
      'INVALID_ARGUMENT',
      `${this.name}: ${field}: no such variable is set; allowed: the name of a variable of the environment that holds the key`,
    );
  };

  /** One name, several with commas between, or a list. */
  private readonly modelNames = (field: string, value: unknown): readonly string[] =>
    Array.isArray(value)
      ? this.texts(field, value)
      : namesOf(`${this.name}: ${field}`, this.text(field, value));

  private readonly path = (field: string, value: unknown): string =>
    resolve(this.folder, this.text(field, value));

  private readonly tokens = (field: string, value: unknown): number => {
    if (!Number.isSafeInteger(value) || (value as number) < 1)
      throw this.invalid(field, value, 'an integer from 1 up');
    return value as number;
  };

  private readonly dollars = (field: string, value: unknown): number => {
    if (typeof value !== 'number' || !(value >= 0.000_001 && value <= 1_000_000_000))
      throw this.invalid(field, value, 'dollars, a number from 0.000001 to 1000000000');
    return value;
  };

  /** A command line or a URL as text, or the parts of one; `env` names variables that are handed on. */
  private server(field: string, value: unknown): McpServer {
    if (typeof value === 'string') return serverOfCommand(`${this.name}: ${field}`, value);
    const told = this.fields(field, value, {
      name: this.text,
      command: this.text,
      args: (at: string, args: unknown) => this.list(at, args, this.word),
      env: this.texts,
      url: this.text,
    });
    const { name, command, args = [], env = [], url } = told;
    if (name === undefined) throw this.invalid(`${field}.name`, name, 'a text that is not empty');
    if ((command === undefined) === (url === undefined))
      throw this.invalid(field, value, 'either a command or a url');
    if (url !== undefined) return { name, url };
    const handedOn = Object.fromEntries(
      env.map((variable, index) => {
        const value = this.environment[variable];
        if (value === undefined)
          throw this.invalid(`${field}.env[${index}]`, variable, 'variables of the environment that are set');
        return [variable, value];
      }),
    );
    return { name, command: command!, args, env: handedOn };
  }

  redactEntries(given: unknown): readonly RedactionRule[] {
    const redact = isRecord(given) ? given['redact'] : undefined;
    return redact === undefined ? [] : this.redactions('redact', redact);
  }

  private readonly redactions = (field: string, value: unknown): readonly RedactionRule[] =>
    this.list(field, value, (at, rule) => {
      const told = this.fields(at, rule, {
        name: this.text,
        pattern: this.text,
        text: this.text,
        field: this.text,
      });
      if (told.name === undefined) throw this.invalid(`${at}.name`, told.name, 'a name');
      return { ...told, name: told.name };
    });

  private readonly word = (field: string, value: unknown): string => {
    if (typeof value !== 'string') throw this.invalid(field, value, 'a text');
    return value;
  };

  private invalid(field: string, value: unknown, allowed: string): KernelError {
    return invalid(field === '' ? this.name : `${this.name}: ${field}`, value, allowed);
  }
}

/** `at`: what stands before the field. Throws KernelError INVALID_ARGUMENT. */
export function checkAgentLimits(at: string, limits: Partial<AgentLimits>): void {
  try {
    // What is not said fits whatever is.
    agentTaskOf({ task: 'x', windowTokens: mostTokens, maxOutput: 1, ...limits });
  } catch (error) {
    if (!(error instanceof KernelError)) throw error;
    throw new KernelError(error.code, `${at}${error.message}`, { cause: error });
  }
}

/** Names with commas between. Throws KernelError INVALID_ARGUMENT that names `field`. */
export function namesOf(field: string, text: string): readonly string[] {
  const names = text.split(',').map((name) => name.trim());
  if (names.includes('')) throw invalid(field, text, 'names with commas between');
  return names;
}
