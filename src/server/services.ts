/** What the routes are made of. */
import { ChatService, type ChatOptions } from './chat/chat-service.ts';
import type { DrivenLimits } from './runs/driven-runs.ts';
import { RunService } from './runs/run-service.ts';
import type { ServedWorld } from './served-world.ts';

export interface Services {
  readonly world: ServedWorld;
  readonly runs: RunService;
  readonly chat: ChatService;
}

export function openServices(
  world: ServedWorld,
  limits: DrivenLimits,
  chat: Partial<ChatOptions> = {},
): Services {
  const runs = new RunService(world, limits);
  return { world, runs, chat: new ChatService(world, runs.driven, chat) };
}
