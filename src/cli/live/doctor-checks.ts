/** What live agents need of this machine and its settings, looked at one by one. */
import { accessSync, constants } from 'node:fs';

import { endpointModels } from '../../adapters/models/endpoint-models.ts';
import { modelVariables, openAiCompatible, shownUrl } from '../../adapters/models/openai-compatible.ts';
import { loadTokenizer } from '../../adapters/models/tokenizer.ts';
import { McpServerLink, type McpServer } from '../../adapters/tools/mcp-server-link.ts';
import type { ModelCall } from '../../agents/model/model-call.ts';
import { StopSwitch } from '../../host/stop-switch.ts';
import type { ModelDelta, ModelReply } from '../../host/ports.ts';
import { messageOf } from '../../kernel/errors.ts';
import type { Pid } from '../../kernel/ids.ts';
import type { Io } from '../command.ts';
import { readConfig } from './config-file.ts';
import { distinctNames, serverOfCommand } from './mcp-servers.ts';
import { modelPlace, scriptedName, type LiveFlags, type ModelPlace } from './settings.ts';

export interface Finding {
  readonly check: string;
  readonly status: 'ok' | 'warn' | 'fail';
  readonly text: string;
  /** What to do about it. */
  readonly advice?: string;
}

export type DoctorFlags = Pick<LiveFlags, 'config' | 'model' | 'modelUrl' | 'mcp'> & {
  readonly timeoutUs: number;
};

/** In the order in which they are told; each is told when it is known. */
export async function* examine(flags: DoctorFlags, io: Io): AsyncGenerator<Finding> {
  yield nodeVersion();
  yield configFile(flags, io);
  yield writeAccess(io.folder);
  yield await tokenizer();
  let place: ModelPlace;
  let servers: readonly McpServer[];
  try {
    place = modelPlace(flags, io);
    servers = distinctNames(
      flags.mcp.length > 0
        ? flags.mcp.map((text) => serverOfCommand('--mcp', text))
        : (readConfig(io.folder, flags.config, io.environment)?.config.mcp ?? []),
    );
  } catch (error) {
    // The settings say nothing that could be looked at; the file has been told of above.
    if (flags.mcp.length > 0) yield { check: 'mcp', status: 'fail', text: messageOf(error) };
    return;
  }
  yield* model(place, flags.timeoutUs);
  yield* (await Promise.all(servers.map(mcpServer))).values();
}

/** Of package.json. */
const oldestNode = 20;

function nodeVersion(): Finding {
  const { node } = process.versions;
  return Number(node.split('.')[0]) >= oldestNode
    ? { check: 'node', status: 'ok', text: node }
    : { check: 'node', status: 'fail', text: node, advice: `install Node ${oldestNode} or newer` };
}

function configFile({ config }: DoctorFlags, { folder, environment }: Io): Finding {
  try {
    const found = readConfig(folder, config, environment);
    return {
      check: 'config',
      status: 'ok',
      text: found === undefined ? 'no ringzero.json here' : found.name,
    };
  } catch (error) {
    return { check: 'config', status: 'fail', text: messageOf(error), advice: 'mend the file' };
  }
}

function writeAccess(folder: string): Finding {
  try {
    accessSync(folder, constants.W_OK);
    return { check: 'folder', status: 'ok', text: 'can be written to' };
  } catch {
    return {
      check: 'folder',
      status: 'warn',
      text: `${folder} can't be written to`,
      advice: 'recordings need another place: --record /elsewhere/FILE',
    };
  }
}

async function tokenizer(): Promise<Finding> {
  try {
    const count = await loadTokenizer();
    return {
      check: 'tokenizer',
      status: 'ok',
      text: `o200k, ${count('The quick brown fox.')} tokens in a sentence of five`,
    };
  } catch (error) {
    return { check: 'tokenizer', status: 'fail', text: messageOf(error), advice: 'install ringzero anew' };
  }
}

async function mcpServer(server: McpServer): Promise<Finding> {
  const check = `mcp ${server.name}`;
  try {
    const link = await McpServerLink.open(server);
    const { tools, refused } = link;
    await link.close();
    const text = `${tools.length} tools: ${tools.map(({ spec }) => spec.name).join(', ')}`;
    if (refused.length === 0) return { check, status: 'ok', text };
    return { check, status: 'warn', text: `${text}; not offered: ${refused.join('; ')}` };
  } catch (error) {
    return {
      check,
      status: 'fail',
      text: messageOf(error),
      advice: 'try the command by itself in a shell',
    };
  }
}

// ---- The model --------------------------------------------------------------------------------------------------------------

async function* model({ url, key, name }: ModelPlace, timeoutUs: number): AsyncGenerator<Finding> {
  const { url: urlVariable, model: nameVariable } = modelVariables;
  if (name === scriptedName)
    return yield { check: 'model', status: 'ok', text: 'the scripted one, which needs no endpoint' };
  if (url === undefined)
    return yield {
      check: 'model',
      status: 'warn',
      text: 'no endpoint is set',
      advice: `set ${urlVariable} and ${nameVariable}; until then: ringzero run --model ${scriptedName}`,
    };
  try {
    openAiCompatible({ url, ...(key === undefined ? {} : { key }) });
  } catch (error) {
    return yield { check: 'endpoint', status: 'fail', text: messageOf(error), advice: `mend ${urlVariable}` };
  }
  const endpoint = { url, ...(key === undefined ? {} : { key }) };
  const found = await endpointModels(endpoint, timeoutUs / 1_000);
  if (found.kind === 'unreachable')
    return yield {
      check: 'endpoint',
      status: 'fail',
      text: `${shownUrl(url)} cannot be reached (${found.why})`,
      advice: `is the server up? is ${urlVariable} right?`,
    };
  yield found.kind === 'silent'
    ? {
        check: 'endpoint',
        status: 'warn',
        text: `${shownUrl(url)} answers, but lists no models (status ${found.status})`,
        ...(key === undefined && (found.status === 401 || found.status === 403)
          ? { advice: `set ${modelVariables.key}` }
          : {}),
      }
    : { check: 'endpoint', status: 'ok', text: `${shownUrl(url)} answers, ${found.models.length} models` };
  const listed = found.kind === 'listed' ? found.models : [];
  if (name === undefined)
    return yield {
      check: 'model',
      status: 'fail',
      text: 'none is named',
      advice: `set ${nameVariable}${listed.length === 0 ? '' : `: ${some(listed)}`}`,
    };
  if (listed.length > 0 && !listed.includes(name))
    yield {
      check: 'model',
      status: 'warn',
      text: `${name} is not among the models that are listed`,
      advice: `there are ${some(listed)}`,
    };
  yield* calls(openAiCompatible({ ...endpoint, model: name }), name, timeoutUs);
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
