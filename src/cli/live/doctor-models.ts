/** What `ringzero doctor` finds of endpoints and models: are they there, do they answer, stream, count, and call tools? */
import { endpointModels, type EndpointModels } from '../../adapters/models/endpoint-models.ts';
import {
  modelVariables,
  openAiCompatible,
  shownUrl,
  type OpenAiCompatibleOptions,
} from '../../adapters/models/openai-compatible.ts';
import type { ModelCall } from '../../agents/model/model-call.ts';
import { StopSwitch } from '../../host/stop-switch.ts';
import type { ModelDelta, ModelReply } from '../../host/ports.ts';
import { messageOf } from '../../kernel/errors.ts';
import type { Pid } from '../../kernel/ids.ts';
import type { Finding } from './doctor-checks.ts';
import { scriptedName, type LiveModel, type ModelChoice } from './model-choice.ts';

/** Every endpoint once, and every model that agents are to ask. */
export async function* modelFindings(
  choice: ModelChoice,
  asked: readonly string[],
  timeoutUs: number,
): AsyncGenerator<Finding> {
  const { url: urlVariable, model: nameVariable } = modelVariables;
  // Those of the file that nobody asks yet are looked at all the same.
  const names = [...new Set([...asked, ...choice.configuredNames])];
  if (names.length === 0 && choice.url === undefined)
    return yield {
      check: 'model',
      status: 'warn',
      text: 'no endpoint is set',
      advice: `set ${urlVariable} and ${nameVariable}; until then: ringzero run --model ${scriptedName}`,
    };
  const listings = new Map<string, EndpointModels | undefined>();
  if (names.length === 0) {
    const endpoint = { url: choice.url!, ...(choice.key === undefined ? {} : { key: choice.key }) };
    yield* listing(endpoint, listings, timeoutUs);
    const found = listings.get(endpoint.url);
    if (found === undefined || found.kind === 'unreachable') return;
    const listed = found.kind === 'listed' ? found.models : [];
    return yield {
      check: 'model',
      status: 'fail',
      text: 'none is named',
      advice: `set ${nameVariable}${listed.length === 0 ? '' : `: ${some(listed)}`}`,
    };
  }
  for (const name of names) {
    let model: LiveModel;
    try {
      model = choice.model(name);
    } catch (error) {
      yield { check: `model ${name}`, status: 'fail', text: messageOf(error), advice: `set ${urlVariable}` };
      continue;
    }
    const label = names.length === 1 ? '' : ` ${name}`;
    yield* oneModel(model, label, listings, timeoutUs);
  }
}

/** `label`: stands behind the name of each check, where there are several models. */
async function* oneModel(
  { endpoint }: LiveModel,
  label: string,
  listings: Map<string, EndpointModels | undefined>,
  timeoutUs: number,
): AsyncGenerator<Finding> {
  if (endpoint === undefined)
    return yield {
      check: `model${label}`,
      status: 'ok',
      text: 'the scripted one, which needs no endpoint',
    };
  const { url, model } = endpoint;
  if (!listings.has(url)) yield* listing(endpoint, listings, timeoutUs);
  const found = listings.get(url);
  if (found === undefined || found.kind === 'unreachable') {
    if (label !== '')
      yield { check: `model${label}`, status: 'fail', text: `${shownUrl(url)} is not there for it` };
    return;
  }
  const listed = found.kind === 'listed' ? found.models : [];
  if (listed.length > 0 && !listed.includes(model))
    yield {
      check: `model${label}`,
      status: 'warn',
      text: `${model} is not among the models that are listed`,
      advice: `there are ${some(listed)}`,
    };
  for await (const { check, ...finding } of calls(openAiCompatible(endpoint), model, timeoutUs))
    yield { check: `${check}${label}`, ...finding };
}

/** Is the endpoint there, and which models has it? Kept in `listings`; undefined: it cannot be one. */
async function* listing(
  endpoint: OpenAiCompatibleOptions,
  listings: Map<string, EndpointModels | undefined>,
  timeoutUs: number,
): AsyncGenerator<Finding> {
  const { url, key, keyPlace = modelVariables.key } = endpoint;
  const place =
    keyPlace === modelVariables.key ? modelVariables.url : keyPlace.replace(/keyVariable$/, 'url');
  listings.set(url, undefined);
  try {
    openAiCompatible(endpoint);
  } catch (error) {
    return yield { check: 'endpoint', status: 'fail', text: messageOf(error), advice: `mend ${place}` };
  }
  const found = await endpointModels(endpoint, timeoutUs / 1_000);
  listings.set(url, found);
  if (found.kind === 'unreachable')
    return yield {
      check: 'endpoint',
      status: 'fail',
      text: `${shownUrl(url)} cannot be reached (${found.why})`,
      advice: `is the server up? is ${place} right?`,
    };
  yield found.kind === 'silent'
    ? {
        check: 'endpoint',
        status: 'warn',
        text: `${shownUrl(url)} answers, but lists no models (status ${found.status})`,
        ...(key === undefined && (found.status === 401 || found.status === 403)
          ? { advice: `set ${keyPlace}` }
          : {}),
      }
    : { check: 'endpoint', status: 'ok', text: `${shownUrl(url)} answers, ${found.models.length} models` };
}

const some = (names: readonly string[]): string =>
  names.length <= 8 ? names.join(', ') : `${names.slice(0, 8).join(', ')} and ${names.length - 8} more`;

async function* calls(
  port: ReturnType<typeof openAiCompatible>,
  name: string,
  timeoutUs: number,
): AsyncGenerator<Finding> {
  const greeting = await asked(port, { text: 'Say: hello', maxOutput: 16, tools: [] }, timeoutUs);
  const { failed, text, usage } = greeting.reply;
  if (failed !== undefined)
    return yield { check: 'model', status: 'fail', text: failed.message, advice: 'nothing works without it' };
  yield {
    check: 'model',
    status: 'ok',
    text: `${name} answers in ${(greeting.us / 1e6).toFixed(1)} s${usage.tokensOut === undefined ? '' : `, ${usage.tokensOut} tokens`}`,
  };
  if (usage.tokensIn === undefined)
    yield {
      check: 'usage',
      status: 'warn',
      text: 'it does not count tokens',
      advice: 'they are counted here, for OpenAI’s models exactly, for others within some percent',
    };
  const pieces = greeting.deltas.filter(({ type }) => type !== 'tool-call').length;
  yield pieces > 1 || text.length < 2
    ? { check: 'streaming', status: 'ok', text: `${pieces} pieces` }
    : {
        check: 'streaming',
        status: 'warn',
        text: 'the answer came in one piece',
        advice: 'a proxy may gather streams; answers will appear at their end',
      };
  const tool = {
    name: 'ping',
    description: 'Answers pong.',
    parameters: { type: 'object', properties: {}, additionalProperties: false },
  };
  const calling = await asked(
    port,
    { text: 'Call the tool ping now, and say nothing.', maxOutput: 500, tools: [tool] },
    timeoutUs,
  );
  const [call] = calling.reply.toolCalls;
  if (calling.reply.failed !== undefined)
    return yield {
      check: 'tool calls',
      status: 'fail',
      text: calling.reply.failed.message,
      advice: 'a server may need a flag for them (docs/models.md); without: --tools none',
    };
  yield call?.tool === 'ping' && call.malformed === undefined
    ? { check: 'tool calls', status: 'ok', text: 'it calls tools' }
    : {
        check: 'tool calls',
        status: 'warn',
        text: call === undefined ? 'it called no tool when it was told to' : 'its call was malformed',
        advice: 'take a model that was trained for tools, or --tools none',
      };
}

async function asked(
  port: ReturnType<typeof openAiCompatible>,
  { text, maxOutput, tools }: { readonly text: string } & Pick<ModelCall, 'maxOutput' | 'tools'>,
  timeoutUs: number,
): Promise<{ readonly reply: ModelReply; readonly deltas: readonly ModelDelta[]; readonly us: number }> {
  const deltas: ModelDelta[] = [];
  const stop = new StopSwitch();
  const timer = setTimeout(() => stop.stop(), timeoutUs / 1_000);
  const startMs = performance.now();
  const reply = await port.call(
    {
      identity: { run: 'doctor', branch: 'main', pid: 1 as Pid, n: 1, index: 0 },
      messages: [{ role: 'user', text }],
      maxOutput,
      request: tools.length === 0 ? {} : { tools: tools.map(({ name }) => name) },
      tools,
    },
    stop,
    (delta) => deltas.push(delta),
  );
  clearTimeout(timer);
  const us = (performance.now() - startMs) * 1_000;
  if (!stop.isStopped || reply.finish !== undefined) return { reply, deltas, us };
  const message = `no whole answer after ${timeoutUs / 1e6} s`;
  const failed = { code: 'MODEL_TIMEOUT', message, failure: { retryable: true } } as const;
  return { reply: { ...reply, failed }, deltas, us };
}
