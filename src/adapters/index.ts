/** The real world for live kernels (`import … from 'ringzero/adapters'`): clock, models, tools and search. It needs Node; what `ringzero` itself exports runs anywhere. */
export { SystemClock } from './clock/system-clock.ts';

export { AiSdkModel, modelsByName, type AiSdkModelOptions } from './models/ai-sdk-model.ts';
export {
  modelFromEnvironment,
  modelVariables,
  openAiCompatible,
  type OpenAiCompatibleOptions,
} from './models/openai-compatible.ts';
export { pricesOf, priceTable, updatedPrices, type PriceTable } from './models/prices.ts';
export { loadTokenizer } from './models/tokenizer.ts';

export { RankedIndex } from './search/ranked-index.ts';

export { openPostgresStorage } from './storage/postgres-storage.ts';
export type { PostgresOptions } from './storage/postgres-database.ts';
export type { SqlStorage } from './storage/sql-storage.ts';
export type { SyncLevel } from './storage/sqlite-database.ts';
export { openSqliteStorage } from './storage/sqlite-storage.ts';

export { openOtlpExporter, type OtlpExporterOptions } from './telemetry/otlp-exporter.ts';
export { otlpSettings, type OtlpSettings } from './telemetry/otlp-settings.ts';

export { fetchTool } from './tools/fetch-tool.ts';
export { FileRoot } from './tools/file-root.ts';
export { fileTools } from './tools/file-tools.ts';
export { LiveTools, pureTool, type LiveTool } from './tools/live-tool.ts';
export { McpServerLink, type McpLinkOptions, type McpServer } from './tools/mcp-server-link.ts';
export { serveTools, type ServedBy, type ServedTool, type ToolServer } from './tools/mcp-tool-server.ts';
export { shellTool } from './tools/shell-tool.ts';
export { timeTool } from './tools/time-tool.ts';
