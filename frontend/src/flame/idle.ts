// CPUs that have nothing to do: samples that end in the kernel's idle loop. Work that interrupts idling does not.
import { reweigh, type FlameTree } from './tree';

const IDLE = /^(?:(?:pv_)?native_safe_halt|default_idle(?:_call)?|arch_cpu_idle|cpuidle_\w+|intel_idle\w*|mwait_idle\w*|acpi_(?:idle_\w+|safe_halt|processor_ffh_cstate_enter)|poll_idle|haltpoll_\w+|do_idle|cpu_idle_poll|cpu_startup_entry|tdx_safe_halt|hv_\w*idle\w*|call_cpuidle)$/;

/** Weight of the samples that are idling. */
export function idleWeight(tree: FlameTree): number {
  const idle = idleFrames(tree);
  let weight = 0;
  for (let node = 0; node < tree.size; node++) if (idle[tree.frame[node] ?? 0] === 1) weight += tree.own[node] ?? 0;
  return weight;
}

/** The tree without them; the same tree when there are none. */
export function withoutIdle(tree: FlameTree): FlameTree {
  if (idleWeight(tree) === 0) return tree;
  const idle = idleFrames(tree);
  const own = tree.own.slice();
  for (let node = 0; node < tree.size; node++) if (idle[tree.frame[node] ?? 0] === 1) own[node] = 0;
  return reweigh(tree, own);
}

function idleFrames(tree: FlameTree): Uint8Array {
  return Uint8Array.from(tree.frames, (frame) => (frame.kind === 'kernel' && IDLE.test(frame.name) ? 1 : 0));
}
