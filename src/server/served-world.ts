/** What a server drives: a kernel with its models, tools, people and storage, built by whoever starts the server. */
import type { LiveKernel } from '../host/live-kernel.ts';
import type { OpenQuestions } from '../host/open-questions.ts';
import type { Clock } from '../host/ports.ts';
import type { Json } from '../kernel/ids.ts';
import type { StorageManager } from '../kernel/storage.ts';
import type { ToolRegistry } from '../kernel/tools.ts';

export interface ServedWorld {
  readonly live: LiveKernel;
  readonly questions: OpenQuestions;
  readonly clock: Clock;
  readonly registry: ToolRegistry;
  readonly storage: StorageManager;
  /** Names of the models that agents may ask. */
  readonly models: readonly string[];
  /** The tools that agents are offered. */
  readonly tools: readonly string[];
  /** The budget node under which agents spend. */
  readonly budget: string;
  /** What is kept with a run that starts here, so that its world can be built again. */
  readonly settings: Json;
  /** A name for a new run, like no other. */
  newRunName(): string;
  /** The arguments of an agent here, with what is said of it alone. Throws KernelError INVALID_ARGUMENT. */
  agent(own: Readonly<Record<string, Json>>): Json;
}
