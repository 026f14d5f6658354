/** Telemetry of live agents on the command line: `--otlp`, and the figures that a server hands to Prometheus (docs/telemetry.md). */
import type { Command as CommanderCommand } from 'commander';

import { openOtlpExporter } from '../../adapters/telemetry/otlp-exporter.ts';
import { otlpSettings, type OtlpSettings } from '../../adapters/telemetry/otlp-settings.ts';
import type { LiveKernel } from '../../host/live-kernel.ts';
import type { Clock, ModelPort } from '../../host/ports.ts';
import type { Redactor } from '../../host/redactor.ts';
import type { StorageNews } from '../../host/storage-waits.ts';
import { CallContents } from '../../host/telemetry/call-contents.ts';
import type { MetricData } from '../../host/telemetry/metric-set.ts';
import {
  openTelemetry,
  type LiveTelemetry,
  type TelemetryExporter,
} from '../../host/telemetry/open-telemetry.ts';
import type { ModelPlace } from '../../host/telemetry/spanned-process.ts';
import { KernelError } from '../../kernel/errors.ts';
import type { Io } from '../command.ts';
import { packageVersion } from '../package-version.ts';
import type { LiveModel } from './model-choice.ts';

export interface TelemetryFlags {
  /** True: to where the environment says. */
  readonly otlp?: string | true;
  readonly otlpContent?: boolean;
}

export interface TelemetrySettings {
  /** undefined: nothing is exported. */
  readonly otlp: OtlpSettings | undefined;
  readonly exportsContent: boolean;
}

export function addTelemetryFlags(command: CommanderCommand): void {
  command
    .option(
      '--otlp [url]',
      'sends spans and metrics to this OpenTelemetry collector (default: none; without a URL: OTEL_EXPORTER_OTLP_ENDPOINT)',
    )
    .option('--otlp-content', 'with --otlp: prompts, answers, arguments and results of tools, too');
}

/** Throws KernelError INVALID_ARGUMENT. */
export function telemetrySettings(
  { otlp, otlpContent = false }: TelemetryFlags,
  { environment }: Pick<Io, 'environment'>,
): TelemetrySettings {
  if (otlp === undefined && otlpContent)
    throw new KernelError(
      'INVALID_ARGUMENT',
      '--otlp-content: means nothing without --otlp; allowed: with it',
    );
  const url = otlp === true ? undefined : otlp;
  return {
    otlp: otlp === undefined ? undefined : otlpSettings({ flag: '--otlp', url }, environment),
    exportsContent: otlpContent,
  };
}

export interface WorldTelemetryOptions {
  readonly settings: TelemetrySettings;
  /** There are figures to be read, also when nothing is exported. */
  readonly hasFigures: boolean;
  /** Another kernel may go on with runs that are not over when this one is closed. */
  readonly isKept: boolean;
  readonly models: readonly LiveModel[];
  readonly clock: Clock;
  readonly redactor: Redactor;
  readonly onNotice: (line: string) => void;
}

export class WorldTelemetry {
  private readonly options: WorldTelemetryOptions;
  private readonly exporter: TelemetryExporter | undefined;
  private readonly contents: CallContents | undefined;
  private telemetry: LiveTelemetry | undefined;

  static async open(options: WorldTelemetryOptions): Promise<WorldTelemetry> {
    const { settings, onNotice } = options;
    const { otlp } = settings;
    const exporter =
      otlp === undefined
        ? undefined
        : await openOtlpExporter({ settings: otlp, version: packageVersion(), onNotice });
    return new WorldTelemetry(options, exporter);
  }

  private constructor(options: WorldTelemetryOptions, exporter: TelemetryExporter | undefined) {
    this.options = options;
    this.exporter = exporter;
    const { exportsContent } = options.settings;
    if (exporter !== undefined) this.contents = new CallContents({ keepsMessages: exportsContent });
  }

  /** A model as the kernel is to have it; `port` redacts. */
  model(port: ModelPort): ModelPort {
    return this.contents?.model(port) ?? port;
  }

  /** Of all that `live` does from now on. */
  watch(live: LiveKernel): void {
    const { exporter, contents } = this;
    const { settings, hasFigures, isKept, clock, models, redactor } = this.options;
    if (exporter === undefined && !hasFigures) return;
    const places = new Map(models.map((model) => [model.name, placeOf(model)]));
    this.telemetry = openTelemetry(live, {
      clock,
      exporter,
      contents,
      exportsContent: settings.exportsContent,
      redactor,
      isKept,
      placeOf: (engine) => places.get(engine)!,
    });
  }

  storage(news: StorageNews): void {
    this.telemetry?.storage(news);
  }

  /** Empty where nobody wanted them. */
  metrics(): readonly MetricData[] {
    return this.telemetry?.metrics() ?? [];
  }

  /** Behind the kernel. */
  async close(): Promise<void> {
    await (this.telemetry ?? this.exporter)?.close();
  }
}

function placeOf({ endpoint }: LiveModel): ModelPlace {
  if (endpoint === undefined) return { provider: 'ringzero' };
  const { hostname, port, protocol } = new URL(endpoint.url);
  // What speaks like OpenAI's servers is told in the form of theirs.
  return { provider: 'openai', address: hostname, port: Number(port) || (protocol === 'https:' ? 443 : 80) };
}
