/**
 * What a program that uses Ring Zero as a library needs: the kernel, its contracts and records, the policies, agents, the live driver with its ports, and virtual time with its simulated devices. All of
 * it runs anywhere; the real clock, models and tools are in `ringzero/adapters`, which needs Node.
 */
export { AssertionError } from './base/assert.ts';
export { rngFor, type Rng } from './base/rng.ts';

export { Kernel } from './kernel/kernel.ts';
export { KernelError, type KernelErrorCode } from './kernel/errors.ts';
export {
  engineDefaults,
  type EngineOptions,
  type PreemptionCapability,
  type Prices,
} from './kernel/engine-options.ts';
export { completeOptions, type KernelOptions, type KernelOptionsInput } from './kernel/options.ts';
export {
  defaultQuota,
  hourUs,
  type BudgetLimit,
  type BudgetNodeSpec,
  type BudgetWindow,
} from './kernel/budget-limits.ts';
export { exhaustionRules, type CheaperModel, type ExhaustionRule } from './kernel/budget-rules.ts';
export type * from './kernel/contracts.ts';
export { NEVER_USED } from './kernel/contracts.ts';
export type * from './kernel/events.ts';
export type * from './kernel/ids.ts';
export type * from './kernel/inputs.ts';
export type * from './kernel/process-state.ts';
export type * from './kernel/records.ts';
export type * from './kernel/requests.ts';
export type { SchedulingFacts } from './kernel/scheduling-facts.ts';
export type * from './kernel/snapshot.ts';
export type * from './kernel/storage.ts';
export type * from './kernel/syscalls.ts';
export type { StepOutput } from './kernel/outbox.ts';
export { ToolRegistry, type ToolSpec } from './kernel/tools.ts';
export { estimateTokens } from './kernel/estimate.ts';
export { MemoryStorage } from './kernel/memory-storage.ts';
export { MemoryStore } from './kernel/memory-store.ts';
export type { TextIndex, TextMatch } from './kernel/text-index.ts';
export { verifyAuditChain, type AuditVerdict } from './kernel/audit-log.ts';
export { recoveryInput } from './kernel/recovery.ts';

export * from './policies/index.ts';
export { importanceLru } from './policies/paging/importance-lru.ts';
export { lru } from './policies/paging/lru.ts';
export { priority } from './policies/scheduling/priority.ts';
export { roundRobin } from './policies/scheduling/round-robin.ts';

export { replayed, scripted, stepPrograms, stepProgramsOf } from './agents/programs.ts';
export { agentProgram, agentProgramOf, type AgentParts } from './agents/loop/agent-program.ts';
export type { AgentResult } from './agents/loop/agent-run.ts';
export { agentDefaults, agentTaskOf, type AgentSettings, type AgentTask } from './agents/loop/agent-task.ts';
export { complexityOf, type Complexity, type RouteTable } from './agents/loop/model-routing.ts';
export {
  responseCache,
  responseCacheName,
  type CachedResponse,
  type ResponseCacheOptions,
} from './agents/loop/response-cache.ts';
export {
  rememberExperience,
  rememberSkill,
  type Experience,
  type ExperienceSource,
  type Skill,
} from './agents/memory/experience.ts';
export { rememberFeedback, type Feedback } from './agents/memory/feedback.ts';
export { feedbackProgram, type FeedbackTask } from './agents/memory/feedback-program.ts';
export type { Injection } from './agents/memory/injection.ts';
export {
  findMemories,
  loadMemories,
  type LoadedMemories,
  type MemoryOptions,
  type MemoryQuery,
} from './agents/memory/load-memories.ts';
export type { ModelCall, SimulatedModel } from './agents/model/model-call.ts';
export { messageOfPage, pageOf, type Message as ConversationMessage } from './agents/model/messages.ts';
export type * from './agents/steps.ts';
export { team } from './agents/teams/team.ts';
export type { Contribution } from './agents/teams/contribution.ts';
export {
  teamDefaults,
  topologies,
  type Member,
  type TeamResult,
  type TeamTask,
  type Topology,
} from './agents/teams/team-task.ts';
export { singleCall, singleCallOf, type SingleCallTask } from './agents/single-call.ts';
export type { StepFeedback } from './agents/traces/step-feedback.ts';
export { isTraceEnd } from './agents/traces/trace.ts';
export type * from './agents/traces/trace.ts';
export { Traces } from './agents/traces/traces.ts';
export { Workflow } from './agents/workflow.ts';
export { askPersonTool } from './agents/tools/ask-person.ts';
export { builtInTools } from './agents/tools/built-in.ts';
export type { ToolImplementation } from './agents/tools/tool-implementation.ts';

export type { AnswerSoFar, AnswerStreams, DeltaListener, NumberedDelta } from './host/answer-streams.ts';
export { diffBranches, type Behind, type BranchDiff, type Difference } from './host/branch-diff.ts';
export {
  makeBranch,
  planBranch,
  type BranchMaker,
  type BranchPlan,
  type BranchRequest,
} from './host/branches.ts';
export { LiveKernel, type LiveOptions, type ProcessEnd, type StepWatcher } from './host/live-kernel.ts';
export { OpenQuestions, type QuestionNews } from './host/open-questions.ts';
export type * from './host/ports.ts';
export { simulatedPort, type SimulatedPortOptions } from './host/simulated-port.ts';
export type { StorageNews } from './host/storage-waits.ts';
export { readBranch, type StoredBranch } from './host/stored-branch.ts';
export { readStoredRun, type StoredRun } from './host/stored-run.ts';
export { CallContents } from './host/telemetry/call-contents.ts';
export type { MetricDefinition } from './host/telemetry/metric-definitions.ts';
export type { HistogramData, MetricData, MetricPoint } from './host/telemetry/metric-set.ts';
export {
  openTelemetry,
  type LiveTelemetry,
  type OpenTelemetryOptions,
  type TelemetryExporter,
  type TelemetryScope,
} from './host/telemetry/open-telemetry.ts';
export { prometheusContentType, prometheusText } from './host/telemetry/prometheus-text.ts';
export type { SpanData, SpanEvent } from './host/telemetry/span.ts';
export type { ModelPlace } from './host/telemetry/spanned-process.ts';
export { Telemetry, type TelemetryOptions } from './host/telemetry/telemetry.ts';
export { watchTraces } from './host/watch-traces.ts';

export { faultyModel, type FaultyModelOptions, type ModelFaults } from './sim/devices/models/faulty-model.ts';
export { randomModel, type RandomModelOptions } from './sim/devices/models/random-model.ts';
export { ReplayedModel } from './sim/devices/models/replayed-model.ts';
export { recordedAnswers, type RecordedAnswer } from './sim/devices/models/recorded-answers.ts';
export { saying, scriptedModel } from './sim/devices/models/scripted-model.ts';
export {
  liveKernelOptions,
  liveProgramNames,
  type LiveEngine,
  type LiveParts,
  type LiveSpec,
} from './sim/live-spec.ts';
export { LiveRecorder, rerun, type RerunOptions, type RerunResult } from './sim/recording.ts';
export { Simulation, type SimulationOptions } from './sim/simulation.ts';
export { runWorkload, type WorkloadResult, type WorkloadRun } from './sim/run-workload.ts';
export { simulationDefaults, type SimulationSpec } from './sim/spec.ts';
export { toolSpecOf, type ToolData } from './kernel/tool-data.ts';
export { Metrics } from './sim/metrics/metrics.ts';
export type { ProcessMetrics, RunMetrics, Split } from './sim/metrics/run-metrics.ts';
export type * from './sim/timeline/machine-view.ts';
export type { TimelineMachine } from './sim/timeline/folded-state.ts';
export { Timeline } from './sim/timeline/timeline.ts';
export { AccountReader } from './sim/why/account-reader.ts';
export type * from './sim/why/account.ts';
export { createCheckers } from './sim/checkers/checkers.ts';
export { EventHash } from './sim/event-hash.ts';
