/** What the routes are made of. */
import { ChatService, type ChatOptions } from './chat/chat-service.ts';
import { ExperienceService } from './experiences/experience-service.ts';
import { ReflectionService } from './experiences/reflection-service.ts';
import { JobService, type StartJob } from './jobs/job-service.ts';
import { AnswerTokens } from './questions/answer-tokens.ts';
import { ApprovalWebhook } from './questions/approval-webhook.ts';
import { QuestionService } from './questions/question-service.ts';
import type { DrivenLimits } from './runs/driven-runs.ts';
import { LeftRuns } from './runs/left-runs.ts';
import { RunService } from './runs/run-service.ts';
import type { ServedWorld } from './served-world.ts';
import { openWatches, type Watches, type WatchingOptions } from './watch/open-watches.ts';

export interface Services {
  readonly world: ServedWorld;
  readonly runs: RunService;
  readonly watches: Watches;
  readonly left: LeftRuns;
  readonly questions: QuestionService;
  readonly experiences: ExperienceService;
  readonly reflections: ReflectionService;
  readonly jobs: JobService;
  readonly chat: ChatService;
  /** Undefined: nobody is told of questions by webhook. */
  readonly answerTokens: AnswerTokens | undefined;
  /** Nothing more is taken up. */
  readonly isClosing: boolean;
  /** Nothing more is taken up; all that goes on is parked for the next server, until `hurry` resolves. Never rejects. */
  close(hurry: Promise<unknown>): Promise<void>;
}

export interface ServiceOptions extends DrivenLimits {
  /** Simulates elsewhere. */
  readonly startJob: StartJob;
  /** Who is told of questions; `secret`: what is told is signed with it. */
  readonly webhook?:
    | { readonly url: string; readonly secret: string; readonly firstWaitUs?: number }
    | undefined;
  /** What watchers may cost. */
  readonly watching?: WatchingOptions;
  readonly chat?: Partial<ChatOptions>;
  /** A line for whoever runs the server. */
  readonly onNotice: (line: string) => void;
}

export function openServices(
  world: ServedWorld,
  { onNotice, webhook, startJob, chat, watching = {}, ...limits }: ServiceOptions,
): Services {
  const runs = new RunService(world, limits);
  const watches = openWatches(world, {
    ...watching,
    onError: (error) => onNotice(`watching: ${String(error)}`),
  });
  runs.driven.watch(({ type, run }) => {
    if (type !== 'lost') return;
    watches.runs.lost(run);
    onNotice(`${run}: another program has taken it over`);
  });
  const left = new LeftRuns({ world, runs, onNotice });
  const questions = new QuestionService(world, runs.known);
  const answerTokens = webhook === undefined ? undefined : new AnswerTokens(webhook.secret);
  const told =
    webhook === undefined || answerTokens === undefined
      ? undefined
      : new ApprovalWebhook({ ...webhook, questions, tokens: answerTokens, clock: world.clock, onNotice });
  const experiences = new ExperienceService(world, runs.known);
  const reflections = new ReflectionService(world, runs, experiences);
  const jobs = new JobService(startJob, world.clock);
  let isClosing = false;
  return {
    world,
    runs,
    watches,
    left,
    questions,
    experiences,
    reflections,
    jobs,
    chat: new ChatService(world, runs.driven, chat ?? {}),
    answerTokens,
    get isClosing() {
      return isClosing;
    },
    async close(hurry) {
      isClosing = true;
      left.close();
      told?.close();
      jobs.close();
      await runs.close(hurry);
      // They are told that their runs are parked.
      watches.close();
    },
  };
}
