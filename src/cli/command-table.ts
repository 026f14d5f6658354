/**
 * The table of commands, in the order of `ringzero --help`. A row loads its file only when it is needed, so that a command
 * doesn't pay for what others import.
 */
import type { Command, CommandGroup } from './command.ts';

/** Name of a command or a group → its file. */
export type CommandTable = Readonly<Record<string, () => Promise<Command | CommandGroup>>>;

export const commandTable: CommandTable = {
  run: async () => (await import('./commands/run.ts')).runCommand,
  resume: async () => (await import('./commands/resume.ts')).resumeCommand,
  runs: async () => (await import('./commands/runs.ts')).runsCommand,
  show: async () => (await import('./commands/show.ts')).showCommand,
  cancel: async () => (await import('./commands/cancel.ts')).cancelCommand,
  rewind: async () => (await import('./commands/rewind.ts')).rewindCommand,
  fork: async () => (await import('./commands/fork.ts')).forkCommand,
  diff: async () => (await import('./commands/diff.ts')).diffCommand,
  audit: async () => (await import('./commands/audit.ts')).auditCommand,
  prune: async () => (await import('./commands/prune.ts')).pruneCommand,
  export: async () => (await import('./commands/export.ts')).exportCommand,
  import: async () => (await import('./commands/import.ts')).importCommand,
  doctor: async () => (await import('./commands/doctor.ts')).doctorCommand,
  serve: async () => (await import('./commands/serve.ts')).serveCommand,
  top: async () => (await import('./commands/top.ts')).topCommand,
  ps: async () => (await import('./commands/ps.ts')).psCommand,
  kill: async () => (await import('./commands/kill.ts')).killCommand,
  logs: async () => (await import('./commands/logs.ts')).logsCommand,
  token: async () => (await import('./commands/token.ts')).tokenCommand,
  mcp: async () => (await import('./commands/mcp.ts')).mcpCommand,
  demo: async () => (await import('./commands/demo.ts')).demoCommand,
  replay: async () => (await import('./commands/replay.ts')).replayCommand,
  simulate: async () => (await import('./commands/simulate.ts')).simulateCommand,
  compare: async () => (await import('./commands/compare.ts')).compareCommand,
  sched: async () => (await import('./commands/sched.ts')).schedCommand,
  page: async () => (await import('./commands/page.ts')).pageCommand,
  trace: async () => (await import('./commands/trace.ts')).traceCommands,
  curve: async () => (await import('./commands/curve.ts')).curveCommand,
  sweep: async () => (await import('./commands/sweep.ts')).sweepCommand,
  submit: async () => (await import('./commands/submit.ts')).submitCommand,
  worker: async () => (await import('./commands/worker.ts')).workerCommand,
  ostep: async () => (await import('./commands/ostep.ts')).ostepCommands,
  rerun: async () => (await import('./commands/rerun.ts')).rerunCommand,
  step: async () => (await import('./commands/step.ts')).stepCommand,
  why: async () => (await import('./commands/why.ts')).whyCommand,
  whatif: async () => (await import('./commands/whatif.ts')).whatIfCommand,
};
