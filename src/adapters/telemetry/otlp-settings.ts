/** Where telemetry goes and how, from a URL and the standard variables of OpenTelemetry. The variables alone send nothing: somebody has to ask for it. */
import { invalid, KernelError } from '../../kernel/errors.ts';

export interface OtlpSettings {
  readonly tracesUrl: string;
  readonly metricsUrl: string;
  /** Sent with each request. May be secret: never shown. */
  readonly headers: Readonly<Record<string, string>>;
  readonly compression: 'gzip' | 'none';
  /** Of one export with its repeats, ms. */
  readonly timeoutMs: number;
  /** Between two exports of spans, and of metrics, ms. */
  readonly spanIntervalMs: number;
  readonly metricIntervalMs: number;
  /** Of the resource, `service.name` among them. */
  readonly resource: Readonly<Record<string, string>>;
}

export type Environment = Readonly<Record<string, string | undefined>>;

const defaults = { timeoutMs: 3_000, spanIntervalMs: 1_000, metricIntervalMs: 60_000 } as const;

/**
 * `url`: the base of both endpoints, as in OTEL_EXPORTER_OTLP_ENDPOINT; absent: what that and the variables of each kind say. `flag`: what it is called where it is asked for. undefined: OTEL_SDK_DISABLED
 * forbids it. Throws KernelError INVALID_ARGUMENT that names the flag or the variable; no message tells a header, a user or a query.
 */
export function otlpSettings(
  { flag, url }: { readonly flag: string; readonly url: string | undefined },
  environment: Environment,
): OtlpSettings | undefined {
  const read = (name: string): string | undefined => environment[name]?.trim() || undefined;
  if (read('OTEL_SDK_DISABLED')?.toLowerCase() === 'true') return undefined;
  const protocol = read('OTEL_EXPORTER_OTLP_PROTOCOL');
  if (protocol !== undefined && protocol !== 'http/protobuf')
    throw invalid('OTEL_EXPORTER_OTLP_PROTOCOL', protocol, 'http/protobuf (port 4318, as a rule)');
  const base = read('OTEL_EXPORTER_OTLP_ENDPOINT');
  const endpoint = (kind: 'traces' | 'metrics'): string => {
    if (url !== undefined) return below(checkedUrl(flag, url), kind);
    const variable = `OTEL_EXPORTER_OTLP_${kind.toUpperCase()}_ENDPOINT`;
    const own = read(variable);
    if (own !== undefined) return checkedUrl(variable, own).href;
    if (base !== undefined) return below(checkedUrl('OTEL_EXPORTER_OTLP_ENDPOINT', base), kind);
    throw new KernelError(
      'INVALID_ARGUMENT',
      `${flag}: there is no collector to send to; allowed: ${flag} http://localhost:4318, or with OTEL_EXPORTER_OTLP_ENDPOINT`,
    );
  };
  const compression = read('OTEL_EXPORTER_OTLP_COMPRESSION') ?? 'none';
  if (compression !== 'gzip' && compression !== 'none')
    throw invalid('OTEL_EXPORTER_OTLP_COMPRESSION', compression, 'gzip, none');
  const milliseconds = (name: string, otherwise: number): number => {
    const text = read(name);
    if (text === undefined) return otherwise;
    if (!/^\d{1,9}$/.test(text) || Number(text) === 0) throw invalid(name, text, 'milliseconds, at least 1');
    return Number(text);
  };
  const name = read('OTEL_SERVICE_NAME');
  return {
    tracesUrl: endpoint('traces'),
    metricsUrl: endpoint('metrics'),
    headers: pairs('OTEL_EXPORTER_OTLP_HEADERS', read('OTEL_EXPORTER_OTLP_HEADERS')),
    compression,
    timeoutMs: milliseconds('OTEL_EXPORTER_OTLP_TIMEOUT', defaults.timeoutMs),
    spanIntervalMs: milliseconds('OTEL_BSP_SCHEDULE_DELAY', defaults.spanIntervalMs),
    metricIntervalMs: milliseconds('OTEL_METRIC_EXPORT_INTERVAL', defaults.metricIntervalMs),
    resource: {
      'service.name': 'ringzero',
      ...pairs('OTEL_RESOURCE_ATTRIBUTES', read('OTEL_RESOURCE_ATTRIBUTES')),
      ...(name === undefined ? {} : { 'service.name': name }),
    },
  };
}

/** The headers that the environment has for collectors: whoever runs here could read them there. Of one that cannot be read, its whole value. */
export function otlpHeaders(environment: Environment): readonly (readonly [name: string, value: string])[] {
  return ['', 'TRACES_', 'METRICS_'].flatMap((kind): (readonly [string, string])[] => {
    const variable = `OTEL_EXPORTER_OTLP_${kind}HEADERS`;
    try {
      return Object.entries(pairs(variable, environment[variable]));
    } catch {
      return [['authorization', environment[variable]!]];
    }
  });
}

function checkedUrl(field: string, text: string): URL {
  const parsed = parsedUrl(text);
  if (parsed === undefined || (parsed.protocol !== 'http:' && parsed.protocol !== 'https:'))
    throw invalid(field, bare(text), 'an http or https URL, such as http://localhost:4318');
  if (parsed.username !== '' || parsed.password !== '')
    throw invalid(
      field,
      bare(text),
      'a URL without a name and a password; OTEL_EXPORTER_OTLP_HEADERS is for them',
    );
  return parsed;
}

function parsedUrl(text: string): URL | undefined {
  try {
    return new URL(text);
  } catch {
    return undefined;
  }
}

function below(base: URL, kind: string): string {
  const url = new URL(base);
  url.pathname = `${url.pathname.replace(/\/+$/, '')}/v1/${kind}`;
  return url.href;
}

/** Of a URL what may be shown. */
export function bare(url: string): string {
  return url.replace(/\?.*$/s, '?…').replace(/^([^/]*:\/\/)?[^/]*@/, '$1…@');
}

/** `name=value,name=value`, percent-encoded. Throws KernelError INVALID_ARGUMENT without the value, which may be secret. */
function pairs(variable: string, text = ''): Record<string, string> {
  const found: Record<string, string> = {};
  for (const [index, part] of text.split(',').entries()) {
    if (part.trim() === '') continue;
    const at = part.indexOf('=');
    const name = at === -1 ? '' : part.slice(0, at).trim();
    if (name === '')
      throw new KernelError(
        'INVALID_ARGUMENT',
        `${variable}: part ${index + 1} is not allowed; allowed: name=value, with commas between`,
      );
    const value = part.slice(at + 1).trim();
    try {
      found[name] = decodeURIComponent(value);
    } catch {
      found[name] = value;
    }
  }
  return found;
}
