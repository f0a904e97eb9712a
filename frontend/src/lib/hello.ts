// The script that a blank page begins with.
export const HELLO = '// One probe, its filter, its action. Ctrl-Enter runs it.\ntracepoint:syscalls:sys_enter_openat\n{\n  @opens[comm] = count();\n}\n';
