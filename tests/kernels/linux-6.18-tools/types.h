// What the tools need beside the formats of their tracepoints: no types.
