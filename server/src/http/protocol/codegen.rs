//! Writes the protocol as TypeScript, and fails when the committed file is stale.

use ts_rs::{Config, TS};

use super::*;

/// The command that a failing test names.
const COMMAND: &str = "cargo xtask codegen";

fn declarations() -> String {
    let config = Config::new();
    let mut out = format!("// Generated from server/src/http/protocol.rs by `{COMMAND}`. Do not edit.\n");
    macro_rules! declare {
        ($($name:ty),* $(,)?) => {$(
            out.push('\n');
            if let Some(docs) = <$name>::docs() {
                out.push_str(&docs);
            }
            out.push_str("export ");
            out.push_str(&<$name>::decl(&config));
            out.push('\n');
        )*};
    }
    declare!(
        ClientMessage,
        ServerMessage,
        Snapshot,
        Update,
        RunInfo,
        Watcher,
        ProbeCost,
        RunState,
        Progress,
        MapShape,
        LogLine,
        LogLines,
        LogStream,
        LogKind,
        Loss,
        DiagnosticView,
        DiagnosticSeverity,
        Replacement,
        MapView,
        MapKind,
        MapEntry,
        KeyPart,
        Frame,
        FrameKind,
        MapValue,
        Bucket,
        Point,
        Num,
        FlameTree,
        SampleTimes,
        FlameFrameInfo,
        FlameKind,
        History,
        HistoryPoint,
        HistogramHistory,
        HistogramPoint,
        LoginRequest,
        LoginResponse,
        Role,
        ErrorBody,
        HostInfo,
        FeatureInfo,
        LimitsInfo,
        LanguageInfo,
        BuiltinInfo,
        ConfigKeyInfo,
        ProbeTypeInfo,
        ProbeMatches,
        ProbeArguments,
        ProbeTree,
        ProbeNode,
        ProcessList,
        ProcessInfo,
        ProcessFiles,
        ExampleList,
        ExampleInfo,
        ParameterKind,
        ScriptParameter,
        ExampleView,
        Course,
        CourseStep,
        CheckRequest,
        CheckResponse,
        CheckedMap,
        CompleteRequest,
        CompleteResponse,
        Declared,
        FormatRequest,
        FormatResponse,
        RunRequestBody,
        RunCreated,
        PinRequest,
        MetricRequest,
        MetricsOfRun,
        RunList,
        OnThisBox,
        BoxRun,
        BpfHolder,
        BpfPrograms,
        Me,
        MyLink,
        UserList,
        UserInfo,
        UserRequest,
        UserToken,
        ShareRequest,
        ShareCreated,
        ShareList,
        ShareInfo,
        ShareState,
        AuditList,
        AuditEntry,
        NotePlace,
        NoteRequest,
        NoteList,
        NoteInfo,
        StorageInfo,
        StorageRequest,
    );
    out
}

#[test]
fn the_generated_typescript_is_current() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../frontend/src/protocol.gen.ts");
    let wanted = declarations();
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(path, &wanted).unwrap();
    }
    let found = std::fs::read_to_string(path).unwrap_or_default();
    assert!(found == wanted, "frontend/src/protocol.gen.ts is stale; run `{COMMAND}`");
}
