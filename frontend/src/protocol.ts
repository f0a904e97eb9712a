// Stand-in for protocol.gen.ts, of the same shape.
export type Num = number | string;
export type Severity = 'error' | 'warning';
export interface Diagnostic {
  severity: Severity; code: string; message: string;
  start: number; end: number; start_utf16: number; end_utf16: number;
  line: number; column: number; help: string[]; rendered?: string;
}
export interface MapShape { name: string; key: string | null; value: string }
export type RunPhase = 'starting' | 'running' | 'stopping' | 'ended';
export interface RunInfo {
  id: string; title: string; source: string; parameters: string[]; state: RunPhase; reason: string | null; ok: boolean | null;
  started_at: string; duration_ms: number; probes: number; watchers: number; lost_total: Num; view_key: string | null; maps: MapShape[];
}
export interface LogLine { sequence: number; at_ms: number; stream: 'out' | 'error' | 'warning'; kind: string; text: string }
export interface Loss { cause: string; text: string; total: Num; at_ms: number }
export type FrameKind = 'kernel' | 'user' | 'inlined' | 'unresolved';
export interface Frame { name: string; module: string | null; kind: FrameKind }
export type KeyPart = { t: 'text'; v: string } | { t: 'number'; v: Num } | { t: 'stack'; v: Frame[] };
export interface Bucket { label: string; low: Num | null; high: Num | null; count: Num }
export interface Point { at: string; value: Num }
export type MapValue =
  | { t: 'number'; v: Num }
  | { t: 'stats'; count: Num; average: Num; total: Num }
  | { t: 'histogram'; buckets: Bucket[] }
  | { t: 'series'; points: Point[]; interval_ms: number }
  | { t: 'text'; v: string };
export type MapKind = 'number' | 'stats' | 'histogram' | 'series' | 'text';
export interface MapEntry { key: KeyPart[]; value: MapValue }
export interface MapView {
  id: number; name: string; version: number; kind: MapKind; scalar: boolean; key_parts: string[]; has_stack: boolean;
  total_entries: number; omitted: number; sum: Num | null; entries: MapEntry[];
}
export type ServerMessage =
  | { type: 'snapshot'; sequence: number; run: RunInfo; log: LogLine[]; log_dropped: number; maps: MapView[]; lost: Loss[]; diagnostics: Diagnostic[] }
  | { type: 'update'; sequence: number; at_ms: number; log?: LogLine[]; maps?: MapView[]; lost?: Loss[]; run?: RunInfo; diagnostics?: Diagnostic[]; rate?: number }
  | { type: 'skipped'; lines: number }
  | { type: 'error'; message: string };
export type ClientMessage =
  | { type: 'hello'; secret: string; run: string; after: number }
  | { type: 'subscribe'; run: string; after: number }
  | { type: 'stop' };
export interface HostInfo { hostname: string; kernel: string; cpus: number; version: string; user: string; features: { name: string; available: boolean; since: string | null }[] }
export interface LanguageInfo {
  keywords: string[];
  builtins: { name: string; signature: string; doc: string; example: string }[];
  probes: { names: string[]; syntax: string; doc: string; available: boolean; reason: string | null }[];
}
export interface Example { id: string; title: string; question: string; script: string; how_to_read: string; view: string }
export interface CheckAnswer { diagnostics: Diagnostic[]; probes: number; maps: MapShape[] }
export interface LoginAnswer { secret: string; role: 'operator' | 'viewer'; run: string | null }
