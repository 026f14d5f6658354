/**
 * Complete recorded agents of a customer-service benchmark: every message and every tool call, no times, no token counts.
 * Format: one JSON array of {task_id, trial, traj: [messages of a chat with tool calls]}.
 * Source: sierra-research/tau-bench (Yao et al., "τ-bench", 2024).
 */
import type { AgentSpec, AgentStep, RecordedToolCall } from '../../agents/steps.ts';
import { estimateTokens } from '../../kernel/estimate.ts';
import { answerText, parsedArguments } from './chat.ts';
import { arrayAt, fieldError, fileError, integerAt, jsonAt, objectAt, stringAt } from './fields.ts';
import type { JsonObject, Place } from './fields.ts';

/** One agent per trajectory. What stands before the first answer arrives with it; later user messages are waits for a person. */
export function parseTauBench(file: string, text: string): AgentSpec[] {
  const place = { file, at: '' };
  return arrayAt(place, 'document', jsonAt(place, text)).map((value, index) => {
    const trajectoryPlace = { file, at: `trajectory ${index + 1}` };
    const trajectory = objectAt(trajectoryPlace, 'trajectory', value);
    const task = integerAt(trajectoryPlace, 'task_id', trajectory['task_id']);
    const trial = integerAt(trajectoryPlace, 'trial', trajectory['trial']);
    const messages = arrayAt(trajectoryPlace, 'traj', trajectory['traj']);
    return {
      name: `task-${task}-trial-${trial}`,
      messages: messages.length,
      steps: stepsOf(trajectoryPlace, messages),
    };
  });
}

interface Message {
  readonly place: Place;
  readonly role: string;
  readonly fields: JsonObject;
}

function stepsOf(place: Place, values: readonly unknown[]): AgentStep[] {
  const messages = values.map((value, index) => messageOf(place, value, index));
  const steps: AgentStep[] = [];
  let isStarted = false;
  for (let next = 0; next < messages.length; next++) {
    const message = messages[next]!;
    switch (message.role) {
      case 'system':
        steps.push({
          op: 'page',
          kind: 'system',
          text: contentOf(message),
          importance: 1,
          pinned: true,
        });
        break;
      case 'user':
        if (isStarted) steps.push({ op: 'ask', answer: contentOf(message) });
        else steps.push({ op: 'page', kind: 'user', text: contentOf(message) });
        break;
      case 'assistant': {
        isStarted = true;
        const calls = toolCallsOf(message);
        const content = message.fields['content'] === null ? null : contentOf(message);
        const text = answerText(content, calls);
        steps.push({ op: 'think', tokensOut: estimateTokens(text), text });
        if (calls.length === 0) break;
        // Ids repeat within a trajectory: a result belongs to the message right before it, not to any with its id.
        const results = messages.slice(next + 1, next + 1 + calls.length);
        steps.push({ op: 'tools', calls: calls.map((call) => recordedCall(message.place, call, results)) });
        next += calls.length;
        break;
      }
      case 'tool':
        throw fileError(message.place, 'a tool message that answers no tool call of the message before');
      default:
        throw fieldError(message.place, 'role', message.role, 'system, user, assistant, tool');
    }
  }
  return steps;
}

function messageOf(trajectoryPlace: Place, value: unknown, index: number): Message {
  const place = { file: trajectoryPlace.file, at: `${trajectoryPlace.at}, message ${index + 1}` };
  const fields = objectAt(place, 'message', value);
  return { place, fields, role: stringAt(place, 'role', fields['role']) };
}

function contentOf({ place, fields }: Message): string {
  return stringAt(place, 'content', fields['content']);
}

function toolCallsOf({ place, fields }: Message): readonly JsonObject[] {
  const calls = fields['tool_calls'] ?? [];
  return arrayAt(place, 'tool_calls', calls).map((call) => objectAt(place, 'tool call', call));
}

function recordedCall(place: Place, call: JsonObject, results: readonly Message[]): RecordedToolCall {
  const id = stringAt(place, 'id of a tool call', call['id']);
  const called = objectAt(place, 'function', call['function']);
  const answer = results.find(({ role, fields }) => role === 'tool' && fields['tool_call_id'] === id);
  if (answer === undefined)
    throw fileError(place, `no tool message answers the tool call ${JSON.stringify(id)}`);
  const result = contentOf(answer);
  return {
    tool: stringAt(place, 'name of a function', called['name']),
    arguments: parsedArguments(stringAt(place, 'arguments of a function', called['arguments'])),
    result,
    ...(result.startsWith('Error') ? { failed: true } : {}),
  };
}
