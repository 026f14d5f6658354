/** The operations of the API and their types. Made from the OpenAPI document by `npm run client`, and never edited. */
import type { OperationRoute } from './client.ts';
import type { ServerEvent } from './event-stream.ts';

export type AnswerByToken = { readonly decision: 'approve' | 'edit' | 'deny' | 'answer'; readonly value?: unknown; readonly token: string };

export type AnswerGiven = { readonly decision: 'approve' | 'edit' | 'deny' | 'answer'; readonly value?: unknown };

export type Answered = { readonly question_id: string; readonly decision: 'approve' | 'edit' | 'deny' | 'answer' };

export type Budget = { readonly name: string; readonly parent: string; readonly limits: readonly ({ readonly resource: 'tokens' | 'calls' | 'microDollars' | 'coreUs'; readonly limit: number; readonly used: number; readonly reserved: number })[] };

export type Budgets = { readonly nowUs: number; readonly budgets: readonly Budget[] };

export type ChatCompletion = { readonly id: string; readonly created: number; readonly model: string; readonly object: 'chat.completion'; readonly choices: readonly ({ readonly index: number; readonly message: { readonly role: 'assistant'; readonly content: string | null; readonly reasoning_content?: string; readonly refusal: null; readonly tool_calls?: readonly { readonly id: string; readonly type: 'function'; readonly function: { readonly name: string; readonly arguments: string } }[] }; readonly finish_reason: 'stop' | 'length' | 'tool_calls' | 'content_filter'; readonly logprobs: null })[]; readonly usage: { readonly prompt_tokens: number; readonly completion_tokens: number; readonly total_tokens: number; readonly prompt_tokens_details: { readonly cached_tokens: number } } };

export type ChatCompletionChunk = { readonly id: string; readonly created: number; readonly model: string; readonly object: 'chat.completion.chunk'; readonly choices: readonly ({ readonly index: number; readonly delta: { readonly role?: 'assistant'; readonly content?: string; readonly reasoning_content?: string; readonly tool_calls?: readonly { readonly id: string; readonly type: 'function'; readonly function: { readonly name: string; readonly arguments: string }; readonly index: number }[] }; readonly finish_reason: 'stop' | 'length' | 'tool_calls' | 'content_filter' | null })[]; readonly usage?: { readonly prompt_tokens: number; readonly completion_tokens: number; readonly total_tokens: number; readonly prompt_tokens_details: { readonly cached_tokens: number } } | null };

export type ChatCompletionMessage = { readonly role: 'system' | 'developer' | 'user'; readonly content?: string | readonly ({ readonly type: 'text'; readonly text: string } | { readonly type: 'refusal'; readonly refusal: string })[] | null } | { readonly role: 'assistant'; readonly content?: string | readonly ({ readonly type: 'text'; readonly text: string } | { readonly type: 'refusal'; readonly refusal: string })[] | null; readonly tool_calls?: readonly { readonly id: string; readonly type?: 'function'; readonly function: { readonly name: string; readonly arguments: string } }[] | null } | { readonly role: 'tool'; readonly content?: string | readonly ({ readonly type: 'text'; readonly text: string } | { readonly type: 'refusal'; readonly refusal: string })[] | null; readonly tool_call_id: string };

export type ChatCompletionRequest = { readonly model: string; readonly messages: readonly ChatCompletionMessage[]; readonly stream?: boolean | null; readonly stream_options?: { readonly include_usage?: boolean | null } | null; readonly max_completion_tokens?: number | null; readonly max_tokens?: number | null; readonly temperature?: number | null; readonly top_p?: number | null; readonly presence_penalty?: number | null; readonly frequency_penalty?: number | null; readonly seed?: number | null; readonly stop?: string | readonly string[] | null; readonly reasoning_effort?: 'none' | 'minimal' | 'low' | 'medium' | 'high' | 'xhigh' | null; readonly tools?: readonly ({ readonly type: 'function'; readonly function: { readonly name: string; readonly description?: string | null; readonly parameters?: { readonly [name: string]: unknown } | null } })[] | null; readonly tool_choice?: 'none' | 'auto' | 'required' | { readonly type: 'function'; readonly function: { readonly name: string } } | null; readonly parallel_tool_calls?: boolean | null; readonly response_format?: { readonly type: 'text' } | { readonly type: 'json_object' } | { readonly type: 'json_schema'; readonly json_schema: { readonly schema?: { readonly [name: string]: unknown } | null } } | null; readonly user?: string | null; readonly metadata?: { readonly [name: string]: string } | null; readonly n?: 1; readonly logprobs?: false; readonly top_logprobs?: 0; readonly logit_bias?: { readonly [name: string]: unknown } | null; readonly modalities?: readonly 'text'[] | null; readonly audio?: null; readonly functions?: readonly unknown[] | null; readonly function_call?: 'none'; readonly web_search_options?: null };

export type ChatMessage = { readonly role: 'system' | 'developer'; readonly content: string | readonly { readonly type: 'text'; readonly text: string }[]; readonly name?: string } | UserMessage | { readonly role: 'assistant'; readonly content?: string | readonly { readonly type: 'text'; readonly text: string }[] | null; readonly name?: string; readonly tool_calls?: readonly { readonly id: string; readonly type?: 'function'; readonly function: { readonly name: string; readonly arguments: string } }[]; readonly refusal?: null } | { readonly role: 'tool'; readonly tool_call_id: string; readonly content: string | readonly { readonly type: 'text'; readonly text: string }[] };

export type ChatModel = { readonly id: string; readonly object: 'model'; readonly created: number; readonly owned_by: string };

export type ChatModels = { readonly object: 'list'; readonly data: readonly ChatModel[] };

export type ChatRefusal = { readonly error: { readonly message: string; readonly type: string; readonly param: string | null; readonly code: string | null } };

export type CreateJob = { readonly scenario: { readonly [name: string]: unknown }; readonly schedulers?: readonly ('fifo' | 'round-robin' | 'sjf' | 'srtf' | 'priority-preemptive' | 'priority-nonpreemptive' | 'priority' | 'hrrn' | 'mlfq' | 'lottery' | 'stride' | 'cfs' | 'eevdf' | 'edf' | 'vtc' | 'plas' | 'atlas' | 'justitia' | 'random')[]; readonly seeds?: readonly number[]; readonly until_seconds?: number };

export type CreateTrace = { readonly messages: readonly ChatMessage[]; readonly model?: string; readonly temperature?: number; readonly max_iterations?: number; readonly system_prompt?: string; readonly tools?: readonly string[]; readonly name?: string; readonly uid?: string };

export type CreatedTrace = { readonly trace_id: string; readonly branch: string; readonly status: 'running' };

export type Experience = { readonly condition: string; readonly rule: string; readonly source: 'positive' | 'negative' | 'correction'; readonly confidence: number; readonly evidence: readonly { readonly trace_id: string; readonly step: number; readonly text: string }[]; readonly remembered_at: string };

export type Experiences = { readonly experiences: readonly Experience[] };

export type FeedbackGiven = { readonly kind: 'positive' | 'negative' | 'correction'; readonly text?: string; readonly condition?: string };

export type FeedbackTaken = { readonly trace_id: string; readonly step: number; readonly experience: Experience };

export type GoOnTrace = { readonly messages?: readonly UserMessage[]; readonly insert_after?: number | string; readonly branch?: string };

export type Health = { readonly status: 'ok'; readonly version: string };

export type Job = { readonly job_id: string; readonly status: 'waiting' | 'running' | 'completed' | 'failed' | 'cancelled'; readonly progress: number; readonly created_at: string; readonly ended_at: string | null; readonly error: string | null; readonly rows: readonly JobRow[] };

export type JobRow = { readonly scheduler: string; readonly seed: number; readonly events: number; readonly event_hash: string; readonly virtual_seconds: number; readonly is_cut: boolean; readonly metrics: { readonly [name: string]: unknown } };

export type JobSummary = { readonly job_id: string; readonly status: 'waiting' | 'running' | 'completed' | 'failed' | 'cancelled'; readonly progress: number; readonly created_at: string; readonly ended_at: string | null; readonly error: string | null };

export type Jobs = { readonly jobs: readonly JobSummary[] };

export type Kernel = { readonly nowUs: number; readonly events: number; readonly processes: readonly Process[]; readonly engines: readonly { readonly index: number; readonly scheduler: string; readonly paging: string; readonly loadControl: string; readonly running: readonly number[]; readonly ready: number; readonly waitingForMemory: number; readonly residentTokens: number; readonly pinnedTokens: number; readonly roomTokens: number }[]; readonly budgets: readonly Budget[]; readonly locks: readonly { readonly lock: string; readonly owner: number; readonly waiters: readonly number[] }[]; readonly semaphores: readonly { readonly run: string; readonly semaphore: string; readonly count: number; readonly waiters: readonly number[] }[] };

export type Policies = { readonly active: readonly { readonly engine: string; readonly scheduling: string; readonly paging: string; readonly loadControl: string }[]; readonly scheduling: readonly string[]; readonly paging: readonly string[]; readonly loadControl: readonly string[] };

export type Process = { readonly pid: number; readonly run: string; readonly parent: number; readonly name: string; readonly program: string; readonly priority: number; readonly effectivePriority: number; readonly state: 'ready' | 'running' | 'waiting' | 'suspended' | 'terminated'; readonly waitingOn: string; readonly sinceUs: number; readonly isDeadlocked: boolean; readonly core: number; readonly engine: number; readonly budget: string; readonly outcome: '' | 'completed' | 'failed' | 'cancelled' | 'killed'; readonly syscalls: number; readonly pages: number; readonly promptTokens: number; readonly residentTokens: number; readonly mail: number; readonly usage: { readonly tokensIn: number; readonly tokensCached: number; readonly tokensOut: number; readonly calls: number; readonly coreUs: number; readonly microDollars: number; readonly faults: number }; readonly explanation: string };

export type Processes = { readonly nowUs: number; readonly processes: readonly Process[] };

export type Question = { readonly question_id: string; readonly trace_id: string; readonly name: string; readonly purpose: 'approve' | 'edit' | 'answer'; readonly tool: string | null; readonly arguments?: unknown; readonly question?: unknown; readonly decisions: readonly ('approve' | 'edit' | 'deny' | 'answer')[]; readonly asked_at: string };

export type Questions = { readonly questions: readonly Question[] };

export type Readiness = { readonly status: 'ready' | 'closing' | 'storage-unavailable' | 'broken'; readonly message: string };

export type Reflected = { readonly trace_id: string; readonly branch: string; readonly status: 'completed' | 'failed'; readonly score: number | null; readonly issues: readonly string[]; readonly suggestions: readonly string[]; readonly experience: Experience | null; readonly error: { readonly code: string; readonly message: string } | null };

export type Refusal = { readonly error: { readonly code: string; readonly message: string; readonly field?: string; readonly id?: string } };

export type RunningTraces = { readonly traces: readonly TraceSummary[] };

export type Signal = { readonly signal: 'stop' | 'continue' | 'terminate' | 'kill' };

export type Signalled = { readonly pid: number; readonly signal: 'stop' | 'continue' | 'terminate' | 'kill'; readonly state: 'ready' | 'running' | 'waiting' | 'suspended' | 'terminated' };

export type Step = { readonly id: string; readonly sequence: number | null; readonly type: 'memory_read' | 'llm_call' | 'reflection' | 'tool_call' | 'feedback' | 'memory_write' | 'conclusion'; readonly pid: number; readonly name: string; readonly parents: readonly number[]; readonly status: 'open' | 'done' | 'failed' | 'timed-out' | 'cancelled'; readonly data: { readonly [name: string]: unknown }; readonly started_at: string; readonly ended_at: string | null; readonly usage: { readonly tokens_in: number; readonly tokens_cached: number; readonly tokens_out: number; readonly micro_dollars: number } };

export type StepList = { readonly trace_id: string; readonly branch: string; readonly steps: readonly Step[]; readonly next_after: number | null };

export type StoppedTrace = { readonly trace_id: string; readonly status: 'stopping' | 'not_running' };

export type Trace = { readonly trace_id: string; readonly name: string; readonly uid: string; readonly status: TraceStatus; readonly driven_by?: string; readonly task: string; readonly model: string; readonly created_at: string; readonly branch: string; readonly ended_at: string | null; readonly answer: string; readonly value?: unknown; readonly error: { readonly code: string; readonly message: string } | null; readonly usage: Usage; readonly branches: readonly string[]; readonly temperature: number | null; readonly max_iterations: number | null; readonly tools: readonly string[]; readonly system_prompt: string | null };

export type TraceList = { readonly traces: readonly TraceSummary[]; readonly next_cursor: string | null };

/** waiting: a question to a person is open; stopped: held where it stood, POST …/run lets it go on; interrupted: the program that drove it died */
export type TraceStatus = 'running' | 'waiting' | 'stopped' | 'interrupted' | 'completed' | 'failed' | 'cancelled';

export type TraceSummary = { readonly trace_id: string; readonly name: string; readonly uid: string; readonly status: TraceStatus; readonly driven_by?: string; readonly task: string; readonly model: string; readonly created_at: string; readonly branch: string };

/** of the run, all its branches */
export type Usage = { readonly model_calls: number; readonly tokens_in: number; readonly tokens_cached: number; readonly tokens_out: number; readonly micro_dollars: number };

export type UserMessage = { readonly role: 'user'; readonly content: string | readonly { readonly type: 'text'; readonly text: string }[]; readonly name?: string };

export type WentOnTrace = CreatedTrace & ({ readonly insert_after: number | null; readonly left_behind: number });

/** What each operation is given, and what it answers. */
export interface Operations {
  /** The same for whoever was told of a question by webhook: the token is that of the question. */
  readonly answerByToken: {
    readonly arguments: { readonly idempotencyKey?: string; readonly body: AnswerByToken };
    readonly answer: Answered;
  };
  /** Approve, edit, deny or answer. */
  readonly answerQuestion: {
    readonly arguments: { readonly id: string; readonly idempotencyKey?: string; readonly body: AnswerGiven };
    readonly answer: Answered;
  };
  /** End a job at once; one that has ended stays as it is. */
  readonly cancelJob: {
    readonly arguments: { readonly id: string };
    readonly answer: Job;
  };
  /** One answer of a model, as a call of a process of the kernel. */
  readonly createChatCompletion: {
    readonly arguments: { readonly xRingzeroRun?: string; readonly xRingzeroPriority?: number | null; readonly idempotencyKey?: string; readonly body: ChatCompletionRequest };
    readonly answer: ChatCompletion;
  };
  /** Simulate a scenario, with each scheduler and each seed. */
  readonly createJob: {
    readonly arguments: { readonly idempotencyKey?: string; readonly body: CreateJob };
    readonly answer: Job;
  };
  /** Create a run and let it go. */
  readonly createTrace: {
    readonly arguments: { readonly idempotencyKey?: string; readonly body: CreateTrace };
    readonly answer: CreatedTrace;
  };
  /** This document as a page to read and to try. */
  readonly getDocsPage: {
    readonly arguments: Readonly<Record<string, never>>;
    readonly answer: string;
  };
  /** This document. */
  readonly getDocument: {
    readonly arguments: Readonly<Record<string, never>>;
    readonly answer: { readonly [name: string]: unknown };
  };
  /** Whether the server is there. */
  readonly getHealth: {
    readonly arguments: Readonly<Record<string, never>>;
    readonly answer: Health;
  };
  /** A job with what has come of it so far. */
  readonly getJob: {
    readonly arguments: { readonly id: string };
    readonly answer: Job;
  };
  /** The kernel as it stands: processes, engines, memory, budgets, locks. */
  readonly getKernel: {
    readonly arguments: Readonly<Record<string, never>>;
    readonly answer: Kernel;
  };
  /** Figures of the kernel, for Prometheus. */
  readonly getMetrics: {
    readonly arguments: Readonly<Record<string, never>>;
    readonly answer: string;
  };
  /** One model that may be asked here. */
  readonly getModel: {
    readonly arguments: { readonly model: string };
    readonly answer: ChatModel;
  };
  /** One process. */
  readonly getProcess: {
    readonly arguments: { readonly pid: number };
    readonly answer: Process;
  };
  /** An open question. */
  readonly getQuestion: {
    readonly arguments: { readonly id: string };
    readonly answer: Question;
  };
  /** Whether the server takes work. */
  readonly getReadiness: {
    readonly arguments: Readonly<Record<string, never>>;
    readonly answer: Readiness;
  };
  /** One run as it stands. */
  readonly getTrace: {
    readonly arguments: { readonly id: string };
    readonly answer: Trace;
  };
  /** The tree of budgets, with what is used and reserved of each limit. */
  readonly listBudgets: {
    readonly arguments: Readonly<Record<string, never>>;
    readonly answer: Budgets;
  };
  /** What a tenant has learned. */
  readonly listExperiences: {
    readonly arguments: { readonly query?: string; readonly uid?: string; readonly limit?: number };
    readonly answer: Experiences;
  };
  /** All jobs that are known, the latest first. */
  readonly listJobs: {
    readonly arguments: Readonly<Record<string, never>>;
    readonly answer: Jobs;
  };
  /** The models that may be asked here. */
  readonly listModels: {
    readonly arguments: Readonly<Record<string, never>>;
    readonly answer: ChatModels;
  };
  /** The policies that there are, and those that this kernel runs. */
  readonly listPolicies: {
    readonly arguments: Readonly<Record<string, never>>;
    readonly answer: Policies;
  };
  /** Processes and what they wait for. */
  readonly listProcesses: {
    readonly arguments: { readonly state?: 'ready' | 'running' | 'waiting' | 'suspended' | 'terminated'; readonly run?: string };
    readonly answer: Processes;
  };
  /** The questions that wait for a person. */
  readonly listQuestions: {
    readonly arguments: { readonly traceId?: string };
    readonly answer: Questions;
  };
  /** All runs, the latest first. */
  readonly listTraces: {
    readonly arguments: { readonly status?: TraceStatus; readonly uid?: string; readonly limit?: number; readonly cursor?: string };
    readonly answer: TraceList;
  };
  /** Let the model judge a run, in a branch beside it: what it finds becomes an experience. */
  readonly reflectTrace: {
    readonly arguments: { readonly id: string; readonly idempotencyKey?: string };
    readonly answer: Reflected;
  };
  /** Let a run go on: with what the user says, from behind a step, or with its last answer given again. */
  readonly runTrace: {
    readonly arguments: { readonly id: string; readonly idempotencyKey?: string; readonly body: GoOnTrace };
    readonly answer: WentOnTrace;
  };
  /** The runs that go on here now. */
  readonly runningTraces: {
    readonly arguments: Readonly<Record<string, never>>;
    readonly answer: RunningTraces;
  };
  /** Stop, continue, terminate or kill a process and its children. */
  readonly signalProcess: {
    readonly arguments: { readonly pid: number; readonly idempotencyKey?: string; readonly body: Signal };
    readonly answer: Signalled;
  };
  /** Say something of a step: it becomes an experience. */
  readonly stepFeedback: {
    readonly arguments: { readonly id: string; readonly sequence: number; readonly idempotencyKey?: string; readonly body: FeedbackGiven };
    readonly answer: FeedbackTaken;
  };
  /** Hold a run where it stands, at once. */
  readonly stopTrace: {
    readonly arguments: { readonly id: string; readonly idempotencyKey?: string };
    readonly answer: StoppedTrace;
  };
  /** What a run did. */
  readonly traceSteps: {
    readonly arguments: { readonly id: string; readonly after?: number | null; readonly limit?: number; readonly branch?: string };
    readonly answer: StepList;
  };
  /** Watch the processes of the kernel, by WebSocket or as server-sent events. */
  readonly watchKernel: {
    readonly arguments: { readonly after?: string; readonly lastEventId?: string };
    readonly answer: ServerEvent;
  };
  /** Watch a run, by WebSocket or as server-sent events. */
  readonly watchTrace: {
    readonly arguments: { readonly id: string; readonly after?: string; readonly branch?: string; readonly lastEventId?: string };
    readonly answer: ServerEvent;
  };
}

export const operations = {
  answerByToken: { method: 'POST', path: '/api/answers', headers: { idempotencyKey: 'Idempotency-Key' }, answer: 'json' },
  answerQuestion: { method: 'POST', path: '/api/questions/{id}/answer', headers: { idempotencyKey: 'Idempotency-Key' }, answer: 'json' },
  cancelJob: { method: 'DELETE', path: '/api/jobs/{id}', answer: 'json' },
  createChatCompletion: { method: 'POST', path: '/v1/chat/completions', headers: { xRingzeroRun: 'x-ringzero-run', xRingzeroPriority: 'x-ringzero-priority', idempotencyKey: 'Idempotency-Key' }, answer: 'json' },
  createJob: { method: 'POST', path: '/api/jobs', headers: { idempotencyKey: 'Idempotency-Key' }, answer: 'json' },
  createTrace: { method: 'POST', path: '/api/traces', headers: { idempotencyKey: 'Idempotency-Key' }, answer: 'json' },
  getDocsPage: { method: 'GET', path: '/docs', answer: 'text' },
  getDocument: { method: 'GET', path: '/openapi.json', answer: 'json' },
  getHealth: { method: 'GET', path: '/health', answer: 'json' },
  getJob: { method: 'GET', path: '/api/jobs/{id}', answer: 'json' },
  getKernel: { method: 'GET', path: '/api/kernel', answer: 'json' },
  getMetrics: { method: 'GET', path: '/metrics', answer: 'text' },
  getModel: { method: 'GET', path: '/v1/models/{model}', answer: 'json' },
  getProcess: { method: 'GET', path: '/api/processes/{pid}', answer: 'json' },
  getQuestion: { method: 'GET', path: '/api/questions/{id}', answer: 'json' },
  getReadiness: { method: 'GET', path: '/ready', answer: 'json' },
  getTrace: { method: 'GET', path: '/api/traces/{id}', answer: 'json' },
  listBudgets: { method: 'GET', path: '/api/budgets', answer: 'json' },
  listExperiences: { method: 'GET', path: '/api/experiences', query: { query: 'query', uid: 'uid', limit: 'limit' }, answer: 'json' },
  listJobs: { method: 'GET', path: '/api/jobs', answer: 'json' },
  listModels: { method: 'GET', path: '/v1/models', answer: 'json' },
  listPolicies: { method: 'GET', path: '/api/policies', answer: 'json' },
  listProcesses: { method: 'GET', path: '/api/processes', query: { state: 'state', run: 'run' }, answer: 'json' },
  listQuestions: { method: 'GET', path: '/api/questions', query: { traceId: 'trace_id' }, answer: 'json' },
  listTraces: { method: 'GET', path: '/api/traces', query: { status: 'status', uid: 'uid', limit: 'limit', cursor: 'cursor' }, answer: 'json' },
  reflectTrace: { method: 'POST', path: '/api/traces/{id}/reflect', headers: { idempotencyKey: 'Idempotency-Key' }, answer: 'json' },
  runTrace: { method: 'POST', path: '/api/traces/{id}/run', headers: { idempotencyKey: 'Idempotency-Key' }, answer: 'json' },
  runningTraces: { method: 'GET', path: '/api/traces/running', answer: 'json' },
  signalProcess: { method: 'POST', path: '/api/processes/{pid}/signal', headers: { idempotencyKey: 'Idempotency-Key' }, answer: 'json' },
  stepFeedback: { method: 'POST', path: '/api/traces/{id}/steps/{sequence}/feedback', headers: { idempotencyKey: 'Idempotency-Key' }, answer: 'json' },
  stopTrace: { method: 'POST', path: '/api/traces/{id}/stop', headers: { idempotencyKey: 'Idempotency-Key' }, answer: 'json' },
  traceSteps: { method: 'GET', path: '/api/traces/{id}/steps', query: { after: 'after', limit: 'limit', branch: 'branch' }, answer: 'json' },
  watchKernel: { method: 'GET', path: '/api/events', query: { after: 'after' }, headers: { lastEventId: 'last-event-id' }, answer: 'events' },
  watchTrace: { method: 'GET', path: '/api/traces/{id}/watch', query: { after: 'after', branch: 'branch' }, headers: { lastEventId: 'last-event-id' }, answer: 'events' },
} as const satisfies Record<keyof Operations, OperationRoute>;
