/** An endpoint that speaks OpenAI's chat completions, as Ollama, vLLM, llama.cpp and most hosted services do. */
import type { OpenAICompatibleProvider } from '@ai-sdk/openai-compatible';
import type { LanguageModelV4, LanguageModelV4Usage } from '@ai-sdk/provider';

import { invalid, KernelError, shown } from '../../kernel/errors.ts';
import { AiSdkModel } from './ai-sdk-model.ts';
import { tolerantFetch } from './tolerant-fetch.ts';

export interface OpenAiCompatibleOptions {
  /** The endpoint up to `/v1` or what it has in its place; a query is sent with every call. */
  readonly url: string;
  /** Sent as a bearer token; absent: none is needed. */
  readonly key?: string;
  /** For calls that name no model; absent: each must. */
  readonly model?: string;
  /** How calls name that model where the endpoint calls it otherwise. */
  readonly alias?: string;
  /** Where a missing key belongs, for whoever reads that the endpoint wants one. Default: the variable of the environment. */
  readonly keyPlace?: string;
}

/** Which variables of the environment say what. */
export const modelVariables = {
  url: 'RINGZERO_MODEL_URL',
  key: 'RINGZERO_MODEL_KEY',
  model: 'RINGZERO_MODEL',
} as const;

/** Undefined: no endpoint is set, nor anything else of it. Throws KernelError INVALID_ARGUMENT when the rest is set without it. */
export function modelFromEnvironment(
  environment: Readonly<Record<string, string | undefined>>,
): OpenAiCompatibleOptions | undefined {
  const read = (name: string): string | undefined => environment[name]?.trim() || undefined;
  const { url: urlName, key: keyName, model: modelName } = modelVariables;
  const [url, key, model] = [read(urlName), read(keyName), read(modelName)];
  if (url !== undefined)
    return { url, ...(key === undefined ? {} : { key }), ...(model === undefined ? {} : { model }) };
  const other = key !== undefined ? keyName : model !== undefined ? modelName : undefined;
  if (other === undefined) return undefined;
  throw new KernelError(
    'INVALID_ARGUMENT',
    `${urlName}: is not set, but ${other} is; allowed: ${allowedUrl}`,
    { detail: { field: urlName } },
  );
}

/** Its models by name, whichever the endpoint knows. Throws KernelError INVALID_ARGUMENT for a URL or a key that cannot be one. */
export function openAiCompatible({
  url,
  key,
  model: own,
  alias,
  keyPlace = modelVariables.key,
}: OpenAiCompatibleOptions): AiSdkModel {
  const { base, query } = endpointOf(url);
  if (key !== undefined) checkKey(key);
  let provider: Promise<OpenAICompatibleProvider> | undefined;
  const models = new Map<string, LanguageModelV4>();
  const nameAt = (name: string | undefined): string | undefined =>
    name === undefined || name === '' || name === alias ? own : name;
  return new AiSdkModel({
    place: base,
    secrets: secretsOf(url, key),
    hint: (status, asked) =>
      hintOf(status, { missingKey: key === undefined ? keyPlace : undefined, model: nameAt(asked) }),
    isChatCompletions: true,
    model: async (asked) => {
      const name = nameAt(asked);
      if (name === undefined)
        throw new KernelError(
          'INVALID_ARGUMENT',
          `model: none is named; allowed: the name of a model of ${base} (${modelVariables.model})`,
        );
      // Loaded with the first call: whoever makes none does not pay for it.
      provider ??= connect({ base, query, key });
      const made = models.get(name) ?? (await provider).chatModel(name);
      models.set(name, made);
      return made;
    },
  });
}

async function connect({
  base,
  query,
  key,
}: {
  readonly base: string;
  readonly query: Readonly<Record<string, string>>;
  readonly key: string | undefined;
}): Promise<OpenAICompatibleProvider> {
  const { createOpenAICompatible } = await import('@ai-sdk/openai-compatible');
  return createOpenAICompatible({
    name: 'ringzero',
    baseURL: base,
    includeUsage: true,
    supportsStructuredOutputs: true,
    convertUsage: asTold,
    fetch: tolerantFetch(),
    transformRequestBody: asItsModelTakes,
    ...(key === undefined ? {} : { apiKey: key }),
    ...(Object.keys(query).length === 0 ? {} : { queryParams: { ...query } }),
  });
}

/** OpenAI's reasoning models refuse a request with the usual name of the limit, or with a temperature. */
function asItsModelTakes(body: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const { max_tokens: limit, temperature: _, ...rest } = body;
  if (!reasoning.test(String(body['model']))) return body;
  return { ...rest, max_completion_tokens: limit };
}
const reasoning = /^(openai\/)?(o[1-9]|gpt-5(?!-chat))/;

type Told = number | null | undefined;
interface ToldUsage {
  readonly prompt_tokens?: Told;
  readonly completion_tokens?: Told;
  readonly total_tokens?: Told;
  readonly prompt_tokens_details?: { readonly cached_tokens?: Told } | null | undefined;
  readonly completion_tokens_details?: { readonly reasoning_tokens?: Told } | null | undefined;
  /** DeepSeek's and Moonshot's names for the cached ones. */
  readonly prompt_cache_hit_tokens?: Told;
  readonly cached_tokens?: Told;
}

/** What the server counts, and nothing for what it does not: a server that is silent on its cache has not said that nothing was cached. */
function asTold(usage: ToldUsage | null | undefined): LanguageModelV4Usage {
  const total = usage?.prompt_tokens ?? undefined;
  const cacheRead =
    usage?.prompt_tokens_details?.cached_tokens ??
    usage?.prompt_cache_hit_tokens ??
    usage?.cached_tokens ??
    undefined;
  const reasoning = usage?.completion_tokens_details?.reasoning_tokens ?? undefined;
  return {
    inputTokens: { total, noCache: undefined, cacheRead, cacheWrite: undefined },
    outputTokens: { total: answerTokens(usage), text: undefined, reasoning },
  };
}

/** With those of its reasoning: most servers count them in, xAI's beside the answer's, which shows in the sum. */
function answerTokens(usage: ToldUsage | null | undefined): number | undefined {
  const { prompt_tokens: prompt, completion_tokens: completion, total_tokens: sum } = usage ?? {};
  const reasoning = usage?.completion_tokens_details?.reasoning_tokens ?? 0;
  const isBeside =
    typeof prompt === 'number' && typeof completion === 'number' && sum === prompt + completion + reasoning;
  return isBeside ? completion + reasoning : (completion ?? undefined);
}

const allowedUrl = 'an http or https URL such as http://localhost:11434/v1';

/** For people: without what may be secret, as a query and a password are. */
export function shownUrl(url: string): string {
  return url.replace(/\?.*$/s, '?…').replace(/^([^/]*:\/\/)?[^/]*@/, '$1…@');
}

/** Of a URL that is one: what must not stand in a message. */
export function secretsOf(url: string, key: string | undefined): readonly string[] {
  const told = [...(key === undefined ? [] : [key]), ...new URL(url).searchParams.values()];
  // Shorter ones are words ("none", "ollama"), which servers that need no key are given.
  return told.filter((secret) => secret.length >= 8);
}

function endpointOf(url: string): { readonly base: string; readonly query: Record<string, string> } {
  let parsed: URL;
  try {
    parsed = new URL(url);
  } catch {
    throw invalid('model url', shownUrl(url), allowedUrl);
  }
  const { protocol, username, password, origin, pathname, searchParams } = parsed;
  if (protocol !== 'http:' && protocol !== 'https:') throw invalid('model url', shownUrl(url), allowedUrl);
  // Not shown: it would be in the line.
  if (username !== '' || password !== '')
    throw new KernelError(
      'INVALID_ARGUMENT',
      `model url: ${shown(`${protocol}//…@${parsed.host}`)} is not allowed; allowed: a URL without a name and a password (the key has its own place)`,
    );
  const path = pathname.replace(/\/+$/, '').replace(/\/chat\/completions$/, '');
  return { base: `${origin}${path}`, query: Object.fromEntries(searchParams) };
}

/** One that no header can carry would be told in an error. */
function checkKey(key: string): void {
  if (/^[\u0021-\u007e]+$/.test(key)) return;
  throw new KernelError(
    'INVALID_ARGUMENT',
    'model key: it is not allowed (not shown); allowed: visible ASCII characters without spaces',
  );
}

function hintOf(
  status: number,
  { missingKey, model }: { readonly missingKey: string | undefined; readonly model: string | undefined },
): string | undefined {
  if (status === 401 || status === 403)
    return missingKey === undefined ? 'is the key right?' : `no key is set: ${missingKey}`;
  if (status === 404) return `is there a model ${shown(model)}? is the URL right? most end in /v1`;
  return undefined;
}
