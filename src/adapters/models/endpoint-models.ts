/** Which models an endpoint says it has: `GET …/models`, which most that speak chat completions answer. */
import { isRecord } from '../../kernel/budget-limits.ts';
import { messageOf } from '../../kernel/errors.ts';
import { clean } from './model-errors.ts';
import { secretsOf, type OpenAiCompatibleOptions } from './openai-compatible.ts';

export type EndpointModels =
  | { readonly kind: 'listed'; readonly models: readonly string[] }
  /** It is there, but does not tell. */
  | { readonly kind: 'silent'; readonly status: number }
  | { readonly kind: 'unreachable'; readonly why: string };

/** The URL must be one that `openAiCompatible` takes. */
export async function endpointModels(
  { url, key }: Pick<OpenAiCompatibleOptions, 'url' | 'key'>,
  timeoutMs: number,
): Promise<EndpointModels> {
  const target = new URL(url);
  target.pathname = `${target.pathname.replace(/\/+$/, '').replace(/\/chat\/completions$/, '')}/models`;
  try {
    const response = await fetch(target, {
      signal: AbortSignal.timeout(timeoutMs),
      ...(key === undefined ? {} : { headers: { authorization: `Bearer ${key}` } }),
    });
    const told: unknown = await response.json().catch(() => undefined);
    const list = isRecord(told) ? (told['data'] ?? told['models']) : told;
    if (!response.ok || !Array.isArray(list)) return { kind: 'silent', status: response.status };
    const models = list.flatMap((model: unknown) => {
      const name = isRecord(model) ? (model['id'] ?? model['name']) : model;
      return typeof name === 'string' ? [name] : [];
    });
    return { kind: 'listed', models };
  } catch (error) {
    const { cause = error } = error as { readonly cause?: unknown };
    return { kind: 'unreachable', why: clean(messageOf(cause), secretsOf(url, key)) };
  }
}
