/** A recorded workload from the text of a file, whatever its format. Opening and decompressing are somebody else's. */
import { parseAgents } from './agents-file.ts';
import { parseAzure } from './azure.ts';
import { parseClaudeCode } from './claude-code.ts';
import { detectFormat, type AgentFormat } from './detect.ts';
import { fileError } from './fields.ts';
import { parseMooncake } from './mooncake.ts';
import { parseOtel } from './otel.ts';
import { parseSweAgent } from './swe-agent.ts';
import { parseTauBench } from './tau-bench.ts';
import { parseWeka } from './weka.ts';
import { workloadOf } from './workload.ts';
import type { TraceFormat, Workload } from './workload.ts';
import type { AgentSpec } from '../../agents/steps.ts';

/** An opened file. Each method reads from the start. */
export interface WorkloadSource {
  /** For messages and reports. */
  readonly name: string;
  /** The beginning of the text: the first 64 K characters or so. */
  head(): Promise<string>;
  /** Lines without their ends. */
  lines(): AsyncIterable<string>;
  text(): Promise<string>;
}

/**
 * Throws KernelError INVALID_FILE, one line with the file, the place in it, the field, the value and what is allowed. `others`: what an unknown format is told
 * to be allowed beside traces.
 */
export async function readWorkload(source: WorkloadSource, others = ''): Promise<Workload> {
  const { name } = source;
  const format = detectFormat(name, await source.head(), others);
  const agents = await readers[format](source);
  if (agents.length === 0) throw fileError({ file: name, at: '' }, `no agent in it (read as ${format})`);
  return workloadOf(name, format, agents);
}

/** A format of lines is read as a stream; the others are one document. */
const readers: Readonly<Record<TraceFormat, (source: WorkloadSource) => Promise<readonly AgentSpec[]>>> = {
  'tau-bench': async (source) => parseTauBench(source.name, await source.text()),
  'swe-agent': async (source) => parseSweAgent(source.name, await source.text()),
  weka: (source) => collect(parseWeka(source.name, source.lines())),
  mooncake: (source) => collect(parseMooncake(source.name, source.lines())),
  azure: (source) => collect(parseAzure(source.name, source.lines())),
  otel: (source) => parseAgentLines.otel(source.name, source.lines()),
  'claude-code': (source) => parseAgentLines['claude-code'](source.name, source.lines()),
  workload: (source) => parseAgentLines.workload(source.name, source.lines()),
};

/** Formats of agents with their contexts, read line by line. */
export const parseAgentLines: Readonly<
  Record<AgentFormat, (file: string, lines: AsyncIterable<string>) => Promise<readonly AgentSpec[]>>
> = { otel: parseOtel, 'claude-code': parseClaudeCode, workload: parseAgents };

async function collect(agents: AsyncIterable<AgentSpec>): Promise<AgentSpec[]> {
  const all: AgentSpec[] = [];
  for await (const agent of agents) all.push(agent);
  return all;
}
